/* tensor.c: see tensor.h. */
#include "tensor/tensor.h"

#include <assert.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[RP_DTYPE_COUNT] = {
    [RP_F32] = {"f32", 4}, [RP_BF16] = {"bf16", 2}, [RP_F64] = {"f64", 8}, [RP_I32] = {"i32", 4}};

size_t rp_dtype_size(rp_dtype dtype) { return dtypes[dtype].size; }
const char *rp_dtype_name(rp_dtype dtype) { return dtypes[dtype].name; }

int64_t rp_tensor_count(const rp_tensor *tensor) {
    return tensor->shape[0] * tensor->shape[1] * tensor->shape[2] * tensor->shape[3];
}

size_t rp_tensor_bytes(const rp_tensor *tensor) {
    return (size_t)rp_tensor_count(tensor) * dtypes[tensor->dtype].size;
}

rp_tensor rp_tensor_over(void *data, rp_dtype dtype, int dims, const int64_t *shape) {
    assert(dims >= 0 && dims <= RP_DIMS_MAX);
    rp_tensor tensor = {
        .dtype = dtype, .dims = dims, .shape = {1, 1, 1, 1}, .data = data, .node = -1};
    for (int i = 0; i < dims; i++) tensor.shape[i] = shape[i];
    return tensor;
}

bool rp_tensor_make(rp_tensor *tensor, rp_arena *arena, rp_dtype dtype, int dims,
                    const int64_t *shape) {
    *tensor = rp_tensor_over(NULL, dtype, dims, shape);
    tensor->data = rp_arena_alloc(arena, rp_tensor_bytes(tensor));
    return tensor->data != NULL;
}

bool rp_tensor_same_shape(const rp_tensor *a, const rp_tensor *b) {
    return memcmp(a->shape, b->shape, sizeof a->shape) == 0;
}

double rp_tensor_get(const rp_tensor *tensor, int64_t index) {
    switch (tensor->dtype) {
        case RP_F32: return ((const float *)tensor->data)[index];
        case RP_BF16: return rp_bf16_to_f32(((const uint16_t *)tensor->data)[index]);
        case RP_F64: return ((const double *)tensor->data)[index];
        case RP_I32: return ((const int32_t *)tensor->data)[index];
        case RP_DTYPE_COUNT: break;
    }
    assert(false);
    return 0;
}

void rp_tensor_set(rp_tensor *tensor, int64_t index, double value) {
    switch (tensor->dtype) {
        case RP_F32: ((float *)tensor->data)[index] = (float)value; return;
        case RP_BF16: ((uint16_t *)tensor->data)[index] = rp_f32_to_bf16((float)value); return;
        case RP_F64: ((double *)tensor->data)[index] = value; return;
        case RP_I32: ((int32_t *)tensor->data)[index] = (int32_t)value; return;
        case RP_DTYPE_COUNT: break;
    }
    assert(false);
}
