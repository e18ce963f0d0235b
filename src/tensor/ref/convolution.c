/* convolution.c: conv2d and pooling over images (B, W, H, C).
 *
 * conv2d, its transpose in x and its transpose in w are one walk over the same triples (a place of
 * y, a tap of w, the place of x below it); they differ in which of the three is summed into. */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

typedef struct shape {
    int64_t batch, in[2], channels, out[2], outputs, kernel[2];
} shape;

static shape conv_shape(const rp_tensor *x, const rp_tensor *w, const rp_tensor *y) {
    assert(x->shape[0] == y->shape[0] && x->shape[3] == w->shape[3] && y->shape[3] == w->shape[0]);
    return (shape){.batch = x->shape[0],
                   .in = {x->shape[1], x->shape[2]},
                   .channels = x->shape[3],
                   .out = {y->shape[1], y->shape[2]},
                   .outputs = w->shape[0],
                   .kernel = {w->shape[1], w->shape[2]}};
}

/* The three arrays of a convolution; `add` sums into one of them. Offsets are of the first channel
 * of a place in x, of output 0 of a place in y, of output 0 of a tap in w. */
typedef struct arrays {
    double *x, *w, *y;
    shape shape;
} arrays;
typedef void (*add_fn)(const arrays *arrays, int64_t x_at, int64_t w_at, int64_t y_at);

/* All taps of the place (i, j) of y in image b that lie inside x. */
static void walk_taps(const arrays *a, const rp_attr *attr, const int64_t place[3], add_fn add) {
    const shape *s = &a->shape;
    const int64_t y_at = ((place[0] * s->out[0] + place[1]) * s->out[1] + place[2]) * s->outputs;
    for (int64_t k = 0; k < s->kernel[0]; k++) {
        for (int64_t l = 0; l < s->kernel[1]; l++) {
            const int64_t i = place[1] * attr->stride[0] + k - attr->pad[0];
            const int64_t j = place[2] * attr->stride[1] + l - attr->pad[2];
            if (i < 0 || i >= s->in[0] || j < 0 || j >= s->in[1]) continue;
            add(a, ((place[0] * s->in[0] + i) * s->in[1] + j) * s->channels,
                (k * s->kernel[1] + l) * s->channels, y_at);
        }
    }
}

static void walk(const arrays *a, const rp_attr *attr, add_fn add) {
    int64_t place[3];
    for (place[0] = 0; place[0] < a->shape.batch; place[0]++)
        for (place[1] = 0; place[1] < a->shape.out[0]; place[1]++)
            for (place[2] = 0; place[2] < a->shape.out[1]; place[2]++)
                walk_taps(a, attr, place, add);
}

/* Numbers between the weights of one output and those of the next. */
static int64_t output_stride(const shape *s) { return s->kernel[0] * s->kernel[1] * s->channels; }

static void add_to_y(const arrays *a, int64_t x_at, int64_t w_at, int64_t y_at) {
    for (int64_t o = 0; o < a->shape.outputs; o++)
        for (int64_t c = 0; c < a->shape.channels; c++)
            a->y[y_at + o] += a->x[x_at + c] * a->w[w_at + o * output_stride(&a->shape) + c];
}

static void add_to_x(const arrays *a, int64_t x_at, int64_t w_at, int64_t y_at) {
    for (int64_t o = 0; o < a->shape.outputs; o++)
        for (int64_t c = 0; c < a->shape.channels; c++)
            a->x[x_at + c] += a->y[y_at + o] * a->w[w_at + o * output_stride(&a->shape) + c];
}

static void add_to_w(const arrays *a, int64_t x_at, int64_t w_at, int64_t y_at) {
    for (int64_t o = 0; o < a->shape.outputs; o++)
        for (int64_t c = 0; c < a->shape.channels; c++)
            a->w[w_at + o * output_stride(&a->shape) + c] += a->y[y_at + o] * a->x[x_at + c];
}

rp_status rp_ref_conv2d(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    rp_tensor *y = args->out[0];
    const arrays a = {.x = rp_ref_load(&arena, args->in[0]),
                      .w = rp_ref_load(&arena, args->in[1]),
                      .y = rp_ref_zeros(&arena, rp_tensor_count(y)),
                      .shape = conv_shape(args->in[0], args->in[1], y)};
    if (arena.failed) return rp_ref_finish(&arena, error);
    walk(&a, &args->attr, add_to_y);
    rp_ref_store(y, a.y);
    return rp_ref_finish(&arena, error);
}

rp_status rp_ref_conv2d_bias(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    rp_tensor *y = args->out[0];
    const rp_tensor *residual = args->in[3];
    const int64_t outputs = y->shape[3], column = y->shape[2] * outputs;
    const arrays a = {.x = rp_ref_load(&arena, args->in[0]),
                      .w = rp_ref_load(&arena, args->in[1]),
                      .y = rp_ref_zeros(&arena, rp_tensor_count(y)),
                      .shape = conv_shape(args->in[0], args->in[1], y)};
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t i = 0; i < rp_tensor_count(y); i++)
        a.y[i] = rp_tensor_get(args->in[2], i % outputs) +
                 (residual != NULL ? rp_tensor_get(residual, i) : 0);
    walk(&a, &args->attr, add_to_y);
    for (int64_t i = 0; i < rp_tensor_count(y); i++) {
        const int64_t place = i / column, sample = place / y->shape[1];
        if (args->attr.relu) a.y[i] = fmax(a.y[i], 0);
        if (place % y->shape[1] >= rp_ref_length(args->in[4], sample, y->shape[1])) a.y[i] = 0;
    }
    rp_ref_store(y, a.y);
    return rp_ref_finish(&arena, error);
}

rp_status rp_ref_conv2d_backward_data(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    rp_tensor *gx = args->out[0];
    const arrays a = {.y = rp_ref_load(&arena, args->in[0]),
                      .w = rp_ref_load(&arena, args->in[1]),
                      .x = rp_ref_zeros(&arena, rp_tensor_count(gx)),
                      .shape = conv_shape(gx, args->in[1], args->in[0])};
    if (arena.failed) return rp_ref_finish(&arena, error);
    walk(&a, &args->attr, add_to_x);
    rp_ref_store(gx, a.x);
    return rp_ref_finish(&arena, error);
}

rp_status rp_ref_conv2d_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    rp_tensor *gw = args->out[0];
    const arrays a = {.x = rp_ref_load(&arena, args->in[0]),
                      .y = rp_ref_load(&arena, args->in[1]),
                      .w = rp_ref_zeros(&arena, rp_tensor_count(gw)),
                      .shape = conv_shape(args->in[0], gw, args->in[1])};
    if (arena.failed) return rp_ref_finish(&arena, error);
    walk(&a, &args->attr, add_to_w);
    rp_ref_store(gw, a.w);
    return rp_ref_finish(&arena, error);
}

/* ---- pooling ---- */

/* Index in x of the first number of the window that makes number `out` of y. */
static int64_t window_start(const rp_tensor *x, const rp_tensor *y, const rp_attr *attr,
                            int64_t out) {
    const int64_t c = out % y->shape[3], j = out / y->shape[3] % y->shape[2];
    const int64_t i = out / y->shape[3] / y->shape[2] % y->shape[1];
    const int64_t b = out / y->shape[3] / y->shape[2] / y->shape[1];
    const int64_t column = b * x->shape[1] + i * attr->stride[0];
    assert(i * attr->stride[0] + attr->kernel[0] <= x->shape[1]);
    assert(j * attr->stride[1] + attr->kernel[1] <= x->shape[2]);
    return (column * x->shape[2] + j * attr->stride[1]) * x->shape[3] + c;
}

/* Number n of a window that starts at `start`. */
static int64_t window_at(const rp_tensor *x, const rp_attr *attr, int64_t start, int64_t n) {
    const int64_t k = n / attr->kernel[1], l = n % attr->kernel[1];
    return start + (k * x->shape[2] + l) * x->shape[3];
}

rp_status rp_ref_max_pool2d(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t size = (int64_t)args->attr.kernel[0] * args->attr.kernel[1];
    for (int64_t out = 0; out < rp_tensor_count(y); out++) {
        const int64_t start = window_start(x, y, &args->attr, out);
        int64_t best = start; /* of equals the first */
        for (int64_t n = 1; n < size; n++) {
            const int64_t at = window_at(x, &args->attr, start, n);
            if (rp_tensor_get(x, at) > rp_tensor_get(x, best)) best = at;
        }
        rp_tensor_set(y, out, rp_tensor_get(x, best));
        if (args->out[1] != NULL) ((int32_t *)args->out[1]->data)[out] = (int32_t)best;
    }
    return RP_OK;
}

rp_status rp_ref_max_pool2d_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const double *gy = rp_ref_load(&arena, args->in[0]);
    const int32_t *at = args->in[1]->data;
    double *gx = rp_ref_zeros(&arena, rp_tensor_count(args->out[0]));
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t out = 0; out < rp_tensor_count(args->in[0]); out++) gx[at[out]] += gy[out];
    rp_ref_store(args->out[0], gx);
    return rp_ref_finish(&arena, error);
}

rp_status rp_ref_avg_pool2d(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t size = (int64_t)args->attr.kernel[0] * args->attr.kernel[1];
    for (int64_t out = 0; out < rp_tensor_count(y); out++) {
        const int64_t start = window_start(x, y, &args->attr, out);
        double sum = 0;
        for (int64_t n = 0; n < size; n++)
            sum += rp_tensor_get(x, window_at(x, &args->attr, start, n));
        rp_tensor_set(y, out, sum / (double)size);
    }
    return RP_OK;
}

rp_status rp_ref_avg_pool2d_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const rp_tensor *gy = args->in[0];
    rp_tensor *gx = args->out[0];
    const int64_t size = (int64_t)args->attr.kernel[0] * args->attr.kernel[1];
    double *sums = rp_ref_zeros(&arena, rp_tensor_count(gx));
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t out = 0; out < rp_tensor_count(gy); out++) {
        const int64_t start = window_start(gx, gy, &args->attr, out);
        for (int64_t n = 0; n < size; n++)
            sums[window_at(gx, &args->attr, start, n)] += rp_tensor_get(gy, out) / (double)size;
    }
    rp_ref_store(gx, sums);
    return rp_ref_finish(&arena, error);
}
