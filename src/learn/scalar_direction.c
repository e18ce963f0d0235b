/* scalar_direction.c: derivatives along a direction: Hessian-vector products, and Taylor mode.
 *
 * Taylor mode carries, instead of one number a node, the coefficients c_0 .. c_K of its series in
 * t, where the inputs move along x + t v. Each operation has a recurrence for its result's
 * coefficients (Griewank and Walther, Evaluating Derivatives, ch. 13). */
#include <stdlib.h>
#include <string.h>

#include "learn/scalar_fold.h"

rp_status rp_scalar_hessian_vector(rp_scalar_tape *tape, rp_value root,
                                   const rp_scalar_direction *v, double *product, rp_error *error) {
    rp_value *gradient = malloc((v->count + 1) * sizeof *gradient);
    double *numbers = NULL;
    rp_status status = RP_OK;
    if (gradient == NULL) status = rp_fail_memory(error, "a gradient");
    if (status == RP_OK)
        status = rp_scalar_gradient(tape, root, v->inputs, v->count, gradient, error);
    if (status != RP_OK) goto done;

    rp_value along = rp_scalar_fold_constant(tape, 0); /* gradient . v, whose own gradient is H v */
    for (size_t k = 0; k < v->count; k++) {
        const rp_value weight = rp_scalar_fold_constant(tape, v->along[k]);
        const rp_value part = rp_scalar_fold(tape, RP_SCALAR_MULTIPLY, gradient[k], weight);
        along = rp_scalar_fold(tape, RP_SCALAR_ADD, along, part);
    }
    status = rp_scalar_tape_check(tape, error);
    if (status != RP_OK) goto done;
    numbers = malloc(((size_t)along + 1) * sizeof *numbers);
    if (numbers == NULL) status = rp_fail_memory(error, "a product");
    if (status != RP_OK) goto done;
    rp_scalar_backward(tape, along, numbers);
    for (size_t k = 0; k < v->count; k++)
        product[k] = v->inputs[k] <= along ? numbers[v->inputs[k]] : 0;
done:
    free(numbers);
    free(gradient);
    return status;
}

/* -- Taylor mode: u, v the operands' coefficients, w the result's, n = order + 1 ----------------
 */

typedef struct series {
    const double *u, *v;
    double *w;
    unsigned n;
    double *aside; /* n numbers: the second series of a pair (cos beside sin, 1 - w^2) */
} series;

static double product_at(const double *p, const double *q, unsigned k) {
    double sum = 0;
    for (unsigned j = 0; j <= k; j++) sum += p[j] * q[k - j];
    return sum;
}

/* (1/k) sum of j p_j q_{k-j}: the coefficient k of the w that solves w' = p' q. */
static double integral_at(const double *p, const double *q, unsigned k) {
    double sum = 0;
    for (unsigned j = 1; j <= k; j++) sum += j * p[j] * q[k - j];
    return sum / k;
}

static void taylor_add(const series *s) {
    for (unsigned k = 0; k < s->n; k++) s->w[k] = s->u[k] + s->v[k];
}

static void taylor_subtract(const series *s) {
    for (unsigned k = 0; k < s->n; k++) s->w[k] = s->u[k] - s->v[k];
}

static void taylor_multiply(const series *s) {
    for (unsigned k = 0; k < s->n; k++) s->w[k] = product_at(s->u, s->v, k);
}

static void taylor_divide(const series *s) {
    for (unsigned k = 0; k < s->n; k++) {
        double rest = s->u[k];
        for (unsigned j = 1; j <= k; j++) rest -= s->v[j] * s->w[k - j];
        s->w[k] = rest / s->v[0];
    }
}

static void taylor_negate(const series *s) {
    for (unsigned k = 0; k < s->n; k++) s->w[k] = -s->u[k];
}

static void taylor_exp(const series *s) {
    s->w[0] = exp(s->u[0]);
    for (unsigned k = 1; k < s->n; k++) s->w[k] = integral_at(s->u, s->w, k);
}

static void taylor_log(const series *s) {
    s->w[0] = log(s->u[0]);
    for (unsigned k = 1; k < s->n; k++) {
        double sum = 0;
        for (unsigned j = 1; j < k; j++) sum += j * s->w[j] * s->u[k - j];
        s->w[k] = (s->u[k] - sum / k) / s->u[0];
    }
}

/* u ** r for a constant r: u w' = r u' w. It divides by u_0, so whole powers are products. */
static void taylor_power_constant(const series *s) {
    const double r = s->v[0];
    if (r >= 0 && r == floor(r) && r <= 64) {
        memset(s->w, 0, s->n * sizeof *s->w);
        s->w[0] = 1;
        for (unsigned times = 0; times < r; times++)
            for (unsigned k = s->n; k-- > 0;) s->w[k] = product_at(s->u, s->w, k);
        return;
    }
    s->w[0] = pow(s->u[0], r);
    for (unsigned k = 1; k < s->n; k++) {
        double sum = 0;
        for (unsigned j = 1; j <= k; j++) sum += (j * r - (k - j)) * s->u[j] * s->w[k - j];
        s->w[k] = sum / (k * s->u[0]);
    }
}

static void taylor_sqrt(const series *s) {
    const double half = 0.5;
    taylor_power_constant(&(series){s->u, &half, s->w, s->n, NULL});
}

/* u ** v = exp(v log u). */
static void taylor_power(const series *s) {
    taylor_log(&(series){s->u, NULL, s->aside, s->n, NULL});
    for (unsigned k = s->n; k-- > 0;) s->aside[k] = product_at(s->v, s->aside, k);
    taylor_exp(&(series){s->aside, NULL, s->w, s->n, NULL});
    s->w[0] = pow(s->u[0], s->v[0]);
}

static void taylor_relu(const series *s) {
    for (unsigned k = 0; k < s->n; k++) s->w[k] = s->u[0] > 0 ? s->u[k] : 0;
}

static void taylor_step(const series *s) {
    memset(s->w, 0, s->n * sizeof *s->w);
    s->w[0] = s->u[0] > 0;
}

/* sin and cos need each other: sin' = u' cos, cos' = -u' sin. */
static void sine_and_cosine(double *sine, double *cosine, const double *u, unsigned n) {
    sine[0] = sin(u[0]);
    cosine[0] = cos(u[0]);
    for (unsigned k = 1; k < n; k++) {
        sine[k] = integral_at(u, cosine, k);
        cosine[k] = -integral_at(u, sine, k);
    }
}

static void taylor_sin(const series *s) { sine_and_cosine(s->w, s->aside, s->u, s->n); }
static void taylor_cos(const series *s) { sine_and_cosine(s->aside, s->w, s->u, s->n); }

static void taylor_tanh(const series *s) {
    double *slope = s->aside; /* z = 1 - w^2, and w' = u' z */
    s->w[0] = tanh(s->u[0]);
    slope[0] = 1 - s->w[0] * s->w[0];
    for (unsigned k = 1; k < s->n; k++) {
        s->w[k] = integral_at(s->u, slope, k);
        slope[k] = -product_at(s->w, s->w, k);
    }
}

static void taylor_sigmoid(const series *s) {
    double *slope = s->aside; /* z = w - w^2, and w' = u' z */
    s->w[0] = 1 / (1 + exp(-s->u[0]));
    slope[0] = s->w[0] - s->w[0] * s->w[0];
    for (unsigned k = 1; k < s->n; k++) {
        s->w[k] = integral_at(s->u, slope, k);
        slope[k] = s->w[k] - product_at(s->w, s->w, k);
    }
}

typedef void (*taylor_fn)(const series *s);
static const taylor_fn taylor_rows[RP_SCALAR_OP_COUNT] = {
    [RP_SCALAR_ADD] = taylor_add,
    [RP_SCALAR_SUBTRACT] = taylor_subtract,
    [RP_SCALAR_MULTIPLY] = taylor_multiply,
    [RP_SCALAR_DIVIDE] = taylor_divide,
    [RP_SCALAR_SCALE] = taylor_multiply,
    [RP_SCALAR_NEGATE] = taylor_negate,
    [RP_SCALAR_POWER_CONSTANT] = taylor_power_constant,
    [RP_SCALAR_POWER] = taylor_power,
    [RP_SCALAR_RELU] = taylor_relu,
    [RP_SCALAR_STEP] = taylor_step,
    [RP_SCALAR_TANH] = taylor_tanh,
    [RP_SCALAR_EXP] = taylor_exp,
    [RP_SCALAR_LOG] = taylor_log,
    [RP_SCALAR_SQRT] = taylor_sqrt,
    [RP_SCALAR_SIN] = taylor_sin,
    [RP_SCALAR_COS] = taylor_cos,
    [RP_SCALAR_SIGMOID] = taylor_sigmoid,
};

rp_status rp_scalar_taylor(const rp_scalar_tape *tape, rp_value root,
                           const rp_scalar_direction *direction, unsigned order,
                           double *coefficients, rp_error *error) {
    const size_t n = (size_t)order + 1, nodes = (size_t)root + 1;
    double *all =
        calloc(nodes + 1, n * sizeof *all); /* n coefficients a node; then the one aside */
    if (all == NULL) return rp_fail_memory(error, "the coefficients of a series");
    for (size_t k = 0; k < direction->count; k++)
        if (order > 0 && direction->inputs[k] <= root)
            all[direction->inputs[k] * n + 1] += direction->along[k];
    for (size_t i = 0; i < nodes; i++) {
        const rp_scalar_node node = tape->nodes[i];
        const series s = {all + node.a * n, all + node.b * n, all + i * n, order + 1,
                          all + nodes * n};
        if (taylor_rows[node.op] == NULL) all[i * n] = tape->values[i]; /* a leaf */
        else taylor_rows[node.op](&s);
    }
    memcpy(coefficients, all + root * n, n * sizeof *coefficients);
    free(all);
    return RP_OK;
}
