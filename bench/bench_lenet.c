/* bench_lenet.c: the modern net's figures as JSON, on digits of noise: how fast it learns and
 * answers does not depend on what is drawn. bench/lenet.py sets them beside PyTorch.
 *
 * usage: bench_lenet learn THREADS STEPS | bench_lenet ask THREADS COUNT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learn/lenet.h"

enum { BATCH = 64, PIXELS = 784, ROUNDS = 3 };

static void learn(rp_lenet_modern *net, int steps, rp_random *random) {
    static float x[BATCH * PIXELS];
    int32_t labels[BATCH];
    double totals[2] = {0}, best = 1e9;
    const rp_optimiser adam = rp_optimiser_adam(0.001, 1000000);
    for (int i = 0; i < BATCH * PIXELS; i++) x[i] = (float)rp_random_uniform(random);
    for (int i = 0; i < BATCH; i++) labels[i] = (int32_t)rp_random_below(random, 10);
    for (int round = 0; round <= ROUNDS; round++) { /* the first makes primitives and memory */
        const double start = rp_clock_seconds();
        for (int step = 0; step < (round == 0 ? 3 : steps); step++)
            if (rp_lenet_modern_learn(net, &adam, x, labels, BATCH, totals) != RP_OK) exit(4);
        const double seconds = (rp_clock_seconds() - start) / steps;
        if (round > 0 && seconds < best) best = seconds;
    }
    printf("{\"images_per_second\": %.1f, \"pass_s\": %.3f}\n", BATCH / best, best * 60000 / BATCH);
}

static void ask(rp_lenet *lenet, uint32_t count, rp_random *random) {
    uint8_t *pixels = malloc((size_t)count * PIXELS);
    float *scores = malloc((size_t)count * 10 * sizeof *scores);
    double best = 1e9;
    if (pixels == NULL || scores == NULL) exit(4);
    for (size_t i = 0; i < (size_t)count * PIXELS; i++)
        pixels[i] = (uint8_t)rp_random_below(random, 256);
    for (int round = 0; round <= ROUNDS; round++) {
        const double start = rp_clock_seconds();
        if (rp_lenet_score(lenet, pixels, count, scores, NULL) != RP_OK) exit(4);
        const double seconds = rp_clock_seconds() - start;
        if (round > 0 && seconds < best) best = seconds;
    }
    printf("{\"milliseconds\": %.2f}\n", best * 1e3);
    free(pixels);
    free(scores);
}

int main(int argc, char **argv) {
    rp_lenet *lenet = NULL;
    rp_random random = rp_random_make(1, 1);
    if (argc != 4 ||
        rp_lenet_create(&lenet, "modern", 1, "cpu", (unsigned)atoi(argv[2]), NULL) != RP_OK)
        return 2;
    if (strcmp(argv[1], "learn") == 0) learn(&lenet->modern, atoi(argv[3]), &random);
    else ask(lenet, (uint32_t)atoi(argv[3]), &random);
    rp_lenet_destroy(lenet);
    return 0;
}
