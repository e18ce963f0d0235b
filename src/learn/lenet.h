/* lenet.h: the two kinds of net behind reprise/learn.h, and the row that each fills in. */
#ifndef RP_LEARN_LENET_H
#define RP_LEARN_LENET_H

#include "base/progress.h"
#include "learn/idx.h"
#include "learn/lenet98.h"
#include "learn/lenet_modern.h"
#include "reprise/learn.h"

/* Everything the net of 1998 keeps. */
typedef struct rp_lenet98 {
    rp_lenet98_loops loops;
    rp_lenet98_codes codes;
    rp_lenet98_weights weights, steps, second;
    rp_lenet98_weights largest; /* second derivatives, the largest estimated so far */
    rp_lenet98_state state;
} rp_lenet98;

struct rp_lenet {
    const char *variant;    /* static text */
    rp_lenet98 *net98;      /* owned; one of the two */
    rp_lenet_modern modern; /* its shape is NULL when unused */
};

/* What a pass works on. */
typedef struct rp_lenet_run {
    const rp_lenet_training *training;
    const rp_digits *digits;
    rp_progress_state *progress;     /* counts digits over all passes */
    unsigned pass, passes;           /* pass: from 0 */
    const rp_distort_ranges *ranges; /* of the modern variants */
    uint32_t *order;                 /* count numbers: the pass's permutation */
} rp_lenet_run;

/* One pass over the digits in the order given; fills loss, training_error and steps of `report`.
 * RP_NO: stopped by the progress's receiver. */
rp_status rp_lenet98_pass(rp_lenet *lenet, const rp_lenet_run *run, rp_lenet_pass *report,
                          rp_error *error);
rp_status rp_lenet_modern_pass(rp_lenet *lenet, const rp_lenet_run *run, rp_lenet_pass *report,
                               rp_error *error);

/* scores (count, 10), larger is likelier; pixels (count, 784). */
rp_status rp_lenet_score(rp_lenet *lenet, const uint8_t *pixels, uint32_t count, float *scores,
                         rp_error *error);

#endif
