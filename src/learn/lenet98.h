/* lenet98.h: LeNet-5 of 1998, layer by layer as in the paper, trained one digit at a time.
 * LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc.
 * IEEE 86(11), 1998: sections II and III, appendices A to C.
 *
 *     layer                         maps, size     trained     connections
 *     C1  convolution 5x5           6 @ 28x28          156         122,304
 *     S2  summing subsampling 2x2   6 @ 14x14           12           5,880
 *     C3  convolution 5x5, table    16 @ 10x10       1,516         151,600
 *     S4  summing subsampling 2x2   16 @ 5x5            32           2,000
 *     C5  convolution 5x5, all      120             48,120          48,120
 *     F6  full                      84              10,164          10,164
 *         distance to ten codes     10        (840 fixed)              840
 *                                                   60,000         340,908
 *
 * Each layer up to F6 ends in f(a) = 1.7159 tanh(2a/3). The net is small and its procedure updates
 * after every digit, so tensors of batches do not fit it: the loops (lenet98_loops.c) work on the
 * arrays below, whose rows are padded so that vectors of 16 may read past the last column. */
#ifndef RP_LEARN_LENET98_H
#define RP_LEARN_LENET98_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum {
    RP_LENET98_FIELD = 32,      /* side of the input */
    RP_LENET98_KERNELS = 60,    /* of C3: entries of its table */
    RP_LENET98_CODE = 84,       /* 7 x 12 pixels */
    RP_LENET98_TRAINED = 60000, /* padding not counted */
    RP_LENET98_PASSES = 20,
};

/* Weights, and in the same shape gradients, second derivatives and steps. */
typedef struct rp_lenet98_weights {
    float c1[6][25], c1_bias[6];
    float s2[6], s2_bias[6];
    float c3[RP_LENET98_KERNELS][25], c3_bias[16];
    float s4[16], s4_bias[16];
    float c5[120][400], c5_bias[120]; /* inputs: map, row, column of S4 */
    float f6[84][128], f6_bias[84];   /* 120 inputs and 8 zeros */
} rp_lenet98_weights;

enum { RP_LENET98_FLOATS = sizeof(rp_lenet98_weights) / sizeof(float) };

/* What one digit leaves in the net; x: outputs, p: sums of four. Columns beyond the map's width are
 * padding. */
typedef struct rp_lenet98_state {
    float x0[32][48];
    float x1[6][28][32];
    float p2[6][14][16], x2[6][14][32];
    float x3[16][10][16];
    float p4[16][25], x4[400];
    float x5[128];
    float x6[96];
    float y[10]; /* squared distance to each code: the smallest wins */
} rp_lenet98_state;

/* C3's table: kernel k reads map from[k] of S2; those of map m are first[m] .. first[m + 1] - 1. */
extern const uint8_t rp_lenet98_from[RP_LENET98_KERNELS], rp_lenet98_first[17];

/* The stylised drawings of the ten digits: -1 and +1, 7 wide, 12 high. */
typedef struct rp_lenet98_codes {
    float pixels[10][96]; /* 84, then zeros */
} rp_lenet98_codes;
void rp_lenet98_codes_draw(rp_lenet98_codes *codes);

/* -- The loops, compiled for several levels of x86-64 -------------------------------------------
 */

typedef struct rp_lenet98_pattern {
    const rp_lenet98_codes *codes;
    int label; /* 0 .. 9 */
    float j;   /* of the rubbish class in equation 9 */
} rp_lenet98_pattern;

typedef struct rp_lenet98_loops {
    /* x0 to y. */
    void (*forward)(rp_lenet98_state *state, const rp_lenet98_weights *weights,
                    const rp_lenet98_codes *codes);
    /* After forward: gradient of the loss, all of it; gives the loss (equation 9). */
    float (*backward)(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                      const rp_lenet98_pattern *pattern, rp_lenet98_weights *gradient);
    /* After forward: adds the diagonal second derivatives (appendix C). */
    void (*curvature)(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                      rp_lenet98_weights *second);
    /* After forward: weights -= steps * gradient; gives the loss. */
    float (*learn)(const rp_lenet98_state *state, rp_lenet98_weights *weights,
                   const rp_lenet98_weights *steps, const rp_lenet98_pattern *pattern);
} rp_lenet98_loops;

/* The best that this machine can run. */
rp_lenet98_loops rp_lenet98_loops_choose(void);

/* -- Training ------------------------------------------------------------------------------------
 */

/* Uniform in +-1.2 / sqrt(inputs of the unit), bias not counted; biases 0. The paper's +-2.4 /
 * inputs leaves the upper layers at nearly 0, where second derivatives say nothing: the first steps
 * are then of eta / mu and the net never leaves its first error (measured: 91 % after a pass). */
void rp_lenet98_draw_weights(rp_lenet98_weights *weights, uint64_t seed);

/* The rate of pass 0, 1, ... (the paper's 20): eta of appendix C. */
double rp_lenet98_rate(unsigned pass);

/* steps = eta / (mu + h), h the mean over `patterns` of the second derivatives; mu = 0.02. Padding
 * gets steps of 0. */
void rp_lenet98_steps(rp_lenet98_weights *steps, const rp_lenet98_weights *second,
                      unsigned patterns, double eta);

/* Puts a 28x28 image into the field: paper -0.1, ink 1.175. */
void rp_lenet98_place(rp_lenet98_state *state, const uint8_t *pixels);

#endif
