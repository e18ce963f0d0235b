/* device.c of CUDA: the device over the plug-in of kernels. This file knows no CUDA and is part of
 * every build; the kernels are in a library of their own, opened when a GPU is asked for.
 *
 * Tensors made by the device are in its managed memory. What a row is given of the host's own
 * memory (a batch, a sum on the stack) is carried over first and back behind, which waits for the
 * device: right for small things, and for large ones rp_tape_import carries them once. A row
 * without a kernel, or of f64, is done by the plain loops on the same memory. */
#include <dlfcn.h>
#include <stdlib.h>

#include "tensor/cuda/cuda_build.h"
#include "tensor/cuda/plugin.h"

static rp_cuda_device *device_of(rp_device *device) { return device->state; }

/* ---- whose memory ---------------------------------------------------------------------------- */

/* The number of blocks that begin at or before `data`. */
static int32_t blocks_before(const rp_cuda_device *d, const char *data) {
    int32_t low = 0, high = d->block_count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (d->blocks[middle].data <= data) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool is_own(const rp_cuda_device *d, const void *data) {
    const int32_t before = blocks_before(d, data);
    if (before == 0) return false;
    const rp_cuda_block *block = &d->blocks[before - 1];
    return (const char *)data < block->data + block->bytes;
}

static void *allocate(rp_device *device, size_t bytes) {
    rp_cuda_device *d = device_of(device);
    if (d->block_count == d->block_capacity) {
        const int32_t capacity = d->block_capacity == 0 ? 256 : d->block_capacity * 2;
        rp_cuda_block *larger = realloc(d->blocks, (size_t)capacity * sizeof *larger);
        if (larger == NULL) return NULL;
        d->blocks = larger;
        d->block_capacity = capacity;
    }
    char *data = d->plugin.allocate(bytes);
    if (data == NULL) return NULL;
    const int32_t at = blocks_before(d, data);
    memmove(&d->blocks[at + 1], &d->blocks[at], (size_t)(d->block_count - at) * sizeof *d->blocks);
    d->blocks[at] = (rp_cuda_block){data, bytes};
    d->block_count++;
    return data;
}

static void release(rp_device *device, void *data) {
    rp_cuda_device *d = device_of(device);
    if (data == NULL) return;
    const int32_t at = blocks_before(d, data) - 1;
    memmove(&d->blocks[at], &d->blocks[at + 1],
            (size_t)(d->block_count - at - 1) * sizeof *d->blocks);
    d->block_count--;
    d->plugin.finish(d->plugin.state, NULL); /* a kernel may still be at it */
    d->plugin.release(data);
}

static void clear(rp_device *device, void *data, size_t bytes) {
    rp_cuda_device *d = device_of(device);
    d->plugin.clear(d->plugin.state, data, bytes);
}

static void copy(rp_device *device, void *to, const void *from, size_t bytes) {
    rp_cuda_device *d = device_of(device);
    d->plugin.copy(d->plugin.state, to, from, bytes);
}

static rp_status finish(rp_device *device, rp_error *error) {
    rp_cuda_device *d = device_of(device);
    return d->plugin.finish(d->plugin.state, error);
}

static void destroy(rp_device *device) {
    rp_cuda_device *d = device_of(device);
    if (d == NULL) return;
    for (size_t i = 0; i < RP_COUNT(d->carried); i++)
        if (d->carried[i].data != NULL) d->plugin.release(d->carried[i].data);
    d->plugin.destroy(d->plugin.state);
    if (d->library != NULL) dlclose(d->library);
    free(d->blocks);
    free(d);
}

/* ---- one row --------------------------------------------------------------------------------- */

/* A copy of the tensor in the device's memory, in the slot's buffer; false: no memory. */
static bool carry(rp_cuda_device *d, int slot, rp_tensor *there, const rp_tensor *tensor) {
    const size_t bytes = rp_tensor_bytes(tensor);
    if (d->carried[slot].size < bytes) {
        d->plugin.finish(d->plugin.state, NULL);
        if (d->carried[slot].data != NULL) d->plugin.release(d->carried[slot].data);
        d->carried[slot].data = d->plugin.allocate(bytes);
        d->carried[slot].size = d->carried[slot].data != NULL ? bytes : 0;
    }
    if (d->carried[slot].data == NULL) return false;
    *there = *tensor;
    there->data = d->carried[slot].data;
    d->plugin.copy(d->plugin.state, there->data, tensor->data, bytes);
    return true;
}

static bool is_foreign(const rp_cuda_device *d, const rp_tensor *tensor) {
    return tensor != NULL && !d->plugin.reads_host && !is_own(d, tensor->data);
}

/* f64 is the plain loops'; a sum that is only written in it is not meant. */
static bool is_for_kernel(const rp_args *args, rp_kernel kernel) {
    for (int i = 0; i < RP_INS_MAX; i++)
        if (args->in[i] != NULL && args->in[i]->dtype == RP_F64) return false;
    return kernel != NULL;
}

static rp_status run_row(rp_device *device, size_t offset, const rp_args *args, rp_error *error) {
    rp_cuda_device *d = device_of(device);
    const rp_kernel kernel = *(const rp_kernel *)((const char *)&d->plugin.ops + offset);
    if (!is_for_kernel(args, kernel)) {
        RP_TRY(finish(device, error));
        return (*(const rp_kernel *)((const char *)&rp_ref_ops + offset))(device, args, error);
    }
    rp_tensor there[RP_INS_MAX + RP_OUTS_MAX];
    rp_args own = *args;
    bool waits = false;
    for (int i = 0; i < RP_INS_MAX; i++) {
        if (!is_foreign(d, args->in[i])) continue;
        if (!carry(d, i, &there[i], args->in[i])) return rp_fail_memory(error, "GPU");
        own.in[i] = &there[i];
    }
    for (int i = 0; i < RP_OUTS_MAX; i++) {
        const int slot = RP_INS_MAX + i;
        if (!is_foreign(d, args->out[i])) continue;
        if (!carry(d, slot, &there[slot], args->out[i])) return rp_fail_memory(error, "GPU");
        own.out[i] = &there[slot];
        waits = true;
    }
    RP_TRY(kernel(device, &own, error));
    for (int i = 0; i < RP_OUTS_MAX; i++)
        if (own.out[i] != args->out[i])
            d->plugin.copy(d->plugin.state, args->out[i]->data, own.out[i]->data,
                           rp_tensor_bytes(args->out[i]));
    return waits ? finish(device, error) : RP_OK;
}

#define RP_OP(name, ins, outs, f32, bf16, shapes, formula)                                 \
    static rp_status run_##name(rp_device *device, const rp_args *args, rp_error *error) { \
        return run_row(device, offsetof(rp_ops, name), args, error);                       \
    }
#include "tensor/ops.def"
#undef RP_OP

/* ---- opening --------------------------------------------------------------------------------- */

rp_status rp_cuda_device_over(rp_device **out, const rp_cuda_plugin *plugin, void *library,
                              rp_error *error) {
    static const rp_ops rows = {
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) .name = run_##name,
#include "tensor/ops.def"
#undef RP_OP
    };
    rp_cuda_device *d = calloc(1, sizeof *d);
    *out = NULL;
    if (d == NULL || rp_device_create_ref(out, error) != RP_OK) {
        free(d);
        return rp_fail_memory(error, "the CUDA device");
    }
    *d = (rp_cuda_device){.plugin = *plugin, .library = library};
    rp_device *device = *out;
    device->name = "cuda";
    device->ops = rows;
    device->state = d;
    device->allocate = allocate;
    device->release = release;
    device->clear = clear;
    device->copy = copy;
    device->finish = finish;
    device->has_own_memory = !plugin->reads_host;
    device->destroy = destroy;
    for (int op = 0; op < RP_OP_COUNT; op++) {
        const rp_op_row *row = rp_op_find((rp_op)op);
        const rp_kernel kernel = *(const rp_kernel *)((const char *)&plugin->ops + row->offset);
        if (kernel != NULL) device->implementation[op] = "cuda";
    }
    return RP_OK;
}

/* dlerror's words hold no colon-free place; they name the library that is missing. */
static rp_status fail_to_open(rp_error *error) {
    const char *words = dlerror();
    return rp_fail(error, RP_SYSTEM, -1, "--device cuda: %s", words != NULL ? words : "no library");
}

rp_status rp_device_create_cuda(rp_device **out, rp_error *error) {
    *out = NULL;
    if (!RP_HAVE_CUDA)
        return rp_fail(error, RP_SYSTEM, -1,
                       "--device cuda: no CUDA in this build of Reprise; build it where nvcc is, "
                       "with meson -Dcuda=enabled");
    rp_cuda_plugin plugin;
    /* It stays when it is closed: the libraries below it keep memory of their own for good, which
     * would be lost with them and taken anew at the next opening. */
    void *library = dlopen(RP_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) return fail_to_open(error);
    rp_cuda_plugin_open_fn open_plugin;
    *(void **)&open_plugin = dlsym(library, RP_CUDA_PLUGIN_OPEN);
    rp_status status = open_plugin != NULL ? RP_OK : fail_to_open(error);
    if (status == RP_OK) status = open_plugin(&plugin, RP_CUDA_PLUGIN_VERSION, error);
    if (status == RP_OK) {
        status = rp_cuda_device_over(out, &plugin, library, error);
        if (status == RP_OK) return RP_OK;
        plugin.destroy(plugin.state);
    }
    dlclose(library);
    return status;
}
