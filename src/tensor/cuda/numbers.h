/* numbers.h: numbers of either type, and what several kernels share. Private to src/tensor/cuda.
 *
 * A kernel takes views: the type is a run-time value that is the same for all threads, so that
 * one kernel serves every mixture of f32 and bf16 and the branch costs next to nothing where memory
 * is the limit. Where it is not (the recurrences) the type is a template parameter. */
#ifndef RP_TENSOR_CUDA_NUMBERS_H
#define RP_TENSOR_CUDA_NUMBERS_H

#include <math.h>

#include "tensor/cuda/launch.h"

typedef uint16_t rp_half; /* a bf16 */

typedef struct rp_view {
    void *data;
    int half; /* bf16, else f32 */
} rp_view;

static inline rp_view rp_view_of(const rp_tensor *tensor) {
    if (tensor == NULL) return rp_view{NULL, 0};
    return rp_view{tensor->data, tensor->dtype == RP_BF16};
}

__device__ inline float rp_widen(rp_half half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Rounds to nearest, ties to even; NaN stays NaN: as rp_f32_to_bf16. */
__device__ inline rp_half rp_narrow(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (rp_half)(bits >> 16 | 0x40);
    return (rp_half)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

__device__ inline float rp_load(const float *at) { return *at; }
__device__ inline float rp_load(const rp_half *at) { return rp_widen(*at); }
__device__ inline void rp_store(float *at, float value) { *at = value; }
__device__ inline void rp_store(rp_half *at, float value) { *at = rp_narrow(value); }

__device__ inline float rp_get(rp_view view, int64_t i) {
    return view.half ? rp_widen(((const rp_half *)view.data)[i]) : ((const float *)view.data)[i];
}

__device__ inline void rp_put(rp_view view, int64_t i, float value) {
    if (view.half) ((rp_half *)view.data)[i] = rp_narrow(value);
    else ((float *)view.data)[i] = value;
}

/* Four numbers at once: one access of 8 or 16 bytes. `i` is a multiple of 4. */
typedef struct rp_four {
    float at[4];
} rp_four;
typedef struct alignas(16) rp_four_floats {
    float at[4];
} rp_four_floats;
typedef struct alignas(8) rp_four_halves {
    rp_half at[4];
} rp_four_halves;

__device__ inline rp_four rp_load_four(const float *at) {
    const rp_four_floats f = *(const rp_four_floats *)at;
    return rp_four{{f.at[0], f.at[1], f.at[2], f.at[3]}};
}

__device__ inline rp_four rp_load_four(const rp_half *at) {
    const rp_four_halves h = *(const rp_four_halves *)at;
    return rp_four{{rp_widen(h.at[0]), rp_widen(h.at[1]), rp_widen(h.at[2]), rp_widen(h.at[3])}};
}

__device__ inline rp_four rp_get_four(rp_view view, int64_t i) {
    return view.half ? rp_load_four((const rp_half *)view.data + i)
                     : rp_load_four((const float *)view.data + i);
}

__device__ inline void rp_put_four(rp_view view, int64_t i, rp_four f) {
    if (view.half)
        *(rp_four_halves *)((rp_half *)view.data + i) = rp_four_halves{
            {rp_narrow(f.at[0]), rp_narrow(f.at[1]), rp_narrow(f.at[2]), rp_narrow(f.at[3])}};
    else
        *(rp_four_floats *)((float *)view.data + i) =
            rp_four_floats{{f.at[0], f.at[1], f.at[2], f.at[3]}};
}

/* Logistic function, without overflow for any x. */
__device__ inline float rp_logistic(float x) {
    const float e = expf(-fabsf(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* Sum of one float a thread over the block, in all threads; `shared` holds a float a thread, whose
 * number is a power of two. The order is that of a tree: the same every time. */
__device__ inline float rp_block_sum(float *shared, float x) {
    const int thread = rp_thread();
    shared[thread] = x;
    rp_sync();
    for (int half = rp_threads() / 2; half > 0; half /= 2) {
        if (thread < half) shared[thread] += shared[thread + half];
        rp_sync();
    }
    x = shared[0];
    rp_sync();
    return x;
}

__device__ inline float rp_block_max(float *shared, float x) {
    const int thread = rp_thread();
    shared[thread] = x;
    rp_sync();
    for (int half = rp_threads() / 2; half > 0; half /= 2) {
        if (thread < half) shared[thread] = fmaxf(shared[thread], shared[thread + half]);
        rp_sync();
    }
    x = shared[0];
    rp_sync();
    return x;
}

/* ---- for the host's side of a row ---- */

enum { RP_THREADS = 256 };

/* One thread a number. */
static inline rp_grid rp_grid_over(int64_t count) {
    return rp_grid{(count + RP_THREADS - 1) / RP_THREADS, RP_THREADS, 0, false};
}

static inline int64_t rp_index_bound(int64_t count, int64_t divisor) {
    return (count + divisor - 1) / divisor;
}

/* This thread's number in a grid over `count`. */
__device__ inline int64_t rp_index(void) { return rp_block() * rp_threads() + rp_thread(); }

/* The end of a row: RP_SYSTEM if a launch was refused. */
rp_status rp_cuda_launched(rp_device *device, rp_error *error);

/* y = x in another type; both hold `count` numbers. */
void rp_cuda_cast_run(rp_cuda_state *state, rp_view y, rp_view x, int64_t count);

/* y[j] = sum over rows of x (rows, columns). NULL memory: false. */
bool rp_cuda_sum_rows(rp_device *device, rp_view y, rp_view x, int64_t rows, int64_t columns);

/* ge[v] = sum over r with ids[r] = v of gy[r]; rows of `width`. */
void rp_cuda_gather_rows(rp_cuda_state *state, rp_view ge, rp_view gy, const int32_t *ids,
                         const int64_t counts[3]);

/* y[r] = e[ids[r]], 0 where ids[r] < 0. counts: rows, width. */
void rp_cuda_take_rows(rp_cuda_state *state, rp_view y, rp_view e, const int32_t *ids,
                       const int64_t counts[2]);

/* The parameter w in `type`: itself, or a copy that is kept (kept.cu). NULL: no memory. */
const void *rp_cuda_parameter(rp_device *device, const rp_tensor *w, rp_dtype type);

/* Every row that the plug-in has, by name; those it has not are NULL. */
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) \
    rp_status rp_cuda_##name(rp_device *device, const rp_args *args, rp_error *error);
#include "tensor/ops.def"
#undef RP_OP

#endif
