/* optimiser.c: see optimiser.h. The whole network is one block, so each part is one call. */
#include "nn/optimiser.h"

#include <math.h>

rp_optimiser rp_optimiser_adam(double rate, uint64_t steps) {
    return (rp_optimiser){.kind = RP_OPTIMISER_ADAM,
                          .beta1 = 0.9,
                          .beta2 = 0.999,
                          .eps = 1e-7,
                          .schedule = {.kind = RP_SCHEDULE_COSINE, .rate = rate, .steps = steps}};
}

double rp_schedule_rate(const rp_schedule *s, uint64_t step) {
    if (step < s->warmup) return s->rate * (double)step / (double)s->warmup;
    if (s->kind == RP_SCHEDULE_CONSTANT) return s->rate;
    if (s->kind == RP_SCHEDULE_STEP)
        return s->rate * pow(s->factor, floor((double)step / (double)s->every));
    const uint64_t span = s->steps > s->warmup ? s->steps - s->warmup : 1;
    const double done = fmin(1, (double)(step - s->warmup) / (double)span);
    return s->rate * (s->floor + (1 - s->floor) * 0.5 * (1 + cos(3.14159265358979323846 * done)));
}

/* Norm of the gradient over the whole network. */
static rp_status gradient_norm(rp_parameters *parameters, rp_device *device, double *norm,
                               rp_error *error) {
    const int64_t count[1] = {parameters->trained_count}, one[1] = {1};
    double sum = 0;
    const rp_tensor g = rp_tensor_over(parameters->gradients, RP_F32, 1, count);
    rp_tensor y = rp_tensor_over(&sum, RP_F64, 1, one);
    const rp_args args = {.in = {&g}, .out = {&y}};
    RP_TRY(rp_device_run(device, RP_OP_sum_squares, &args, error));
    *norm = sqrt(sum);
    return RP_OK;
}

static rp_status update_average(rp_parameters *parameters, rp_device *device, double keep,
                                uint64_t step, rp_error *error) {
    /* Early on the average follows quickly, so that the start does not linger in it. */
    const double growing = (1.0 + (double)step) / (10.0 + (double)step);
    const float k = (float)(growing < keep ? growing : keep);
    const int64_t count[1] = {parameters->trained_count};
    const rp_tensor values = rp_tensor_over(parameters->values, RP_F32, 1, count);
    rp_tensor average = rp_tensor_over(parameters->average, RP_F32, 1, count);
    const rp_args args = {.in = {&values}, .out = {&average}, .attr = {.rate = 1 - k}};
    return rp_device_run(device, RP_OP_average, &args, error);
}

static rp_status decay_weights(rp_parameters *parameters, rp_device *device, double share,
                               rp_error *error) {
    for (int k = 0; k < parameters->count; k++) {
        rp_parameter *row = &parameters->rows[k];
        if (!row->trained || row->dims < 2) continue;
        const rp_args args = {
            .in = {&row->tensor}, .out = {&row->tensor}, .attr = {.alpha = 1 - share}};
        RP_TRY(rp_device_run(device, RP_OP_scale, &args, error));
    }
    return RP_OK;
}

rp_status rp_optimiser_step(const rp_optimiser *o, rp_parameters *parameters, rp_device *device,
                            uint64_t step, double *norm, rp_error *error) {
    double size;
    RP_TRY(gradient_norm(parameters, device, &size, error));
    if (norm != NULL) *norm = size;
    if (!isfinite(size))
        return rp_fail(error, RP_NO, (int64_t)step, "step %llu: the gradient is not finite",
                       (unsigned long long)step);
    const int64_t count[1] = {parameters->trained_count};
    const rp_tensor g = rp_tensor_over(parameters->gradients, RP_F32, 1, count);
    rp_tensor p = rp_tensor_over(parameters->values, RP_F32, 1, count);
    rp_tensor m = rp_tensor_over(parameters->moment1, RP_F32, 1, count);
    rp_tensor v = rp_tensor_over(parameters->moment2, RP_F32, 1, count);
    rp_args args = {.in = {&g}, .out = {&p, &m, &v}};
    args.attr = (rp_attr){.alpha = o->clip > 0 && size > o->clip ? o->clip / size : 1,
                          .beta = o->weight_decay,
                          .eps = o->eps,
                          .count = step,
                          .rate = rp_schedule_rate(&o->schedule, step)};
    args.attr.decay[0] = o->kind == RP_OPTIMISER_ADAM ? o->beta1 : o->momentum;
    args.attr.decay[1] = o->beta2;
    if (o->kind == RP_OPTIMISER_SGD) args.out[2] = NULL;
    RP_TRY(
        rp_device_run(device, o->kind == RP_OPTIMISER_ADAM ? RP_OP_adam : RP_OP_sgd, &args, error));
    if (o->kind == RP_OPTIMISER_ADAM && o->weight_decay > 0)
        RP_TRY(decay_weights(parameters, device, args.attr.rate * o->weight_decay, error));
    device->weights_version++;
    if (o->average > 0) RP_TRY(update_average(parameters, device, o->average, step, error));
    return RP_OK;
}
