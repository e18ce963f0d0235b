/* window.c: what a run of columns holds: a soft maximum over the window of a span, and back. */
#include "base/vector_math.h"
#include "tensor/cpu/cpu.h"

static rp_status window_pool(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    if (x->dtype != RP_F32) return rp_ref_ops.window_pool(device, args, error);
    const int64_t columns = x->shape[1], channels = x->shape[2], spans = args->in[1]->shape[0];
    const int32_t *span = args->in[1]->data;
#pragma omp parallel for
    for (int64_t n = 0; n < spans; n++) {
        const int64_t count = span[3 * n + 2] - span[3 * n + 1];
        const float *rows =
            (const float *)x->data + (span[3 * n] * columns + span[3 * n + 1]) * channels;
        float *y = (float *)args->out[0]->data + n * channels;
        for (int64_t c = 0; c < channels; c++) {
            float largest = rows[c], total = 0;
            for (int64_t t = 1; t < count; t++)
                largest = rows[t * channels + c] > largest ? rows[t * channels + c] : largest;
            for (int64_t t = 0; t < count; t++) total += rp_exp(rows[t * channels + c] - largest);
            y[c] = largest + logf(total);
        }
    }
    return RP_OK;
}

static rp_status window_pool_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[1];
    if (x->dtype != RP_F32) return rp_ref_ops.window_pool_backward(device, args, error);
    const int64_t columns = x->shape[1], channels = x->shape[2], spans = args->in[2]->shape[0];
    const float *gy = args->in[0]->data, *y = args->in[3]->data;
    const int32_t *span = args->in[2]->data;
    memset(args->out[0]->data, 0, rp_tensor_bytes(x));
    for (int64_t n = 0; n < spans; n++) { /* in order: windows of one image overlap */
        const int64_t count = span[3 * n + 2] - span[3 * n + 1];
        const int64_t first = (span[3 * n] * columns + span[3 * n + 1]) * channels;
        const float *restrict rows = (const float *)x->data + first;
        float *restrict gx = (float *)args->out[0]->data + first;
        for (int64_t t = 0; t < count; t++)
            for (int64_t c = 0; c < channels; c++)
                gx[t * channels + c] +=
                    gy[n * channels + c] * rp_exp(rows[t * channels + c] - y[n * channels + c]);
    }
    return RP_OK;
}

void rp_cpu_install_window(rp_device *device);
void rp_cpu_install_window(rp_device *device) {
    device->ops.window_pool = window_pool;
    device->ops.window_pool_backward = window_pool_backward;
    device->implementation[RP_OP_window_pool] = "cpu";
    device->implementation[RP_OP_window_pool_backward] = "cpu";
}
