/* optimiser.h: from gradients to the next values: clipping, rate, update, average. */
#ifndef RP_NN_OPTIMISER_H
#define RP_NN_OPTIMISER_H

#include "nn/parameters.h"
#include "tensor/device.h"

typedef enum rp_optimiser_kind { RP_OPTIMISER_ADAM, RP_OPTIMISER_SGD } rp_optimiser_kind;

typedef enum rp_schedule_kind {
    RP_SCHEDULE_CONSTANT,
    RP_SCHEDULE_COSINE, /* to rate * floor at the last step */
    RP_SCHEDULE_STEP,   /* times `factor` every `every` steps */
} rp_schedule_kind;

typedef struct rp_schedule {
    rp_schedule_kind kind;
    double rate, floor, factor;
    uint64_t warmup, steps, every; /* warm-up: linear from 0 over so many steps */
} rp_schedule;

typedef struct rp_optimiser {
    rp_optimiser_kind kind;
    rp_schedule schedule;
    double beta1, beta2, eps; /* Adam */
    double momentum;          /* SGD */
    double weight_decay;      /* SGD: added to the gradient; Adam: taken off the weights themselves,
                                 times the rate (Loshchilov and Hutter 2019), of rows with two or
                                 more axes: not of biases and norms */
    double clip;              /* largest norm of the whole gradient; 0: no clipping */
    double average;           /* keep factor of the weights' average; 0: none */
} rp_optimiser;

/* Adam as Kingma and Ba 2015 with a cosine to 0. */
rp_optimiser rp_optimiser_adam(double rate, uint64_t steps);

/* The rate of step `step`, counted from 1. */
double rp_schedule_rate(const rp_schedule *schedule, uint64_t step);

/* One step from the gradients that stand in `parameters`. `step` counts from 1. `norm` (may be
 * NULL) receives the gradient's norm before clipping. RP_NO: the gradient is not finite; nothing
 * was changed. */
rp_status rp_optimiser_step(const rp_optimiser *optimiser, rp_parameters *parameters,
                            rp_device *device, uint64_t step, double *norm, rp_error *error);

#endif
