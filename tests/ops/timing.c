/* timing.c: how long a row takes at the size of training. */
#include <stdio.h>

#include "base/clock.h"
#include "driver.h"

static double bytes_moved(const op_built *built) {
    double bytes = 0;
    for (int i = 0; i < RP_INS_MAX; i++)
        if (built->args.in[i] != NULL) bytes += (double)rp_tensor_bytes(built->args.in[i]);
    for (int i = 0; i < RP_OUTS_MAX; i++)
        if (built->args.out[i] != NULL) bytes += (double)rp_tensor_bytes(built->args.out[i]);
    return bytes;
}

/* The best of several runs within half a second; a run of the first touch is not counted. */
void driver_time(rp_op op, rp_device *device, rp_dtype dtype) {
    static op_built start, built;
    const op_case c = op_case_make(op, 1, SIZE_LARGE);
    op_case_build(&start, &c, RP_F32, true);
    op_case_copy(&built, &c, &start, dtype);
    double best = 0, spent = 0;
    for (int round = 0; round < 2 || (round < 50 && spent < 0.5); round++) {
        const double from = rp_clock_seconds();
        if (rp_device_run(device, op, &built.args, NULL) != RP_OK) break;
        const double took = rp_clock_seconds() - from;
        spent += took;
        if (best == 0 || took < best) best = took;
    }
    printf("%-30s %-5s %-8s %-5s %10.3f ms %8.2f GFLOP/s %7.2f GB/s\n", rp_op_find(op)->name,
           device->name, device->implementation[op], rp_dtype_name(dtype), best * 1e3,
           c.flops / best * 1e-9, bytes_moved(&built) / best * 1e-9);
    fflush(stdout);
    op_built_clear(&start);
    op_built_clear(&built);
}
