/* gradient.c: what the tape says against finite differences, in f64.
 *
 * With a random upstream gradient g, the gradient of sum g y in one number x is compared with
 *
 *     (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h,      off by h^4 f'''''/ 30 .
 *
 * Where a kink (of relu, of a maximum) lies within 2h the two disagree; the step is then made
 * smaller, which a wrong gradient does not survive. */
#include <math.h>
#include <stdlib.h>

#include "driver.h"
#include "tensor/tape.h"

static const double tolerance = 1e-6; /* of the root mean square of an input's gradient */
static const double steps[] = {1e-3, 1e-4, 1e-5};
enum { CHECKED_MAX = 80 }; /* numbers of an input; more are drawn at random */

bool driver_has_gradient(const op_case *c) {
    for (int i = 0; i < RP_INS_MAX; i++)
        if (c->in[i].is_differentiated) return true;
    return false;
}

/* sum g y on fresh outputs: rows that update theirs must not see an earlier run. */
static double loss(const op_case *c, const op_built *built, rp_device *device, const double *g) {
    op_built again;
    op_case_copy(&again, c, built, RP_F64);
    double sum = 0;
    if (rp_device_run(device, c->op, &again.args, NULL) != RP_OK) abort();
    for (int64_t i = 0; i < rp_tensor_count(again.args.out[0]); i++)
        sum += g[i] * rp_tensor_get(again.args.out[0], i);
    op_built_clear(&again);
    return sum;
}

typedef struct probe {
    const op_case *c;
    op_built *built;
    rp_device *device;
    const double *g;
} probe;

static double difference(const probe *p, double *x, double h) {
    const double kept = *x;
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        *x = kept + at[i] * h;
        sum += weight[i] * loss(p->c, p->built, p->device, p->g);
    }
    *x = kept;
    return sum / (12 * h);
}

/* Input `index`: its gradient by the tape against differences. */
static bool check_input(const probe *p, int index, const rp_tensor *grad) {
    double *x = p->built->args.in[index]->data;
    const int64_t count = rp_tensor_count(p->built->args.in[index]);
    rp_random random = rp_random_make(p->c->seed, (uint64_t)index);
    double scale = 0;
    if (grad == NULL) return driver_fail(p->c, "gradient", "input %d has none", index);
    for (int64_t i = 0; i < count; i++) scale += pow(rp_tensor_get(grad, i), 2);
    scale = sqrt(scale / (double)count);
    for (int64_t n = 0; n < count && n < CHECKED_MAX; n++) {
        const int64_t i = count <= CHECKED_MAX ? n : rp_random_below(&random, (uint32_t)count);
        const double expected = rp_tensor_get(grad, i);
        double found = 0;
        bool agrees = false;
        for (size_t k = 0; k < RP_COUNT(steps) && !agrees; k++) {
            found = difference(p, x + i, steps[k]);
            /* 1e-9: where all of a gradient is 0, only the differences' own error is left. */
            agrees = fabs(found - expected) <= tolerance * scale + 1e-9;
        }
        if (!agrees)
            return driver_fail(p->c, "gradient", "input %d [%lld]: tape %.12g, differences %.12g",
                               index, (long long)i, expected, found);
    }
    return true;
}

bool driver_gradient(const op_case *c, rp_device *device) {
    static op_built built, recorded;
    rp_tape tape;
    op_case_build(&built, c, RP_F64, false);
    op_case_copy(&recorded, c, &built, RP_F64); /* its outputs belong to the recorded run */
    for (int i = 0; i < RP_INS_MAX; i++)
        recorded.tensors[i].needs_grad = c->in[i].is_differentiated;
    if (rp_tape_init(&tape, device, NULL) != RP_OK) abort();
    rp_tape_record(&tape, c->op, &recorded.args);
    rp_tensor *y = recorded.args.out[0];
    rp_tensor *gy = rp_tape_tensor(&tape, RP_F64, y->dims, y->shape);
    rp_random random = rp_random_make(c->seed, 99);
    const int64_t count = rp_tensor_count(y);
    double *g = calloc((size_t)count, sizeof *g);
    if (g == NULL || gy == NULL) abort();
    for (int64_t i = 0; i < count; i++) rp_tensor_set(gy, i, g[i] = rp_random_normal(&random));
    bool passed = rp_tape_backward_from(&tape, y, gy, false) == RP_OK;
    if (!passed) driver_fail(c, "gradient", "%s", tape.error.text);
    const probe p = {c, &built, device, g};
    for (int i = 0; i < RP_INS_MAX && passed; i++)
        if (c->in[i].is_differentiated) passed = check_input(&p, i, recorded.args.in[i]->grad);
    rp_tape_clear(&tape);
    op_built_clear(&built);
    op_built_clear(&recorded);
    free(g);
    return passed;
}
