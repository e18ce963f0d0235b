/* measure_choice.h: which of the lines read of each measure is taken: the likeliest, where a line
 * whose staffs agree on a length, and on the length that is wanted, counts for more.
 *
 * The wanted length is the time signature that holds, as read so far in the piece, or else the one
 * most measures agree on. The bonuses are log-probabilities added to a line's; docs/experiments.md
 * tells what was tried. */
#ifndef RP_SCORE_MEASURE_CHOICE_H
#define RP_SCORE_MEASURE_CHOICE_H

#include "music/measure_sum.h"
#include "score/beam.h"

typedef struct rp_measure_bonus {
    float agrees, fits; /* nats; 0: the likeliest line is taken */
} rp_measure_bonus;

/* What is known from the measures before. Zero-initialise it at the start of a piece. */
typedef struct rp_measure_context {
    rp_fraction time; /* denominator 0: none yet */
} rp_measure_context;

typedef struct rp_measure_choice {
    int32_t candidate;
    bool fits; /* the one taken: its staffs agree on what is wanted, or nothing is known */
} rp_measure_choice;

/* candidates, choices: (count) the measures of one system in order. */
void rp_measure_choose(rp_measure_choice *choices, const rp_candidates *candidates, int32_t count,
                       rp_measure_context *context, const rp_measure_bonus *bonus);

#endif
