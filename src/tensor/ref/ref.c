/* ref.c: see ref.h. */
#include "tensor/ref/ref.h"

#include <assert.h>
#include <math.h>

const rp_ops rp_ref_ops = {
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) .name = rp_ref_##name,
#include "tensor/ops.def"
#undef RP_OP
};

double *rp_ref_zeros(rp_arena *arena, int64_t count) {
    return rp_arena_array(arena, (size_t)count, sizeof(double));
}

double *rp_ref_load(rp_arena *arena, const rp_tensor *tensor) {
    if (tensor == NULL) return NULL;
    const int64_t count = rp_tensor_count(tensor);
    double *values = rp_ref_zeros(arena, count);
    if (values == NULL) return NULL;
    for (int64_t i = 0; i < count; i++) values[i] = rp_tensor_get(tensor, i);
    return values;
}

void rp_ref_store(rp_tensor *tensor, const double *values) {
    if (tensor == NULL) return;
    const int64_t count = rp_tensor_count(tensor);
    for (int64_t i = 0; i < count; i++) rp_tensor_set(tensor, i, values[i]);
}

rp_status rp_ref_finish(rp_arena *arena, rp_error *error) {
    const bool failed = arena->failed;
    rp_arena_clear(arena);
    return failed ? rp_fail_memory(error, "a reference kernel's copies") : RP_OK;
}

int64_t rp_ref_length(const rp_tensor *lengths, int64_t b, int64_t all) {
    if (lengths == NULL) return all;
    const int64_t length = ((const int32_t *)lengths->data)[b];
    assert(length >= 0 && length <= all);
    return length;
}

double rp_ref_logistic(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }
