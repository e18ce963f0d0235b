/* pool.cu: pooling over images (B, W, H, C); a thread a number of what is written. */
#include <math.h>

#include "tensor/cuda/numbers.h"

/* Windows of kernel (kw, kh) in steps of (sw, sh) over x (B, W, H, C), making y (B, W', H', C). */
typedef struct pooling {
    int64_t in[2], out[2], channels, x_count, y_count;
    int32_t kernel[2], stride[2];
} pooling;

static pooling pooling_of(const rp_tensor *x, const rp_tensor *y, const rp_attr *attr) {
    pooling p = {};
    for (int i = 0; i < 2; i++) {
        p.in[i] = x->shape[1 + i];
        p.out[i] = y->shape[1 + i];
        p.kernel[i] = attr->kernel[i];
        p.stride[i] = attr->stride[i];
    }
    p.channels = x->shape[3];
    p.x_count = rp_tensor_count(x);
    p.y_count = rp_tensor_count(y);
    return p;
}

/* Index in x of the first number of the window that makes number `i` of y. */
static __device__ int64_t window_start(const pooling *p, int64_t i) {
    const int64_t c = i % p->channels, place = i / p->channels;
    const int64_t row = place % p->out[1], column = place / p->out[1] % p->out[0];
    const int64_t image = place / p->out[1] / p->out[0];
    return ((image * p->in[0] + column * p->stride[0]) * p->in[1] + row * p->stride[1]) *
               p->channels +
           c;
}

static __global__ void max_kernel(rp_view y, int32_t *at, rp_view x, pooling p) {
    const int64_t i = rp_index();
    if (i >= p.y_count) return;
    const int64_t start = window_start(&p, i);
    int64_t best = start; /* of equals the first */
    float largest = rp_get(x, start);
    for (int64_t k = 0; k < p.kernel[0]; k++) {
        for (int64_t l = 0; l < p.kernel[1]; l++) {
            const int64_t place = start + (k * p.in[1] + l) * p.channels;
            const float value = rp_get(x, place);
            if (!(value > largest)) continue;
            largest = value;
            best = place;
        }
    }
    rp_put(y, i, largest);
    if (at != NULL) at[i] = (int32_t)best;
}

static __global__ void mean_kernel(rp_view y, rp_view x, pooling p) {
    const int64_t i = rp_index();
    if (i >= p.y_count) return;
    const int64_t start = window_start(&p, i);
    float sum = 0;
    for (int64_t k = 0; k < p.kernel[0]; k++)
        for (int64_t l = 0; l < p.kernel[1]; l++)
            sum += rp_get(x, start + (k * p.in[1] + l) * p.channels);
    rp_put(y, i, sum / (float)(p.kernel[0] * p.kernel[1]));
}

/* The windows along one axis that hold `place`: first <= w <= last. */
static __device__ void windows_of(int64_t range[2], int64_t place, int64_t out, int32_t kernel,
                                  int32_t stride) {
    const int64_t before = place - kernel + 1;
    range[0] = before <= 0 ? 0 : (before + stride - 1) / stride;
    range[1] = place / stride < out - 1 ? place / stride : out - 1;
}

/* gx gathers from every window that holds its place, in their order; `at` NULL: the mean's. */
static __global__ void back_kernel(rp_view gx, rp_view gy, const int32_t *at, pooling p) {
    const int64_t i = rp_index();
    int64_t w[2], h[2];
    float sum = 0;
    if (i >= p.x_count) return;
    const int64_t c = i % p.channels, place = i / p.channels;
    const int64_t image = place / p.in[1] / p.in[0];
    windows_of(w, place / p.in[1] % p.in[0], p.out[0], p.kernel[0], p.stride[0]);
    windows_of(h, place % p.in[1], p.out[1], p.kernel[1], p.stride[1]);
    for (int64_t k = w[0]; k <= w[1]; k++) {
        for (int64_t l = h[0]; l <= h[1]; l++) {
            const int64_t out = ((image * p.out[0] + k) * p.out[1] + l) * p.channels + c;
            if (at == NULL) sum += rp_get(gy, out) / (float)(p.kernel[0] * p.kernel[1]);
            else if (at[out] == i) sum += rp_get(gy, out);
        }
    }
    rp_put(gx, i, sum);
}

rp_status rp_cuda_max_pool2d(rp_device *device, const rp_args *args, rp_error *error) {
    const pooling p = pooling_of(args->in[0], args->out[0], &args->attr);
    rp_launch(rp_cuda_state_of(device), max_kernel, rp_grid_over(p.y_count),
              rp_view_of(args->out[0]),
              args->out[1] != NULL ? (int32_t *)args->out[1]->data : (int32_t *)NULL,
              rp_view_of(args->in[0]), p);
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_max_pool2d_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const pooling p = pooling_of(args->out[0], args->in[0], &args->attr);
    rp_launch(rp_cuda_state_of(device), back_kernel, rp_grid_over(p.x_count),
              rp_view_of(args->out[0]), rp_view_of(args->in[0]), (const int32_t *)args->in[1]->data,
              p);
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_avg_pool2d(rp_device *device, const rp_args *args, rp_error *error) {
    const pooling p = pooling_of(args->in[0], args->out[0], &args->attr);
    rp_launch(rp_cuda_state_of(device), mean_kernel, rp_grid_over(p.y_count),
              rp_view_of(args->out[0]), rp_view_of(args->in[0]), p);
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_avg_pool2d_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const pooling p = pooling_of(args->out[0], args->in[0], &args->attr);
    rp_launch(rp_cuda_state_of(device), back_kernel, rp_grid_over(p.x_count),
              rp_view_of(args->out[0]), rp_view_of(args->in[0]), (const int32_t *)NULL, p);
    return rp_cuda_launched(device, error);
}
