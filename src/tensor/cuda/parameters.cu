/* parameters.cu: the steps of optimisers, in place, a thread a weight. */
#include <math.h>

#include "tensor/cuda/numbers.h"

static __global__ void average_kernel(float *y, const float *x, float rate, int64_t count) {
    const int64_t i = rp_index();
    if (i < count) y[i] += rate * (x[i] - y[i]);
}

rp_status rp_cuda_average(rp_device *device, const rp_args *args, rp_error *error) {
    const int64_t count = rp_tensor_count(args->in[0]);
    rp_launch(rp_cuda_state_of(device), average_kernel, rp_grid_over(count),
              (float *)args->out[0]->data, (const float *)args->in[0]->data, (float)args->attr.rate,
              count);
    return rp_cuda_launched(device, error);
}

typedef struct step {
    const float *g;
    float *p, *m, *v;
    int64_t count;
    float g_scale, p_scale, rate, eps, b1, b2, m_part, v_part;
} step;

static __global__ void adam_kernel(step s) {
    const int64_t i = rp_index();
    if (i >= s.count) return;
    const float g = s.g_scale * s.g[i];
    const float m = s.m[i] = s.b1 * s.m[i] + (1 - s.b1) * g;
    const float v = s.v[i] = s.b2 * s.v[i] + (1 - s.b2) * g * g;
    s.p[i] -= s.rate * (m / s.m_part) / (sqrtf(v / s.v_part) + s.eps);
}

static __global__ void sgd_kernel(step s) {
    const int64_t i = rp_index();
    if (i >= s.count) return;
    const float g = s.g_scale * s.g[i] + s.p_scale * s.p[i];
    const float m = s.m[i] = s.b1 * s.m[i] + g;
    s.p[i] -= s.rate * m;
}

static step step_of(const rp_args *args) {
    const rp_attr *attr = &args->attr;
    step s = {(const float *)args->in[0]->data, (float *)args->out[0]->data,
              (float *)args->out[1]->data};
    s.v = args->out[2] != NULL ? (float *)args->out[2]->data : NULL;
    s.count = rp_tensor_count(args->in[0]);
    s.g_scale = (float)attr->alpha;
    s.p_scale = (float)attr->beta;
    s.rate = (float)attr->rate;
    s.eps = (float)attr->eps;
    s.b1 = (float)attr->decay[0];
    s.b2 = (float)attr->decay[1];
    s.m_part = (float)(1 - pow(attr->decay[0], (double)attr->count));
    s.v_part = (float)(1 - pow(attr->decay[1], (double)attr->count));
    return s;
}

rp_status rp_cuda_adam(rp_device *device, const rp_args *args, rp_error *error) {
    const step s = step_of(args);
    rp_launch(rp_cuda_state_of(device), adam_kernel, rp_grid_over(s.count), s);
    return rp_cuda_launched(device, error);
}

rp_status rp_cuda_sgd(rp_device *device, const rp_args *args, rp_error *error) {
    const step s = step_of(args);
    rp_launch(rp_cuda_state_of(device), sgd_kernel, rp_grid_over(s.count), s);
    return rp_cuda_launched(device, error);
}
