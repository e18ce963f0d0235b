/* reduction.c: sums, products of matrices, softmax, embedding. */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

rp_status rp_ref_sum(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t columns = rp_tensor_count(args->out[0]), rows = rp_tensor_count(x) / columns;
    assert(rows * columns == rp_tensor_count(x));
    for (int64_t j = 0; j < columns; j++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++) sum += rp_tensor_get(x, r * columns + j);
        rp_tensor_set(args->out[0], j, sum);
    }
    return RP_OK;
}

rp_status rp_ref_sum_last(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t rows = rp_tensor_count(args->out[0]), columns = rp_tensor_count(x) / rows;
    assert(rows * columns == rp_tensor_count(x));
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t c = 0; c < columns; c++) sum += rp_tensor_get(x, r * columns + c);
        rp_tensor_set(args->out[0], r, sum);
    }
    return RP_OK;
}

rp_status rp_ref_expand_last(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t count = rp_tensor_count(args->out[0]), columns = count / rp_tensor_count(x);
    assert(columns * rp_tensor_count(x) == count);
    for (int64_t i = 0; i < count; i++)
        rp_tensor_set(args->out[0], i, rp_tensor_get(x, i / columns));
    return RP_OK;
}

rp_status rp_ref_expand(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t count = rp_tensor_count(args->out[0]), period = rp_tensor_count(x);
    assert(count % period == 0);
    for (int64_t i = 0; i < count; i++)
        rp_tensor_set(args->out[0], i, rp_tensor_get(x, i % period));
    return RP_OK;
}

rp_status rp_ref_matmul(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *a = args->in[0], *b = args->in[1];
    const bool ta = args->attr.transpose_a, tb = args->attr.transpose_b;
    const int64_t rows = a->shape[ta], inner = a->shape[!ta], columns = b->shape[!tb];
    assert(b->shape[tb] == inner && rp_tensor_count(args->out[0]) == rows * columns);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            double sum = 0;
            for (int64_t k = 0; k < inner; k++)
                sum += rp_tensor_get(a, ta ? k * rows + r : r * inner + k) *
                       rp_tensor_get(b, tb ? c * inner + k : k * columns + c);
            rp_tensor_set(args->out[0], r * columns + c, sum);
        }
    }
    return RP_OK;
}

rp_status rp_ref_linear(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *b = args->in[2];
    const int64_t outputs = w->shape[0], inputs = w->shape[1], rows = rp_tensor_count(x) / inputs;
    assert(rp_tensor_count(args->out[0]) == rows * outputs);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < outputs; o++) {
            double sum = b != NULL ? rp_tensor_get(b, o) : 0;
            for (int64_t i = 0; i < inputs; i++)
                sum += rp_tensor_get(x, r * inputs + i) * rp_tensor_get(w, o * inputs + i);
            rp_tensor_set(args->out[0], r * outputs + o, sum);
        }
    }
    return RP_OK;
}

rp_status rp_ref_linear_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const double *gy = rp_ref_load(&arena, args->in[0]), *x = rp_ref_load(&arena, args->in[1]);
    const double *w = rp_ref_load(&arena, args->in[2]);
    const int64_t outputs = args->in[2]->shape[0], inputs = args->in[2]->shape[1];
    const int64_t rows = rp_tensor_count(args->in[1]) / inputs;
    double *gx = rp_ref_zeros(&arena, rows * inputs), *gb = rp_ref_zeros(&arena, outputs);
    double *gw = rp_ref_zeros(&arena, outputs * inputs);
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t o = 0; o < outputs; o++) {
            const double g = gy[r * outputs + o];
            gb[o] += g;
            for (int64_t i = 0; i < inputs; i++) {
                gx[r * inputs + i] += g * w[o * inputs + i];
                gw[o * inputs + i] += g * x[r * inputs + i];
            }
        }
    }
    rp_ref_store(args->out[0], gx);
    rp_ref_store(args->out[1], gw);
    rp_ref_store(args->out[2], gb);
    return rp_ref_finish(&arena, error);
}

rp_status rp_ref_softmax(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const int64_t columns = x->shape[x->dims - 1], rows = rp_tensor_count(x) / columns;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t first = r * columns, end = first + columns;
        double largest = -INFINITY, sum = 0;
        for (int64_t i = first; i < end; i++) largest = fmax(largest, rp_tensor_get(x, i));
        for (int64_t i = first; i < end; i++) sum += exp(rp_tensor_get(x, i) - largest);
        for (int64_t i = first; i < end; i++)
            rp_tensor_set(args->out[0], i, exp(rp_tensor_get(x, i) - largest) / sum);
    }
    return RP_OK;
}

rp_status rp_ref_embedding(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *e = args->in[0], *ids = args->in[1];
    const int64_t rows = rp_tensor_count(ids), width = e->shape[1];
    for (int64_t r = 0; r < rows; r++) {
        const int64_t id = ((const int32_t *)ids->data)[r];
        assert(id < e->shape[0]);
        for (int64_t k = 0; k < width; k++)
            rp_tensor_set(args->out[0], r * width + k,
                          id < 0 ? 0 : rp_tensor_get(e, id * width + k));
    }
    return RP_OK;
}

rp_status rp_ref_embedding_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const double *gy = rp_ref_load(&arena, args->in[0]);
    const int32_t *ids = args->in[1]->data;
    const int64_t rows = rp_tensor_count(args->in[1]), width = args->out[0]->shape[1];
    double *ge = rp_ref_zeros(&arena, rp_tensor_count(args->out[0]));
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < width && ids[r] >= 0; k++)
            ge[ids[r] * width + k] += gy[r * width + k];
    rp_ref_store(args->out[0], ge);
    return rp_ref_finish(&arena, error);
}
