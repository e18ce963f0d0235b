/* elementwise.c: one number in, one number out. */
#include <assert.h>
#include <math.h>

#include "base/random.h"
#include "tensor/ref/ref.h"

rp_status rp_ref_add(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *a = args->in[0], *b = args->in[1];
    const int64_t count = rp_tensor_count(a), period = rp_tensor_count(b);
    assert(count % period == 0);
    for (int64_t i = 0; i < count; i++)
        rp_tensor_set(args->out[0], i, rp_tensor_get(a, i) + rp_tensor_get(b, i % period));
    return RP_OK;
}

rp_status rp_ref_mul(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *a = args->in[0], *b = args->in[1];
    const int64_t count = rp_tensor_count(a), period = rp_tensor_count(b);
    assert(count % period == 0);
    for (int64_t i = 0; i < count; i++)
        rp_tensor_set(args->out[0], i, rp_tensor_get(a, i) * rp_tensor_get(b, i % period));
    return RP_OK;
}

/* y[i] = function(x[i]). */
static rp_status map(const rp_args *args, double (*function)(double x, const rp_attr *attr)) {
    const rp_tensor *x = args->in[0];
    const int64_t count = rp_tensor_count(x);
    assert(rp_tensor_count(args->out[0]) == count);
    for (int64_t i = 0; i < count; i++)
        rp_tensor_set(args->out[0], i, function(rp_tensor_get(x, i), &args->attr));
    return RP_OK;
}

static double scale_one(double x, const rp_attr *attr) { return attr->alpha * x + attr->beta; }
static double power_one(double x, const rp_attr *attr) { return pow(x, attr->alpha); }
static double relu_one(double x, const rp_attr *attr) { return x > 0 ? x : 0; }
static double step_one(double x, const rp_attr *attr) { return x > 0 ? 1 : 0; }
static double sigmoid_one(double x, const rp_attr *attr) { return rp_ref_logistic(x); }
static double tanh_one(double x, const rp_attr *attr) { return tanh(x); }
static double exp_one(double x, const rp_attr *attr) { return exp(x); }
static double log_one(double x, const rp_attr *attr) { return log(x); }
static double cast_one(double x, const rp_attr *attr) { return x; }

rp_status rp_ref_scale(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, scale_one);
}
rp_status rp_ref_power(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, power_one);
}
rp_status rp_ref_relu(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, relu_one);
}
rp_status rp_ref_step(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, step_one);
}
rp_status rp_ref_sigmoid(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, sigmoid_one);
}
rp_status rp_ref_tanh(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, tanh_one);
}
rp_status rp_ref_exp(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, exp_one);
}
rp_status rp_ref_log(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, log_one);
}
rp_status rp_ref_cast(rp_device *device, const rp_args *args, rp_error *error) {
    return map(args, cast_one);
}

rp_status rp_ref_dropout(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0];
    const rp_attr *attr = &args->attr;
    const int64_t count = rp_tensor_count(x), row = count / x->shape[0];
    uint32_t block[4];
    assert(attr->rate >= 0 && attr->rate < 1);
    for (int64_t i = 0; i < count; i++) {
        const int64_t j = i % row;
        if (j % 4 == 0)
            rp_random_block(block, attr->seed, attr->stream + (uint64_t)(i / row), (uint64_t)j / 4);
        const bool is_dropped = block[j % 4] * 0x1p-32 < attr->rate;
        rp_tensor_set(args->out[0], i, is_dropped ? 0 : rp_tensor_get(x, i) / (1 - attr->rate));
    }
    return RP_OK;
}
