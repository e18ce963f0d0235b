/* convolution.h: our own ways to convolve in bf16, for processors with its dot products. Private to
 * src/tensor/cpu. Numbers of channels and of outputs are multiples of RP_PANEL. */
#ifndef RP_TENSOR_CPU_CONVOLUTION_H
#define RP_TENSOR_CPU_CONVOLUTION_H

#include "tensor/cpu/cpu.h"

/* The rows conv2d and conv2d_bias, conv2d_backward_data and conv2d_backward_weights for windows of
 * 3x3, stride 1 and padding of at most 2 (winograd.h). */
rp_status rp_winograd_forward(rp_device *device, const rp_args *args, rp_error *error);
rp_status rp_winograd_backward_data(rp_device *device, const rp_args *args, rp_error *error);
rp_status rp_winograd_backward_weights(rp_device *device, const rp_args *args, rp_error *error);

/* The row conv2d_backward_weights for any window and stride (paired_gradient.c). */
rp_status rp_paired_backward_weights(rp_device *device, const rp_args *args, rp_error *error);

/* Adds block n of a sum's terms to `sums`; `space` is the thread's own. */
typedef void (*rp_block_add)(const void *context, int64_t n, float *sums, void *space);

/* The sums of `count` numbers over all blocks, in the device's memory until a convolution asks for
 * it again; NULL: no memory. Each thread adds up its share of the blocks, in order, and has
 * `space_bytes` (a multiple of 4) to do it in; then the shares are added up. */
const float *rp_cpu_sum_blocks(rp_device *device, int64_t blocks, int64_t count,
                               int64_t space_bytes, rp_block_add add, const void *context);

#endif
