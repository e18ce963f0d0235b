/* parameters.c: the steps of optimisers, in place. */
#include <math.h>

#include "tensor/ref/ref.h"

rp_status rp_ref_sum_squares(rp_device *device, const rp_args *args, rp_error *error) {
    double sum = 0;
    for (int64_t i = 0; i < rp_tensor_count(args->in[0]); i++) {
        const double x = rp_tensor_get(args->in[0], i);
        sum += x * x;
    }
    rp_tensor_set(args->out[0], 0, sum);
    return RP_OK;
}

rp_status rp_ref_adam(rp_device *device, const rp_args *args, rp_error *error) {
    rp_tensor *p = args->out[0], *m = args->out[1], *v = args->out[2];
    const rp_attr *attr = &args->attr;
    const double b1 = attr->decay[0], b2 = attr->decay[1];
    const double m_part = 1 - pow(b1, (double)attr->count);
    const double v_part = 1 - pow(b2, (double)attr->count);
    for (int64_t i = 0; i < rp_tensor_count(p); i++) {
        const double g = attr->alpha * rp_tensor_get(args->in[0], i);
        const double m_new = b1 * rp_tensor_get(m, i) + (1 - b1) * g;
        const double v_new = b2 * rp_tensor_get(v, i) + (1 - b2) * g * g;
        const double step = attr->rate * (m_new / m_part) / (sqrt(v_new / v_part) + attr->eps);
        rp_tensor_set(m, i, m_new);
        rp_tensor_set(v, i, v_new);
        rp_tensor_set(p, i, rp_tensor_get(p, i) - step);
    }
    return RP_OK;
}

rp_status rp_ref_average(rp_device *device, const rp_args *args, rp_error *error) {
    rp_tensor *y = args->out[0];
    for (int64_t i = 0; i < rp_tensor_count(y); i++) {
        const double old = rp_tensor_get(y, i);
        rp_tensor_set(y, i, old + args->attr.rate * (rp_tensor_get(args->in[0], i) - old));
    }
    return RP_OK;
}

rp_status rp_ref_sgd(rp_device *device, const rp_args *args, rp_error *error) {
    rp_tensor *p = args->out[0], *m = args->out[1];
    const rp_attr *attr = &args->attr;
    for (int64_t i = 0; i < rp_tensor_count(p); i++) {
        const double g =
            attr->alpha * rp_tensor_get(args->in[0], i) + attr->beta * rp_tensor_get(p, i);
        const double m_new = attr->decay[0] * rp_tensor_get(m, i) + g;
        rp_tensor_set(m, i, m_new);
        rp_tensor_set(p, i, rp_tensor_get(p, i) - attr->rate * m_new);
    }
    return RP_OK;
}
