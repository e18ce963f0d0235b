/* driver.h: the checks of the driver, each over one row of the table. */
#ifndef RP_TESTS_OPS_DRIVER_H
#define RP_TESTS_OPS_DRIVER_H

#include "op_case.h"

/* What to run: all rows, seeds and sizes, or those named on the command line. */
typedef struct driver_plan {
    const char *row, *device; /* NULL: all */
    int64_t seed, size;       /* < 0: all */
} driver_plan;

static inline bool driver_is_wanted(int64_t wanted, int64_t value) {
    return wanted < 0 || wanted == value;
}

/* TAP: `program` is what a failure says to run again. */
void driver_begin(const char *program);
void driver_report(bool passed, const char *row, const char *check);

/* Prints the plan; returns the exit status. */
int driver_end(void);

/* Says what went wrong and the command line that repeats it; returns false. */
bool driver_fail(const op_case *c, const char *check, const char *format, ...) RP_PRINTF(3, 4);

/* `device` against the plain loops in `dtype` (f32 or bf16), canaries, and that it writes all. */
bool driver_compare(const op_case *c, rp_device *device, rp_dtype dtype);

/* The CPU device with one thread and with `threads` must agree to the last bit. Leaves the process
 * with `threads`: a device sets OpenMP's count when it is made. */
bool driver_same_bits(const op_case *c, unsigned threads, rp_dtype dtype);

/* Two runs on `device` must agree to the last bit; `between` (or NULL) is called before each with
 * 0, then 1. */
bool driver_same_twice(const op_case *c, rp_device *device, rp_dtype dtype,
                       void (*between)(int run));

/* Gradients of the tape on `device` (plain loops, in f64) against finite differences. */
bool driver_gradient(const op_case *c, rp_device *device);
bool driver_has_gradient(const op_case *c);

/* Prints milliseconds and GFLOP/s of one row. */
void driver_time(rp_op op, rp_device *device, rp_dtype dtype);

#endif
