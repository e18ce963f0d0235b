/* lstm.cu: LSTM of one or two directions with masks.
 *
 * The products with the inputs, of all steps at once, are cuBLAS's; what has to go step by step is
 * one kernel, a block for each sample and direction, which keeps the state in shared memory. Back
 * the same: the kernel leaves the gradients of the gates, and products make the weights' of them.
 */
#include <math.h>

#include "tensor/cuda/recurrence.h"

static __global__ void turn_kernel(rp_turning t, int64_t count) {
    const int64_t index = rp_index(), padded = (t.rows + RP_WIDE - 1) / RP_WIDE * RP_WIDE;
    if (index >= count) return;
    const int64_t i = index / padded, r = index % padded;
    const int64_t from = t.turned ? r * t.stride + t.skip + i : i * t.stride + t.skip + r;
    rp_put(rp_view{t.to, t.half}, index, r < t.rows ? t.from[from] : 0);
}

void rp_cuda_turn(rp_cuda_state *state, rp_turning turning) {
    const int64_t count = turning.inner * rp_padded(turning.rows);
    rp_launch(state, turn_kernel, rp_grid_over(count), turning, count);
}

typedef struct walk {
    int64_t directions, batch, time, inputs, units;
    const int32_t *lengths; /* NULL: all of time */
    const void *wh;         /* of all directions, as rp_multiply reads them */
    const float *b, *xw;    /* xw (D, B T, 4U): the inputs' part of the gates */
    float *gates, *cells, *hidden;
    rp_view gy;
    float *da,
        *before; /* (D, B, T, 4U), (D, B, T, U): gradients of the gates; h of the step before */
} walk;

/* The step n of direction d: its column, and whether there is one before. */
static __device__ int64_t column_of(int64_t d, int64_t n, int64_t length) {
    return d == 0 ? n : length - 1 - n;
}

static __device__ void clear_column(const walk *w, int64_t row) {
    for (int64_t r = rp_thread(); r < 4 * w->units; r += rp_threads())
        w->gates[row * 4 * w->units + r] = 0;
    for (int64_t u = rp_thread(); u < w->units; u += rp_threads())
        w->cells[row * w->units + u] = w->hidden[row * w->units + u] = 0;
}

/* Shared: h, c (U), sums (4U), parts. */
template <typename T>
static __global__ void RP_UP_TO(RP_RECURRENCE_THREADS_MAX) forward_kernel(walk w) {
    const int64_t U = w.units, d = rp_block() / w.batch, b = rp_block() % w.batch;
    float *h = rp_shared(), *c = h + U, *sums = c + U, *parts = sums + 4 * U;
    const T *wh = (const T *)w.wh + d * U * 4 * U;
    const float *bias = w.b + d * 4 * U;
    const int64_t length = w.lengths != NULL ? w.lengths[b] : w.time;
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) h[u] = c[u] = 0;
    rp_sync();
    for (int64_t n = 0; n < length; n++) {
        const int64_t row = rp_block() * w.time + column_of(d, n, length);
        const float *xw = w.xw + row * 4 * U;
        rp_multiply(sums, wh, h, U, 4 * U, parts);
        for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
            const float i = rp_logistic(sums[u] + xw[u] + bias[u]);
            const float f = rp_logistic(sums[U + u] + xw[U + u] + bias[U + u]);
            const float g = tanhf(sums[2 * U + u] + xw[2 * U + u] + bias[2 * U + u]);
            const float o = rp_logistic(sums[3 * U + u] + xw[3 * U + u] + bias[3 * U + u]);
            float *gates = w.gates + row * 4 * U + u;
            gates[0] = i;
            gates[U] = f;
            gates[2 * U] = g;
            gates[3 * U] = o;
            w.cells[row * U + u] = c[u] = f * c[u] + i * g;
            w.hidden[row * U + u] = h[u] = o * tanhf(c[u]);
        }
        rp_sync();
    }
    for (int64_t t = length; t < w.time; t++) clear_column(&w, rp_block() * w.time + t);
}

/* y = the sum of hidden over the directions. */
static __global__ void sum_kernel(rp_view y, const float *hidden, int64_t count,
                                  int64_t directions) {
    const int64_t i = rp_index();
    if (i >= count) return;
    rp_put(y, i, directions == 2 ? hidden[i] + hidden[count + i] : hidden[i]);
}

static walk walk_of(const rp_tensor *x, const rp_tensor *wx, const rp_tensor *wh,
                    const rp_tensor *lengths) {
    walk w = {wx->shape[0], x->shape[0], x->shape[1], x->shape[2], wh->shape[2]};
    w.lengths = lengths != NULL ? (const int32_t *)lengths->data : NULL;
    return w;
}

/* wh for the kernel: (U, 4U) a direction going forward, (4U, U padded) going back. */
static bool turn_wh(rp_device *device, walk *w, const rp_tensor *wh, bool half, bool turned) {
    const int64_t U = w->units, rows = turned ? 4 * U : U, inner = turned ? U : 4 * U;
    const size_t size = half ? sizeof(rp_half) : sizeof(float);
    const int64_t padded = inner * rp_padded(rows);
    char *to = (char *)rp_cuda_scratch_take(device, RP_CUDA_WEIGHTS,
                                            (size_t)(w->directions * padded) * size);
    if (to == NULL) return false;
    for (int64_t d = 0; d < w->directions; d++)
        rp_cuda_turn(rp_cuda_state_of(device), rp_turning{to + (size_t)(d * padded) * size,
                                                          (const float *)wh->data + d * 4 * U * U,
                                                          inner, rows, U, 0, turned, half});
    w->wh = to;
    return true;
}

static float *floats(rp_device *device, rp_cuda_scratch purpose, int64_t count) {
    return (float *)rp_cuda_scratch_take(device, purpose, (size_t)count * sizeof(float));
}

/* One direction's part of a parameter (D, rows, columns) that was brought into `type`. */
static const void *part_of(const void *w, int64_t d, int64_t count, rp_dtype type) {
    return (const char *)w + (size_t)(d * count) * rp_dtype_size(type);
}

rp_status rp_cuda_lstm(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_tensor *x = args->in[0], *wx = args->in[1];
    const bool half = x->dtype == RP_BF16;
    walk w = walk_of(x, wx, args->in[2], args->in[4]);
    const int64_t U = w.units, places = w.batch * w.time, count = places * U;
    const void *weights = rp_cuda_parameter(device, wx, x->dtype);
    float *xw = floats(device, RP_CUDA_STEPS, w.directions * places * 4 * U);
    if (weights == NULL || xw == NULL || !turn_wh(device, &w, args->in[2], half, true))
        return rp_fail_memory(error, "an LSTM on the GPU");
    for (int64_t d = 0; d < w.directions; d++) {
        rp_cuda_product p = {x->data, part_of(weights, d, 4 * U * w.inputs, x->dtype),
                             xw + d * places * 4 * U, x->dtype, RP_F32};
        p.transpose_b = true;
        p.rows = places;
        p.inner = w.inputs;
        p.columns = 4 * U;
        RP_TRY(rp_cuda_product_run(device, &p, error));
    }
    w.xw = xw;
    w.b = (const float *)args->in[3]->data;
    w.gates = (float *)args->out[1]->data;
    w.cells = (float *)args->out[2]->data;
    w.hidden = (float *)args->out[3]->data;
    const int threads = rp_recurrence_threads(4 * U);
    const rp_grid grid = {w.directions * w.batch, threads, 6 * U + rp_parts_floats(4 * U, threads),
                          true};
    if (half) rp_launch(state, forward_kernel<rp_half>, grid, w);
    else rp_launch(state, forward_kernel<float>, grid, w);
    rp_launch(state, sum_kernel, rp_grid_over(count), rp_view_of(args->out[0]), w.hidden, count,
              w.directions);
    return rp_cuda_launched(device, error);
}

/* ---- back ------------------------------------------------------------------------------------ */

static __device__ void clear_back(const walk *w, int64_t row) {
    for (int64_t r = rp_thread(); r < 4 * w->units; r += rp_threads())
        w->da[row * 4 * w->units + r] = 0;
    for (int64_t u = rp_thread(); u < w->units; u += rp_threads())
        w->before[row * w->units + u] = 0;
}

/* The gradients of one step's gates, from dh and dc of the step after; dc becomes that of the step
 * before. `before`: its row, < 0: none. */
static __device__ void undo_gates(const walk *w, const int64_t rows[3], const float *dh, float *dc,
                                  float *da) {
    const int64_t U = w->units, row = rows[0], before = rows[1];
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
        const float *gates = w->gates + row * 4 * U + u;
        const float i = gates[0], f = gates[U], g = gates[2 * U], o = gates[3 * U];
        const float tanh_c = tanhf(w->cells[row * U + u]);
        const float c = before >= 0 ? w->cells[before * U + u] : 0;
        const float upstream = dh[u] + rp_get(w->gy, rows[2] * U + u);
        const float flow = dc[u] + upstream * o * (1 - tanh_c * tanh_c);
        da[u] = flow * g * i * (1 - i);
        da[U + u] = flow * c * f * (1 - f);
        da[2 * U + u] = flow * i * (1 - g * g);
        da[3 * U + u] = upstream * tanh_c * o * (1 - o);
        dc[u] = flow * f;
        for (int k = 0; k < 4; k++) w->da[row * 4 * U + k * U + u] = da[k * U + u];
        w->before[row * U + u] = before >= 0 ? w->hidden[before * U + u] : 0;
    }
}

/* Shared: dh, dc (U), da (4U), parts. */
template <typename T>
static __global__ void RP_UP_TO(RP_RECURRENCE_THREADS_MAX) backward_kernel(walk w) {
    const int64_t U = w.units, d = rp_block() / w.batch, b = rp_block() % w.batch;
    float *dh = rp_shared(), *dc = dh + U, *da = dc + U, *parts = da + 4 * U;
    const T *wh = (const T *)w.wh + d * 4 * U * ((U + RP_WIDE - 1) / RP_WIDE * RP_WIDE);
    const int64_t length = w.lengths != NULL ? w.lengths[b] : w.time, first = rp_block() * w.time;
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) dh[u] = dc[u] = 0;
    for (int64_t t = length; t < w.time; t++) clear_back(&w, first + t);
    rp_sync();
    for (int64_t n = length - 1; n >= 0; n--) {
        const int64_t t = column_of(d, n, length);
        const int64_t rows[3] = {first + t, n > 0 ? first + column_of(d, n - 1, length) : -1,
                                 b * w.time + t};
        undo_gates(&w, rows, dh, dc, da);
        rp_sync();
        rp_multiply(dh, wh, da, 4 * U, U, parts);
    }
}

/* The products with the inputs: gwx, and gx if it is asked for, in the type of x. */
static rp_status input_products(rp_device *device, const walk *w, int64_t d, const rp_args *args,
                                rp_error *error) {
    const rp_tensor *x = args->in[1];
    const int64_t U = w->units, places = w->batch * w->time, count = places * 4 * U;
    const void *weights = rp_cuda_parameter(device, args->in[2], x->dtype);
    const void *da = w->da + d * count;
    if (x->dtype == RP_BF16) {
        void *narrow = rp_cuda_scratch_take(device, RP_CUDA_CAST, (size_t)count * sizeof(rp_half));
        if (narrow != NULL)
            rp_cuda_cast_run(rp_cuda_state_of(device), rp_view{narrow, 1}, rp_view{(void *)da, 0},
                             count);
        da = narrow;
    }
    if (weights == NULL || da == NULL) return rp_fail_memory(error, "an LSTM on the GPU");
    rp_cuda_product p = {da,       x->data, (float *)args->out[1]->data + d * 4 * U * w->inputs,
                         x->dtype, RP_F32,  true};
    p.rows = 4 * U;
    p.inner = places;
    p.columns = w->inputs;
    RP_TRY(rp_cuda_product_run(device, &p, error));
    if (args->out[0] == NULL) return RP_OK;
    rp_cuda_product q = {da, part_of(weights, d, 4 * U * w->inputs, x->dtype), args->out[0]->data,
                         x->dtype, args->out[0]->dtype};
    q.accumulate = d > 0;
    q.rows = places;
    q.inner = 4 * U;
    q.columns = w->inputs;
    return rp_cuda_product_run(device, &q, error);
}

/* Behind the walk. The product with the states is small and in f32: of rounded numbers on both
 * sides it was off by 3 % where much cancels. */
static rp_status products(rp_device *device, const walk *w, const rp_args *args, rp_error *error) {
    const int64_t U = w->units, places = w->batch * w->time;
    for (int64_t d = 0; d < w->directions; d++) {
        float *da = w->da + d * places * 4 * U;
        RP_TRY(input_products(device, w, d, args, error));
        rp_cuda_product p = {da,
                             w->before + d * places * U,
                             (float *)args->out[2]->data + d * 4 * U * U,
                             RP_F32,
                             RP_F32,
                             true};
        p.rows = 4 * U;
        p.inner = places;
        p.columns = U;
        RP_TRY(rp_cuda_product_run(device, &p, error));
        if (!rp_cuda_sum_rows(device, rp_view{(float *)args->out[3]->data + d * 4 * U, 0},
                              rp_view{da, 0}, places, 4 * U))
            return rp_fail_memory(error, "an LSTM on the GPU");
    }
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_lstm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[1];
    const bool half = x->dtype == RP_BF16;
    walk w = walk_of(x, args->in[2], args->in[3], args->in[7]);
    const int64_t U = w.units, states = w.directions * w.batch * w.time * U;
    w.gy = rp_view_of(args->in[0]);
    w.gates = (float *)args->in[4]->data;
    w.cells = (float *)args->in[5]->data;
    w.hidden = (float *)args->in[6]->data;
    w.da = floats(device, RP_CUDA_STEPS, states * 4);
    w.before = floats(device, RP_CUDA_STATES, states);
    if (w.da == NULL || w.before == NULL || !turn_wh(device, &w, args->in[3], half, false))
        return rp_fail_memory(error, "an LSTM on the GPU");
    const int threads = rp_recurrence_threads(4 * U);
    const rp_grid grid = {w.directions * w.batch, threads, 6 * U + rp_parts_floats(4 * U, threads),
                          true};
    if (half) rp_launch(rp_cuda_state_of(device), backward_kernel<rp_half>, grid, w);
    else rp_launch(rp_cuda_state_of(device), backward_kernel<float>, grid, w);
    return products(device, &w, args, error);
}
