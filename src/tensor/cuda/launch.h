/* launch.h: how a kernel is started and what it knows of itself. This one is nvcc's; the emulation
 * (tests/cuda/emulated) has the same names over the host's loops, and the build picks.
 *
 * Kernels use nothing of CUDA but what stands here: a place in the grid, one block of shared
 * floats, a barrier of the block, and the sum over a warp. There are no atomics: every sum has a
 * fixed order, so that two runs give the same bits. */
#ifndef RP_TENSOR_CUDA_LAUNCH_H
#define RP_TENSOR_CUDA_LAUNCH_H

#include <cuda_runtime.h>

#include "tensor/cuda/runtime.h"

/* `blocks` of `threads`, each block with `shared` floats. `joint`: the threads of a block wait for
 * one another (rp_sync, rp_warp_sum); the emulation must know. */
typedef struct rp_grid {
    int64_t blocks;
    int threads;
    int64_t shared;
    bool joint;
} rp_grid;

__device__ inline int rp_thread(void) { return (int)threadIdx.x; }
__device__ inline int rp_threads(void) { return (int)blockDim.x; }
__device__ inline int64_t rp_block(void) { return blockIdx.x; }
__device__ inline int64_t rp_blocks(void) { return gridDim.x; }
__device__ inline void rp_sync(void) { __syncthreads(); }

/* The block's shared floats, undefined at the start. */
__device__ inline float *rp_shared(void) {
    extern __shared__ __align__(16) float rp_shared_floats[];
    return rp_shared_floats;
}

/* Behind __global__: the compiler keeps to so many registers that blocks of this size can start. */
#define RP_UP_TO(threads) __launch_bounds__(threads)

/* Before a loop whose loads are to be under way together. */
#define RP_UNROLL _Pragma("unroll 8")

/* The sum over the 32 threads of a warp, in each of them; all threads of the block must call it. */
__device__ inline float rp_warp_sum(float x) {
    for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
    return x;
}

enum { RP_GRID_BLOCKS_MAX = 0x7fffffff, RP_SHARED_DEFAULT_BYTES = 48 * 1024 };

template <typename... P, typename... A>
void rp_launch(rp_cuda_state *state, void (*kernel)(P...), rp_grid grid, A... arguments) {
    const size_t shared = (size_t)grid.shared * sizeof(float);
    if (grid.blocks == 0 || state->error != 0) return;
    if (shared > RP_SHARED_DEFAULT_BYTES) /* more has to be asked for, up to 227 KiB on sm_90 */
        state->error = (int)cudaFuncSetAttribute(
            (const void *)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared);
    if (state->error != 0) return;
    kernel<<<dim3((unsigned)grid.blocks), dim3((unsigned)grid.threads), shared,
             (cudaStream_t)state->stream>>>(P(arguments)...);
    state->error = (int)cudaGetLastError();
}

#endif
