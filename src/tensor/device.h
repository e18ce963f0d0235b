/* device.h: where tensors live and who computes. A device is a name, memory and one rp_ops. */
#ifndef RP_TENSOR_DEVICE_H
#define RP_TENSOR_DEVICE_H

#include "tensor/ops.h"

/* Other processes that hold the rest of the batch; norms are then over all of it. */
typedef struct rp_sharing {
    int members;   /* 0: none, the batch is whole */
    void *context; /* of sum */
    /* Adds up `values` over all members, in place, with the same result on each. */
    void (*sum)(void *context, double *values, int64_t count);
} rp_sharing;

struct rp_device {
    const char *name;
    rp_ops ops; /* complete: what the device does not override is ref's */
    const char *implementation[RP_OP_COUNT]; /* "ref", "cpu", "onednn" */
    unsigned threads;
    uint64_t weights_version; /* grows when parameters change: packed copies are then stale */
    const rp_log *trace;      /* NULL: none */
    rp_sharing sharing;       /* set by who trains, else zero */
    void *state;              /* of the device: caches */
    void *(*allocate)(rp_device *device, size_t bytes); /* aligned to 64, not cleared */
    void (*release)(rp_device *device, void *data);
    void (*destroy)(rp_device *device);
};

/* The plain loops as a device: slow, any type, the truth. */
rp_status rp_device_create_ref(rp_device **device, rp_error *error);

/* This machine's processors: oneDNN and fused loops, chosen by what the CPU can do.
 * `threads` 0: all that the process may use. */
rp_status rp_device_create_cpu(rp_device **device, unsigned threads, rp_error *error);

void rp_device_destroy(rp_device *device);

/* Runs one row. */
rp_status rp_device_run(rp_device *device, rp_op op, const rp_args *args, rp_error *error);

#endif
