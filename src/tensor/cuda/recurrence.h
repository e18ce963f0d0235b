/* recurrence.h: what LSTM and decoder share: a block of threads walks one sequence, step by step,
 * and multiplies its state with the same weights at each. Private to src/tensor/cuda.
 *
 * One block a sequence needs no barrier between blocks, so there is no cooperative launch, and a
 * whole sequence is one kernel. What it costs: the weights of a step pass from the L2 cache to the
 * multiprocessor every time (1 MB in bf16 for the decoder, about 10 us); docs/gpu.md has the sum.
 */
#ifndef RP_TENSOR_CUDA_RECURRENCE_H
#define RP_TENSOR_CUDA_RECURRENCE_H

#include "tensor/cuda/numbers.h"

enum { RP_WIDE = 4 /* numbers a thread reads at once */, RP_RECURRENCE_THREADS_MAX = 1024 };

static inline int64_t rp_padded(int64_t count) { return (count + RP_WIDE - 1) / RP_WIDE * RP_WIDE; }

/* Threads for products of up to `rows` results: one each, within a block's limits. */
static inline int rp_recurrence_threads(int64_t rows) {
    const int64_t threads = (rows + 31) / 32 * 32;
    if (threads > RP_RECURRENCE_THREADS_MAX) return RP_RECURRENCE_THREADS_MAX;
    return (int)(threads < 64 ? 64 : threads);
}

/* Floats of the room `parts` below. */
static inline int64_t rp_parts_floats(int64_t rows, int threads) {
    return rp_padded(rows) > RP_WIDE * threads ? rp_padded(rows) : RP_WIDE * threads;
}

/* out[r] = sum over i < inner of w[i][r] x[i], for r < rows; rows of w are rp_padded(rows) wide.
 * A thread takes four neighbouring r and every lanes-th i; the lanes are added in their order. out,
 * x and parts are shared memory, and what x holds is in place; so is out at the end. */
template <typename T>
__device__ inline void rp_multiply(float *out, const T *w, const float *x, int64_t inner,
                                   int64_t rows, float *parts) {
    const int width = (int)((rows + RP_WIDE - 1) / RP_WIDE), stride = width * RP_WIDE;
    const int lanes = rp_threads() / width > 0 ? rp_threads() / width : 1;
    for (int task = rp_thread(); task < width * lanes; task += rp_threads()) {
        const int r = task % width * RP_WIDE, lane = task / width;
        float sums[RP_WIDE] = {0, 0, 0, 0};
        RP_UNROLL
        for (int i = lane; i < (int)inner; i += lanes) {
            const rp_four f = rp_load_four(w + (int64_t)i * stride + r);
            for (int k = 0; k < RP_WIDE; k++) sums[k] += f.at[k] * x[i];
        }
        for (int k = 0; k < RP_WIDE; k++) parts[lane * stride + r + k] = sums[k];
    }
    rp_sync();
    for (int r = rp_thread(); r < (int)rows; r += rp_threads()) {
        float sum = parts[r];
        for (int lane = 1; lane < lanes; lane++) sum += parts[lane * stride + r];
        out[r] = sum;
    }
    rp_sync();
}

/* Weights as rp_multiply reads them: to[i][r] = from[r][i] (turned) or from[i][r], 0 beyond rows.
 * `skip` numbers stand before the first in each stored row, which has `stride`. */
typedef struct rp_turning {
    void *to;
    const float *from;
    int64_t inner, rows, stride, skip;
    int turned, half;
} rp_turning;

void rp_cuda_turn(rp_cuda_state *state, rp_turning turning);

#endif
