/* progress.c: see progress.h. */
#include "base/progress.h"

#include <stddef.h>

#include "base/clock.h"

static const double report_every_s = 0.1; /* faster is not read by anybody */

rp_progress_state rp_progress_begin(const rp_progress *progress, const char *what, uint64_t total) {
    const double now = rp_clock_seconds();
    return (rp_progress_state){
        .progress = progress, .what = what, .total = total, .started_s = now, .reported_s = now};
}

bool rp_progress_update(rp_progress_state *state, uint64_t done) {
    if (state->progress == NULL || state->progress->report == NULL || state->stopped)
        return !state->stopped;
    const double now = rp_clock_seconds();
    if (now - state->reported_s < report_every_s && done != state->total) return true;
    state->reported_s = now;
    double left_s = -1;
    if (done > 0 && state->total >= done)
        left_s = (now - state->started_s) / (double)done * (double)(state->total - done);
    state->stopped = state->progress->report(state->progress->context, state->what, done,
                                             state->total, left_s) != 0;
    return !state->stopped;
}
