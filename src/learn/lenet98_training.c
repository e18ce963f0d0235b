/* lenet98_training.c: a pass of the procedure of 1998 (appendix C): stochastic diagonal
 * Levenberg-Marquardt, one digit at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/lenet.h"

/* The paper estimates second derivatives on 500 digits before each pass. Within the first pass they
 * change a hundredfold, and steps from the start of a pass then overshoot; so they are taken again,
 * on 500 other digits, every 1,000 in the first pass and every 5,000 after it. And of all estimates
 * so far the largest counts. Why: where a subsampling weight shrinks, the kernels below it seem
 * flat, their steps grow to eta / mu, they saturate, and the subsampling weight shrinks further.
 * (5,000 digits held out, 4 passes of the others with the 20 rates squeezed: 2.1 % wrong with the
 * last estimate, 1.4 % with the largest.) */
enum {
    ESTIMATED_ON = 500,
    ESTIMATED_FIRST = 1000,
    ESTIMATED_EVERY = 5000,
    PIXELS = RP_DIGIT_SIDE * RP_DIGIT_SIDE
};

/* Of the rubbish class in equation 9; the paper names none. Codes are 48 to 200 apart. On 5,000
 * digits held out, as above: 5 leaves 1.1 % wrong, 15 1.4 %, 50 2.6 %. */
static const float rubbish = 5;

/* Each digit has ten versions: itself and nine distorted ones. In 20 passes every version is met
 * twice; where a digit begins differs from digit to digit. */
static void place(rp_lenet98 *net, const rp_lenet_run *run, uint32_t which) {
    const uint8_t *pixels = run->digits->pixels + (size_t)which * PIXELS;
    const unsigned version = (run->pass + which * 7u) % 10;
    static const rp_distort_ranges ranges = RP_DISTORT_1998;
    float field[RP_LENET98_FIELD * RP_LENET98_FIELD];
    rp_lenet98_place(&net->state, pixels);
    if (!run->training->distort || version == 0) return;
    rp_random random = rp_random_make(run->training->seed + version, which);
    rp_distort(field, RP_LENET98_FIELD, pixels, &ranges, &random);
    for (int i = 0; i < RP_LENET98_FIELD * RP_LENET98_FIELD; i++)
        net->state.x0[i / RP_LENET98_FIELD][i % RP_LENET98_FIELD] = -0.1f + 1.275f * field[i];
}

static void estimate(rp_lenet98 *net, const rp_lenet_run *run, rp_random *random) {
    memset(&net->second, 0, sizeof net->second);
    for (int i = 0; i < ESTIMATED_ON; i++) {
        place(net, run, rp_random_below(random, run->digits->count));
        net->loops.forward(&net->state, &net->weights, &net->codes);
        net->loops.curvature(&net->state, &net->weights, &net->second);
    }
    float *largest = &net->largest.c1[0][0];
    const float *second = &net->second.c1[0][0];
    for (int i = 0; i < RP_LENET98_FLOATS; i++) largest[i] = fmaxf(largest[i], second[i]);
    rp_lenet98_steps(&net->steps, &net->largest, ESTIMATED_ON, rp_lenet98_rate(run->pass));
}

/* Smallest and largest step; padding has steps of 0. */
static void note_steps(const rp_lenet98 *net, rp_lenet_pass *report) {
    const float *steps = &net->steps.c1[0][0];
    report->step_min = INFINITY;
    for (int i = 0; i < RP_LENET98_FLOATS; i++) {
        if (steps[i] == 0) continue;
        report->step_min = fmin(report->step_min, steps[i]);
        report->step_max = fmax(report->step_max, steps[i]);
    }
}

static int answer_of(const rp_lenet98_state *state) {
    int best = 0;
    for (int c = 1; c < RP_DIGIT_CLASSES; c++)
        if (state->y[c] < state->y[best]) best = c;
    return best;
}

rp_status rp_lenet98_pass(rp_lenet *lenet, const rp_lenet_run *run, rp_lenet_pass *report,
                          rp_error *error) {
    rp_lenet98 *net = lenet->net98;
    const uint32_t count = run->digits->count;
    rp_random random = rp_random_make(run->training->seed, 5000 + run->pass);
    const uint32_t every = run->pass == 0 ? ESTIMATED_FIRST : ESTIMATED_EVERY;
    double loss = 0;
    uint32_t wrong = 0;
    if (run->pass == 0) memset(&net->largest, 0, sizeof net->largest);
    for (uint32_t i = 0; i < count; i++) {
        if (i % every == 0) estimate(net, run, &random);
        if (i == 0) note_steps(net, report);
        const uint32_t which = run->order[i];
        const rp_lenet98_pattern pattern = {&net->codes, run->digits->labels[which], rubbish};
        place(net, run, which);
        net->loops.forward(&net->state, &net->weights, &net->codes);
        wrong += answer_of(&net->state) != pattern.label;
        loss += net->loops.learn(&net->state, &net->weights, &net->steps, &pattern);
        if (i % 1000 == 999 &&
            !rp_progress_update(run->progress, (uint64_t)run->pass * count + i + 1))
            return RP_NO;
    }
    report->loss = loss / count;
    report->training_error = 100.0 * wrong / count;
    if (!isfinite(loss))
        return rp_fail(error, RP_NO, run->pass, "pass %u: the loss is not finite", run->pass + 1);
    return RP_OK;
}
