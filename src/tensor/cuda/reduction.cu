/* reduction.cu: sums, softmax, embedding.
 *
 * A sum over rows goes in two steps of fixed order: blocks add up chunks of rows, column by column,
 * into partial sums; then a thread a column adds those up in double. */
#include <math.h>

#include "tensor/cuda/numbers.h"

enum {
    LANE_ROWS = 32, /* rows a thread adds up before the block does */
    JOINED_MAX = 64 /* chunks that one thread may join; more go through the blocks once more */
};

/* Columns are cut into tiles of 2^k <= 32, so that neighbours read neighbours; the other threads of
 * a block take other rows. */
typedef struct column_sums {
    rp_view x;
    float *parts; /* (chunks, columns) */
    int64_t rows, columns, tiles;
    int width, squared;
} column_sums;

static __global__ void column_sums_kernel(column_sums s) {
    float *shared = rp_shared();
    const int lanes = rp_threads() / s.width, lane = rp_thread() / s.width;
    const int64_t tile = rp_block() % s.tiles, chunk = rp_block() / s.tiles;
    const int64_t column = tile * s.width + rp_thread() % s.width;
    const int64_t first = chunk * lanes * LANE_ROWS;
    float sum = 0;
    for (int64_t k = 0; k < LANE_ROWS && column < s.columns; k++) {
        const int64_t row = first + k * lanes + lane;
        if (row >= s.rows) break;
        const float value = rp_get(s.x, row * s.columns + column);
        sum += s.squared ? value * value : value;
    }
    shared[rp_thread()] = sum;
    rp_sync();
    if (lane > 0 || column >= s.columns) return;
    for (int k = 1; k < lanes; k++) sum += shared[k * s.width + rp_thread()];
    s.parts[chunk * s.columns + column] = sum;
}

/* y may be f64: the square of a gradient's norm is asked for in it. */
static __global__ void join_kernel(rp_view y, double *exact, const float *parts, int64_t chunks,
                                   int64_t columns) {
    const int64_t column = rp_index();
    double sum = 0;
    if (column >= columns) return;
    for (int64_t k = 0; k < chunks; k++) sum += parts[k * columns + column];
    if (exact != NULL) exact[column] = sum;
    else rp_put(y, column, (float)sum);
}

static bool sum_columns(rp_device *device, rp_view y, double *exact, column_sums s) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    s.width = 1;
    while (s.width < 32 && s.width < s.columns) s.width *= 2;
    s.tiles = rp_index_bound(s.columns, s.width);
    const int64_t per_chunk = (int64_t)RP_THREADS / s.width * LANE_ROWS;
    const int64_t chunks = rp_index_bound(s.rows, per_chunk);
    const int64_t again = rp_index_bound(chunks, per_chunk);
    float *parts = (float *)rp_cuda_scratch_take(
        device, RP_CUDA_REDUCE, (size_t)((chunks + again) * s.columns) * sizeof *parts);
    if (parts == NULL) return false;
    s.parts = parts;
    rp_launch(state, column_sums_kernel, rp_grid{chunks * s.tiles, RP_THREADS, RP_THREADS, true},
              s);
    if (chunks > JOINED_MAX) {
        column_sums second = s;
        second.x = rp_view{parts, 0};
        second.parts = parts + chunks * s.columns;
        second.rows = chunks;
        second.squared = 0;
        rp_launch(state, column_sums_kernel, rp_grid{again * s.tiles, RP_THREADS, RP_THREADS, true},
                  second);
        rp_launch(state, join_kernel, rp_grid_over(s.columns), y, exact, second.parts, again,
                  s.columns);
        return true;
    }
    rp_launch(state, join_kernel, rp_grid_over(s.columns), y, exact, parts, chunks, s.columns);
    return true;
}

bool rp_cuda_sum_rows(rp_device *device, rp_view y, rp_view x, int64_t rows, int64_t columns) {
    return sum_columns(device, y, NULL, column_sums{x, NULL, rows, columns, 0, 0, 0});
}

rp_status rp_cuda_sum(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t columns = rp_tensor_count(args->out[0]);
    if (!rp_cuda_sum_rows(device, rp_view_of(args->out[0]), rp_view_of(args->in[0]),
                          rp_tensor_count(args->in[0]) / columns, columns))
        return rp_fail_memory(error, "sums on the GPU");
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_sum_squares(rp_device *device, const rp_args *args, rp_error *error) {
    rp_tensor *y = args->out[0];
    const column_sums s = {rp_view_of(args->in[0]), NULL, rp_tensor_count(args->in[0]), 1, 0, 0, 1};
    double *exact = y->dtype == RP_F64 ? (double *)y->data : NULL;
    if (!sum_columns(device, rp_view_of(y), exact, s))
        return rp_fail_memory(error, "sums on the GPU");
    return rp_cuda_launched(device, error);
}

/* ---- along rows: a block a row ---- */

enum { ROW_THREADS = 128 };

static __global__ void sum_last_kernel(rp_view y, rp_view x, int64_t columns) {
    const int64_t row = rp_block();
    float sum = 0;
    for (int64_t c = rp_thread(); c < columns; c += rp_threads())
        sum += rp_get(x, row * columns + c);
    sum = rp_block_sum(rp_shared(), sum);
    if (rp_thread() == 0) rp_put(y, row, sum);
}

rp_status rp_cuda_sum_last(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t rows = rp_tensor_count(args->out[0]);
    rp_launch(rp_cuda_state_of(device), sum_last_kernel,
              rp_grid{rows, ROW_THREADS, ROW_THREADS, true}, rp_view_of(args->out[0]),
              rp_view_of(args->in[0]), rp_tensor_count(args->in[0]) / rows);
    return rp_cuda_launched(device, error);
}

static __global__ void softmax_kernel(rp_view y, rp_view x, int64_t columns) {
    float *shared = rp_shared();
    const int64_t first = rp_block() * columns;
    float largest = -INFINITY, sum = 0;
    for (int64_t c = rp_thread(); c < columns; c += rp_threads())
        largest = fmaxf(largest, rp_get(x, first + c));
    largest = rp_block_max(shared, largest);
    for (int64_t c = rp_thread(); c < columns; c += rp_threads())
        sum += expf(rp_get(x, first + c) - largest);
    sum = rp_block_sum(shared, sum);
    for (int64_t c = rp_thread(); c < columns; c += rp_threads())
        rp_put(y, first + c, expf(rp_get(x, first + c) - largest) / sum);
}

rp_status rp_cuda_softmax(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t columns = x->shape[x->dims - 1], rows = rp_tensor_count(x) / columns;
    rp_launch(rp_cuda_state_of(device), softmax_kernel,
              rp_grid{rows, ROW_THREADS, ROW_THREADS, true}, rp_view_of(args->out[0]),
              rp_view_of(x), columns);
    return rp_cuda_launched(device, error);
}

/* ---- embedding ---- */

static __global__ void take_rows_kernel(rp_view y, rp_view e, const int32_t *ids, int64_t rows,
                                        int64_t width) {
    const int64_t i = rp_index(), row = i / width;
    if (row >= rows) return;
    const int64_t id = ids[row];
    rp_put(y, i, id < 0 ? 0 : rp_get(e, id * width + i % width));
}

void rp_cuda_take_rows(rp_cuda_state *state, rp_view y, rp_view e, const int32_t *ids,
                       const int64_t counts[2]) {
    rp_launch(state, take_rows_kernel, rp_grid_over(counts[0] * counts[1]), y, e, ids, counts[0],
              counts[1]);
}

rp_status rp_cuda_embedding(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t counts[2] = {rp_tensor_count(args->in[1]), args->in[0]->shape[1]};
    rp_cuda_take_rows(rp_cuda_state_of(device), rp_view_of(args->out[0]), rp_view_of(args->in[0]),
                      (const int32_t *)args->in[1]->data, counts);
    return rp_cuda_launched(device, error);
}

/* A block an entry v: it looks through the ids a block's width at a time, and adds up the rows of
 * those that are v in their order. Shared: a flag a thread, and whether any is set. */
static __global__ void gather_rows_kernel(rp_view ge, rp_view gy, const int32_t *ids, int64_t rows,
                                          int64_t width) {
    float *is_it = rp_shared(), *any = is_it + rp_threads();
    const int64_t v = rp_block(), column = rp_thread();
    for (int64_t from = 0; from < width; from += rp_threads()) {
        float sum = 0;
        for (int64_t tile = 0; tile < rows; tile += rp_threads()) {
            const int64_t r = tile + rp_thread();
            const bool mine = r < rows && ids[r] == v;
            if (rp_thread() == 0) *any = 0;
            is_it[rp_thread()] = mine;
            rp_sync();
            if (mine) *any = 1;
            rp_sync();
            for (int k = 0; *any != 0 && k < rp_threads() && from + column < width; k++)
                if (is_it[k] != 0) sum += rp_get(gy, (tile + k) * width + from + column);
            rp_sync();
        }
        if (from + column < width) rp_put(ge, v * width + from + column, sum);
    }
}

void rp_cuda_gather_rows(rp_cuda_state *state, rp_view ge, rp_view gy, const int32_t *ids,
                         const int64_t counts[3]) {
    rp_launch(state, gather_rows_kernel, rp_grid{counts[0], RP_THREADS, RP_THREADS + 1, true}, ge,
              gy, ids, counts[1], counts[2]);
}

rp_status rp_cuda_embedding_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *ge = args->out[0];
    const int64_t counts[3] = {ge->shape[0], rp_tensor_count(args->in[1]), ge->shape[1]};
    rp_cuda_gather_rows(rp_cuda_state_of(device), rp_view_of(ge), rp_view_of(args->in[0]),
                        (const int32_t *)args->in[1]->data, counts);
    return rp_cuda_launched(device, error);
}
