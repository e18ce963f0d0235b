/* loss.cu: losses, their gradients, and the soft maximum over a window.
 *
 * What a loss is a mean over is counted on the device: the host does not wait for it. */
#include <math.h>

#include "tensor/cuda/numbers.h"

enum { ROW_THREADS = 128, JOIN_THREADS = 1024 };

/* log sum_v exp of the block's row, in all its threads. */
static __device__ float log_sum_exp(rp_view x, int64_t first, int64_t columns) {
    float largest = -INFINITY, sum = 0;
    for (int64_t v = rp_thread(); v < columns; v += rp_threads())
        largest = fmaxf(largest, rp_get(x, first + v));
    largest = rp_block_max(rp_shared(), largest);
    for (int64_t v = rp_thread(); v < columns; v += rp_threads())
        sum += expf(rp_get(x, first + v) - largest);
    return largest + logf(rp_block_sum(rp_shared(), sum));
}

static __global__ void row_loss_kernel(float *losses, rp_view x, const int32_t *ids,
                                       int64_t columns) {
    const int64_t row = rp_block();
    const float total = log_sum_exp(x, row * columns, columns);
    if (rp_thread() > 0) return;
    losses[row] = ids[row] < 0 ? 0 : total - rp_get(x, row * columns + ids[row]);
}

/* One block: the mean of `values` over the rows with ids[r] >= 0. Sums of a thread are in f32 over
 * rows / 1024 rows. */
static __global__ void RP_UP_TO(JOIN_THREADS)
    mean_kernel(rp_view y, const float *values, const int32_t *ids, int64_t rows) {
    float sum = 0, counted = 0;
    for (int64_t r = rp_thread(); r < rows; r += rp_threads()) {
        sum += values[r];
        counted += ids[r] >= 0;
    }
    sum = rp_block_sum(rp_shared(), sum);
    counted = rp_block_sum(rp_shared(), counted);
    if (rp_thread() == 0) rp_put(y, 0, counted > 0 ? sum / counted : 0);
}

rp_status rp_cuda_cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_tensor *x = args->in[0];
    const int32_t *ids = (const int32_t *)args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), columns = rp_tensor_count(x) / rows;
    float *losses =
        (float *)rp_cuda_scratch_take(device, RP_CUDA_REDUCE, (size_t)rows * sizeof *losses);
    if (losses == NULL) return rp_fail_memory(error, "a loss on the GPU");
    rp_launch(state, row_loss_kernel, rp_grid{rows, ROW_THREADS, ROW_THREADS, true}, losses,
              rp_view_of(x), ids, columns);
    rp_launch(state, mean_kernel, rp_grid{1, JOIN_THREADS, JOIN_THREADS, true},
              rp_view_of(args->out[0]), losses, ids, rows);
    return rp_cuda_launched(device, error);
}

/* One block: scale[0] = gy over the rows that count, 0 if there are none. */
static __global__ void RP_UP_TO(JOIN_THREADS)
    share_kernel(float *scale, rp_view gy, const int32_t *ids, int64_t rows) {
    float counted = 0;
    for (int64_t r = rp_thread(); r < rows; r += rp_threads()) counted += ids[r] >= 0;
    counted = rp_block_sum(rp_shared(), counted);
    if (rp_thread() == 0) scale[0] = counted > 0 ? rp_get(gy, 0) / counted : 0;
}

static __global__ void row_gradient_kernel(rp_view gx, rp_view x, const int32_t *ids,
                                           const float *scale, int64_t columns) {
    const int64_t first = rp_block() * columns, id = ids[rp_block()];
    const float total = log_sum_exp(x, first, columns), g = scale[0];
    for (int64_t v = rp_thread(); v < columns; v += rp_threads()) {
        const float p = expf(rp_get(x, first + v) - total);
        rp_put(gx, first + v, id < 0 ? 0 : g * (p - (v == id ? 1.0f : 0.0f)));
    }
}

rp_status rp_cuda_cross_entropy_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_tensor *x = args->in[1];
    const int32_t *ids = (const int32_t *)args->in[2]->data;
    const int64_t rows = rp_tensor_count(args->in[2]), columns = rp_tensor_count(x) / rows;
    float *scale = (float *)rp_cuda_scratch_take(device, RP_CUDA_REDUCE, sizeof *scale);
    if (scale == NULL) return rp_fail_memory(error, "a loss on the GPU");
    rp_launch(state, share_kernel, rp_grid{1, JOIN_THREADS, JOIN_THREADS, true}, scale,
              rp_view_of(args->in[0]), ids, rows);
    rp_launch(state, row_gradient_kernel, rp_grid{rows, ROW_THREADS, ROW_THREADS, true},
              rp_view_of(args->out[0]), rp_view_of(x), ids, scale, columns);
    return rp_cuda_launched(device, error);
}

/* ---- yes or no ---- */

typedef struct judged {
    rp_view x, t, weight;
    int64_t count;
} judged;

static judged judged_of(const rp_tensor *const *in) {
    return judged{rp_view_of(in[0]), rp_view_of(in[1]), rp_view_of(in[2]), rp_tensor_count(in[0])};
}

/* One block: y = sum of the weighted losses over the sum of the weights. */
static __global__ void RP_UP_TO(JOIN_THREADS) binary_kernel(rp_view y, judged j) {
    float sum = 0, weights = 0;
    for (int64_t i = rp_thread(); i < j.count; i += rp_threads()) {
        const float x = rp_get(j.x, i), weight = rp_get(j.weight, i);
        sum += weight * (fmaxf(x, 0) - x * rp_get(j.t, i) + log1pf(expf(-fabsf(x))));
        weights += weight;
    }
    sum = rp_block_sum(rp_shared(), sum);
    weights = rp_block_sum(rp_shared(), weights);
    if (rp_thread() == 0) rp_put(y, 0, weights != 0 ? sum / weights : 0);
}

rp_status rp_cuda_binary_cross_entropy(rp_device *device, const rp_args *args, rp_error *error) {
    rp_launch(rp_cuda_state_of(device), binary_kernel, rp_grid{1, JOIN_THREADS, JOIN_THREADS, true},
              rp_view_of(args->out[0]), judged_of(args->in));
    return rp_cuda_launched(device, error);
}

static __global__ void RP_UP_TO(JOIN_THREADS) weight_kernel(float *scale, rp_view gy, judged j) {
    float weights = 0;
    for (int64_t i = rp_thread(); i < j.count; i += rp_threads()) weights += rp_get(j.weight, i);
    weights = rp_block_sum(rp_shared(), weights);
    if (rp_thread() == 0) scale[0] = weights != 0 ? rp_get(gy, 0) / weights : 0;
}

static __global__ void binary_gradient_kernel(rp_view gx, judged j, const float *scale) {
    const int64_t i = rp_index();
    if (i >= j.count) return;
    const float off = rp_logistic(rp_get(j.x, i)) - rp_get(j.t, i);
    rp_put(gx, i, scale[0] * rp_get(j.weight, i) * off);
}

rp_status rp_cuda_binary_cross_entropy_backward(rp_device *device, const rp_args *args,
                                                rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const judged j = judged_of(args->in + 1);
    float *scale = (float *)rp_cuda_scratch_take(device, RP_CUDA_REDUCE, sizeof *scale);
    if (scale == NULL) return rp_fail_memory(error, "a loss on the GPU");
    rp_launch(state, weight_kernel, rp_grid{1, JOIN_THREADS, JOIN_THREADS, true}, scale,
              rp_view_of(args->in[0]), j);
    rp_launch(state, binary_gradient_kernel, rp_grid_over(j.count), rp_view_of(args->out[0]), j,
              scale);
    return rp_cuda_launched(device, error);
}

/* ---- what a window holds ---- */

typedef struct windows {
    rp_view x;
    const int32_t *spans;
    int64_t spans_count, columns, channels;
} windows;

static windows windows_of(const rp_tensor *x, const rp_tensor *spans) {
    return windows{rp_view_of(x), (const int32_t *)spans->data, spans->shape[0], x->shape[1],
                   x->shape[2]};
}

static __global__ void window_kernel(rp_view y, windows w) {
    const int64_t i = rp_index(), n = i / w.channels, c = i % w.channels;
    if (n >= w.spans_count) return;
    const int32_t *span = w.spans + n * 3;
    const int64_t image = (int64_t)span[0] * w.columns;
    float largest = -INFINITY, sum = 0;
    for (int64_t t = span[1]; t < span[2]; t++)
        largest = fmaxf(largest, rp_get(w.x, (image + t) * w.channels + c));
    for (int64_t t = span[1]; t < span[2]; t++)
        sum += expf(rp_get(w.x, (image + t) * w.channels + c) - largest);
    rp_put(y, i, largest + logf(sum));
}

rp_status rp_cuda_window_pool(rp_device *device, const rp_args *args, rp_error *error) {
    const windows w = windows_of(args->in[0], args->in[1]);
    rp_launch(rp_cuda_state_of(device), window_kernel, rp_grid_over(w.spans_count * w.channels),
              rp_view_of(args->out[0]), w);
    return rp_cuda_launched(device, error);
}

/* A thread a number of x: it asks every span whether it holds the column. */
static __global__ void window_back_kernel(rp_view gx, windows w, rp_view gy, rp_view y,
                                          int64_t count) {
    const int64_t i = rp_index(), c = i % w.channels, row = i / w.channels;
    if (i >= count) return;
    const int64_t t = row % w.columns, b = row / w.columns;
    const float x = rp_get(w.x, i);
    float sum = 0;
    for (int64_t n = 0; n < w.spans_count; n++) {
        const int32_t *span = w.spans + n * 3;
        if (span[0] != b || t < span[1] || t >= span[2]) continue;
        sum += rp_get(gy, n * w.channels + c) * expf(x - rp_get(y, n * w.channels + c));
    }
    rp_put(gx, i, sum);
}

rp_status rp_cuda_window_pool_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t count = rp_tensor_count(args->in[1]);
    rp_launch(rp_cuda_state_of(device), window_back_kernel, rp_grid_over(count),
              rp_view_of(args->out[0]), windows_of(args->in[1], args->in[2]),
              rp_view_of(args->in[0]), rp_view_of(args->in[3]), count);
    return rp_cuda_launched(device, error);
}
