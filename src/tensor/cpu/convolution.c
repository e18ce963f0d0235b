/* convolution.c: which way a convolution goes. Where the processor has dot products of bf16, ours
 * come before oneDNN's; what they are not made for is handed on. */
#include "tensor/cpu/convolution.h"

#include <omp.h>

/* In bf16, with whole panels of channels and outputs? */
static bool is_wide(const rp_tensor *x, const rp_tensor *w) {
    return x->dtype == RP_BF16 && w->shape[0] % RP_PANEL == 0 && w->shape[3] % RP_PANEL == 0;
}

static bool is_for_winograd(const rp_tensor *x, const rp_tensor *w, const rp_attr *attr) {
    for (int i = 0; i < 4; i++)
        if (attr->pad[i] > 2) return false;
    return is_wide(x, w) && w->shape[1] == 3 && w->shape[2] == 3 && attr->stride[0] == 1 &&
           attr->stride[1] == 1;
}

/* Notes the way for the trace. */
static rp_status go(rp_device *device, rp_op op, const char *way, rp_kernel kernel,
                    const rp_args *args, rp_error *error) {
    device->implementation[op] = way;
    return kernel(device, args, error);
}

static rp_status conv2d(rp_device *device, const rp_args *args, rp_error *error) {
    if (is_for_winograd(args->in[0], args->in[1], &args->attr))
        return go(device, RP_OP_conv2d, "winograd", rp_winograd_forward, args, error);
    return go(device, RP_OP_conv2d, "onednn", rp_cpu_state_of(device)->next.conv2d, args, error);
}

static rp_status conv2d_bias(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_op op = RP_OP_conv2d_bias;
    if (is_for_winograd(args->in[0], args->in[1], &args->attr))
        return go(device, op, "winograd", rp_winograd_forward, args, error);
    return go(device, op, "onednn", rp_cpu_state_of(device)->next.conv2d_bias, args, error);
}

static rp_status conv2d_backward_data(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_op op = RP_OP_conv2d_backward_data;
    if (is_for_winograd(args->in[0], args->in[1], &args->attr))
        return go(device, op, "winograd", rp_winograd_backward_data, args, error);
    return go(device, op, "onednn", rp_cpu_state_of(device)->next.conv2d_backward_data, args,
              error);
}

static rp_status conv2d_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_op op = RP_OP_conv2d_backward_weights;
    if (is_for_winograd(args->in[0], args->out[0], &args->attr))
        return go(device, op, "winograd", rp_winograd_backward_weights, args, error);
    if (is_wide(args->in[0], args->out[0]))
        return go(device, op, "paired", rp_paired_backward_weights, args, error);
    return go(device, op, "onednn", rp_cpu_state_of(device)->next.conv2d_backward_weights, args,
              error);
}

const float *rp_cpu_sum_blocks(rp_device *device, int64_t blocks, int64_t count,
                               int64_t space_bytes, rp_block_add add, const void *context) {
    const int threads = blocks < device->threads ? (int)blocks : (int)device->threads;
    const int64_t share = count + space_bytes / (int64_t)sizeof(float);
    float *all = rp_cpu_scratch_take(device, RP_SCRATCH_CONVOLUTION,
                                     (size_t)(share * threads) * sizeof *all);
    if (all == NULL) return NULL;
#pragma omp parallel num_threads(threads)
    {
        float *sums = all + omp_get_thread_num() * share;
        memset(sums, 0, (size_t)count * sizeof *sums);
#pragma omp for schedule(static)
        for (int64_t n = 0; n < blocks; n++) add(context, n, sums, sums + count);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < count; i++)
            for (int thread = 1; thread < omp_get_num_threads(); thread++)
                all[i] += all[thread * share + i];
    }
    return all;
}

void rp_cpu_install_convolutions(rp_device *device) {
    rp_cpu_state_of(device)->next = device->ops;
    device->ops.conv2d = conv2d;
    device->ops.conv2d_bias = conv2d_bias;
    device->ops.conv2d_backward_data = conv2d_backward_data;
    device->ops.conv2d_backward_weights = conv2d_backward_weights;
}
