/* bench_moons.c: the scalar engine's figures as JSON, best of several: bench/moons.py sets them
 * beside plain Python in the same run. Nodes are those of the tape, also where a program fuses
 * them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "learn/scalar.h"

enum { POINTS = 100, PARAMETERS = 337, ROUNDS = 100 };

static const rp_scalar_layer layers[] = {
    {2, 16, rp_scalar_relu}, {16, 16, rp_scalar_relu}, {16, 1, NULL}};

/* Seconds of the whole demo: 100 steps, made ready before. */
static double time_demo(void) {
    const rp_moons_options options = RP_MOONS_OPTIONS_INIT;
    rp_moons *moons = NULL;
    if (rp_moons_create(&moons, &options, NULL) != RP_OK) exit(4);
    const double start = rp_clock_seconds();
    for (int step = 0; step < 100; step++) rp_moons_step(moons);
    const double seconds = rp_clock_seconds() - start;
    rp_moons_destroy(moons);
    return seconds;
}

typedef struct step_inputs {
    rp_value parameters[PARAMETERS], outputs[POINTS + 1];
    double numbers[PARAMETERS], gradient[PARAMETERS], labels[POINTS];
} step_inputs;

/* Records one step at the starting weights, where no neuron is idle. */
static rp_value record(rp_scalar_tape *tape, const rp_moons *moons, step_inputs *step) {
    const rp_moons_point *points = rp_moons_points(moons);
    rp_scalar_tape_reset(tape);
    for (int k = 0; k < PARAMETERS; k++)
        step->parameters[k] = rp_scalar_input(tape, rp_moons_parameters(moons)[k]);
    for (int i = 0; i < POINTS; i++) {
        const rp_value x[2] = {rp_scalar_constant(tape, points[i].x[0]),
                               rp_scalar_constant(tape, points[i].x[1])};
        rp_scalar_mlp_forward(tape, layers, 3, step->parameters, x, &step->outputs[i + 1]);
        step->labels[i] = points[i].label;
    }
    return rp_scalar_hinge(tape, step->outputs + 1, step->labels, POINTS);
}

int main(void) {
    const rp_moons_options options = RP_MOONS_OPTIONS_INIT;
    static step_inputs step;
    rp_moons *moons = NULL;
    rp_scalar_tape *tape = NULL;
    rp_scalar_program *program = NULL;
    if (rp_moons_create(&moons, &options, NULL) != RP_OK) return 4;
    if (rp_scalar_tape_create(&tape, NULL) != RP_OK) return 4;
    double demo = 1e9, recorded = 1e9, replayed = 1e9;
    for (int k = 0; k < PARAMETERS; k++) step.numbers[k] = rp_moons_parameters(moons)[k];
    step.outputs[0] = record(tape, moons, &step);
    const double nodes = rp_scalar_tape_count(tape);
    double *gradients = malloc((size_t)nodes * sizeof *gradients);
    const rp_scalar_plan plan = {step.outputs, POINTS + 1, step.parameters, PARAMETERS};
    if (gradients == NULL || rp_scalar_program_create(&program, tape, &plan, NULL) != RP_OK)
        return 4;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = rp_clock_seconds();
        rp_scalar_backward(tape, record(tape, moons, &step), gradients);
        const double middle = rp_clock_seconds();
        rp_scalar_program_run(program, step.numbers, NULL, step.gradient);
        const double end = rp_clock_seconds();
        if (middle - start < recorded) recorded = middle - start;
        if (end - middle < replayed) replayed = end - middle;
    }
    for (int round = 0; round < 10; round++) {
        const double seconds = time_demo();
        if (seconds < demo) demo = seconds;
    }
    printf("{\"demo_ms\": %.3f, \"record_ns\": %.3f, \"replay_ns\": %.3f, \"nodes\": %u}\n",
           demo * 1e3, recorded * 1e9 / nodes, replayed * 1e9 / nodes, rp_moons_node_count(moons));
    free(gradients);
    rp_scalar_program_destroy(program);
    rp_scalar_tape_destroy(tape);
    rp_moons_destroy(moons);
    return 0;
}
