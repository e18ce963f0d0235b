/* elementwise.c: one number in, one out, in chunks that threads share.
 *
 * From 2 MiB on all of these are bound by memory; what counts is to read once, to write once and to
 * keep the reckoning in vectors. */
#include <math.h>

#include "base/vector_math.h"
#include "tensor/cpu/loops/numbers.h"

/* ---- one input ------------------------------------------------------------------------------- */

/* y may be x. */
typedef void (*map_fn)(float *y, const float *x, int64_t count, const rp_attr *attr);

static void scale_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
    const float alpha = (float)attr->alpha, beta = (float)attr->beta;
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = alpha * x[i] + beta;
}

static void power_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
    const float exponent = (float)attr->alpha;
    for (int64_t i = 0; i < count; i++) y[i] = powf(x[i], exponent);
}

static void relu_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

static void step_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = x[i] > 0 ? 1.0f : 0.0f;
}

static void sigmoid_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = rp_sigmoid(x[i]);
}

static void tanh_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = rp_tanh(x[i]);
}

/* The square of e^(x / 2): rp_exp ends at 87, this goes on to infinity and to 0. */
static void exp_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        const float root = rp_exp(0.5f * x[i]);
        y[i] = root * root;
    }
}

static void log_chunk(float *y, const float *x, int64_t count, const rp_attr *attr) {
    for (int64_t i = 0; i < count; i++) y[i] = logf(x[i]);
}

static rp_status map(const rp_args *args, map_fn function) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t count = rp_tensor_count(x);
#pragma omp parallel for
    for (int64_t first = 0; first < count; first += RP_CHUNK) {
        float in[RP_CHUNK], out[RP_CHUNK];
        const int64_t n = rp_chunk_size(first, count);
        function(rp_chunk_begin(out, y, first), rp_chunk_read(in, x, first, n), n, &args->attr);
        rp_chunk_write(y, out, first, n);
    }
    return RP_OK;
}

/* The plain loops take what is neither f32 nor bf16. */
static bool is_known(const rp_args *args) {
    return rp_is_real(args->in[0]) && rp_is_real(args->out[0]);
}

static rp_status scale_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, scale_chunk) : rp_ref_ops.scale(device, args, error);
}
static rp_status power_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, power_chunk) : rp_ref_ops.power(device, args, error);
}
static rp_status relu_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, relu_chunk) : rp_ref_ops.relu(device, args, error);
}
static rp_status step_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, step_chunk) : rp_ref_ops.step(device, args, error);
}
static rp_status sigmoid_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, sigmoid_chunk) : rp_ref_ops.sigmoid(device, args, error);
}
static rp_status tanh_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, tanh_chunk) : rp_ref_ops.tanh(device, args, error);
}
static rp_status exp_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, exp_chunk) : rp_ref_ops.exp(device, args, error);
}
static rp_status log_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_known(args) ? map(args, log_chunk) : rp_ref_ops.log(device, args, error);
}

/* ---- two inputs, the second repeated --------------------------------------------------------- */

typedef void (*pair_fn)(float *y, const float *a, const float *b, int64_t count);

static void add_chunk(float *y, const float *a, const float *b, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

static void mul_chunk(float *y, const float *a, const float *b, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = a[i] * b[i];
}

/* b from number `first` on, going round, as `count` numbers. */
static const float *repeat(float *space, const rp_tensor *b, int64_t first, int64_t count) {
    const int64_t period = rp_tensor_count(b), at = first % period;
    if (at + count <= period) return rp_chunk_read(space, b, at, count);
    for (int64_t i = 0; i < count;) {
        const int64_t from = (first + i) % period;
        const int64_t run = period - from < count - i ? period - from : count - i;
        const float *part = rp_chunk_read(space + i, b, from, run);
        if (part != space + i) memcpy(space + i, part, (size_t)run * sizeof(float));
        i += run;
    }
    return space;
}

static rp_status pair(const rp_args *args, pair_fn function) {
    const rp_tensor *a = args->in[0], *b = args->in[1];
    rp_tensor *y = args->out[0];
    const int64_t count = rp_tensor_count(a);
#pragma omp parallel for
    for (int64_t first = 0; first < count; first += RP_CHUNK) {
        float left[RP_CHUNK], right[RP_CHUNK], out[RP_CHUNK];
        const int64_t n = rp_chunk_size(first, count);
        function(rp_chunk_begin(out, y, first), rp_chunk_read(left, a, first, n),
                 repeat(right, b, first, n), n);
        rp_chunk_write(y, out, first, n);
    }
    return RP_OK;
}

static bool is_pair_known(const rp_args *args) { return is_known(args) && rp_is_real(args->in[1]); }

static rp_status add_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_pair_known(args) ? pair(args, add_chunk) : rp_ref_ops.add(device, args, error);
}

static rp_status mul_row(rp_device *device, const rp_args *args, rp_error *error) {
    return is_pair_known(args) ? pair(args, mul_chunk) : rp_ref_ops.mul(device, args, error);
}

/* ---- dropout --------------------------------------------------------------------------------- */

enum { LANES = 32, ROUNDS = 10 };

/* Blocks first .. first + LANES - 1 of Philox4x32-10, the numbers rp_random_block gives, as
 * out[4 lane + k]. Words are kept in 64 bits, so that the compiler multiplies them in vectors. */
static void philox(uint32_t out[4 * LANES], uint64_t seed, uint64_t stream, uint64_t first) {
    const uint64_t word = 0xFFFFFFFFu;
    uint64_t x0[LANES], x1[LANES], x2[LANES], x3[LANES];
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < LANES; i++) {
        x0[i] = (first + (uint64_t)i) & word;
        x1[i] = (first + (uint64_t)i) >> 32;
        x2[i] = stream & word;
        x3[i] = stream >> 32;
    }
    for (int round = 0; round < ROUNDS; round++) {
#pragma omp simd
        for (int i = 0; i < LANES; i++) {
            const uint64_t p0 = (x0[i] & word) * 0xD2511F53u, p1 = (x2[i] & word) * 0xCD9E8D57u;
            x0[i] = (p1 >> 32) ^ x1[i] ^ k0;
            x1[i] = p1 & word;
            x2[i] = (p0 >> 32) ^ x3[i] ^ k1;
            x3[i] = p0 & word;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
#pragma omp simd
    for (int i = 0; i < LANES; i++) {
        out[4 * i] = (uint32_t)x0[i];
        out[4 * i + 1] = (uint32_t)x1[i];
        out[4 * i + 2] = (uint32_t)x2[i];
        out[4 * i + 3] = (uint32_t)x3[i];
    }
}

static void dropout_chunk(float *y, const float *x, int64_t count, const uint32_t *numbers,
                          const rp_attr *attr) {
    /* u / 2^32 < rate, in whole numbers: u < rate 2^32 rounded up. Below 2^32, as rates are < 1. */
    const double limit = ceil(attr->rate * 0x1p32);
    const uint32_t first_kept = limit < 0x1p32 ? (uint32_t)limit : UINT32_MAX;
    const float kept = (float)(1 - attr->rate);
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = numbers[i] < first_kept ? 0 : x[i] / kept;
}

static rp_status dropout_row(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    if (!is_known(args)) return rp_ref_ops.dropout(device, args, error);
    const int64_t rows = x->shape[0], row = rp_tensor_count(x) / rows;
    const int64_t chunks = (row + RP_CHUNK - 1) / RP_CHUNK;
#pragma omp parallel for
    for (int64_t k = 0; k < rows * chunks; k++) {
        float in[RP_CHUNK], out[RP_CHUNK];
        uint32_t numbers[RP_CHUNK];
        const int64_t b = k / chunks, start = k % chunks * RP_CHUNK, first = b * row + start;
        const int64_t n = rp_chunk_size(start, row);
        for (int64_t i = 0; i < n; i += 4 * LANES)
            philox(numbers + i, args->attr.seed, args->attr.stream + (uint64_t)b,
                   (uint64_t)(start + i) / 4);
        dropout_chunk(rp_chunk_begin(out, y, first), rp_chunk_read(in, x, first, n), n, numbers,
                      &args->attr);
        rp_chunk_write(y, out, first, n);
    }
    return RP_OK;
}

void rp_cpu_install_elementwise(rp_device *device);
void rp_cpu_install_elementwise(rp_device *device) {
    static const rp_op rows[] = {RP_OP_add,     RP_OP_mul,  RP_OP_scale,  RP_OP_power,
                                 RP_OP_relu,    RP_OP_step, RP_OP_tanh,   RP_OP_exp,
                                 RP_OP_sigmoid, RP_OP_log,  RP_OP_dropout};
    rp_ops *ops = &device->ops;
    ops->add = add_row;
    ops->mul = mul_row;
    ops->scale = scale_row;
    ops->power = power_row;
    ops->relu = relu_row;
    ops->step = step_row;
    ops->sigmoid = sigmoid_row;
    ops->tanh = tanh_row;
    ops->exp = exp_row;
    ops->log = log_row;
    ops->dropout = dropout_row;
    for (size_t i = 0; i < RP_COUNT(rows); i++) device->implementation[rows[i]] = "cpu";
}
