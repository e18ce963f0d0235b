/* decoder.c: LSTM with additive attention (Bahdanau, Cho and Bengio 2015, appendix A.1.2), one row
 * of steps a span: each span looks at its own columns of one image.
 *
 *     [h ; c] -> q -> s_t over the span's columns -> a -> ctx
 *     [e[id] ; ctx], h, c -> LSTM -> h, c                                                       */
#include <assert.h>
#include <math.h>

#include "tensor/ref/ref.h"

typedef struct sizes {
    int64_t time, values, width, spans, steps, embedding, units, columns_max; /* T K A N L E U S */
} sizes;

/* Inputs, results and gradients of one decoder, all row-major as in ops.def. */
typedef struct arrays {
    const double *enc, *keys, *e, *wq, *bq, *v, *wx, *wh, *b, *h0, *c0, *gh;
    double *h, *c, *gates, *alpha, *ctx;
    double *genc, *gkeys, *ge, *gwq, *gbq, *gv, *gwx, *gwh, *gb;
    double *zeros;         /* (U): the state at the start */
    double *q, *input;     /* (A), (E + K): of the step at hand */
    double *dh, *dc;       /* (U): gradients of the state before the step at hand */
    double *da, *dq, *din; /* (4U), (A), (E + K) */
    double *ds;            /* (S): gradients of alpha, then of the scores */
    const int32_t *spans, *ids;
    sizes s;
} arrays;

/* The step at hand: its row (n L + l), token, columns, and the state before it. */
typedef struct step {
    int64_t row, id, first, count; /* first: row of enc and keys */
    const double *h, *c;
} step;

static sizes sizes_of(const rp_tensor *const *in, const rp_tensor *alpha) {
    const rp_tensor *enc = in[0], *keys = in[1], *spans = in[2], *ids = in[3], *e = in[4];
    const sizes s = {.time = enc->shape[1],
                     .values = enc->shape[2],
                     .width = keys->shape[2],
                     .spans = spans->shape[0],
                     .steps = ids->shape[1],
                     .embedding = e->shape[1],
                     .units = in[9]->shape[1],
                     .columns_max = alpha->shape[2]};
    assert(ids->shape[0] == s.spans && in[5]->shape[1] == 2 * s.units);
    assert(in[8]->shape[1] == s.embedding + s.values && in[9]->shape[0] == 4 * s.units);
    return s;
}

static void load_inputs(rp_arena *arena, arrays *a, const rp_tensor *const *in) {
    a->enc = rp_ref_load(arena, in[0]);
    a->keys = rp_ref_load(arena, in[1]);
    a->spans = in[2]->data;
    a->ids = in[3]->data;
    a->e = rp_ref_load(arena, in[4]);
    a->wq = rp_ref_load(arena, in[5]);
    a->bq = rp_ref_load(arena, in[6]);
    a->v = rp_ref_load(arena, in[7]);
    a->wx = rp_ref_load(arena, in[8]);
    a->wh = rp_ref_load(arena, in[9]);
    a->b = rp_ref_load(arena, in[10]);
    a->zeros = rp_ref_zeros(arena, a->s.units);
    a->q = rp_ref_zeros(arena, a->s.width);
    a->input = rp_ref_zeros(arena, a->s.embedding + a->s.values);
}

/* Step l of span n. */
static step step_of(const arrays *a, int64_t n, int64_t l) {
    const int32_t *span = a->spans + n * 3, *ids = a->ids + n * a->s.steps;
    const int64_t at = (n * a->s.steps + l - 1) * a->s.units;
    const double *h0 = a->h0 != NULL ? a->h0 + n * a->s.units : a->zeros;
    const double *c0 = a->c0 != NULL ? a->c0 + n * a->s.units : a->zeros;
    assert(span[1] >= 0 && span[1] <= span[2] && span[2] <= a->s.time);
    assert(span[2] - span[1] <= a->s.columns_max && (n == 0 || span[-3] <= span[0]));
    assert(l == 0 || ids[l] < 0 || ids[l - 1] >= 0);
    return (step){.row = n * a->s.steps + l,
                  .id = ids[l],
                  .first = span[0] * a->s.time + span[1],
                  .count = span[2] - span[1],
                  .h = l > 0 ? a->h + at : h0,
                  .c = l > 0 ? a->c + at : c0};
}

/* ---- forward ---- */

static void make_query(const arrays *a, const step *at) {
    const int64_t units = a->s.units;
    for (int64_t k = 0; k < a->s.width; k++) {
        const double *w = a->wq + k * 2 * units;
        a->q[k] = a->bq[k];
        for (int64_t u = 0; u < units; u++) a->q[k] += w[u] * at->h[u] + w[units + u] * at->c[u];
    }
}

/* alpha of the step, by the softmax of the scores. */
static void attend(const arrays *a, const step *at) {
    const int64_t width = a->s.width;
    double *alpha = a->alpha + at->row * a->s.columns_max;
    double largest = -INFINITY, sum = 0;
    for (int64_t t = 0; t < at->count; t++) {
        alpha[t] = a->v[width];
        for (int64_t k = 0; k < width; k++)
            alpha[t] += a->v[k] * tanh(a->keys[(at->first + t) * width + k] + a->q[k]);
        largest = fmax(largest, alpha[t]);
    }
    for (int64_t t = 0; t < at->count; t++) sum += alpha[t] = exp(alpha[t] - largest);
    for (int64_t t = 0; t < at->count; t++) alpha[t] /= sum;
}

/* ctx of the step, and [e[id] ; ctx]. */
static void gather_input(const arrays *a, const step *at) {
    const int64_t values = a->s.values, embedding = a->s.embedding;
    const double *alpha = a->alpha + at->row * a->s.columns_max;
    double *ctx = a->ctx + at->row * values;
    for (int64_t k = 0; k < values; k++) {
        double sum = 0;
        for (int64_t t = 0; t < at->count; t++)
            sum += alpha[t] * a->enc[(at->first + t) * values + k];
        ctx[k] = sum;
    }
    for (int64_t i = 0; i < embedding; i++) a->input[i] = a->e[at->id * embedding + i];
    for (int64_t k = 0; k < values; k++) a->input[embedding + k] = ctx[k];
}

static void run_cell(const arrays *a, const step *at) {
    const int64_t units = a->s.units, inputs = a->s.embedding + a->s.values;
    double *gates = a->gates + at->row * 4 * units;
    for (int64_t r = 0; r < 4 * units; r++) {
        double sum = a->b[r];
        for (int64_t i = 0; i < inputs; i++) sum += a->wx[r * inputs + i] * a->input[i];
        for (int64_t u = 0; u < units; u++) sum += a->wh[r * units + u] * at->h[u];
        gates[r] = r / units == 2 ? tanh(sum) : rp_ref_logistic(sum);
    }
    for (int64_t u = 0; u < units; u++) {
        const double c = gates[units + u] * at->c[u] + gates[u] * gates[2 * units + u];
        a->c[at->row * units + u] = c;
        a->h[at->row * units + u] = gates[3 * units + u] * tanh(c);
    }
}

/* From exp(2 keys) to the keys. */
static const double *lowered_keys(rp_arena *arena, const rp_tensor *raised) {
    double *keys = rp_ref_load(arena, raised);
    for (int64_t i = 0; keys != NULL && i < rp_tensor_count(raised); i++)
        keys[i] = log(keys[i]) / 2;
    return keys;
}

rp_status rp_ref_decoder(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    arrays a = {.s = sizes_of(args->in, args->out[3])};
    const int64_t rows = a.s.spans * a.s.steps;
    load_inputs(&arena, &a, args->in);
    a.h0 = rp_ref_load(&arena, args->in[11]);
    a.c0 = rp_ref_load(&arena, args->in[12]);
    a.h = rp_ref_zeros(&arena, rows * a.s.units);
    a.c = rp_ref_zeros(&arena, rows * a.s.units);
    a.gates = rp_ref_zeros(&arena, rows * 4 * a.s.units);
    a.alpha = rp_ref_zeros(&arena, rows * a.s.columns_max);
    a.ctx = rp_ref_zeros(&arena, rows * a.s.values);
    if (arena.failed) return rp_ref_finish(&arena, error);
    if (args->attr.raised) a.keys = lowered_keys(&arena, args->in[1]);
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t row = 0; row < rows; row++) {
        const step at = step_of(&a, row / a.s.steps, row % a.s.steps);
        if (at.id < 0) continue; /* outputs stay 0 */
        make_query(&a, &at);
        attend(&a, &at);
        gather_input(&a, &at);
        run_cell(&a, &at);
    }
    rp_ref_store(args->out[0], a.h);
    rp_ref_store(args->out[1], a.c);
    rp_ref_store(args->out[2], a.gates);
    rp_ref_store(args->out[3], a.alpha);
    rp_ref_store(args->out[4], a.ctx);
    return rp_ref_finish(&arena, error);
}

/* ---- backward: the same steps in reverse, each undone in reverse ---- */

/* da, and dc of the state before, from dh and dc of this step. */
static void undo_gates(const arrays *a, const step *at) {
    const int64_t units = a->s.units;
    const double *gates = a->gates + at->row * 4 * units;
    for (int64_t u = 0; u < units; u++) {
        const double i = gates[u], f = gates[units + u], g = gates[2 * units + u];
        const double o = gates[3 * units + u], tanh_c = tanh(a->c[at->row * units + u]);
        const double dh = a->dh[u] + a->gh[at->row * units + u];
        const double dc = a->dc[u] + dh * o * (1 - tanh_c * tanh_c);
        a->da[u] = dc * g * i * (1 - i);
        a->da[units + u] = dc * at->c[u] * f * (1 - f);
        a->da[2 * units + u] = dc * i * (1 - g * g);
        a->da[3 * units + u] = dh * tanh_c * o * (1 - o);
        a->dc[u] = dc * f;
        a->dh[u] = 0; /* gathered anew below */
    }
}

/* From da to the LSTM's weights, dh of the state before, din and the embedding. */
static void undo_cell(const arrays *a, const step *at) {
    const int64_t units = a->s.units, inputs = a->s.embedding + a->s.values;
    for (int64_t i = 0; i < inputs; i++) a->din[i] = 0;
    for (int64_t r = 0; r < 4 * units; r++) {
        a->gb[r] += a->da[r];
        for (int64_t i = 0; i < inputs; i++) {
            a->gwx[r * inputs + i] += a->da[r] * a->input[i];
            a->din[i] += a->da[r] * a->wx[r * inputs + i];
        }
        for (int64_t u = 0; u < units; u++) {
            a->gwh[r * units + u] += a->da[r] * at->h[u];
            a->dh[u] += a->da[r] * a->wh[r * units + u];
        }
    }
    for (int64_t i = 0; i < a->s.embedding; i++) a->ge[at->id * a->s.embedding + i] += a->din[i];
}

/* From the context's gradient to enc and to the scores (ds). */
static void undo_context(const arrays *a, const step *at) {
    const int64_t values = a->s.values;
    const double *alpha = a->alpha + at->row * a->s.columns_max;
    const double *dctx = a->din + a->s.embedding;
    double mean = 0;
    for (int64_t t = 0; t < at->count; t++) {
        const int64_t row = (at->first + t) * values;
        a->ds[t] = 0;
        for (int64_t k = 0; k < values; k++) {
            a->ds[t] += dctx[k] * a->enc[row + k];
            a->genc[row + k] += alpha[t] * dctx[k];
        }
        mean += alpha[t] * a->ds[t];
    }
    for (int64_t t = 0; t < at->count; t++) a->ds[t] = alpha[t] * (a->ds[t] - mean);
}

/* From ds to v, keys and dq. */
static void undo_scores(const arrays *a, const step *at) {
    const int64_t width = a->s.width;
    for (int64_t k = 0; k < width; k++) a->dq[k] = 0;
    for (int64_t t = 0; t < at->count; t++) {
        const int64_t row = (at->first + t) * width;
        a->gv[width] += a->ds[t];
        for (int64_t k = 0; k < width; k++) {
            const double u = tanh(a->keys[row + k] + a->q[k]);
            const double d = a->ds[t] * a->v[k] * (1 - u * u);
            a->gv[k] += a->ds[t] * u;
            a->gkeys[row + k] += d;
            a->dq[k] += d;
        }
    }
}

/* From dq to wq, bq and the state before. */
static void undo_query(const arrays *a, const step *at) {
    const int64_t units = a->s.units;
    for (int64_t k = 0; k < a->s.width; k++) {
        const double *w = a->wq + k * 2 * units;
        double *gw = a->gwq + k * 2 * units;
        a->gbq[k] += a->dq[k];
        for (int64_t u = 0; u < units; u++) {
            gw[u] += a->dq[k] * at->h[u];
            gw[units + u] += a->dq[k] * at->c[u];
            a->dh[u] += a->dq[k] * w[u];
            a->dc[u] += a->dq[k] * w[units + u];
        }
    }
}

static void backward_span(const arrays *a, int64_t n) {
    for (int64_t u = 0; u < a->s.units; u++) a->dh[u] = a->dc[u] = 0;
    for (int64_t l = a->s.steps - 1; l >= 0; l--) {
        const step at = step_of(a, n, l);
        if (at.id < 0) continue;
        make_query(a, &at);
        gather_input(a, &at);
        undo_gates(a, &at);
        undo_cell(a, &at);
        undo_context(a, &at);
        undo_scores(a, &at);
        undo_query(a, &at);
    }
}

static void make_gradients(rp_arena *arena, arrays *a, const rp_args *args) {
    double **const gradients[] = {&a->genc, &a->gkeys, &a->ge,  &a->gwq, &a->gbq,
                                  &a->gv,   &a->gwx,   &a->gwh, &a->gb};
    for (size_t i = 0; i < RP_COUNT(gradients); i++)
        *gradients[i] = rp_ref_zeros(arena, rp_tensor_count(args->out[i]));
    a->dh = rp_ref_zeros(arena, a->s.units);
    a->dc = rp_ref_zeros(arena, a->s.units);
    a->da = rp_ref_zeros(arena, 4 * a->s.units);
    a->dq = rp_ref_zeros(arena, a->s.width);
    a->din = rp_ref_zeros(arena, a->s.embedding + a->s.values);
    a->ds = rp_ref_zeros(arena, a->s.columns_max);
}

rp_status rp_ref_decoder_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_arena arena = {0};
    arrays a = {.s = sizes_of(args->in + 1, args->in[15])};
    load_inputs(&arena, &a, args->in + 1);
    a.gh = rp_ref_load(&arena, args->in[0]);
    a.h = rp_ref_load(&arena, args->in[12]);
    a.c = rp_ref_load(&arena, args->in[13]);
    a.gates = rp_ref_load(&arena, args->in[14]);
    a.alpha = rp_ref_load(&arena, args->in[15]);
    a.ctx = rp_ref_load(&arena, args->in[16]);
    make_gradients(&arena, &a, args);
    if (arena.failed) return rp_ref_finish(&arena, error);
    for (int64_t n = 0; n < a.s.spans; n++) backward_span(&a, n);
    const double *const gradients[] = {a.genc, a.gkeys, a.ge,  a.gwq, a.gbq,
                                       a.gv,   a.gwx,   a.gwh, a.gb};
    for (size_t i = 0; i < RP_COUNT(gradients); i++) rp_ref_store(args->out[i], gradients[i]);
    return rp_ref_finish(&arena, error);
}
