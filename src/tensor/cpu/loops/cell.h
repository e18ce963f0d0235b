/* cell.h: the point-wise part of an LSTM's step, forward and back, for one row of units. Private to
 * the loop files. Gates lie in the order input, forget, candidate, output. */
#ifndef RP_TENSOR_CPU_LOOPS_CELL_H
#define RP_TENSOR_CPU_LOOPS_CELL_H

#include <stddef.h>

#include "base/vector_math.h"

/* The point-wise part: gates in place from their sums, then c and h. `before` NULL: state 0. The
 * compiler is told that rows do not overlap: where it has to find out, inlined into a caller, it
 * gives up and reckons one unit at a time, at six times the cost. */
static inline void rp_cell_forward(float *restrict a, float *restrict c, float *restrict h,
                                   const float *restrict before, int64_t units) {
#pragma omp simd
    for (int64_t u = 0; u < units; u++) {
        const float i = rp_sigmoid(a[u]), f = rp_sigmoid(a[units + u]);
        const float g = rp_tanh(a[2 * units + u]), o = rp_sigmoid(a[3 * units + u]);
        a[u] = i;
        a[units + u] = f;
        a[2 * units + u] = g;
        a[3 * units + u] = o;
        c[u] = (before != NULL ? f * before[u] : 0) + i * g;
        h[u] = o * rp_tanh(c[u]);
    }
}

/* From the gradients of h and c (in and out) to those of the gates' sums. */
static inline void rp_cell_backward(float *restrict ga, float *restrict gc,
                                    const float *restrict gh, const float *restrict gate,
                                    const float *restrict c, const float *restrict before,
                                    int64_t units) {
#pragma omp simd
    for (int64_t u = 0; u < units; u++) {
        const float i = gate[u], f = gate[units + u], g = gate[2 * units + u];
        const float o = gate[3 * units + u], squashed = rp_tanh(c[u]);
        const float dc = gc[u] + gh[u] * o * (1 - squashed * squashed);
        const float c_before = before != NULL ? before[u] : 0;
        ga[u] = dc * g * i * (1 - i);
        ga[units + u] = dc * c_before * f * (1 - f);
        ga[2 * units + u] = dc * i * (1 - g * g);
        ga[3 * units + u] = gh[u] * squashed * o * (1 - o);
        gc[u] = dc * f;
    }
}

#endif
