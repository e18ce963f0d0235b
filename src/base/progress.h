/* progress.h: reporting the state of long work to an rp_progress, with the time left. */
#ifndef RP_BASE_PROGRESS_H
#define RP_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "reprise/reprise.h"

typedef struct rp_progress_state {
    const rp_progress *progress; /* borrowed; may be NULL */
    const char *what;            /* borrowed: "reading page 3" */
    uint64_t total;              /* 0: unknown */
    double started_s, reported_s;
    bool stopped; /* the receiver asked for an end */
} rp_progress_state;

rp_progress_state rp_progress_begin(const rp_progress *progress, const char *what, uint64_t total);

/* Says that `done` units are done; passed on at most ten times a second, and at the end.
 * Returns false when the work should stop. */
bool rp_progress_update(rp_progress_state *state, uint64_t done);

#endif
