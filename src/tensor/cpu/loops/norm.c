/* norm.c: batch norm with residual and ReLU in two passes over memory each way.
 *
 *     training forward    pass 1: sums of (x - k) and (x - k)^2 a channel    reads x
 *                         pass 2: y = act(a x + b + residual)                reads x, residual
 *     backward            pass 1: sums of g and g xhat                       reads gy, y, x
 *                         pass 2: gx = a (g - mean g - xhat mean(g xhat))    reads gy, y, x
 *
 * k is the first valid value of each channel, which keeps the one-pass variance stable when the
 * mean is far larger than the deviation. Sums are taken over blocks of a fixed number of positions
 * and joined in order, in double: the result does not depend on the number of threads. The loops
 * are bound by memory: about 2 bytes read per element and pass in bf16. */
#include <math.h>

#include "tensor/cpu/loops/numbers.h"

enum { BLOCK = 256, CHANNELS_MAX = 1024 };

/* The image as rows of channels: B samples of `places` positions, the first `valid` of which count.
 */
typedef struct field {
    int64_t samples, places, height, channels, blocks; /* blocks a sample */
    const int32_t *lengths;                            /* or NULL */
    double count;                                      /* valid positions in all */
} field;

static field field_of(const rp_tensor *x, const rp_tensor *lengths) {
    field f = {.samples = x->shape[0],
               .places = x->shape[1] * x->shape[2],
               .height = x->shape[2],
               .channels = x->shape[3]};
    if (x->dims == 2) { /* (B, C) */
        f.samples = 1;
        f.places = x->shape[0];
        f.height = 1;
        f.channels = x->shape[1];
    } else if (x->dims == 3) { /* (B, T, C) */
        f.places = x->shape[1];
        f.height = 1;
        f.channels = x->shape[2];
    }
    f.lengths = lengths != NULL ? lengths->data : NULL;
    f.blocks = (f.places + BLOCK - 1) / BLOCK;
    for (int64_t b = 0; b < f.samples; b++)
        f.count += f.lengths != NULL ? (double)f.lengths[b] * (double)f.height : (double)f.places;
    return f;
}

/* Block `index`: where it starts, how many of its positions there are and how many count. */
typedef struct block {
    int64_t first, total, valid;
} block;

static block block_at(const field *f, int64_t index) {
    const int64_t sample = index / f->blocks, start = index % f->blocks * BLOCK;
    const int64_t all = f->lengths != NULL ? (int64_t)f->lengths[sample] * f->height : f->places;
    const int64_t total = f->places - start < BLOCK ? f->places - start : BLOCK;
    const int64_t left = all - start;
    return (block){.first = sample * f->places + start,
                   .total = total,
                   .valid = left < 0       ? 0
                            : left < total ? left
                                           : total};
}

/* ---- statistics ------------------------------------------------------------------------------ */

RP_INLINE void sum_rows(float *restrict sum, float *restrict square, const void *restrict x,
                        const float *restrict shift, block at, int64_t channels, bool half) {
    for (int64_t c = 0; c < channels; c++) sum[c] = square[c] = 0;
    for (int64_t i = 0; i < at.valid; i++) {
        for (int64_t c = 0; c < channels; c++) {
            const float d = rp_number_load(x, (at.first + i) * channels + c, half) - shift[c];
            sum[c] += d;
            square[c] += d * d;
        }
    }
}

/* Joins the blocks' pairs of sums in their order: out[0 .. C) and out[C .. 2C). */
static void join_blocks(double *out, const float *parts, int64_t blocks, int64_t channels) {
    for (int64_t c = 0; c < 2 * channels; c++) out[c] = 0;
    for (int64_t i = 0; i < blocks; i++)
        for (int64_t c = 0; c < 2 * channels; c++) out[c] += parts[i * 2 * channels + c];
}

static void share(const rp_device *device, double *values, int64_t count) {
    if (device->sharing.members > 1) device->sharing.sum(device->sharing.context, values, count);
}

/* The plain loops know no group. */
static rp_status alone(const rp_device *device, rp_error *error) {
    if (device->sharing.members <= 1) return RP_OK;
    return rp_fail(error, RP_USAGE, -1, "a norm of f64 or over %d channels is not shared out",
                   CHANNELS_MAX);
}

/* One shift for all members of a group: the mean of theirs. */
static void share_shift(const rp_device *device, float *shift, int64_t channels) {
    double sums[CHANNELS_MAX];
    if (device->sharing.members <= 1) return;
    for (int64_t c = 0; c < channels; c++) sums[c] = shift[c];
    share(device, sums, channels);
    for (int64_t c = 0; c < channels; c++) shift[c] = (float)(sums[c] / device->sharing.members);
}

static void first_valid(float *shift, const field *f, const void *x, bool half) {
    int64_t sample = 0;
    while (f->lengths != NULL && sample < f->samples - 1 && f->lengths[sample] == 0) sample++;
    for (int64_t c = 0; c < f->channels; c++)
        shift[c] = rp_number_load(x, sample * f->places * f->channels + c, half);
}

static void batch_statistics(const rp_device *device, const rp_args *args, const field *f,
                             float *parts) {
    const void *x = args->in[0]->data;
    const bool half = args->in[0]->dtype == RP_BF16;
    const int64_t channels = f->channels, blocks = f->samples * f->blocks;
    float shift[CHANNELS_MAX];
    double sums[2 * CHANNELS_MAX + 1];
    first_valid(shift, f, x, half);
    share_shift(device, shift, channels);
#pragma omp parallel for
    for (int64_t i = 0; i < blocks; i++) {
        float *sum = parts + i * 2 * channels;
        if (half) sum_rows(sum, sum + channels, x, shift, block_at(f, i), channels, true);
        else sum_rows(sum, sum + channels, x, shift, block_at(f, i), channels, false);
    }
    join_blocks(sums, parts, blocks, channels);
    sums[2 * channels] = f->count;
    share(device, sums, 2 * channels + 1);
    float *mean = args->out[1]->data, *inv = args->out[2]->data;
    float *running_mean = args->out[3]->data, *running_var = args->out[4]->data;
    const double decay = args->attr.decay[0], m = sums[2 * channels] < 1 ? 1 : sums[2 * channels];
    for (int64_t c = 0; c < channels; c++) {
        const double d = sums[c] / m, left = sums[channels + c] / m - d * d;
        const double var = left > 0 ? left : 0;
        mean[c] = (float)(shift[c] + d);
        inv[c] = (float)(1 / sqrt(var + args->attr.eps));
        if (m < 2) continue; /* no unbiased value exists: the running ones stay */
        running_mean[c] = (float)(decay * running_mean[c] + (1 - decay) * (shift[c] + d));
        const double batch = args->attr.biased ? var : var * m / (m - 1);
        running_var[c] = (float)(decay * running_var[c] + (1 - decay) * batch);
    }
}

static void running_statistics(const rp_args *args, int64_t channels) {
    float *mean = args->out[1]->data, *inv = args->out[2]->data;
    const float *running_mean = args->out[3]->data, *running_var = args->out[4]->data;
    for (int64_t c = 0; c < channels; c++) {
        mean[c] = running_mean[c];
        inv[c] = (float)(1 / sqrt(running_var[c] + args->attr.eps));
    }
}

/* ---- forward --------------------------------------------------------------------------------- */

/* What pass 2 needs a channel: y = act(a x + b + residual). */
typedef struct affine {
    float a[CHANNELS_MAX], b[CHANNELS_MAX];
} affine;

RP_INLINE void apply_rows(void *restrict y, const void *restrict x, const void *restrict residual,
                          const affine *restrict map, block at, int64_t channels, bool half,
                          bool relu) {
    for (int64_t i = 0; i < at.valid; i++) {
        const int64_t row = (at.first + i) * channels;
        for (int64_t c = 0; c < channels; c++) {
            float value = rp_number_load(x, row + c, half) * map->a[c] + map->b[c];
            if (residual != NULL) value += rp_number_load(residual, row + c, half);
            if (relu) value = value > 0 ? value : 0;
            rp_number_store(y, row + c, value, half);
        }
    }
    const size_t size = half ? 2 : 4;
    memset((char *)y + (size_t)((at.first + at.valid) * channels) * size, 0,
           (size_t)((at.total - at.valid) * channels) * size);
}

/* Picks the specialised copy: type and activation as constants. */
static void apply_block(void *y, const void *x, const void *residual, const affine *map, block at,
                        int64_t channels, bool half, bool relu) {
    if (half && residual != NULL && relu) apply_rows(y, x, residual, map, at, channels, true, true);
    else if (half && residual == NULL && relu)
        apply_rows(y, x, NULL, map, at, channels, true, true);
    else if (half && residual == NULL) apply_rows(y, x, NULL, map, at, channels, true, false);
    else if (half) apply_rows(y, x, residual, map, at, channels, true, false);
    else apply_rows(y, x, residual, map, at, channels, false, relu);
}

static rp_status batch_norm(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const field f = field_of(x, args->in[4]);
    if (x->dtype == RP_F64 || f.channels > CHANNELS_MAX) {
        RP_TRY(alone(device, error));
        return rp_ref_ops.batch_norm(device, args, error);
    }
    const int64_t channels = f.channels, blocks = f.samples * f.blocks;
    float *parts = rp_cpu_scratch_take(device, RP_SCRATCH_NORM,
                                       (size_t)(blocks * 2 * channels) * sizeof(float));
    if (parts == NULL) return rp_fail_memory(error, "sums of a norm");
    if (args->attr.training) batch_statistics(device, args, &f, parts);
    else running_statistics(args, channels);
    const float *gamma = args->in[1]->data, *beta = args->in[2]->data;
    const float *mean = args->out[1]->data, *inv = args->out[2]->data;
    affine map;
    for (int64_t c = 0; c < channels; c++) {
        map.a[c] = gamma[c] * inv[c];
        map.b[c] = beta[c] - mean[c] * map.a[c];
    }
    const void *residual = args->in[3] != NULL ? args->in[3]->data : NULL;
    void *y = args->out[0]->data;
#pragma omp parallel for
    for (int64_t i = 0; i < blocks; i++)
        apply_block(y, x->data, residual, &map, block_at(&f, i), channels, x->dtype == RP_BF16,
                    args->attr.relu);
    return RP_OK;
}

/* ---- backward -------------------------------------------------------------------------------- */

typedef struct back {
    const void *gy, *x, *y;
    void *gx, *gresidual; /* gresidual may be NULL */
    const float *mean, *inv;
    bool relu;
    float scale[CHANNELS_MAX], mean_g[CHANNELS_MAX], mean_gx[CHANNELS_MAX];
} back;

RP_INLINE float upstream(const back *p, int64_t i, bool half, bool relu) {
    const float g = rp_number_load(p->gy, i, half);
    return relu && !(rp_number_load(p->y, i, half) > 0) ? 0 : g;
}

RP_INLINE void sum_back(float *restrict sum, float *restrict product, const back *p, block at,
                        int64_t channels, bool half, bool relu) {
    for (int64_t c = 0; c < channels; c++) sum[c] = product[c] = 0;
    for (int64_t i = 0; i < at.valid; i++) {
        const int64_t row = (at.first + i) * channels;
        for (int64_t c = 0; c < channels; c++) {
            const float g = upstream(p, row + c, half, relu);
            sum[c] += g;
            product[c] += g * ((rp_number_load(p->x, row + c, half) - p->mean[c]) * p->inv[c]);
        }
    }
}

RP_INLINE void apply_back(void *restrict gx, void *restrict gresidual, const back *p, block at,
                          int64_t channels, bool half, bool relu) {
    for (int64_t i = 0; i < at.valid; i++) {
        const int64_t row = (at.first + i) * channels;
        for (int64_t c = 0; c < channels; c++) {
            const float g = upstream(p, row + c, half, relu);
            const float xhat = (rp_number_load(p->x, row + c, half) - p->mean[c]) * p->inv[c];
            if (gresidual != NULL) rp_number_store(gresidual, row + c, g, half);
            rp_number_store(gx, row + c, p->scale[c] * (g - p->mean_g[c] - xhat * p->mean_gx[c]),
                            half);
        }
    }
    const size_t size = half ? 2 : 4, from = (size_t)((at.first + at.valid) * channels) * size;
    const size_t bytes = (size_t)((at.total - at.valid) * channels) * size;
    memset((char *)gx + from, 0, bytes);
    if (gresidual != NULL) memset((char *)gresidual + from, 0, bytes);
}

static void sum_back_block(float *sum, const back *p, block at, int64_t channels, bool half) {
    if (half && p->relu) sum_back(sum, sum + channels, p, at, channels, true, true);
    else if (half) sum_back(sum, sum + channels, p, at, channels, true, false);
    else sum_back(sum, sum + channels, p, at, channels, false, p->relu);
}

static void apply_back_block(const back *p, block at, int64_t channels, bool half) {
    if (half && p->relu && p->gresidual == NULL)
        apply_back(p->gx, NULL, p, at, channels, true, true);
    else if (half && p->relu) apply_back(p->gx, p->gresidual, p, at, channels, true, true);
    else if (half) apply_back(p->gx, p->gresidual, p, at, channels, true, false);
    else apply_back(p->gx, p->gresidual, p, at, channels, false, p->relu);
}

static rp_status batch_norm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[1];
    const field f = field_of(x, args->in[6]);
    if (x->dtype == RP_F64 || f.channels > CHANNELS_MAX) {
        RP_TRY(alone(device, error));
        return rp_ref_ops.batch_norm_backward(device, args, error);
    }
    const int64_t channels = f.channels, blocks = f.samples * f.blocks;
    const bool half = x->dtype == RP_BF16;
    float *parts = rp_cpu_scratch_take(device, RP_SCRATCH_NORM,
                                       (size_t)(blocks * 2 * channels) * sizeof(float));
    if (parts == NULL) return rp_fail_memory(error, "sums of a norm");
    back p = {.gy = args->in[0]->data,
              .x = x->data,
              .y = args->in[2]->data,
              .gx = args->out[0]->data,
              .gresidual = args->out[3] != NULL ? args->out[3]->data : NULL,
              .mean = args->in[4]->data,
              .inv = args->in[5]->data,
              .relu = args->attr.relu};
#pragma omp parallel for
    for (int64_t i = 0; i < blocks; i++)
        sum_back_block(parts + i * 2 * channels, &p, block_at(&f, i), channels, half);
    double sums[2 * CHANNELS_MAX + 1];
    join_blocks(sums, parts, blocks, channels);
    const float *gamma = args->in[3]->data;
    float *ggamma = args->out[1]->data, *gbeta = args->out[2]->data;
    for (int64_t c = 0; c < channels; c++) { /* this member's: all gradients are added up later */
        gbeta[c] = (float)sums[c];
        ggamma[c] = (float)sums[channels + c];
    }
    sums[2 * channels] = f.count;
    if (args->attr.training) share(device, sums, 2 * channels + 1);
    const double m = sums[2 * channels] < 1 ? 1 : sums[2 * channels];
    for (int64_t c = 0; c < channels; c++) {
        p.scale[c] = gamma[c] * p.inv[c];
        p.mean_g[c] = args->attr.training ? (float)(sums[c] / m) : 0;
        p.mean_gx[c] = args->attr.training ? (float)(sums[channels + c] / m) : 0;
    }
#pragma omp parallel for
    for (int64_t i = 0; i < blocks; i++) apply_back_block(&p, block_at(&f, i), channels, half);
    return RP_OK;
}

void rp_cpu_install_norm(rp_device *device);
void rp_cpu_install_norm(rp_device *device) {
    device->ops.batch_norm = batch_norm;
    device->ops.batch_norm_backward = batch_norm_backward;
    device->implementation[RP_OP_batch_norm] = "cpu";
    device->implementation[RP_OP_batch_norm_backward] = "cpu";
}
