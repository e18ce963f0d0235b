/* sequence.c: LSTM of one or two directions (Hochreiter and Schmidhuber 1997, with the forget gate
 * of Gers et al. 2000), forward and through time. */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

typedef struct sizes {
    int64_t directions, batch, time, inputs, units;
} sizes;

static sizes sizes_of(const rp_tensor *x, const rp_tensor *wx, const rp_tensor *wh) {
    const sizes s = {.directions = wx->shape[0],
                     .batch = x->shape[0],
                     .time = x->shape[1],
                     .inputs = x->shape[2],
                     .units = wh->shape[2]};
    assert(s.directions == 1 || s.directions == 2);
    assert(wx->shape[1] == 4 * s.units && wx->shape[2] == s.inputs);
    return s;
}

/* All arrays of one LSTM; of the gradients only what is used. */
typedef struct arrays {
    const double *x, *wx, *wh, *b, *gy;
    double *y, *gates, *cells, *hidden;
    double *gx, *gwx, *gwh, *gb;
    double *dh, *dc, *da; /* (U), (U), (4U): what flows back from one step to the one before */
    sizes s;
} arrays;

/* Step `t` of sample b in direction d, as places in the arrays. */
typedef struct step {
    int64_t d, x_at, y_at, h_at, previous_at; /* previous_at < 0: the state before is 0 */
} step;

/* Step number n of `length`: direction 1 counts from the end. */
static step step_of(const sizes *s, int64_t d, int64_t b, int64_t n, int64_t length) {
    const int64_t t = d == 0 ? n : length - 1 - n, before = d == 0 ? t - 1 : t + 1;
    const int64_t row = (d * s->batch + b) * s->time;
    return (step){.d = d,
                  .x_at = (b * s->time + t) * s->inputs,
                  .y_at = (b * s->time + t) * s->units,
                  .h_at = (row + t) * s->units,
                  .previous_at = n == 0 ? -1 : (row + before) * s->units};
}

/* Gate row r (of 4U) before its nonlinearity. */
static double preactivation(const arrays *a, const step *at, int64_t r) {
    const int64_t row = at->d * 4 * a->s.units + r;
    double sum = a->b[row];
    for (int64_t i = 0; i < a->s.inputs; i++)
        sum += a->wx[row * a->s.inputs + i] * a->x[at->x_at + i];
    for (int64_t u = 0; u < a->s.units && at->previous_at >= 0; u++)
        sum += a->wh[row * a->s.units + u] * a->hidden[at->previous_at + u];
    return sum;
}

static void forward_step(const arrays *a, const step *at) {
    const int64_t units = a->s.units;
    double *gates = a->gates + at->h_at * 4;
    for (int64_t r = 0; r < 4 * units; r++) {
        const double sum = preactivation(a, at, r);
        gates[r] = r / units == 2 ? tanh(sum) : rp_ref_logistic(sum);
    }
    for (int64_t u = 0; u < units; u++) {
        const double before = at->previous_at >= 0 ? a->cells[at->previous_at + u] : 0;
        const double c = gates[units + u] * before + gates[u] * gates[2 * units + u];
        a->cells[at->h_at + u] = c;
        a->hidden[at->h_at + u] = gates[3 * units + u] * tanh(c);
        a->y[at->y_at + u] += a->hidden[at->h_at + u];
    }
}

rp_status rp_ref_lstm(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const sizes s = sizes_of(args->in[0], args->in[1], args->in[2]);
    const int64_t states = s.directions * s.batch * s.time * s.units;
    const arrays a = {.x = rp_ref_load(&arena, args->in[0]),
                      .wx = rp_ref_load(&arena, args->in[1]),
                      .wh = rp_ref_load(&arena, args->in[2]),
                      .b = rp_ref_load(&arena, args->in[3]),
                      .y = rp_ref_zeros(&arena, s.batch * s.time * s.units),
                      .gates = rp_ref_zeros(&arena, states * 4),
                      .cells = rp_ref_zeros(&arena, states),
                      .hidden = rp_ref_zeros(&arena, states),
                      .s = s};
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t row = 0; row < s.directions * s.batch; row++) {
        const int64_t length = rp_ref_length(args->in[4], row % s.batch, s.time);
        for (int64_t n = 0; n < length; n++) {
            const step at = step_of(&s, row / s.batch, row % s.batch, n, length);
            forward_step(&a, &at);
        }
    }
    rp_ref_store(args->out[0], a.y);
    rp_ref_store(args->out[1], a.gates);
    rp_ref_store(args->out[2], a.cells);
    rp_ref_store(args->out[3], a.hidden);
    return rp_ref_finish(&arena, error);
}

/* da, and dc for the step before, from gy and from the dh, dc of the step after. */
static void backward_gates(const arrays *a, const step *at) {
    const int64_t units = a->s.units;
    const double *gates = a->gates + at->h_at * 4;
    for (int64_t u = 0; u < units; u++) {
        const double i = gates[u], f = gates[units + u], g = gates[2 * units + u];
        const double o = gates[3 * units + u], tanh_c = tanh(a->cells[at->h_at + u]);
        const double before = at->previous_at >= 0 ? a->cells[at->previous_at + u] : 0;
        const double dh = a->dh[u] + a->gy[at->y_at + u];
        const double dc = a->dc[u] + dh * o * (1 - tanh_c * tanh_c);
        a->da[u] = dc * g * i * (1 - i);
        a->da[units + u] = dc * before * f * (1 - f);
        a->da[2 * units + u] = dc * i * (1 - g * g);
        a->da[3 * units + u] = dh * tanh_c * o * (1 - o);
        a->dc[u] = dc * f;
        a->dh[u] = 0; /* gathered anew below */
    }
}

/* From da to weights, to x, and to dh of the step before. */
static void backward_products(const arrays *a, const step *at) {
    const int64_t units = a->s.units, inputs = a->s.inputs;
    for (int64_t r = 0; r < 4 * units; r++) {
        const int64_t row = at->d * 4 * units + r;
        a->gb[row] += a->da[r];
        for (int64_t i = 0; i < inputs; i++) {
            a->gwx[row * inputs + i] += a->da[r] * a->x[at->x_at + i];
            a->gx[at->x_at + i] += a->da[r] * a->wx[row * inputs + i];
        }
        for (int64_t u = 0; u < units && at->previous_at >= 0; u++) {
            a->gwh[row * units + u] += a->da[r] * a->hidden[at->previous_at + u];
            a->dh[u] += a->da[r] * a->wh[row * units + u];
        }
    }
}

static void backward_sample(const arrays *a, int64_t d, int64_t b, int64_t length) {
    for (int64_t u = 0; u < a->s.units; u++) a->dh[u] = a->dc[u] = 0;
    for (int64_t n = length - 1; n >= 0; n--) {
        const step at = step_of(&a->s, d, b, n, length);
        backward_gates(a, &at);
        backward_products(a, &at);
    }
}

rp_status rp_ref_lstm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    const sizes s = sizes_of(args->in[1], args->in[2], args->in[3]);
    const arrays a = {.gy = rp_ref_load(&arena, args->in[0]),
                      .x = rp_ref_load(&arena, args->in[1]),
                      .wx = rp_ref_load(&arena, args->in[2]),
                      .wh = rp_ref_load(&arena, args->in[3]),
                      .gates = rp_ref_load(&arena, args->in[4]),
                      .cells = rp_ref_load(&arena, args->in[5]),
                      .hidden = rp_ref_load(&arena, args->in[6]),
                      .gx = rp_ref_zeros(&arena, rp_tensor_count(args->in[1])),
                      .gwx = rp_ref_zeros(&arena, rp_tensor_count(args->in[2])),
                      .gwh = rp_ref_zeros(&arena, rp_tensor_count(args->in[3])),
                      .gb = rp_ref_zeros(&arena, s.directions * 4 * s.units),
                      .dh = rp_ref_zeros(&arena, s.units),
                      .dc = rp_ref_zeros(&arena, s.units),
                      .da = rp_ref_zeros(&arena, 4 * s.units),
                      .s = s};
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t row = 0; row < s.directions * s.batch; row++)
        backward_sample(&a, row / s.batch, row % s.batch,
                        rp_ref_length(args->in[7], row % s.batch, s.time));
    rp_ref_store(args->out[0], a.gx);
    rp_ref_store(args->out[1], a.gwx);
    rp_ref_store(args->out[2], a.gwh);
    rp_ref_store(args->out[3], a.gb);
    return rp_ref_finish(&arena, error);
}
