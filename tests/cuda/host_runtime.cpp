/* host_runtime.cpp: runtime.h over the host's memory: products as plain loops, no library of
 * convolutions. What this stands in for (cuBLAS's layouts, cuDNN's descriptors, streams, managed
 * memory) is not tested by it. */
#include <stdlib.h>
#include <string.h>

#include "tensor/cuda/numbers.h"

rp_status rp_cuda_runtime_begin(rp_cuda_state *, bool *reads_host, rp_error *) {
    *reads_host = true;
    return RP_OK;
}

void rp_cuda_runtime_end(rp_cuda_state *) {}

/* Full of NaN, so that a kernel that reads what nobody wrote is found out. */
void *rp_cuda_memory_take(size_t bytes) {
    const size_t size = (bytes + 63) / 64 * 64;
    void *data = aligned_alloc(64, size);
    if (data != NULL) memset(data, 0xFF, size);
    return data;
}

void rp_cuda_memory_give(void *data) { free(data); }

void rp_cuda_memory_clear(rp_cuda_state *, void *data, size_t bytes) { memset(data, 0, bytes); }

void rp_cuda_memory_copy(rp_cuda_state *, void *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
}

rp_status rp_cuda_finish(rp_cuda_state *, rp_error *) { return RP_OK; }

rp_status rp_cuda_product_run(rp_device *, const rp_cuda_product *p, rp_error *) {
    const rp_view a = {(void *)p->a, p->type == RP_BF16}, b = {(void *)p->b, p->type == RP_BF16};
    const rp_view c = {p->c, p->c_type == RP_BF16};
    const int64_t stride_a = p->stride_a != 0 ? p->stride_a : p->transpose_a ? p->rows : p->inner;
    const int64_t stride_b = p->stride_b != 0 ? p->stride_b
                             : p->transpose_b ? p->inner
                                              : p->columns;
    const int64_t stride_c = p->stride_c != 0 ? p->stride_c : p->columns;
    for (int64_t r = 0; r < p->rows; r++) {
        for (int64_t j = 0; j < p->columns; j++) {
            double sum = p->accumulate ? rp_get(c, r * stride_c + j) : 0;
            for (int64_t k = 0; k < p->inner; k++)
                sum += (double)rp_get(a, p->transpose_a ? k * stride_a + r : r * stride_a + k) *
                       rp_get(b, p->transpose_b ? j * stride_b + k : k * stride_b + j);
            rp_put(c, r * stride_c + j, (float)sum);
        }
    }
    return RP_OK;
}

rp_status rp_cuda_convolution_run(rp_device *, const rp_cuda_convolution *, rp_error *) {
    return RP_NO;
}
