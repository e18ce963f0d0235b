/* moons.c: the two moons, their network, and its training by a recorded program. */
#include <assert.h>
#include <stdlib.h>

#include "learn/mt19937.h"
#include "learn/scalar.h"

enum { LAYERS = 3, POINTS_MAX = 10000, STEPS_MAX = 1000000 };
static const double pi = 3.14159265358979323846;

static const rp_scalar_layer layers[LAYERS] = {
    {2, 16, rp_scalar_relu},
    {16, 16, rp_scalar_relu},
    {16, 1, NULL},
};

struct rp_moons {
    rp_moons_options options;
    rp_arena arena; /* holds the arrays */
    rp_scalar_tape *tape;
    rp_scalar_program *training,
        *scoring; /* parameters -> loss, scores; x0, x1 and them -> score */
    rp_moons_point *points;
    double *parameters, *gradient, *outputs; /* outputs: loss, then a score a point */
    double *scoring_inputs;                  /* x0, x1, parameters */
    size_t parameter_count;
    uint32_t node_count, step;
};

/* A half circle of `count` points, both ends included: (cos t, sin t), t from 0 to pi. */
static void place_arc(rp_moons_point *points, uint32_t count, bool is_inner) {
    const double between = count > 1 ? pi / (count - 1) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const double t = i + 1 == count && count > 1 ? pi : i * between;
        points[i].x[0] = is_inner ? 1 - cos(t) : cos(t);
        points[i].x[1] = is_inner ? 1 - sin(t) - 0.5 : sin(t);
        points[i].label = is_inner ? 1 : -1;
    }
}

static void draw_points(rp_moons *moons) {
    const uint32_t count = moons->options.points, outer = count / 2;
    rp_mt19937 random = rp_mt19937_seeded(moons->options.seed);
    place_arc(moons->points, outer, false);
    place_arc(moons->points + outer, count - outer, true);
    for (uint32_t i = count - 1; i > 0; i--) {
        const uint32_t j = rp_mt19937_upto(&random, i);
        const rp_moons_point kept = moons->points[i];
        moons->points[i] = moons->points[j];
        moons->points[j] = kept;
    }
    for (uint32_t i = 0; i < 2 * count; i++)
        moons->points[i / 2].x[i % 2] += moons->options.noise * rp_mt19937_normal(&random);
}

static void draw_parameters(rp_moons *moons) {
    rp_mt19937 random = rp_mt19937_keyed(moons->options.seed);
    double *parameter = moons->parameters;
    for (unsigned l = 0; l < LAYERS; l++)
        for (size_t j = 0; j < layers[l].outputs; j++) {
            for (size_t i = 0; i < layers[l].inputs; i++)
                *parameter++ = -1 + 2 * rp_mt19937_uniform(&random);
            *parameter++ = 0;
        }
}

static rp_status reserve(rp_moons *moons, rp_error *error) {
    rp_arena *arena = &moons->arena;
    const size_t count = moons->parameter_count, points = moons->options.points;
    moons->points = rp_arena_array(arena, points, sizeof *moons->points);
    moons->parameters = rp_arena_array(arena, count, sizeof(double));
    moons->gradient = rp_arena_array(arena, count, sizeof(double));
    moons->outputs = rp_arena_array(arena, points + 1, sizeof(double));
    moons->scoring_inputs = rp_arena_array(arena, count + 2, sizeof(double));
    return arena->failed ? rp_fail_memory(error, "two moons") : RP_OK;
}

/* The loss of the whole set: mean hinge plus the sum of the squared parameters. */
static rp_value record_loss(rp_moons *moons, const rp_value *parameters, rp_value *scores,
                            double *labels) {
    rp_scalar_tape *tape = moons->tape;
    for (uint32_t i = 0; i < moons->options.points; i++) {
        const rp_moons_point *point = &moons->points[i];
        const rp_value x[2] = {rp_scalar_constant(tape, point->x[0]),
                               rp_scalar_constant(tape, point->x[1])};
        rp_scalar_mlp_forward(tape, layers, LAYERS, parameters, x, &scores[i]);
        labels[i] = point->label;
    }
    const rp_value hinge = rp_scalar_hinge(tape, scores, labels, moons->options.points);
    rp_value squares = rp_scalar_constant(tape, 0);
    for (size_t k = 0; k < moons->parameter_count; k++) {
        const rp_value p = parameters[k];
        squares = rp_scalar_add(tape, squares, rp_scalar_multiply(tape, p, p));
    }
    const rp_value decay = rp_scalar_multiply(tape, squares, rp_scalar_constant(tape, 1e-4));
    return rp_scalar_add(tape, hinge, decay);
}

static rp_status record_training(rp_moons *moons, rp_arena *aside, rp_error *error) {
    const size_t points = moons->options.points;
    rp_value *parameters = rp_arena_array(aside, moons->parameter_count, sizeof(rp_value));
    rp_value *outputs = rp_arena_array(aside, points + 1, sizeof(rp_value));
    double *labels = rp_arena_array(aside, points, sizeof(double));
    if (aside->failed) return rp_fail_memory(error, "two moons");
    for (size_t k = 0; k < moons->parameter_count; k++)
        parameters[k] = rp_scalar_input(moons->tape, moons->parameters[k]);
    outputs[0] = record_loss(moons, parameters, outputs + 1, labels);
    moons->node_count = moons->tape->count;
    RP_TRY(rp_scalar_tape_check(moons->tape, error));
    const rp_scalar_plan plan = {outputs, points + 1, parameters, moons->parameter_count};
    return rp_scalar_program_create(&moons->training, moons->tape, &plan, error);
}

static rp_status record_scoring(rp_moons *moons, rp_arena *aside, rp_error *error) {
    const size_t count = moons->parameter_count + 2;
    rp_value *inputs = rp_arena_array(aside, count, sizeof(rp_value)), score = 0;
    if (aside->failed) return rp_fail_memory(error, "two moons");
    rp_scalar_tape_reset(moons->tape);
    for (size_t k = 0; k < count; k++) inputs[k] = rp_scalar_input(moons->tape, 0);
    rp_scalar_mlp_forward(moons->tape, layers, LAYERS, inputs + 2, inputs, &score);
    RP_TRY(rp_scalar_tape_check(moons->tape, error));
    const rp_scalar_plan plan = {&score, 1, inputs, count};
    return rp_scalar_program_create(&moons->scoring, moons->tape, &plan, error);
}

rp_status rp_moons_create(rp_moons **out, const rp_moons_options *options, rp_error *error) {
    *out = NULL;
    if (options->points < 2 || options->points > POINTS_MAX)
        return rp_fail(error, RP_USAGE, -1, "points: %u is not in 2 .. %d", options->points,
                       POINTS_MAX);
    if (options->steps < 1 || options->steps > STEPS_MAX)
        return rp_fail(error, RP_USAGE, -1, "steps: %u is not in 1 .. %d", options->steps,
                       STEPS_MAX);
    if (!(options->noise >= 0 && options->noise <= 1000))
        return rp_fail(error, RP_USAGE, -1, "noise: %g is not in 0 .. 1000", options->noise);
    rp_moons *moons = calloc(1, sizeof *moons);
    rp_arena aside = {0};
    if (moons == NULL) return rp_fail_memory(error, "two moons");
    moons->options = *options;
    moons->parameter_count = rp_scalar_mlp_parameter_count(layers, LAYERS);
    rp_status status = reserve(moons, error);
    if (status == RP_OK) status = rp_scalar_tape_create(&moons->tape, error);
    if (status != RP_OK) goto done;
    draw_points(moons);
    draw_parameters(moons);
    status = record_training(moons, &aside, error);
    if (status == RP_OK) status = record_scoring(moons, &aside, error);
done:
    rp_arena_clear(&aside);
    if (status == RP_OK) *out = moons;
    else rp_moons_destroy(moons);
    return status;
}

void rp_moons_destroy(rp_moons *moons) {
    if (moons == NULL) return;
    rp_scalar_program_destroy(moons->training);
    rp_scalar_program_destroy(moons->scoring);
    rp_scalar_tape_destroy(moons->tape);
    rp_arena_clear(&moons->arena);
    free(moons);
}

uint32_t rp_moons_node_count(const rp_moons *moons) { return moons->node_count; }
size_t rp_moons_parameter_count(const rp_moons *moons) { return moons->parameter_count; }
const rp_moons_point *rp_moons_points(const rp_moons *moons) { return moons->points; }
size_t rp_moons_point_count(const rp_moons *moons) { return moons->options.points; }
const double *rp_moons_parameters(const rp_moons *moons) { return moons->parameters; }
const double *rp_moons_gradient(const rp_moons *moons) { return moons->gradient; }

rp_moons_round rp_moons_step(rp_moons *moons) {
    rp_moons_round round = {.step = moons->step};
    const uint32_t last = moons->options.steps - 1, at = moons->step < last ? moons->step : last;
    const double rate = 1.0 - 0.9 * at / moons->options.steps;
    round.loss =
        rp_scalar_program_run(moons->training, moons->parameters, moons->outputs, moons->gradient);
    uint32_t right = 0;
    for (uint32_t i = 0; i < moons->options.points; i++)
        right += (moons->outputs[1 + i] > 0) == (moons->points[i].label > 0);
    round.accuracy = (double)right / moons->options.points;
    for (size_t k = 0; k < moons->parameter_count; k++)
        moons->parameters[k] -= rate * moons->gradient[k];
    moons->step++;
    return round;
}

double rp_moons_score(rp_moons *moons, double x0, double x1) {
    moons->scoring_inputs[0] = x0;
    moons->scoring_inputs[1] = x1;
    for (size_t k = 0; k < moons->parameter_count; k++)
        moons->scoring_inputs[2 + k] = moons->parameters[k];
    return rp_scalar_program_run(moons->scoring, moons->scoring_inputs, NULL, NULL);
}
