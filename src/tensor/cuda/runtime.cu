/* runtime.cu: runtime.h over the CUDA runtime: one device, one stream, managed memory. */
#include <cublas_v2.h>
#include <cudnn.h>

#include "tensor/cuda/launch.h"

enum { BLAS_WORKSPACE_BYTES = 32 << 20 /* what NVIDIA asks for on sm_90 */ };

/* The line of a failed call; RP_OK for cudaSuccess. */
static rp_status check(int code, const char *what, rp_error *error) {
    if (code == (int)cudaSuccess) return RP_OK;
    return rp_fail(error, RP_SYSTEM, -1, "--device cuda: %s: %s", what,
                   cudaGetErrorString((cudaError_t)code));
}

static rp_status find_gpu(rp_error *error) {
    int count = 0, managed = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaErrorInsufficientDriver || code == cudaErrorNoDevice || count == 0)
        return rp_fail(error, RP_SYSTEM, -1,
                       "--device cuda: no NVIDIA GPU with a driver for CUDA %d.%d is here (%s)",
                       CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                       cudaGetErrorString(code == cudaSuccess ? cudaErrorNoDevice : code));
    RP_TRY(check((int)code, "GPU", error));
    RP_TRY(check((int)cudaDeviceGetAttribute(&managed, cudaDevAttrConcurrentManagedAccess, 0),
                 "GPU", error));
    if (!managed)
        return rp_fail(error, RP_SYSTEM, -1,
                       "--device cuda: this GPU or system shares no managed memory with the host");
    return RP_OK;
}

rp_status rp_cuda_runtime_begin(rp_cuda_state *state, bool *reads_host, rp_error *error) {
    cudaStream_t stream = NULL;
    cublasHandle_t blas = NULL;
    cudnnHandle_t dnn = NULL;
    *reads_host = false;
    RP_TRY(find_gpu(error));
    RP_TRY(check((int)cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream", error));
    state->stream = stream;
    void *workspace = rp_cuda_memory_take(BLAS_WORKSPACE_BYTES);
    state->scratch[RP_CUDA_LIBRARY].data = workspace;
    state->scratch[RP_CUDA_LIBRARY].size = workspace != NULL ? BLAS_WORKSPACE_BYTES : 0;
    if (workspace == NULL) return rp_fail_memory(error, "cuBLAS");
    if (cublasCreate(&blas) != CUBLAS_STATUS_SUCCESS ||
        cublasSetStream(blas, stream) != CUBLAS_STATUS_SUCCESS ||
        /* a workspace of its own: products then give the same bits every time */
        cublasSetWorkspace(blas, workspace, BLAS_WORKSPACE_BYTES) != CUBLAS_STATUS_SUCCESS)
        return rp_fail(error, RP_SYSTEM, -1, "--device cuda: cuBLAS does not start");
    state->blas = blas;
    /* Without cuDNN convolutions are products of patches: slower, and the same numbers. */
    if (cudnnCreate(&dnn) == CUDNN_STATUS_SUCCESS &&
        cudnnSetStream(dnn, stream) == CUDNN_STATUS_SUCCESS)
        state->dnn = dnn;
    return RP_OK;
}

void rp_cuda_runtime_end(rp_cuda_state *state) {
    rp_cuda_convolution_plans_end(state);
    if (state->dnn != NULL) cudnnDestroy((cudnnHandle_t)state->dnn);
    if (state->blas != NULL) cublasDestroy((cublasHandle_t)state->blas);
    if (state->stream != NULL) cudaStreamDestroy((cudaStream_t)state->stream);
}

void *rp_cuda_memory_take(size_t bytes) {
    void *data = NULL;
    const cudaMemLocation here = {cudaMemLocationTypeDevice, 0};
    if (cudaMallocManaged(&data, bytes, cudaMemAttachGlobal) != cudaSuccess) return NULL;
    /* Pages stay on the GPU; what the host touches comes back at the next kernel that reads it. */
    cudaMemAdvise(data, bytes, cudaMemAdviseSetPreferredLocation, here);
    cudaMemPrefetchAsync(data, bytes, here, 0, NULL);
    return data;
}

void rp_cuda_memory_give(void *data) { cudaFree(data); }

static void note(rp_cuda_state *state, cudaError_t code) {
    if (state->error == 0) state->error = (int)code;
}

void rp_cuda_memory_clear(rp_cuda_state *state, void *data, size_t bytes) {
    note(state, cudaMemsetAsync(data, 0, bytes, (cudaStream_t)state->stream));
}

void rp_cuda_memory_copy(rp_cuda_state *state, void *to, const void *from, size_t bytes) {
    note(state, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, (cudaStream_t)state->stream));
}

rp_status rp_cuda_finish(rp_cuda_state *state, rp_error *error) {
    note(state, cudaStreamSynchronize((cudaStream_t)state->stream));
    return check(state->error, "a kernel", error);
}
