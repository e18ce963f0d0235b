/* lenet98_loops.c: the inner loops of LeNet-5, 1998, for one digit. Compiled once for each level of
 * x86-64 (see meson.build); on other machines and in "base" the compiler splits the vectors.
 *
 * A vector is 16 neighbouring columns of a map. Convolutions keep their sums in registers over all
 * taps; the way back gathers (each place of the lower map sums over the taps that read it) instead
 * of scattering, so that nothing is loaded twice. On one core of an EPYC (Zen 5): about 25 us a
 * digit forward, backward and update, 2 s a pass. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "base/vector_math.h"
#include "learn/lenet98.h"

enum { LANES = 16 };
typedef float lane __attribute__((vector_size(64), aligned(4)));

static const float A = 1.7159f, S = 2.0f / 3;

RP_INLINE lane load(const float *p) { return *(const lane *)(const void *)p; }
RP_INLINE void store(float *p, lane v) { *(lane *)(void *)p = v; }

RP_INLINE float sum_of(lane v) {
    float sums[LANES];
    memcpy(sums, &v, sizeof sums);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) sums[i] += sums[i + half];
    return sums[0];
}

static void squash(float *x, int count) {
    for (int i = 0; i < count; i++) x[i] = A * rp_tanh(S * x[i]);
}

/* f' from the output: (S / A) (A^2 - f^2). */
RP_INLINE float slope(float x) { return S / A * (A * A - x * x); }

/* -- Forward ------------------------------------------------------------------------------------
 */

/* Several rows at once: a multiply-add takes four cycles, and one sum alone would wait for each. */
enum { ROWS_C1 = 4, ROWS_C3 = 5, ROWS_PULL = 7 };

static void forward_c1(rp_lenet98_state *state, const rp_lenet98_weights *weights) {
    for (int m = 0; m < 6; m++)
        for (int row = 0; row < 28; row += ROWS_C1) {
            lane sums[ROWS_C1][2] = {0};
            for (int k = 0; k < 25; k++)
                for (int r = 0; r < ROWS_C1; r++) {
                    const float *from = &state->x0[row + r + k / 5][k % 5];
                    sums[r][0] += weights->c1[m][k] * load(from);
                    sums[r][1] += weights->c1[m][k] * load(from + LANES);
                }
            for (int r = 0; r < ROWS_C1; r++) {
                store(&state->x1[m][row + r][0], sums[r][0] + weights->c1_bias[m]);
                store(&state->x1[m][row + r][LANES], sums[r][1] + weights->c1_bias[m]);
            }
        }
    squash(&state->x1[0][0][0], 6 * 28 * 32);
}

static void forward_s2(rp_lenet98_state *state, const rp_lenet98_weights *weights) {
    for (int m = 0; m < 6; m++)
        for (int row = 0; row < 14; row++) {
            const float *top = state->x1[m][2 * row], *bottom = state->x1[m][2 * row + 1];
            for (int i = 0; i < LANES; i++)
                state->p2[m][row][i] =
                    (top[2 * i] + top[2 * i + 1]) + (bottom[2 * i] + bottom[2 * i + 1]);
            for (int i = 0; i < LANES; i++)
                state->x2[m][row][i] = weights->s2[m] * state->p2[m][row][i] + weights->s2_bias[m];
            squash(state->x2[m][row], LANES);
        }
}

static void forward_c3(rp_lenet98_state *state, const rp_lenet98_weights *weights) {
    for (int m = 0; m < 16; m++)
        for (int row = 0; row < 10; row += ROWS_C3) {
            lane sums[ROWS_C3] = {0};
            for (int k = rp_lenet98_first[m]; k < rp_lenet98_first[m + 1]; k++)
                for (int t = 0; t < 25; t++)
                    for (int r = 0; r < ROWS_C3; r++)
                        sums[r] += weights->c3[k][t] *
                                   load(&state->x2[rp_lenet98_from[k]][row + r + t / 5][t % 5]);
            for (int r = 0; r < ROWS_C3; r++)
                store(state->x3[m][row + r], sums[r] + weights->c3_bias[m]);
        }
    squash(&state->x3[0][0][0], 16 * 10 * 16);
}

static void forward_s4(rp_lenet98_state *state, const rp_lenet98_weights *weights) {
    for (int m = 0; m < 16; m++)
        for (int i = 0; i < 25; i++) {
            const float *top = &state->x3[m][i / 5 * 2][i % 5 * 2], *bottom = top + LANES;
            const float sum = (top[0] + top[1]) + (bottom[0] + bottom[1]);
            state->p4[m][i] = sum;
            state->x4[m * 25 + i] = weights->s4[m] * sum + weights->s4_bias[m];
        }
    squash(state->x4, 400);
}

RP_INLINE float product(const float *a, const float *b, int count) {
    lane even = {0}, odd = {0};
    int i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        even += load(a + i) * load(b + i);
        odd += load(a + i + LANES) * load(b + i + LANES);
    }
    if (i < count) even += load(a + i) * load(b + i);
    return sum_of(even + odd);
}

static void forward(rp_lenet98_state *state, const rp_lenet98_weights *weights,
                    const rp_lenet98_codes *codes) {
    forward_c1(state, weights);
    forward_s2(state, weights);
    forward_c3(state, weights);
    forward_s4(state, weights);
    for (int o = 0; o < 120; o++)
        state->x5[o] = weights->c5_bias[o] + product(weights->c5[o], state->x4, 400);
    squash(state->x5, 120);
    for (int o = 0; o < 84; o++)
        state->x6[o] = weights->f6_bias[o] + product(weights->f6[o], state->x5, 128);
    squash(state->x6, 84);
    for (int c = 0; c < 10; c++) {
        lane sum = {0};
        for (int i = 0; i < 96; i += LANES) {
            const lane apart = load(&state->x6[i]) - load(&codes->pixels[c][i]);
            sum += apart * apart;
        }
        state->y[c] = sum_of(sum);
    }
}

/* -- The loss: equation 9 -----------------------------------------------------------------------
 */

/* E = y_D + log(e^-j + sum of e^-y_i); shares p_i = e^-y_i / (e^-j + sum). */
static float loss(const rp_lenet98_state *state, const rp_lenet98_pattern *pattern,
                  float shares[10]) {
    float smallest = pattern->j, total;
    for (int c = 0; c < 10; c++) smallest = state->y[c] < smallest ? state->y[c] : smallest;
    total = rp_exp(smallest - pattern->j);
    for (int c = 0; c < 10; c++) total += shares[c] = rp_exp(smallest - state->y[c]);
    for (int c = 0; c < 10; c++) shares[c] /= total;
    return state->y[pattern->label] - smallest + logf(total);
}

/* dE/dx = d_D - sum of p_i d_i, with d_i = 2 (x - w_i); into d6, times the slope. */
static float backward_output(const rp_lenet98_state *state, const rp_lenet98_pattern *pattern,
                             float d6[96]) {
    float shares[10];
    const float value = loss(state, pattern, shares);
    for (int i = 0; i < 96; i++) {
        const float x = state->x6[i];
        float d = x - pattern->codes->pixels[pattern->label][i];
        for (int c = 0; c < 10; c++) d -= shares[c] * (x - pattern->codes->pixels[c][i]);
        d6[i] = i < 84 ? 2 * d * slope(x) : 0;
    }
    return value;
}

/* -- Backward -----------------------------------------------------------------------------------
 */

/* Gradients of a full layer, outer product of d and x; dx = weights' d. `width` a multiple of 16.
 */
RP_INLINE void backward_full(const float *d, const float *x, int outputs, int width,
                             float *gradient) {
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < width; i += LANES) store(gradient + o * width + i, d[o] * load(x + i));
}

RP_INLINE void pull_full(const float *weights, const float *d, int outputs, int width, float *dx) {
    for (int i = 0; i < width; i += LANES) {
        lane sums[4] = {0}; /* outputs is a multiple of 4 */
        for (int o = 0; o < outputs; o += 4)
            for (int q = 0; q < 4; q++) sums[q] += d[o + q] * load(weights + (o + q) * width + i);
        store(dx + i, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
}

/* d3 sits in a frame of 4 zeros, so that gathering needs no borders. */
typedef struct framed {
    float d3[16][18][32];
} framed;

static void backward_s4(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                        const float dx4[400], framed *framed, rp_lenet98_weights *gradient) {
    memset(framed, 0, sizeof *framed);
    for (int m = 0; m < 16; m++) {
        float of_weight = 0, of_bias = 0;
        for (int i = 0; i < 25; i++) {
            const float d = dx4[m * 25 + i] * slope(state->x4[m * 25 + i]);
            of_weight += d * state->p4[m][i];
            of_bias += d;
            for (int q = 0; q < 4; q++) {
                const int row = i / 5 * 2 + q / 2, column = i % 5 * 2 + q % 2;
                framed->d3[m][row + 4][column + 4] =
                    weights->s4[m] * d * slope(state->x3[m][row][column]);
            }
        }
        gradient->s4[m] = of_weight;
        gradient->s4_bias[m] = of_bias;
    }
}

static void backward_c3(const rp_lenet98_state *state, const framed *framed,
                        rp_lenet98_weights *gradient) {
    for (int m = 0; m < 16; m++) {
        lane of_bias = {0};
        for (int row = 0; row < 10; row++) of_bias += load(&framed->d3[m][row + 4][4]);
        gradient->c3_bias[m] = sum_of(of_bias);
        for (int k = rp_lenet98_first[m]; k < rp_lenet98_first[m + 1]; k++) {
            lane sums[25] = {0};
            for (int row = 0; row < 10; row++) {
                const lane d = load(&framed->d3[m][row + 4][4]);
                for (int t = 0; t < 25; t++)
                    sums[t] += d * load(&state->x2[rp_lenet98_from[k]][row + t / 5][t % 5]);
            }
            for (int t = 0; t < 25; t++) gradient->c3[k][t] = sum_of(sums[t]);
        }
    }
}

static void pull_c3(const rp_lenet98_weights *weights, const framed *framed, float dx2[6][14][16]) {
    memset(dx2, 0, 6 * sizeof dx2[0]);
    for (int m = 0; m < 16; m++)
        for (int k = rp_lenet98_first[m]; k < rp_lenet98_first[m + 1]; k++)
            for (int row = 0; row < 14; row += ROWS_PULL) {
                float(*to)[16] = &dx2[rp_lenet98_from[k]][row];
                lane sums[ROWS_PULL] = {0};
                for (int t = 0; t < 25; t++)
                    for (int r = 0; r < ROWS_PULL; r++)
                        sums[r] += weights->c3[k][t] *
                                   load(&framed->d3[m][row + r + 4 - t / 5][4 - t % 5]);
                for (int r = 0; r < ROWS_PULL; r++) store(to[r], load(to[r]) + sums[r]);
            }
}

/* From S2's outputs to C1's sums: d1, whose columns from 28 on are zero. */
static void backward_s2(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                        float dx2[6][14][16], float d1[6][28][32], rp_lenet98_weights *gradient) {
    for (int m = 0; m < 6; m++) {
        lane of_weight = {0}, of_bias = {0};
        for (int row = 0; row < 14; row++) {
            float d[LANES] = {0}, wide[32];
            for (int i = 0; i < 14; i++) d[i] = dx2[m][row][i] * slope(state->x2[m][row][i]);
            of_weight += load(d) * load(state->p2[m][row]);
            of_bias += load(d);
            for (int i = 0; i < 32; i++) wide[i] = weights->s2[m] * d[i / 2];
            for (int half = 0; half < 2; half++)
                for (int i = 0; i < 32; i++)
                    d1[m][2 * row + half][i] = wide[i] * slope(state->x1[m][2 * row + half][i]);
        }
        gradient->s2[m] = sum_of(of_weight);
        gradient->s2_bias[m] = sum_of(of_bias);
    }
}

static void backward_c1(const rp_lenet98_state *state, float d1[6][28][32],
                        rp_lenet98_weights *gradient) {
    for (int m = 0; m < 6; m++) {
        lane sums[25] = {0}, of_bias = {0};
        for (int half = 0; half < 32; half += LANES)
            for (int row = 0; row < 28; row++) {
                const lane d = load(&d1[m][row][half]);
                of_bias += d;
                for (int t = 0; t < 25; t++)
                    sums[t] += d * load(&state->x0[row + t / 5][half + t % 5]);
            }
        for (int t = 0; t < 25; t++) gradient->c1[m][t] = sum_of(sums[t]);
        gradient->c1_bias[m] = sum_of(of_bias);
    }
}

/* All below the full layers. */
static void backward_maps(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                          const float dx4[400], rp_lenet98_weights *gradient) {
    float dx2[6][14][16], d1[6][28][32];
    framed framed;
    backward_s4(state, weights, dx4, &framed, gradient);
    backward_c3(state, &framed, gradient);
    pull_c3(weights, &framed, dx2);
    backward_s2(state, weights, dx2, d1, gradient);
    backward_c1(state, d1, gradient);
}

static float backward(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                      const rp_lenet98_pattern *pattern, rp_lenet98_weights *gradient) {
    float d6[96], d5[128], dx4[400];
    const float value = backward_output(state, pattern, d6);
    memcpy(gradient->f6_bias, d6, sizeof gradient->f6_bias);
    backward_full(d6, state->x5, 84, 128, gradient->f6[0]);
    pull_full(weights->f6[0], d6, 84, 128, d5);
    for (int i = 0; i < 120; i++) d5[i] *= slope(state->x5[i]);
    memcpy(gradient->c5_bias, d5, sizeof gradient->c5_bias);
    backward_full(d5, state->x4, 120, 400, gradient->c5[0]);
    pull_full(weights->c5[0], d5, 120, 400, dx4);
    backward_maps(state, weights, dx4, gradient);
    return value;
}

/* weights -= steps * gradient, `count` of each. */
static void descend(float *restrict w, const float *restrict e, const float *restrict g,
                    int count) {
    for (int i = 0; i < count; i++) w[i] -= e[i] * g[i];
}

/* The same for a full layer, whose gradient d x is never stored: half a megabyte less to move. */
static void descend_full(float *w, const float *e, const float *d, const float *x, int outputs,
                         int width) {
    for (int o = 0; o < outputs; o++)
        for (int i = o * width; i < (o + 1) * width; i += LANES)
            store(w + i, load(w + i) - load(e + i) * (d[o] * load(x + i - o * width)));
}

static float learn(const rp_lenet98_state *state, rp_lenet98_weights *weights,
                   const rp_lenet98_weights *steps, const rp_lenet98_pattern *pattern) {
    float d6[96], d5[128], dx4[400];
    rp_lenet98_weights gradient; /* its full layers stay unused */
    const float value = backward_output(state, pattern, d6);
    pull_full(weights->f6[0], d6, 84, 128, d5);
    for (int i = 0; i < 120; i++) d5[i] *= slope(state->x5[i]);
    pull_full(weights->c5[0], d5, 120, 400, dx4);
    backward_maps(state, weights, dx4, &gradient);
    descend_full(weights->f6[0], steps->f6[0], d6, state->x5, 84, 128);
    descend(weights->f6_bias, steps->f6_bias, d6, 84);
    descend_full(weights->c5[0], steps->c5[0], d5, state->x4, 120, 400);
    descend(weights->c5_bias, steps->c5_bias, d5, 120);
    descend(weights->c1[0], steps->c1[0], gradient.c1[0],
            (int)(offsetof(rp_lenet98_weights, c5) / sizeof(float)));
    return value;
}

/* -- Second derivatives (appendix C) ------------------------------------------------------------
 *
 * The same walk with squared weights, inputs and slopes; the terms with f'' are dropped (Gauss and
 * Newton), so nothing is ever negative. h: second derivative by a unit's sum. Shared weights sum
 * over all their places. 500 digits a pass: plain loops will do. */

/* d2E/dx2 = 2 at F6's outputs: that of the distance to the right code, as the paper starts. The
 * full second derivative of equation 9 falls to 0 where the right class has won; steps would then
 * grow to eta / mu, and the next pass would undo the last (seen: 4 % to 38 % test error). */
static void curvature_output(const rp_lenet98_state *state, float h6[84]) {
    for (int i = 0; i < 84; i++) h6[i] = 2 * slope(state->x6[i]) * slope(state->x6[i]);
}

static void curvature_full(const float *h, const float *x, int outputs, int width, float *second) {
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < width; i++) second[o * width + i] += h[o] * x[i] * x[i];
}

static void pull_curvature(const float *weights, const float *h, const float *x, int outputs,
                           int width, float *below) {
    memset(below, 0, (size_t)width * sizeof *below);
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < width; i++)
            below[i] += weights[o * width + i] * weights[o * width + i] * h[o];
    for (int i = 0; i < width; i++) below[i] *= slope(x[i]) * slope(x[i]);
}

/* One kernel of C3: its own second derivatives, and what map `from` of S2 receives. */
static void curvature_kernel(const rp_lenet98_state *state, const float weights[25], int from,
                             float h3[10][10], float h2[14][14], float second[25]) {
    for (int t = 0; t < 25; t++) {
        float sum = 0;
        for (int row = 0; row < 10; row++)
            for (int column = 0; column < 10; column++) {
                const float x = state->x2[from][row + t / 5][column + t % 5];
                sum += h3[row][column] * x * x;
                h2[row + t / 5][column + t % 5] += weights[t] * weights[t] * h3[row][column];
            }
        second[t] += sum;
    }
}

/* C3 and S4 of one map; h2 gathers for S2. */
static void curvature_map(const rp_lenet98_state *state, const rp_lenet98_weights *weights, int m,
                          const float h4[25], float h2[6][14][14], rp_lenet98_weights *second) {
    float h3[10][10], all = 0;
    for (int i = 0; i < 100; i++) {
        const float x = state->x3[m][i / 10][i % 10], w = weights->s4[m];
        const float h = h4[i / 20 * 5 + i % 10 / 2];
        h3[i / 10][i % 10] = w * w * h * slope(x) * slope(x);
        all += h3[i / 10][i % 10];
    }
    for (int i = 0; i < 25; i++) {
        second->s4[m] += h4[i] * state->p4[m][i] * state->p4[m][i]; /* as one input: 3-lenet-5.md */
        second->s4_bias[m] += h4[i];
    }
    second->c3_bias[m] += all;
    for (int k = rp_lenet98_first[m]; k < rp_lenet98_first[m + 1]; k++)
        curvature_kernel(state, weights->c3[k], rp_lenet98_from[k], h3, h2[rp_lenet98_from[k]],
                         second->c3[k]);
}

/* S2 and C1 of one map. */
static void curvature_first(const rp_lenet98_state *state, const rp_lenet98_weights *weights, int m,
                            float h2[14][14], rp_lenet98_weights *second) {
    for (int i = 0; i < 28 * 28; i++) {
        const int row = i / 28, column = i % 28;
        const float x = state->x1[m][row][column], w = weights->s2[m];
        const float above = state->x2[m][row / 2][column / 2];
        const float h = h2[row / 2][column / 2] * slope(above) * slope(above);
        const float h1 = w * w * h * slope(x) * slope(x);
        const float sum = state->p2[m][row / 2][column / 2];
        second->s2[m] += h * sum * sum / 4; /* each unit is met four times here */
        second->s2_bias[m] += h / 4;
        second->c1_bias[m] += h1;
        for (int t = 0; t < 25; t++) {
            const float input = state->x0[row + t / 5][column + t % 5];
            second->c1[m][t] += h1 * input * input;
        }
    }
}

static void curvature(const rp_lenet98_state *state, const rp_lenet98_weights *weights,
                      rp_lenet98_weights *second) {
    float h6[84], h5[128], h4[400], h2[6][14][14] = {0};
    curvature_output(state, h6);
    curvature_full(h6, state->x5, 84, 128, second->f6[0]);
    for (int o = 0; o < 84; o++) second->f6_bias[o] += h6[o];
    pull_curvature(weights->f6[0], h6, state->x5, 84, 128, h5);
    curvature_full(h5, state->x4, 120, 400, second->c5[0]);
    for (int o = 0; o < 120; o++) second->c5_bias[o] += h5[o];
    pull_curvature(weights->c5[0], h5, state->x4, 120, 400, h4);
    for (int m = 0; m < 16; m++) curvature_map(state, weights, m, h4 + m * 25, h2, second);
    for (int m = 0; m < 6; m++) curvature_first(state, weights, m, h2[m], second);
}

/* The build gives the name its level. */
void rp_lenet98_install(rp_lenet98_loops *loops);
void rp_lenet98_install(rp_lenet98_loops *loops) {
    *loops = (rp_lenet98_loops){forward, backward, curvature, learn};
}
