/* device.c: what all devices share, and the reference device. */
#include "tensor/device.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static void *allocate_host(rp_device *device, size_t bytes) {
    (void)device;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void release_host(rp_device *device, void *data) {
    (void)device;
    free(data);
}

static void clear_host(rp_device *device, void *data, size_t bytes) {
    (void)device;
    memset(data, 0, bytes);
}

static void copy_host(rp_device *device, void *to, const void *from, size_t bytes) {
    (void)device;
    memcpy(to, from, bytes);
}

rp_status rp_device_create_ref(rp_device **out, rp_error *error) {
    rp_device *device = calloc(1, sizeof *device);
    *out = device;
    if (device == NULL) return rp_fail_memory(error, "the reference device");
    device->name = "ref";
    device->ops = rp_ref_ops;
    device->threads = 1;
    device->allocate = allocate_host;
    device->release = release_host;
    device->clear = clear_host;
    device->copy = copy_host;
    for (int op = 0; op < RP_OP_COUNT; op++) device->implementation[op] = "ref";
    return RP_OK;
}

rp_status rp_device_create(rp_device **device, const char *name, unsigned threads,
                           rp_error *error) {
    *device = NULL;
    if (strcmp(name, "cpu") == 0) return rp_device_create_cpu(device, threads, error);
    if (strcmp(name, "cuda") == 0) return rp_device_create_cuda(device, error);
    return rp_fail(error, RP_USAGE, -1, "no device is called '%s'; there are cpu and cuda", name);
}

rp_status rp_device_finish(rp_device *device, rp_error *error) {
    return device->finish != NULL ? device->finish(device, error) : RP_OK;
}

void rp_device_destroy(rp_device *device) {
    if (device == NULL) return;
    if (device->destroy != NULL) device->destroy(device);
    free(device);
}

/* One line: "conv2d onednn (8,432,96,32)bf16 (32,3,3,32)f32 -> (8,432,96,32)bf16 3.214 ms". */
static void trace_line(const rp_device *device, rp_op op, const rp_args *args, double seconds) {
    const rp_op_row *row = rp_op_find(op);
    char line[768];
    size_t used =
        (size_t)snprintf(line, sizeof line, "%s %s", row->name, device->implementation[op]);
    for (int i = 0; i < row->ins + row->outs && used < sizeof line - 128; i++) {
        const rp_tensor *t = i < row->ins ? args->in[i] : args->out[i - row->ins];
        const char *lead = i == row->ins ? " -> " : " ";
        if (t == NULL) used += (size_t)snprintf(line + used, sizeof line - used, "%s-", lead);
        else
            used += (size_t)snprintf(line + used, sizeof line - used, "%s(%lld,%lld,%lld,%lld)%s",
                                     lead, (long long)t->shape[0], (long long)t->shape[1],
                                     (long long)t->shape[2], (long long)t->shape[3],
                                     rp_dtype_name(t->dtype));
    }
    rp_log_line(device->trace, 2, "%s %.3f ms", line, seconds * 1e3);
}

rp_status rp_device_run(rp_device *device, rp_op op, const rp_args *args, rp_error *error) {
    const rp_kernel kernel =
        *(const rp_kernel *)((const char *)&device->ops + rp_op_find(op)->offset);
    if (device->trace == NULL) return kernel(device, args, error);
    const double started = rp_clock_seconds();
    rp_status status = kernel(device, args, error);
    if (status == RP_OK)
        status = rp_device_finish(device, error); /* or the time is of the launch */
    trace_line(device, op, args, rp_clock_seconds() - started);
    return status;
}
