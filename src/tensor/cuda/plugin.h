/* plugin.h: what libreprise_cuda.so gives to Reprise, and what Reprise keeps of it.
 *
 * The library of CUDA kernels is opened at run time (device.c): Reprise itself knows no CUDA, so
 * one build runs with and without a GPU. Both sides are built from one tree; the version is there
 * for a library that was left over from another. */
#ifndef RP_TENSOR_CUDA_PLUGIN_H
#define RP_TENSOR_CUDA_PLUGIN_H

#include "tensor/device.h"

enum { RP_CUDA_PLUGIN_VERSION = 1 };

/* Memory of the device is managed: the host may read and write it while the device is at rest. */
typedef struct rp_cuda_plugin {
    rp_ops ops;  /* NULL: no kernel; the plain loops do it on the same memory */
    void *state; /* of the plug-in, owned by it */
    void *(*allocate)(size_t bytes);
    void (*release)(void *data);
    void (*clear)(void *state, void *data, size_t bytes);
    void (*copy)(void *state, void *to, const void *from, size_t bytes);
    rp_status (*finish)(void *state, rp_error *error); /* waits; says what went wrong until now */
    void (*destroy)(void *state);
    bool reads_host; /* kernels can read any memory of the host: nothing need be carried over */
} rp_cuda_plugin;

/* The library's one function. RP_SYSTEM: no GPU, no driver, another version. */
typedef rp_status (*rp_cuda_plugin_open_fn)(rp_cuda_plugin *plugin, int version, rp_error *error);

#define RP_CUDA_PLUGIN_OPEN "rp_cuda_plugin_open"
__attribute__((visibility("default"))) rp_status rp_cuda_plugin_open(rp_cuda_plugin *plugin,
                                                                     int version, rp_error *error);

/* A device over an opened plug-in, which it takes over with `library` (NULL: linked in). */
rp_status rp_cuda_device_over(rp_device **device, const rp_cuda_plugin *plugin, void *library,
                              rp_error *error);

/* Blocks of the device, in order of address: what lies in none of them is the host's. */
typedef struct rp_cuda_block {
    const char *data;
    size_t bytes;
} rp_cuda_block;

/* rp_device.state of a CUDA device. The plug-in stands first: its kernels look for its state. */
typedef struct rp_cuda_device {
    rp_cuda_plugin plugin;
    void *library; /* of dlopen; NULL: the plug-in is linked in */
    rp_cuda_block *blocks;
    int32_t block_count, block_capacity;
    struct {
        void *data;
        size_t size;
    } carried[RP_INS_MAX + RP_OUTS_MAX]; /* copies of the host's tensors, a slot each */
} rp_cuda_device;

#endif
