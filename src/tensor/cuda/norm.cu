/* norm.cu: batch norm with residual and ReLU, in two passes over memory each way, as
 * cpu/loops/norm.c has it:
 *
 *     training forward    pass 1: sums of (x - k) and (x - k)^2 a channel    reads x
 *                         pass 2: y = act(a (x - mean) + beta + residual)    reads x, residual
 *     backward            pass 1: sums of g and g xhat                       reads gy, y, x
 *                         pass 2: gx = a (g - mean g - xhat mean(g xhat))    reads gy, y, x
 *
 * k is the first valid value of each channel, which keeps the one-pass variance stable. A block
 * adds up a chunk of rows in f32; the chunks are joined in order, in double. Within a group of
 * processes the sums go through the host (rp_sharing), so that the statistics are the whole
 * batch's. */
#include <math.h>

#include "tensor/cuda/numbers.h"

enum { LANE_ROWS = 32 /* rows a thread adds up before the block does */ };

/* x as (rows, C); row r stands at place r % places of sample r / places, and the first
 * lengths[sample] height places count. */
typedef struct field {
    int64_t rows, channels;
    uint32_t places, height;
    const int32_t *lengths; /* NULL: all count */
    int64_t samples;
} field;

static field field_of(const rp_tensor *x, const rp_tensor *gamma, const rp_tensor *lengths) {
    field f = {};
    f.channels = rp_tensor_count(gamma);
    f.rows = rp_tensor_count(x) / f.channels;
    f.samples = x->shape[0];
    f.places = (uint32_t)(f.rows / f.samples);
    f.height = lengths != NULL ? (uint32_t)(f.places / x->shape[1]) : 1;
    f.lengths = lengths != NULL ? (const int32_t *)lengths->data : NULL;
    return f;
}

static __device__ bool is_counted(field f, int64_t row) {
    if (f.lengths == NULL) return true;
    const uint32_t r = (uint32_t)row, sample = r / f.places;
    return r - sample * f.places < (uint32_t)f.lengths[sample] * f.height;
}

static __device__ double counted_rows(field f) {
    double count = 0;
    if (f.lengths == NULL) return (double)f.rows;
    for (int64_t b = 0; b < f.samples; b++) count += (double)f.lengths[b] * f.height;
    return count;
}

/* What the sums are of: `backward` says which of the two pairs. */
typedef struct statistics {
    field f;
    rp_view x, gy, y;
    const float *shift, *inv; /* forward: k; backward: the mean, and 1 / deviation */
    float *parts;             /* (chunks, 2, C) */
    int64_t tiles;
    int width, backward, relu;
} statistics;

static __device__ void add_value(float sums[2], const statistics *s, int64_t i, int64_t c) {
    const float d = rp_get(s->x, i) - s->shift[c];
    if (!s->backward) {
        sums[0] += d;
        sums[1] += d * d;
        return;
    }
    const float g = s->relu && !(rp_get(s->y, i) > 0) ? 0 : rp_get(s->gy, i);
    sums[0] += g;
    sums[1] += g * d * s->inv[c];
}

static __global__ void statistics_kernel(statistics s) {
    float *shared = rp_shared(), sums[2] = {0, 0};
    const int lanes = rp_threads() / s.width, lane = rp_thread() / s.width;
    const int64_t tile = rp_block() % s.tiles, chunk = rp_block() / s.tiles;
    const int64_t c = tile * s.width + rp_thread() % s.width;
    const int64_t first = chunk * lanes * LANE_ROWS;
    for (int64_t k = 0; k < LANE_ROWS && c < s.f.channels; k++) {
        const int64_t row = first + k * lanes + lane;
        if (row >= s.f.rows) break;
        if (is_counted(s.f, row)) add_value(sums, &s, row * s.f.channels + c, c);
    }
    for (int which = 0; which < 2; which++) {
        shared[rp_thread()] = sums[which];
        rp_sync();
        float sum = sums[which];
        for (int k = 1; k < lanes && lane == 0; k++) sum += shared[k * s.width + rp_thread()];
        if (lane == 0 && c < s.f.channels) s.parts[(chunk * 2 + which) * s.f.channels + c] = sum;
        rp_sync();
    }
}

/* totals: (2 C) sums, then how many rows count. A block a sum. */
static __global__ void join_kernel(double *totals, const float *parts, int64_t chunks, field f) {
    double *shared = (double *)rp_shared(), sum = 0;
    const int64_t j = rp_block();
    for (int64_t k = rp_thread(); k < chunks; k += rp_threads())
        sum += parts[k * 2 * f.channels + j];
    shared[rp_thread()] = sum;
    rp_sync();
    for (int half = rp_threads() / 2; half > 0; half /= 2) {
        if (rp_thread() < half) shared[rp_thread()] += shared[rp_thread() + half];
        rp_sync();
    }
    if (rp_thread() > 0) return;
    totals[j] = shared[0];
    if (j == 0) totals[2 * f.channels] = counted_rows(f);
}

/* The sums of s, joined, in the scratch RP_CUDA_REDUCE; NULL: no memory. */
static double *sum_up(rp_device *device, statistics s) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const int64_t channels = s.f.channels, count = 2 * channels + 1;
    s.width = 1;
    while (s.width < 32 && s.width < channels) s.width *= 2;
    s.tiles = rp_index_bound(channels, s.width);
    const int64_t chunks = rp_index_bound(s.f.rows, (int64_t)RP_THREADS / s.width * LANE_ROWS);
    double *totals = (double *)rp_cuda_scratch_take(
        device, RP_CUDA_REDUCE,
        (size_t)count * sizeof(double) + (size_t)(chunks * 2 * channels) * sizeof(float));
    if (totals == NULL) return NULL;
    s.parts = (float *)(totals + count);
    rp_launch(state, statistics_kernel, rp_grid{chunks * s.tiles, RP_THREADS, RP_THREADS, true}, s);
    rp_launch(state, join_kernel, rp_grid{2 * channels, RP_THREADS, 2 * RP_THREADS, true}, totals,
              s.parts, chunks, s.f);
    return totals;
}

/* The sums over all members of a group; alone: as they are. */
static rp_status share(rp_device *device, double *values, int64_t count, rp_error *error) {
    if (device->sharing.members <= 1) return RP_OK;
    RP_TRY(rp_cuda_finish(rp_cuda_state_of(device), error));
    device->sharing.sum(device->sharing.context, values, count);
    return RP_OK;
}

/* ---- forward --------------------------------------------------------------------------------- */

typedef struct forward {
    field f;
    rp_view x, residual, y;
    const float *gamma, *beta;
    float *mean, *inv, *running_mean, *running_var, *shift;
    double eps, decay;
    int relu, training, biased;
} forward;

static __global__ void shift_kernel(forward a) {
    const int64_t c = rp_index();
    int64_t sample = 0;
    if (c >= a.f.channels) return;
    while (a.f.lengths != NULL && sample < a.f.samples - 1 && a.f.lengths[sample] == 0) sample++;
    a.shift[c] = rp_get(a.x, sample * a.f.places * a.f.channels + c);
}

/* mean, inv, and the running values; of fewer than two positions there is no unbiased variance. */
static __global__ void moments_kernel(forward a, const double *totals) {
    const int64_t c = rp_index(), channels = a.f.channels;
    if (c >= channels) return;
    if (!a.training) {
        a.mean[c] = a.running_mean[c];
        a.inv[c] = (float)(1 / sqrt(a.running_var[c] + a.eps));
        return;
    }
    const double counted = totals[2 * channels], m = counted < 1 ? 1 : counted;
    const double d = totals[c] / m, left = totals[channels + c] / m - d * d;
    const double mean = a.shift[c] + d, var = left > 0 ? left : 0;
    a.mean[c] = counted < 1 ? 0 : (float)mean;
    a.inv[c] = (float)(1 / sqrt((counted < 1 ? 0 : var) + a.eps));
    if (counted < 2) return;
    const double batch = a.biased ? var : var * m / (m - 1);
    a.running_mean[c] = (float)(a.decay * a.running_mean[c] + (1 - a.decay) * mean);
    a.running_var[c] = (float)(a.decay * a.running_var[c] + (1 - a.decay) * batch);
}

static __device__ float normalised(const forward *a, float x, float residual, int64_t c) {
    const float y = a->gamma[c] * a->inv[c] * (x - a->mean[c]) + a->beta[c] + residual;
    return a->relu && y < 0 ? 0 : y;
}

static __global__ void normalise_kernel(forward a, int64_t count) {
    const int64_t i = rp_index();
    if (i >= count) return;
    const int64_t row = i / a.f.channels, c = i - row * a.f.channels;
    const float residual = a.residual.data != NULL ? rp_get(a.residual, i) : 0;
    rp_put(a.y, i, is_counted(a.f, row) ? normalised(&a, rp_get(a.x, i), residual, c) : 0);
}

/* The same for four channels a thread, where their number allows. */
static __global__ void normalise_four_kernel(forward a, int64_t count) {
    const int64_t i = rp_index() * 4;
    if (i >= count) return;
    const int64_t row = i / a.f.channels, c = i - row * a.f.channels;
    const bool counts = is_counted(a.f, row);
    const rp_four x = rp_get_four(a.x, i);
    rp_four y = {}, residual = {};
    if (a.residual.data != NULL) residual = rp_get_four(a.residual, i);
    for (int k = 0; k < 4 && counts; k++) y.at[k] = normalised(&a, x.at[k], residual.at[k], c + k);
    rp_put_four(a.y, i, y);
}

static forward forward_of(const rp_args *args) {
    forward a = {};
    a.f = field_of(args->in[0], args->in[1], args->in[4]);
    a.x = rp_view_of(args->in[0]);
    a.residual = rp_view_of(args->in[3]);
    a.y = rp_view_of(args->out[0]);
    a.gamma = (const float *)args->in[1]->data;
    a.beta = (const float *)args->in[2]->data;
    a.mean = (float *)args->out[1]->data;
    a.inv = (float *)args->out[2]->data;
    a.running_mean = (float *)args->out[3]->data;
    a.running_var = (float *)args->out[4]->data;
    a.eps = args->attr.eps;
    a.decay = args->attr.decay[0];
    a.relu = args->attr.relu;
    a.training = args->attr.training;
    a.biased = args->attr.biased;
    return a;
}

/* One k for all members of a group: the mean of theirs. `mean` is free until the moments. */
static rp_status choose_shift(rp_device *device, forward *a, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const int64_t channels = a->f.channels;
    rp_launch(state, shift_kernel, rp_grid_over(channels), *a);
    if (device->sharing.members <= 1) return RP_OK;
    double *sums =
        (double *)rp_cuda_scratch_take(device, RP_CUDA_REDUCE, (size_t)channels * sizeof *sums);
    if (sums == NULL) return rp_fail_memory(error, "a norm on the GPU");
    RP_TRY(rp_cuda_finish(state, error));
    for (int64_t c = 0; c < channels; c++) sums[c] = a->shift[c];
    device->sharing.sum(device->sharing.context, sums, channels);
    for (int64_t c = 0; c < channels; c++) a->shift[c] = (float)(sums[c] / device->sharing.members);
    return RP_OK;
}

rp_status rp_cuda_batch_norm(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    forward a = forward_of(args);
    const int64_t channels = a.f.channels, count = a.f.rows * channels;
    double *totals = NULL;
    if (a.training) {
        a.shift =
            (float *)rp_cuda_scratch_take(device, RP_CUDA_CAST, (size_t)channels * sizeof(float));
        if (a.shift == NULL) return rp_fail_memory(error, "a norm on the GPU");
        RP_TRY(choose_shift(device, &a, error));
        statistics s = {};
        s.f = a.f;
        s.x = a.x;
        s.shift = a.shift;
        totals = sum_up(device, s);
        if (totals == NULL) return rp_fail_memory(error, "a norm on the GPU");
        RP_TRY(share(device, totals, 2 * channels + 1, error));
    }
    rp_launch(state, moments_kernel, rp_grid_over(channels), a, totals);
    if (channels % 4 == 0)
        rp_launch(state, normalise_four_kernel, rp_grid_over(count / 4), a, count);
    else rp_launch(state, normalise_kernel, rp_grid_over(count), a, count);
    return rp_cuda_launched(device, error);
}

/* ---- backward -------------------------------------------------------------------------------- */

typedef struct backward {
    field f;
    rp_view gy, x, y, gx, gresidual;
    const float *gamma, *mean, *inv;
    float *ggamma, *gbeta, *mean_g, *mean_projection;
    int relu, training;
} backward;

/* ggamma and gbeta are this member's, for gradients are added up over members; the means are the
 * whole batch's. Alone the two are the same sums. */
static __global__ void parameters_kernel(backward b, const double *own) {
    const int64_t c = rp_index();
    if (c >= b.f.channels) return;
    b.gbeta[c] = (float)own[c];
    b.ggamma[c] = (float)own[b.f.channels + c];
}

static __global__ void means_kernel(backward b, const double *totals) {
    const int64_t c = rp_index(), channels = b.f.channels;
    if (c >= channels) return;
    const double counted = totals[2 * channels];
    const bool is_training = b.training && counted > 0;
    b.mean_g[c] = is_training ? (float)(totals[c] / counted) : 0;
    b.mean_projection[c] = is_training ? (float)(totals[channels + c] / counted) : 0;
}

static __device__ float centred(const backward *b, float g, float x, int64_t c) {
    const float xhat = (x - b->mean[c]) * b->inv[c];
    return b->gamma[c] * b->inv[c] * (g - b->mean_g[c] - xhat * b->mean_projection[c]);
}

static __global__ void gradient_kernel(backward b, int64_t count) {
    const int64_t i = rp_index();
    if (i >= count) return;
    const int64_t row = i / b.f.channels, c = i - row * b.f.channels;
    const bool counts = is_counted(b.f, row);
    const float g = !counts || (b.relu && !(rp_get(b.y, i) > 0)) ? 0 : rp_get(b.gy, i);
    rp_put(b.gx, i, counts ? centred(&b, g, rp_get(b.x, i), c) : 0);
    if (b.gresidual.data != NULL) rp_put(b.gresidual, i, g);
}

static __global__ void gradient_four_kernel(backward b, int64_t count) {
    const int64_t i = rp_index() * 4;
    if (i >= count) return;
    const int64_t row = i / b.f.channels, c = i - row * b.f.channels;
    const bool counts = is_counted(b.f, row);
    const rp_four gy = rp_get_four(b.gy, i), x = rp_get_four(b.x, i), y = rp_get_four(b.y, i);
    rp_four gx = {}, g = {};
    for (int k = 0; k < 4 && counts; k++) {
        g.at[k] = b.relu && !(y.at[k] > 0) ? 0 : gy.at[k];
        gx.at[k] = centred(&b, g.at[k], x.at[k], c + k);
    }
    rp_put_four(b.gx, i, gx);
    if (b.gresidual.data != NULL) rp_put_four(b.gresidual, i, g);
}

static backward backward_of(const rp_args *args) {
    backward b = {};
    b.f = field_of(args->in[1], args->in[3], args->in[6]);
    b.gy = rp_view_of(args->in[0]);
    b.x = rp_view_of(args->in[1]);
    b.y = rp_view_of(args->in[2]);
    b.gamma = (const float *)args->in[3]->data;
    b.mean = (const float *)args->in[4]->data;
    b.inv = (const float *)args->in[5]->data;
    b.gx = rp_view_of(args->out[0]);
    b.ggamma = (float *)args->out[1]->data;
    b.gbeta = (float *)args->out[2]->data;
    b.gresidual = rp_view_of(args->out[3]);
    b.relu = args->attr.relu;
    b.training = args->attr.training;
    return b;
}

rp_status rp_cuda_batch_norm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    backward b = backward_of(args);
    const int64_t channels = b.f.channels, count = b.f.rows * channels;
    b.mean_g =
        (float *)rp_cuda_scratch_take(device, RP_CUDA_CAST, (size_t)channels * 2 * sizeof(float));
    if (b.mean_g == NULL) return rp_fail_memory(error, "a norm on the GPU");
    b.mean_projection = b.mean_g + channels;
    statistics s = {};
    s.f = b.f;
    s.x = b.x;
    s.gy = b.gy;
    s.y = b.y;
    s.shift = b.mean;
    s.inv = b.inv;
    s.backward = 1;
    s.relu = b.relu;
    double *totals = sum_up(device, s);
    if (totals == NULL) return rp_fail_memory(error, "a norm on the GPU");
    rp_launch(state, parameters_kernel, rp_grid_over(channels), b, totals);
    if (b.training) RP_TRY(share(device, totals, 2 * channels + 1, error));
    rp_launch(state, means_kernel, rp_grid_over(channels), b, totals);
    if (channels % 4 == 0)
        rp_launch(state, gradient_four_kernel, rp_grid_over(count / 4), b, count);
    else rp_launch(state, gradient_kernel, rp_grid_over(count), b, count);
    return rp_cuda_launched(device, error);
}
