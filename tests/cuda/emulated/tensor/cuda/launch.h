/* launch.h of the emulation: the names of src/tensor/cuda/launch.h over loops of the host.
 *
 * A kernel that never waits runs as a loop over blocks and threads. A joint one runs a block at a
 * time, each thread on a stack of its own, in turns from barrier to barrier; a thread that ends or
 * waits where others do not is reported. Blocks and threads run in either order
 * (rp_emulation_order): a kernel whose result depends on it has a race. Shared memory is NaN at the
 * start of each block. */
#ifndef RP_TESTS_CUDA_LAUNCH_H
#define RP_TESTS_CUDA_LAUNCH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tensor/cuda/runtime.h"

#define __global__
#define __device__
#define RP_UNROLL
#define RP_UP_TO(threads)

typedef struct rp_grid {
    int64_t blocks;
    int threads;
    int64_t shared;
    bool joint;
} rp_grid;

typedef struct rp_emulated_place {
    int thread, threads;
    int64_t block, blocks;
    float *shared;
} rp_emulated_place;

extern rp_emulated_place rp_emulated;

static inline int rp_thread(void) { return rp_emulated.thread; }
static inline int rp_threads(void) { return rp_emulated.threads; }
static inline int64_t rp_block(void) { return rp_emulated.block; }
static inline int64_t rp_blocks(void) { return rp_emulated.blocks; }
static inline float *rp_shared(void) { return rp_emulated.shared; }
void rp_sync(void);
float rp_warp_sum(float x);

/* 0: blocks and threads in order; 1: both from the last to the first. For tests in C. */
extern "C" void rp_emulation_order(int order);

void rp_emulate(rp_grid grid, void (*run)(void *context), void *context);

template <typename... P, typename... A>
void rp_launch(rp_cuda_state *, void (*kernel)(P...), rp_grid grid, A... arguments) {
    auto call = [&]() { kernel(P(arguments)...); };
    rp_emulate(
        grid, [](void *context) { (*(decltype(call) *)context)(); }, &call);
}

#endif
