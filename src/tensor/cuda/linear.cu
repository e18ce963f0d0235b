/* linear.cu: matrix products as rows of the table; the products themselves are the library's
 * (runtime.h). Parameters are multiplied in the type of the activations. */
#include "tensor/cuda/numbers.h"

rp_status rp_cuda_matmul(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *a = args->in[0], *b = args->in[1], *y = args->out[0];
    if (a->dtype != b->dtype)
        return rp_fail(error, RP_USAGE, -1, "matmul on a GPU multiplies like with like");
    rp_cuda_product p = {a->data, b->data, y->data, a->dtype, y->dtype};
    p.transpose_a = args->attr.transpose_a;
    p.transpose_b = args->attr.transpose_b;
    p.rows = y->shape[0];
    p.columns = y->shape[1];
    p.inner = a->shape[p.transpose_a ? 0 : 1];
    return rp_cuda_product_run(device, &p, error);
}

static __global__ void bias_kernel(rp_view y, const float *bias, int64_t count, int64_t columns) {
    const int64_t i = rp_index();
    if (i < count) rp_put(y, i, rp_get(y, i) + bias[i % columns]);
}

rp_status rp_cuda_linear(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *w = args->in[1], *b = args->in[2], *y = args->out[0];
    rp_cuda_product p = {x->data, rp_cuda_parameter(device, w, x->dtype), y->data, x->dtype,
                         y->dtype};
    if (p.b == NULL) return rp_fail_memory(error, "weights on the GPU");
    p.transpose_b = true;
    p.inner = w->shape[w->dims - 1];
    p.columns = rp_tensor_count(w) / p.inner;
    p.rows = rp_tensor_count(x) / p.inner;
    RP_TRY(rp_cuda_product_run(device, &p, error));
    if (b != NULL)
        rp_launch(rp_cuda_state_of(device), bias_kernel, rp_grid_over(p.rows * p.columns),
                  rp_view_of(y), (const float *)b->data, p.rows * p.columns, p.columns);
    return rp_cuda_launched(device, error);
}

/* gy in the type of x, since products multiply like with like: itself, or a copy. */
static const void *upstream_like(rp_device *device, const rp_tensor *gy, rp_dtype type) {
    if (gy->dtype == type) return gy->data;
    const int64_t count = rp_tensor_count(gy);
    void *copy = rp_cuda_scratch_take(device, RP_CUDA_CAST, (size_t)count * rp_dtype_size(type));
    if (copy != NULL)
        rp_cuda_cast_run(rp_cuda_state_of(device), rp_view{copy, type == RP_BF16}, rp_view_of(gy),
                         count);
    return copy;
}

rp_status rp_cuda_linear_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *x = args->in[1], *w = args->in[2];
    const int64_t inner = w->shape[w->dims - 1], columns = rp_tensor_count(w) / inner;
    const int64_t rows = rp_tensor_count(x) / inner;
    const void *g = upstream_like(device, gy, x->dtype);
    if (g == NULL) return rp_fail_memory(error, "a gradient on the GPU");
    if (args->out[0] != NULL) {
        rp_cuda_product p = {g, rp_cuda_parameter(device, w, x->dtype), args->out[0]->data,
                             x->dtype, args->out[0]->dtype};
        if (p.b == NULL) return rp_fail_memory(error, "weights on the GPU");
        p.rows = rows;
        p.inner = columns;
        p.columns = inner;
        RP_TRY(rp_cuda_product_run(device, &p, error));
    }
    if (args->out[1] != NULL) {
        rp_cuda_product p = {g, x->data, args->out[1]->data, x->dtype, args->out[1]->dtype};
        p.transpose_a = true;
        p.rows = columns;
        p.inner = rows;
        p.columns = inner;
        RP_TRY(rp_cuda_product_run(device, &p, error));
    }
    if (args->out[2] != NULL &&
        !rp_cuda_sum_rows(device, rp_view_of(args->out[2]), rp_view_of(gy), rows, columns))
        return rp_fail_memory(error, "sums on the GPU");
    return rp_cuda_launched(device, error);
}
