/* simple.c: casts, sums, losses and the steps of optimisers. */
#include "base/vector_math.h"
#include "tensor/cpu/loops/numbers.h"

enum { SUM_ROWS = 512 }; /* rows of a block in `sum`: fixed, so that the order of adding is too */

static void cast_range(const rp_tensor *x, rp_tensor *y, int64_t first, int64_t last) {
    if (x->dtype == RP_F32 && y->dtype == RP_BF16) {
        const float *from = x->data;
        uint16_t *to = y->data;
        for (int64_t i = first; i < last; i++) to[i] = rp_f32_to_bf16(from[i]);
    } else {
        const uint16_t *from = x->data;
        float *to = y->data;
        for (int64_t i = first; i < last; i++) to[i] = rp_bf16_to_f32(from[i]);
    }
}

static rp_status cast(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const bool known =
        (x->dtype == RP_F32 && y->dtype == RP_BF16) || (x->dtype == RP_BF16 && y->dtype == RP_F32);
    if (x->dtype == y->dtype) {
        memcpy(y->data, x->data, rp_tensor_bytes(x));
        return RP_OK;
    }
    if (!known) return rp_ref_ops.cast(device, args, error);
    enum { CHUNK = 1 << 14 };
    const int64_t count = rp_tensor_count(x);
#pragma omp parallel for
    for (int64_t i = 0; i < count; i += CHUNK)
        cast_range(x, y, i, i + CHUNK < count ? i + CHUNK : count);
    return RP_OK;
}

static double sum_run(const rp_tensor *x, int64_t first, int64_t last) {
    const bool half = x->dtype == RP_BF16;
    double total = 0;
    if (half) {
#pragma omp simd reduction(+ : total)
        for (int64_t i = first; i < last; i++) total += rp_number_load(x->data, i, true);
    } else {
#pragma omp simd reduction(+ : total)
        for (int64_t i = first; i < last; i++) total += rp_number_load(x->data, i, false);
    }
    return total;
}

/* sums[0 .. columns) = sum of rows first .. last - 1 of x, in double. */
static void sum_block(double *sums, const rp_tensor *x, int64_t first, int64_t last,
                      int64_t columns) {
    if (columns == 1) { /* a run of numbers: one vector of sums, not a loop a row */
        sums[0] = sum_run(x, first, last);
        return;
    }
    for (int64_t c = 0; c < columns; c++) sums[c] = 0;
    for (int64_t r = first; r < last; r++) {
        if (x->dtype == RP_F32) {
            const float *row = (const float *)x->data + r * columns;
            for (int64_t c = 0; c < columns; c++) sums[c] += row[c];
        } else {
            const uint16_t *row = (const uint16_t *)x->data + r * columns;
            for (int64_t c = 0; c < columns; c++) sums[c] += rp_bf16_to_f32(row[c]);
        }
    }
}

static rp_status sum(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t columns = rp_tensor_count(y), rows = rp_tensor_count(x) / columns;
    if (x->dtype > RP_BF16 || y->dtype > RP_BF16) return rp_ref_ops.sum(device, args, error);
    const int64_t blocks = (rows + SUM_ROWS - 1) / SUM_ROWS;
    double *parts =
        rp_cpu_scratch_take(device, RP_SCRATCH_NORM, (size_t)(blocks * columns) * sizeof(double));
    if (parts == NULL) return rp_fail_memory(error, "sums");
#pragma omp parallel for
    for (int64_t i = 0; i < blocks; i++)
        sum_block(parts + i * columns, x, i * SUM_ROWS,
                  (i + 1) * SUM_ROWS < rows ? (i + 1) * SUM_ROWS : rows, columns);
    for (int64_t c = 0; c < columns; c++) {
        double total = 0;
        for (int64_t i = 0; i < blocks; i++) total += parts[i * columns + c];
        rp_tensor_set(y, c, total);
    }
    return RP_OK;
}

/* ---- cross entropy --------------------------------------------------------------------------- */

/* log of the sum of exp of a row. */
static float log_sum(const float *row, int64_t count) {
    float largest = row[0], total = 0;
    for (int64_t v = 1; v < count; v++) largest = row[v] > largest ? row[v] : largest;
    for (int64_t v = 0; v < count; v++) total += rp_exp(row[v] - largest);
    return largest + logf(total);
}

static int64_t counted_rows(const int32_t *ids, int64_t rows) {
    int64_t counted = 0;
    for (int64_t r = 0; r < rows; r++) counted += ids[r] >= 0;
    return counted > 0 ? counted : 1;
}

static rp_status cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    if (x->dtype != RP_F32) return rp_ref_ops.cross_entropy(device, args, error);
    const int32_t *ids = args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), count = rp_tensor_count(x) / rows;
    float *losses = rp_cpu_scratch_take(device, RP_SCRATCH_LOSS, (size_t)rows * sizeof(float));
    if (losses == NULL) return rp_fail_memory(error, "losses");
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const float *row = (const float *)x->data + r * count;
        losses[r] = ids[r] < 0 ? 0 : log_sum(row, count) - row[ids[r]];
    }
    double total = 0;
    for (int64_t r = 0; r < rows; r++) total += losses[r];
    rp_tensor_set(args->out[0], 0, total / (double)counted_rows(ids, rows));
    return RP_OK;
}

static rp_status cross_entropy_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[1];
    if (x->dtype != RP_F32) return rp_ref_ops.cross_entropy_backward(device, args, error);
    const int32_t *ids = args->in[2]->data;
    const int64_t rows = rp_tensor_count(args->in[2]), count = rp_tensor_count(x) / rows;
    const float scale = (float)(rp_tensor_get(args->in[0], 0) / (double)counted_rows(ids, rows));
    float *gx = args->out[0]->data;
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const float *row = (const float *)x->data + r * count;
        float *out = gx + r * count;
        if (ids[r] < 0) {
            memset(out, 0, (size_t)count * sizeof(float));
            continue;
        }
        const float log_total = log_sum(row, count);
        for (int64_t v = 0; v < count; v++) out[v] = scale * rp_exp(row[v] - log_total);
        out[ids[r]] -= scale;
    }
    return RP_OK;
}

/* ---- binary cross entropy -------------------------------------------------------------------- */

static double sum_all(const float *values, int64_t count) {
    double total = 0;
    for (int64_t i = 0; i < count; i++) total += values[i];
    return total;
}

static bool is_binary_known(const rp_tensor *x, const rp_tensor *t, const rp_tensor *weight) {
    return rp_is_real(x) && t->dtype == RP_F32 && weight->dtype == RP_F32;
}

/* One thread: a measure's edges are a few thousand numbers a batch. */
static rp_status binary_cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    if (!is_binary_known(x, args->in[1], args->in[2]))
        return rp_ref_ops.binary_cross_entropy(device, args, error);
    const float *t = args->in[1]->data, *weight = args->in[2]->data;
    const int64_t count = rp_tensor_count(x);
    const double weights = sum_all(weight, count);
    double total = 0;
    for (int64_t i = 0; i < count; i++) {
        const float v = rp_number_load(x->data, i, x->dtype == RP_BF16);
        total += (double)weight[i] * ((v > 0 ? v : 0) - v * t[i] + log1pf(rp_exp(-fabsf(v))));
    }
    rp_tensor_set(args->out[0], 0, weights != 0 ? total / weights : 0);
    return RP_OK;
}

static rp_status binary_cross_entropy_backward(rp_device *device, const rp_args *args,
                                               rp_error *error) {
    const rp_tensor *x = args->in[1];
    if (!is_binary_known(x, args->in[2], args->in[3]))
        return rp_ref_ops.binary_cross_entropy_backward(device, args, error);
    const float *t = args->in[2]->data, *weight = args->in[3]->data;
    const int64_t count = rp_tensor_count(x);
    const bool half = x->dtype == RP_BF16;
    const double weights = sum_all(weight, count);
    const float scale = (float)(weights != 0 ? rp_tensor_get(args->in[0], 0) / weights : 0);
#pragma omp parallel for
    for (int64_t i = 0; i < count; i++) {
        const float slope = rp_sigmoid(rp_number_load(x->data, i, half)) - t[i];
        rp_number_store(args->out[0]->data, i, scale * weight[i] * slope, half);
    }
    return RP_OK;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static rp_status sum_squares(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    if (x->dtype != RP_F32) return rp_ref_ops.sum_squares(device, args, error);
    enum { CHUNK = 4096 };
    const int64_t count = rp_tensor_count(x), chunks = (count + CHUNK - 1) / CHUNK;
    const float *values = x->data;
    double *parts = rp_cpu_scratch_take(device, RP_SCRATCH_NORM, (size_t)chunks * sizeof(double));
    if (parts == NULL) return rp_fail_memory(error, "sums");
#pragma omp parallel for
    for (int64_t k = 0; k < chunks; k++) {
        const int64_t last = (k + 1) * CHUNK < count ? (k + 1) * CHUNK : count;
        double total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t i = k * CHUNK; i < last; i++) total += (double)values[i] * values[i];
        parts[k] = total;
    }
    double total = 0;
    for (int64_t k = 0; k < chunks; k++) total += parts[k];
    rp_tensor_set(args->out[0], 0, total);
    return RP_OK;
}

static rp_status adam(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_attr *attr = &args->attr;
    if (args->out[0]->dtype != RP_F32) return rp_ref_ops.adam(device, args, error);
    const float *restrict g = args->in[0]->data;
    float *restrict p = args->out[0]->data, *restrict m = args->out[1]->data;
    float *restrict v = args->out[2]->data;
    const float b1 = (float)attr->decay[0], b2 = (float)attr->decay[1], clip = (float)attr->alpha;
    const float unbias_m = (float)(attr->rate / (1 - pow(attr->decay[0], (double)attr->count)));
    const float unbias_v = (float)(1 / (1 - pow(attr->decay[1], (double)attr->count)));
    const float eps = (float)attr->eps;
    const int64_t count = rp_tensor_count(args->out[0]);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) {
        const float gradient = clip * g[i];
        m[i] = b1 * m[i] + (1 - b1) * gradient;
        v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
        p[i] -= unbias_m * m[i] / (sqrtf(v[i] * unbias_v) + eps);
    }
    return RP_OK;
}

static rp_status sgd(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_attr *attr = &args->attr;
    if (args->out[0]->dtype != RP_F32) return rp_ref_ops.sgd(device, args, error);
    const float *restrict g = args->in[0]->data;
    float *restrict p = args->out[0]->data, *restrict m = args->out[1]->data;
    const float clip = (float)attr->alpha, weight_decay = (float)attr->beta;
    const float momentum = (float)attr->decay[0], rate = (float)attr->rate;
    const int64_t count = rp_tensor_count(args->out[0]);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) {
        m[i] = momentum * m[i] + clip * g[i] + weight_decay * p[i];
        p[i] -= rate * m[i];
    }
    return RP_OK;
}

static rp_status average(rp_device *device, const rp_args *args, rp_error *error) {
    if (args->out[0]->dtype != RP_F32) return rp_ref_ops.average(device, args, error);
    const float *restrict x = args->in[0]->data;
    float *restrict y = args->out[0]->data;
    const float rate = (float)args->attr.rate;
    const int64_t count = rp_tensor_count(args->out[0]);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; i++) y[i] += rate * (x[i] - y[i]);
    return RP_OK;
}

void rp_cpu_install_simple(rp_device *device);
void rp_cpu_install_simple(rp_device *device) {
    static const rp_op rows[] = {RP_OP_cast,
                                 RP_OP_sum,
                                 RP_OP_cross_entropy,
                                 RP_OP_cross_entropy_backward,
                                 RP_OP_sum_squares,
                                 RP_OP_adam,
                                 RP_OP_sgd,
                                 RP_OP_average,
                                 RP_OP_binary_cross_entropy,
                                 RP_OP_binary_cross_entropy_backward};
    device->ops.cast = cast;
    device->ops.sum = sum;
    device->ops.cross_entropy = cross_entropy;
    device->ops.cross_entropy_backward = cross_entropy_backward;
    device->ops.sum_squares = sum_squares;
    device->ops.adam = adam;
    device->ops.sgd = sgd;
    device->ops.average = average;
    device->ops.binary_cross_entropy = binary_cross_entropy;
    device->ops.binary_cross_entropy_backward = binary_cross_entropy_backward;
    for (size_t i = 0; i < RP_COUNT(rows); i++) device->implementation[rows[i]] = "cpu";
}
