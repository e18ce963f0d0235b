/* product.cu: matrix products by cuBLAS.
 *
 * cuBLAS counts columns first, so a row-major matrix is to it the transpose of what it is to us; it
 * is asked for c' = b' a'. Products of f32 are kept from tf32, whose 10 bits of fraction would not
 * hold the table's tolerance. */
#include <cublas_v2.h>

#include "tensor/cuda/runtime.h"

static cudaDataType type_of(rp_dtype type) { return type == RP_BF16 ? CUDA_R_16BF : CUDA_R_32F; }

static int stride_or(int64_t stride, int64_t dense) { return (int)(stride != 0 ? stride : dense); }

rp_status rp_cuda_product_run(rp_device *device, const rp_cuda_product *p, rp_error *error) {
    const float one = 1, beta = p->accumulate ? 1.0f : 0.0f;
    const cublasOperation_t op_a = p->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t op_b = p->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasComputeType_t compute =
        p->type == RP_BF16 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_PEDANTIC;
    const cublasStatus_t status = cublasGemmEx(
        (cublasHandle_t)rp_cuda_state_of(device)->blas, op_b, op_a, (int)p->columns, (int)p->rows,
        (int)p->inner, &one, p->b, type_of(p->type),
        stride_or(p->stride_b, p->transpose_b ? p->inner : p->columns), p->a, type_of(p->type),
        stride_or(p->stride_a, p->transpose_a ? p->rows : p->inner), &beta, p->c,
        type_of(p->c_type), stride_or(p->stride_c, p->columns), compute, CUBLAS_GEMM_DEFAULT);
    if (status == CUBLAS_STATUS_SUCCESS) return RP_OK;
    return rp_fail(error, RP_SYSTEM, -1, "cuBLAS refused a product of %lld x %lld x %lld: %s",
                   (long long)p->rows, (long long)p->inner, (long long)p->columns,
                   cublasGetStatusString(status));
}
