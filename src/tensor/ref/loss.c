/* loss.c: what training makes small, and the gradients of it. */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

/* log sum_v exp x[row, v], reckoned from the largest so that nothing overflows. */
static double log_sum_exp(const rp_tensor *x, int64_t row, int64_t columns) {
    double largest = -INFINITY, sum = 0;
    for (int64_t v = 0; v < columns; v++)
        largest = fmax(largest, rp_tensor_get(x, row * columns + v));
    for (int64_t v = 0; v < columns; v++) sum += exp(rp_tensor_get(x, row * columns + v) - largest);
    return largest + log(sum);
}

static int64_t counted_rows(const int32_t *ids, int64_t rows) {
    int64_t counted = 0;
    for (int64_t r = 0; r < rows; r++) counted += ids[r] >= 0;
    return counted;
}

rp_status rp_ref_cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int32_t *ids = args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), columns = rp_tensor_count(x) / rows;
    const int64_t counted = counted_rows(ids, rows);
    double sum = 0;
    for (int64_t r = 0; r < rows; r++) {
        assert(ids[r] < columns);
        if (ids[r] >= 0) sum += log_sum_exp(x, r, columns) - rp_tensor_get(x, r * columns + ids[r]);
    }
    rp_tensor_set(args->out[0], 0, counted > 0 ? sum / (double)counted : 0);
    return RP_OK;
}

rp_status rp_ref_cross_entropy_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[1];
    const int32_t *ids = args->in[2]->data;
    const int64_t rows = rp_tensor_count(args->in[2]), columns = rp_tensor_count(x) / rows;
    const int64_t counted = counted_rows(ids, rows);
    const double g = counted > 0 ? rp_tensor_get(args->in[0], 0) / (double)counted : 0;
    for (int64_t r = 0; r < rows; r++) {
        const double total = ids[r] >= 0 ? log_sum_exp(x, r, columns) : 0;
        for (int64_t v = 0; v < columns; v++) {
            const int64_t i = r * columns + v;
            const double p = exp(rp_tensor_get(x, i) - total);
            rp_tensor_set(args->out[0], i, ids[r] < 0 ? 0 : g * (p - (v == ids[r])));
        }
    }
    return RP_OK;
}

rp_status rp_ref_binary_cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < rp_tensor_count(args->in[0]); i++) {
        const double x = rp_tensor_get(args->in[0], i), t = rp_tensor_get(args->in[1], i);
        const double weight = rp_tensor_get(args->in[2], i);
        sum += weight * (fmax(x, 0) - x * t + log1p(exp(-fabs(x))));
        weights += weight;
    }
    rp_tensor_set(args->out[0], 0, weights != 0 ? sum / weights : 0);
    return RP_OK;
}

rp_status rp_ref_binary_cross_entropy_backward(rp_device *device, const rp_args *args,
                                               rp_error *error) {
    const rp_tensor *x = args->in[1], *t = args->in[2], *weight = args->in[3];
    const int64_t count = rp_tensor_count(x);
    double weights = 0;
    for (int64_t i = 0; i < count; i++) weights += rp_tensor_get(weight, i);
    const double g = weights != 0 ? rp_tensor_get(args->in[0], 0) / weights : 0;
    for (int64_t i = 0; i < count; i++) {
        const double error_i = rp_ref_logistic(rp_tensor_get(x, i)) - rp_tensor_get(t, i);
        rp_tensor_set(args->out[0], i, g * rp_tensor_get(weight, i) * error_i);
    }
    return RP_OK;
}

/* ---- what a window holds --------------------------------------------------------------------- */

rp_status rp_ref_window_pool(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t columns = x->shape[1], channels = x->shape[2];
    const int32_t *span = args->in[1]->data;
    for (int64_t n = 0; n < args->in[1]->shape[0]; n++, span += 3) {
        for (int64_t c = 0; c < channels; c++) {
            double largest = -INFINITY, sum = 0;
            for (int64_t t = span[1]; t < span[2]; t++)
                largest = fmax(largest, rp_tensor_get(x, (span[0] * columns + t) * channels + c));
            for (int64_t t = span[1]; t < span[2]; t++)
                sum += exp(rp_tensor_get(x, (span[0] * columns + t) * channels + c) - largest);
            rp_tensor_set(args->out[0], n * channels + c, largest + log(sum));
        }
    }
    return RP_OK;
}

rp_status rp_ref_window_pool_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *x = args->in[1], *y = args->in[3];
    const int64_t columns = x->shape[1], channels = x->shape[2];
    const int32_t *span = args->in[2]->data;
    rp_arena arena = {0};
    double *gx = rp_ref_zeros(&arena, rp_tensor_count(x));
    for (int64_t n = 0; gx != NULL && n < args->in[2]->shape[0]; n++, span += 3) {
        for (int64_t t = span[1]; t < span[2]; t++) {
            for (int64_t c = 0; c < channels; c++) {
                const int64_t i = (span[0] * columns + t) * channels + c, j = n * channels + c;
                gx[i] += rp_tensor_get(gy, j) * exp(rp_tensor_get(x, i) - rp_tensor_get(y, j));
            }
        }
    }
    if (gx != NULL) rp_ref_store(args->out[0], gx);
    return rp_ref_finish(&arena, error);
}
