/* parameters.h: the numbers a network learns, as one block cut by a table of names and shapes.
 *
 *     values     [ trained: weight, weight, bias, ... | state: running mean, running variance ]
 *     gradients  [ trained ]      moments 1, 2 [ trained ]      average [ trained ]
 *
 * Saving, optimising, averaging and sending are then one loop each. Add rows first, then plan: the
 * blocks are allocated once, before the first step. */
#ifndef RP_NN_PARAMETERS_H
#define RP_NN_PARAMETERS_H

#include "tensor/device.h"

typedef enum rp_init {
    RP_INIT_ZEROS,
    RP_INIT_ONES,
    RP_INIT_UNIFORM,    /* in +- scale */
    RP_INIT_GLOROT,     /* uniform in +- sqrt(6 / (fan_in + fan_out)), Glorot and Bengio 2010 */
    RP_INIT_HE,         /* normal, deviation sqrt(2 / fan_in), He et al. 2015 */
    RP_INIT_ORTHOGONAL, /* each square block of rows orthogonal, Saxe et al. 2014 */
    RP_INIT_LSTM_BIAS,  /* 0, the forget gate's quarter 1 */
} rp_init;

enum { RP_PARAMETER_NAME_MAX = 64 };

typedef struct rp_parameter {
    char name[RP_PARAMETER_NAME_MAX]; /* "encoder.1.conv1.weight" */
    int dims;
    int64_t shape[RP_DIMS_MAX];
    rp_init init;
    double scale;     /* of RP_INIT_UNIFORM */
    bool trained;     /* false: state, such as running statistics */
    int64_t offset;   /* in its part of the block */
    rp_tensor tensor; /* over values; its grad is `gradient` when trained */
    rp_tensor gradient;
} rp_parameter;

typedef struct rp_parameters {
    rp_parameter *rows; /* owned */
    int count, capacity;
    int64_t trained_count, state_count;                      /* numbers */
    float *values, *gradients, *moment1, *moment2, *average; /* owned; the last four may be NULL */
    rp_status status;                                        /* sticky: of rp_parameters_add */
    rp_device *device; /* whose memory the blocks are, see rp_parameters_move; NULL: the host's */
} rp_parameters;

/* Adds a row and returns its index. Fan-in is the product of all axes but the first, fan-out the
 * first axis times the kernel's. After a failure (no memory, name too long) 0 is returned. */
int rp_parameters_add(rp_parameters *parameters, const char *name, rp_init init, bool trained,
                      int dims, const int64_t *shape);

/* Allocates, and initialises every row from `seed`: row i from stream i, whatever the others are.
 * With `training`: gradients, moments and the average (a copy of the values) as well. */
rp_status rp_parameters_plan(rp_parameters *parameters, uint64_t seed, bool training,
                             rp_error *error);

/* Brings the blocks into memory of the device, if that has its own (else nothing is done): its rows
 * then read them where they are. The device must outlive the parameters. The host may still read
 * and write them when the device is at rest (rp_device_finish). */
rp_status rp_parameters_move(rp_parameters *parameters, rp_device *device, rp_error *error);

/* The row of this name, or NULL. */
rp_parameter *rp_parameters_find(const rp_parameters *parameters, const char *name);

void rp_parameters_zero_gradients(rp_parameters *parameters);
void rp_parameters_clear(rp_parameters *parameters);

#endif
