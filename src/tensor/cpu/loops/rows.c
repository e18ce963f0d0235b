/* rows.c: rows of numbers: softmax, sums and copies along the last axis, embedding. */
#include <math.h>

#include "base/vector_math.h"
#include "tensor/cpu/loops/numbers.h"

enum { COLUMNS_MAX = 4096 }; /* of a row that is converted on the stack; longer ones: plain loops */

static bool is_wide(const rp_tensor *t, int64_t columns) {
    return t->dtype == RP_BF16 && columns > COLUMNS_MAX;
}

/* ---- softmax --------------------------------------------------------------------------------- */

static void softmax_one(float *y, const float *x, int64_t columns) {
    float largest = x[0], sum = 0;
#pragma omp simd reduction(max : largest)
    for (int64_t c = 0; c < columns; c++) largest = x[c] > largest ? x[c] : largest;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < columns; c++) sum += y[c] = rp_exp(x[c] - largest);
#pragma omp simd
    for (int64_t c = 0; c < columns; c++) y[c] /= sum;
}

static rp_status softmax(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t columns = x->shape[x->dims - 1], rows = rp_tensor_count(x) / columns;
    if (!rp_is_real(x) || x->dtype != y->dtype || is_wide(x, columns))
        return rp_ref_ops.softmax(device, args, error);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        float in[COLUMNS_MAX], out[COLUMNS_MAX];
        softmax_one(rp_chunk_begin(out, y, r * columns), rp_chunk_read(in, x, r * columns, columns),
                    columns);
        rp_chunk_write(y, out, r * columns, columns);
    }
    return RP_OK;
}

/* ---- sums and copies ------------------------------------------------------------------------- */

static rp_status sum_last(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t rows = rp_tensor_count(y), columns = rp_tensor_count(x) / rows;
    if (!rp_is_real(x) || !rp_is_real(y) || is_wide(x, columns))
        return rp_ref_ops.sum_last(device, args, error);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        float in[COLUMNS_MAX];
        const float *row = rp_chunk_read(in, x, r * columns, columns);
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t c = 0; c < columns; c++) sum += row[c];
        rp_tensor_set(y, r, sum);
    }
    return RP_OK;
}

static rp_status expand_last(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t rows = rp_tensor_count(x), columns = rp_tensor_count(y) / rows;
    if (!rp_is_real(x) || !rp_is_real(y)) return rp_ref_ops.expand_last(device, args, error);
    const bool half = y->dtype == RP_BF16;
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const float value = rp_number_load(x->data, r, x->dtype == RP_BF16);
        if (half)
            for (int64_t c = 0; c < columns; c++)
                rp_number_store(y->data, r * columns + c, value, true);
        else
            for (int64_t c = 0; c < columns; c++)
                rp_number_store(y->data, r * columns + c, value, false);
    }
    return RP_OK;
}

static rp_status expand(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    rp_tensor *y = args->out[0];
    const int64_t period = rp_tensor_count(x), rows = rp_tensor_count(y) / period;
    if (x->dtype != y->dtype) return rp_ref_ops.expand(device, args, error);
    const size_t bytes = rp_tensor_bytes(x);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) memcpy((char *)y->data + (size_t)r * bytes, x->data, bytes);
    return RP_OK;
}

/* ---- embedding ------------------------------------------------------------------------------- */

static rp_status embedding(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *e = args->in[0];
    rp_tensor *y = args->out[0];
    const int32_t *ids = args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), width = e->shape[1];
    if (e->dtype != RP_F32 || !rp_is_real(y)) return rp_ref_ops.embedding(device, args, error);
    const size_t bytes = (size_t)width * rp_dtype_size(y->dtype);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const float *from = (const float *)e->data + (ids[r] < 0 ? 0 : ids[r]) * width;
        char *to = (char *)y->data + (size_t)r * bytes;
        if (ids[r] < 0) memset(to, 0, bytes);
        else if (y->dtype == RP_F32) memcpy(to, from, bytes);
        else rp_chunk_write(y, from, r * width, width);
    }
    return RP_OK;
}

/* Threads share the columns: each adds all rows in their order. */
static rp_status embedding_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0];
    rp_tensor *ge = args->out[0];
    const int32_t *ids = args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), width = ge->shape[1];
    enum { BLOCK = 64 };
    if (ge->dtype != RP_F32 || !rp_is_real(gy))
        return rp_ref_ops.embedding_backward(device, args, error);
    memset(ge->data, 0, rp_tensor_bytes(ge));
    const bool half = gy->dtype == RP_BF16;
#pragma omp parallel for
    for (int64_t first = 0; first < width; first += BLOCK) {
        const int64_t last = first + BLOCK < width ? first + BLOCK : width;
        for (int64_t r = 0; r < rows; r++) {
            if (ids[r] < 0) continue;
            float *sum = (float *)ge->data + ids[r] * width;
            for (int64_t k = first; k < last; k++)
                sum[k] += rp_number_load(gy->data, r * width + k, half);
        }
    }
    return RP_OK;
}

void rp_cpu_install_rows(rp_device *device);
void rp_cpu_install_rows(rp_device *device) {
    static const rp_op rows[] = {RP_OP_softmax, RP_OP_sum_last,  RP_OP_expand_last,
                                 RP_OP_expand,  RP_OP_embedding, RP_OP_embedding_backward};
    device->ops.softmax = softmax;
    device->ops.sum_last = sum_last;
    device->ops.expand_last = expand_last;
    device->ops.expand = expand;
    device->ops.embedding = embedding;
    device->ops.embedding_backward = embedding_backward;
    for (size_t i = 0; i < RP_COUNT(rows); i++) device->implementation[rows[i]] = "cpu";
}
