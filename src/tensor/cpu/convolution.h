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

#endif
