/* compare.c: a device against the plain loops, or against another device. */
#include <math.h>
#include <stdlib.h>

#include "driver.h"

/* A number of bf16 is off by up to half of its last place: 2^-9, doubled where the value before
 * rounding lies on the other side of a tie. */
static const double bf16_rounding = 1.0 / 256;

static double root_mean_square(const rp_tensor *t) {
    const int64_t count = rp_tensor_count(t);
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += rp_tensor_get(t, i) * rp_tensor_get(t, i);
    return sqrt(sum / (double)count);
}

/* Winograd's way rounds what it multiplies once more (src/tensor/cpu/winograd.h): 0.004 of the root
 * mean square on the average, and the largest of 10^5 six times that, or 1.4 times more where relu
 * made half of the results 0. What is wrong in a few places is then seen by the largest, what is a
 * little wrong everywhere by the average. */
static const double winograd_largest = 0.04, winograd_average = 0.005;

static bool is_by_winograd(const op_case *c, const rp_device *device, rp_dtype dtype) {
    return dtype == RP_BF16 && strcmp(device->implementation[c->op], "winograd") == 0;
}

/* Output `index` of a device against that of the plain loops. */
static bool compare_output(const op_case *c, int index, const rp_tensor *got,
                           const rp_tensor *expected, rp_dtype dtype, bool is_winograd) {
    const rp_op_row *row = rp_op_find(c->op);
    const double by_row = dtype == RP_BF16 ? row->tolerance_bf16 : row->tolerance_f32;
    const double tolerance = is_winograd ? winograd_largest : by_row;
    const double scale = root_mean_square(expected);
    const double rounding = got->dtype == RP_BF16 ? bf16_rounding : 0;
    const int64_t count = rp_tensor_count(expected);
    double squares = 0;
    for (int64_t i = 0; i < count; i++) {
        const double a = rp_tensor_get(got, i), e = rp_tensor_get(expected, i);
        const double allowed = got->dtype == RP_I32 ? 0 : tolerance * scale + rounding * fabs(e);
        if (!(fabs(a - e) <= allowed))
            return driver_fail(c, rp_dtype_name(dtype),
                               "output %d [%lld] is %.9g, not %.9g (off by %.2g of rms %.3g)",
                               index, (long long)i, a, e, fabs(a - e) / scale, scale);
        squares += (a - e) * (a - e);
    }
    const double average = sqrt(squares / (double)count);
    if (is_winograd && average > winograd_average * scale)
        return driver_fail(c, rp_dtype_name(dtype),
                           "output %d is off by %.2g of rms on the average", index,
                           average / scale);
    return true;
}

static bool run(const op_case *c, rp_device *device, op_built *built) {
    rp_error error = {0};
    if (rp_device_run(device, c->op, &built->args, &error) == RP_OK) return true;
    return driver_fail(c, device->name, "%s", error.text);
}

bool driver_compare(const op_case *c, rp_device *device, rp_dtype dtype) {
    static op_built start, expected, got; /* large, and never two at a time */
    /* The plain loops get the same numbers in f32, so that their own output is not rounded. */
    op_case_build(&start, c, RP_F32, dtype == RP_BF16);
    op_case_copy(&expected, c, &start, RP_F32);
    op_case_copy(&got, c, &start, dtype);
    rp_device ref = {.name = "ref", .ops = rp_ref_ops};
    bool passed = run(c, &ref, &expected) && run(c, device, &got);
    const char *damage = op_built_damage(&got, c);
    if (damage != NULL) passed = driver_fail(c, device->name, "writes outside of %s", damage);
    const bool is_winograd = passed && is_by_winograd(c, device, dtype);
    for (int i = 0; i < RP_OUTS_MAX && passed; i++)
        if (c->out[i].kind != SLOT_NULL)
            passed =
                compare_output(c, i, got.args.out[i], expected.args.out[i], dtype, is_winograd);
    op_built_clear(&start);
    op_built_clear(&expected);
    op_built_clear(&got);
    return passed;
}

/* Do two runs agree in all bits? `what` ends the sentence that says no. */
static bool same_bits(const op_case *c, const op_built *a, const op_built *b, rp_dtype dtype,
                      const char *what) {
    for (int i = 0; i < RP_OUTS_MAX; i++) {
        const rp_tensor *x = a->args.out[i], *y = b->args.out[i];
        if (x != NULL && memcmp(x->data, y->data, rp_tensor_bytes(x)) != 0)
            return driver_fail(c, rp_dtype_name(dtype), "output %d differs %s", i, what);
    }
    return true;
}

bool driver_same_twice(const op_case *c, rp_device *device, rp_dtype dtype,
                       void (*between)(int run)) {
    static op_built start, runs[2];
    op_case_build(&start, c, RP_F32, dtype == RP_BF16);
    bool passed = true;
    for (int i = 0; i < 2; i++) {
        op_case_copy(&runs[i], c, &start, dtype);
        if (between != NULL) between(i);
        passed = passed && run(c, device, &runs[i]);
    }
    passed = passed && same_bits(c, &runs[0], &runs[1], dtype, "in the second run");
    op_built_clear(&start);
    for (int i = 0; i < 2; i++) op_built_clear(&runs[i]);
    return passed;
}

/* Runs the case on a CPU device of its own. */
static bool run_on_threads(const op_case *c, unsigned threads, op_built *built) {
    rp_device *device;
    if (rp_device_create_cpu(&device, threads, NULL) != RP_OK) abort();
    const bool passed = run(c, device, built);
    rp_device_destroy(device);
    return passed;
}

bool driver_same_bits(const op_case *c, unsigned threads, rp_dtype dtype) {
    static op_built start, one, several;
    op_case_build(&start, c, RP_F32, dtype == RP_BF16);
    op_case_copy(&one, c, &start, dtype);
    op_case_copy(&several, c, &start, dtype);
    const bool passed = run_on_threads(c, 1, &one) && run_on_threads(c, threads, &several) &&
                        same_bits(c, &one, &several, dtype, "with several threads");
    op_built_clear(&start);
    op_built_clear(&one);
    op_built_clear(&several);
    return passed;
}
