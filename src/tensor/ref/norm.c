/* norm.c: batch norm (Ioffe and Szegedy 2015, algorithms 1 and 2) with masks, residual and relu.
 *
 * Two passes, mean first: E[x^2] - E[x]^2 would lose all digits where the mean is large beside the
 * deviation. */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

/* x seen as (rows, C): row r is a position of one sample. */
typedef struct layout {
    int64_t rows, channels, width, height; /* height: rows of one position along W */
    const rp_tensor *lengths;
} layout;

static layout layout_of(const rp_tensor *x, const rp_tensor *gamma, const rp_tensor *lengths) {
    const int64_t channels = rp_tensor_count(gamma), rows = rp_tensor_count(x) / channels;
    assert(rows * channels == rp_tensor_count(x));
    const int64_t width = lengths != NULL ? x->shape[1] : 1;
    const int64_t samples = x->shape[0];
    return (layout){.rows = rows,
                    .channels = channels,
                    .width = width,
                    .height = samples > 0 ? rows / samples / width : 0,
                    .lengths = lengths};
}

/* Is row r a position that counts, or padding? */
static bool is_counted(const layout *l, int64_t r) {
    const int64_t column = r / l->height % l->width;
    return column < rp_ref_length(l->lengths, r / l->height / l->width, l->width);
}

static int64_t counted_rows(const layout *l) {
    int64_t counted = 0;
    for (int64_t r = 0; r < l->rows; r++) counted += is_counted(l, r);
    return counted;
}

typedef struct moments {
    double mean, variance; /* biased */
} moments;

static moments moments_of(const rp_tensor *x, const layout *l, int64_t c, int64_t counted) {
    moments m = {0};
    if (counted == 0) return m;
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < l->rows; r++)
        if (is_counted(l, r)) sum += rp_tensor_get(x, r * l->channels + c);
    m.mean = sum / (double)counted;
    for (int64_t r = 0; r < l->rows; r++) {
        const double d = rp_tensor_get(x, r * l->channels + c) - m.mean;
        if (is_counted(l, r)) squares += d * d;
    }
    m.variance = squares / (double)counted;
    return m;
}

/* Moves the running values towards the batch's; of one position there is no unbiased variance, and
 * of none no mean: the running values then stay. */
static void update_running(const rp_args *args, int64_t c, moments m, int64_t counted) {
    const double kept = args->attr.decay[0], n = (double)counted;
    if (counted < 2) return;
    rp_tensor *mean = args->out[3], *variance = args->out[4];
    rp_tensor_set(mean, c, kept * rp_tensor_get(mean, c) + (1 - kept) * m.mean);
    const double batch = args->attr.biased ? m.variance : m.variance * n / (n - 1);
    rp_tensor_set(variance, c, kept * rp_tensor_get(variance, c) + (1 - kept) * batch);
}

/* Channel c of y from its mean and 1 / deviation. */
static void normalise(const rp_args *args, const layout *l, int64_t c, double mean, double inv) {
    const rp_tensor *x = args->in[0], *residual = args->in[3];
    const double gamma = rp_tensor_get(args->in[1], c), beta = rp_tensor_get(args->in[2], c);
    for (int64_t r = 0; r < l->rows; r++) {
        const int64_t i = r * l->channels + c;
        double y = gamma * (rp_tensor_get(x, i) - mean) * inv + beta;
        if (residual != NULL) y += rp_tensor_get(residual, i);
        if (args->attr.relu && y < 0) y = 0;
        rp_tensor_set(args->out[0], i, is_counted(l, r) ? y : 0);
    }
}

rp_status rp_ref_batch_norm(rp_device *device, const rp_args *args, rp_error *error) {
    const layout l = layout_of(args->in[0], args->in[1], args->in[4]);
    const int64_t counted = counted_rows(&l);
    for (int64_t c = 0; c < l.channels; c++) {
        moments m = {.mean = rp_tensor_get(args->out[3], c),
                     .variance = rp_tensor_get(args->out[4], c)};
        if (args->attr.training) {
            m = moments_of(args->in[0], &l, c, counted);
            update_running(args, c, m, counted);
        }
        const double inv = 1 / sqrt(m.variance + args->attr.eps);
        rp_tensor_set(args->out[1], c, m.mean);
        rp_tensor_set(args->out[2], c, inv);
        normalise(args, &l, c, m.mean, inv);
    }
    return RP_OK;
}

/* Gradient at number i of row r after the relu; 0 in the padding. */
static double gradient_at(const rp_args *args, const layout *l, int64_t r, int64_t i) {
    if (!is_counted(l, r)) return 0;
    if (args->attr.relu && !(rp_tensor_get(args->in[2], i) > 0)) return 0;
    return rp_tensor_get(args->in[0], i);
}

static void backward_channel(const rp_args *args, const layout *l, int64_t c, double counted) {
    const rp_tensor *x = args->in[1];
    const double gamma = rp_tensor_get(args->in[3], c), mean = rp_tensor_get(args->in[4], c);
    const double inv = rp_tensor_get(args->in[5], c);
    double sum = 0, projection = 0;
    for (int64_t r = 0; r < l->rows; r++) {
        const int64_t i = r * l->channels + c;
        const double g = gradient_at(args, l, r, i);
        sum += g;
        projection += g * (rp_tensor_get(x, i) - mean) * inv;
    }
    rp_tensor_set(args->out[1], c, projection);
    rp_tensor_set(args->out[2], c, sum);
    const bool is_training = args->attr.training && counted > 0;
    const double mean_g = is_training ? sum / counted : 0;
    const double mean_projection = is_training ? projection / counted : 0;
    for (int64_t r = 0; r < l->rows; r++) {
        const int64_t i = r * l->channels + c;
        const double g = gradient_at(args, l, r, i);
        const double xhat = (rp_tensor_get(x, i) - mean) * inv;
        const double gx = gamma * inv * (g - mean_g - xhat * mean_projection);
        rp_tensor_set(args->out[0], i, is_counted(l, r) ? gx : 0);
        if (args->out[3] != NULL) rp_tensor_set(args->out[3], i, g);
    }
}

rp_status rp_ref_batch_norm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const layout l = layout_of(args->in[1], args->in[3], args->in[6]);
    const double counted = (double)counted_rows(&l);
    for (int64_t c = 0; c < l.channels; c++) backward_channel(args, &l, c, counted);
    return RP_OK;
}
