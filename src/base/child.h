/* child.h: running a helper program with limits and taking what it writes. */
#ifndef RP_BASE_CHILD_H
#define RP_BASE_CHILD_H

#include "base/error.h"
#include "base/text.h"

typedef struct rp_child {
    const char *const *arguments; /* the program, its words, NULL; found through PATH */
    const char *package;          /* the package that has it, for the message when it is missing */
    size_t output_bytes_max;      /* more on standard output ends it */
    double seconds_max;           /* on the clock */
    size_t memory_bytes_max;      /* address space */
} rp_child;

/* Runs it with an empty standard input; appends standard output to `output` and the start of
 * standard error to `complaints`, and stores its exit status (128 + signal when it was ended by
 * one). RP_SYSTEM: the program is missing, took too long, wrote too much, or no memory. */
rp_status rp_child_run(const rp_child *child, rp_text *output, rp_text *complaints,
                       int *exit_status, rp_error *error);

#endif
