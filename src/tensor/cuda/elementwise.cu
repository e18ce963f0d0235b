/* elementwise.cu: one number in, one number out; a thread a number. Bound by memory. */
#include <math.h>

#include "tensor/cuda/numbers.h"

/* ---- two operands; b is repeated over the leading axes of a ---- */

static __global__ void add_kernel(rp_view y, rp_view a, rp_view b, int64_t count, int64_t period) {
    const int64_t i = rp_index();
    if (i < count) rp_put(y, i, rp_get(a, i) + rp_get(b, i % period));
}

static __global__ void mul_kernel(rp_view y, rp_view a, rp_view b, int64_t count, int64_t period) {
    const int64_t i = rp_index();
    if (i < count) rp_put(y, i, rp_get(a, i) * rp_get(b, i % period));
}

typedef void (*binary_kernel)(rp_view y, rp_view a, rp_view b, int64_t count, int64_t period);

static rp_status binary(rp_device *device, const rp_args *args, binary_kernel kernel,
                        rp_error *error) {
    const int64_t count = rp_tensor_count(args->in[0]);
    rp_launch(rp_cuda_state_of(device), kernel, rp_grid_over(count), rp_view_of(args->out[0]),
              rp_view_of(args->in[0]), rp_view_of(args->in[1]), count,
              rp_tensor_count(args->in[1]));
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_add(rp_device *device, const rp_args *args, rp_error *error) {
    return binary(device, args, add_kernel, error);
}

rp_status rp_cuda_mul(rp_device *device, const rp_args *args, rp_error *error) {
    return binary(device, args, mul_kernel, error);
}

/* ---- one operand ---- */

typedef enum function { SCALE, POWER, RELU, STEP, SIGMOID, TANH, EXP, LOG } function;

static __device__ float apply(function f, float x, float alpha, float beta) {
    switch (f) {
        case SCALE: return alpha * x + beta;
        case POWER: return powf(x, alpha);
        case RELU: return x > 0 ? x : 0;
        case STEP: return x > 0 ? 1.0f : 0.0f;
        case SIGMOID: return rp_logistic(x);
        case TANH: return tanhf(x);
        case EXP: return expf(x);
        case LOG: return logf(x);
    }
    return x;
}

typedef struct map {
    rp_view y, x;
    int64_t count;
    function f;
    float alpha, beta;
} map;

static __global__ void map_kernel(map m) {
    const int64_t i = rp_index();
    if (i < m.count) rp_put(m.y, i, apply(m.f, rp_get(m.x, i), m.alpha, m.beta));
}

static rp_status run_map(rp_device *device, const rp_args *args, function f, rp_error *error) {
    const map m = {rp_view_of(args->out[0]),     rp_view_of(args->in[0]),
                   rp_tensor_count(args->in[0]), f,
                   (float)args->attr.alpha,      (float)args->attr.beta};
    rp_launch(rp_cuda_state_of(device), map_kernel, rp_grid_over(m.count), m);
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_scale(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, SCALE, error);
}
rp_status rp_cuda_power(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, POWER, error);
}
rp_status rp_cuda_relu(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, RELU, error);
}
rp_status rp_cuda_step(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, STEP, error);
}
rp_status rp_cuda_sigmoid(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, SIGMOID, error);
}
rp_status rp_cuda_tanh(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, TANH, error);
}
rp_status rp_cuda_exp(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, EXP, error);
}
rp_status rp_cuda_log(rp_device *device, const rp_args *args, rp_error *error) {
    return run_map(device, args, LOG, error);
}

static __global__ void cast_kernel(rp_view y, rp_view x, int64_t count) {
    const int64_t i = rp_index();
    if (i < count) rp_put(y, i, rp_get(x, i));
}

void rp_cuda_cast_run(rp_cuda_state *state, rp_view y, rp_view x, int64_t count) {
    rp_launch(state, cast_kernel, rp_grid_over(count), y, x, count);
}

rp_status rp_cuda_cast(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_cast_run(rp_cuda_state_of(device), rp_view_of(args->out[0]), rp_view_of(args->in[0]),
                     rp_tensor_count(args->in[0]));
    return rp_cuda_launched(device, error);
}

/* y[i] = x[i / inner % outer]: expand has inner 1, expand_last outer without end. */
static __global__ void repeat_kernel(rp_view y, rp_view x, int64_t count, int64_t inner,
                                     int64_t outer) {
    const int64_t i = rp_index();
    if (i < count) rp_put(y, i, rp_get(x, i / inner % outer));
}

rp_status rp_cuda_expand(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t count = rp_tensor_count(args->out[0]);
    rp_launch(rp_cuda_state_of(device), repeat_kernel, rp_grid_over(count),
              rp_view_of(args->out[0]), rp_view_of(args->in[0]), count, 1,
              rp_tensor_count(args->in[0]));
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_expand_last(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t count = rp_tensor_count(args->out[0]), rows = rp_tensor_count(args->in[0]);
    rp_launch(rp_cuda_state_of(device), repeat_kernel, rp_grid_over(count),
              rp_view_of(args->out[0]), rp_view_of(args->in[0]), count, count / rows, rows);
    return rp_cuda_launched(device, error);
}

/* ---- dropout: Philox4x32-10 as base/random.c has it, one block of four numbers a thread ---- */

static __device__ void philox(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t counter) {
    uint32_t x[4] = {(uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)stream,
                     (uint32_t)(stream >> 32)};
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * x[0], p1 = (uint64_t)0xCD9E8D57u * x[2];
        const uint32_t y0 = (uint32_t)(p1 >> 32) ^ x[1] ^ k0, y2 = (uint32_t)(p0 >> 32) ^ x[3] ^ k1;
        x[0] = y0;
        x[1] = (uint32_t)p1;
        x[2] = y2;
        x[3] = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++) out[i] = x[i];
}

typedef struct dropout {
    rp_view y, x;
    int64_t rows, row, blocks; /* numbers of a row; Philox blocks of a row */
    uint64_t seed, stream;
    double rate;
    float kept; /* 1 - rate */
} dropout;

static __global__ void dropout_kernel(dropout d) {
    const int64_t index = rp_index(), b = index / d.blocks, block = index % d.blocks;
    uint32_t numbers[4];
    if (b >= d.rows) return;
    philox(numbers, d.seed, d.stream + (uint64_t)b, (uint64_t)block);
    for (int64_t j = 0; j < 4 && block * 4 + j < d.row; j++) {
        const int64_t i = b * d.row + block * 4 + j;
        const bool is_dropped = numbers[j] * 0x1p-32 < d.rate;
        rp_put(d.y, i, is_dropped ? 0 : rp_get(d.x, i) / d.kept);
    }
}

rp_status rp_cuda_dropout(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    dropout d = {rp_view_of(args->out[0]), rp_view_of(x), x->shape[0]};
    d.row = rp_tensor_count(x) / x->shape[0];
    d.blocks = rp_index_bound(d.row, 4);
    d.seed = args->attr.seed;
    d.stream = args->attr.stream;
    d.rate = args->attr.rate;
    d.kept = (float)(1 - args->attr.rate);
    rp_launch(rp_cuda_state_of(device), dropout_kernel, rp_grid_over(d.rows * d.blocks), d);
    return rp_cuda_launched(device, error);
}
