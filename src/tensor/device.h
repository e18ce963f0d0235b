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

/* Round n of some that do not depend on one another. */
typedef void (*rp_round)(void *context, int64_t n);

struct rp_device {
    const char *name;
    rp_ops ops; /* complete: what the device does not override is ref's */
    const char *implementation[RP_OP_COUNT]; /* "ref", "cpu", "onednn" */
    unsigned threads;
    uint64_t weights_version; /* grows when parameters change: packed copies are then stale */
    const rp_log *trace;      /* NULL: none */
    rp_sharing sharing;       /* set by who trains, else zero */
    void *state;              /* of the device: caches */
    bool has_own_memory;      /* reads the host's only by way of a copy: see rp_tape_import */
    void *(*allocate)(rp_device *device, size_t bytes); /* aligned to 64, not cleared */
    void (*release)(rp_device *device, void *data);
    void (*clear)(rp_device *device, void *data, size_t bytes);                /* to 0 */
    void (*copy)(rp_device *device, void *to, const void *from, size_t bytes); /* of any memory */
    /* Does rounds 0 .. count - 1 on the threads that compute, each when one is free; returns when
     * all are done. NULL: the device computes elsewhere, and the host's threads are free meanwhile.
     */
    void (*each)(rp_device *device, int64_t count, rp_round round, void *context);
    rp_status (*finish)(rp_device *device, rp_error *error); /* NULL: rows end before they return */
    void (*destroy)(rp_device *device);
};

/* The plain loops as a device: slow, any type, the truth. */
rp_status rp_device_create_ref(rp_device **device, rp_error *error);

/* This machine's processors: oneDNN and fused loops, chosen by what the CPU can do.
 * `threads` 0: all that the process may use; never more than OMP_THREAD_LIMIT. */
rp_status rp_device_create_cpu(rp_device **device, unsigned threads, rp_error *error);

/* An NVIDIA GPU: cuBLAS, cuDNN and kernels of our own, in a library that is opened here. Rows only
 * begin; the host may read and write what the device made after rp_device_finish. RP_SYSTEM, with a
 * line that says what is missing: built without CUDA, no driver, no GPU. */
rp_status rp_device_create_cuda(rp_device **device, rp_error *error);

/* The device of this name, "cpu" or "cuda". RP_USAGE: there is none; RP_SYSTEM as above. */
rp_status rp_device_create(rp_device **device, const char *name, unsigned threads, rp_error *error);

void rp_device_destroy(rp_device *device);

/* Waits until all rows that were run have ended. RP_SYSTEM: one of them failed. */
rp_status rp_device_finish(rp_device *device, rp_error *error);

/* Runs one row. */
rp_status rp_device_run(rp_device *device, rp_op op, const rp_args *args, rp_error *error);

#endif
