/* decoder.c: the attention decoder over all steps of a batch in one call.
 *
 * A framework launches a dozen small operations a step; here each thread takes a share of the spans
 * and walks from first to last step alone, with the weights packed once. Few spans, as in reading,
 * are walked by all threads together, each with its share of the weights and columns: what a step
 * costs then is to bring the weights (4 MB in the published network) to the cores, and each brings
 * its own part. Both ways add in the same order and give the same bits. The part of the LSTM's
 * input that is the embedding needs no product inside the loop: e wx' is made once for the whole
 * vocabulary (V rows) and looked up. */
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>

#include "tensor/cpu/loops/decoder.h"

/* table[token] = wx_e e[token] + b for the whole vocabulary; kept while the weights stand, since
 * reading calls the decoder once a step. */
static rp_status make_table(rp_device *device, const rp_tensor *e, const rp_tensor *wx,
                            const rp_tensor *b, const float **out, rp_error *error) {
    const int64_t wide = wx->shape[0], vocabulary = e->shape[0], width = e->shape[1];
    bool is_fresh;
    const float *pack = rp_cpu_pack_transposed(device, wx, 0, width); /* first: the table, once
                                                                       * asked for, is filled */
    if (pack == NULL) return rp_fail_memory(error, "packed weights");
    float *table = rp_cpu_pack_space(device, e, vocabulary * wide, 0, &is_fresh);
    *out = table;
    if (table == NULL) return rp_fail_memory(error, "packed weights");
    if (is_fresh) return RP_OK;
#pragma omp parallel for
    for (int64_t token = 0; token < vocabulary; token++) {
        memcpy(table + token * wide, b->data, (size_t)wide * sizeof(float));
        rp_gemm(table + token * wide, wide, (const float *)e->data + token * width, width, pack, 1,
                width, wide);
    }
    return RP_OK;
}

/* ---- attention ---------------------------------------------------------------------------------
 */

/* From .. up to. */
typedef struct range {
    int64_t first, last;
} range;

static int64_t columns_of(const call *p, int64_t n) {
    return p->span[n * 3 + 2] - p->span[n * 3 + 1];
}

/* Place of the span's first column among those of all images. */
static int64_t place_of(const call *p, int64_t n) {
    return p->span[n * 3] * p->s.columns + p->span[n * 3 + 1];
}

/* Scores of some of a span's columns for the raised query q. */
static void score(const call *p, int64_t n, const float *restrict q, float *restrict alpha,
                  range columns) {
    const int64_t attention = p->s.attention;
    const float *restrict keys = p->keys + place_of(p, n) * attention;
    const float *restrict v = p->v;
    float v_sum = v[attention];
    for (int64_t a = 0; a < attention; a++) v_sum += v[a];
    for (int64_t t = columns.first; t < columns.last; t++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t a = 0; a < attention; a++)
            sum += v[a] / (1.0f + keys[t * attention + a] * q[a]);
        alpha[t] = v_sum - 2 * sum;
    }
}

/* Scores to weights that add up to 1; 0 beyond the span. */
static void soften(const call *p, int64_t n, float *restrict alpha) {
    const int64_t count = columns_of(p, n);
    float largest = -1e30f, total = 0;
    for (int64_t t = 0; t < count; t++)
        if (alpha[t] > largest) largest = alpha[t];
    for (int64_t t = 0; t < count; t++) total += alpha[t] = rp_exp(alpha[t] - largest);
    for (int64_t t = 0; t < count; t++) alpha[t] /= total;
    for (int64_t t = count; t < p->s.span_max; t++) alpha[t] = 0;
}

/* Part of the context, the weighted sum of the span's columns. */
static void gather_context(const call *p, int64_t n, const float *restrict alpha,
                           float *restrict context, range part) {
    const int64_t width = p->s.width, count = columns_of(p, n);
    const float *restrict enc = p->enc + place_of(p, n) * width;
    for (int64_t k = part.first; k < part.last; k++) context[k] = 0;
    for (int64_t t = 0; t < count; t++)
        for (int64_t k = part.first; k < part.last; k++)
            context[k] += alpha[t] * enc[t * width + k];
}

static void attend(const call *p, int64_t n, const float *q, float *alpha, float *context) {
    score(p, n, q, alpha, (range){0, columns_of(p, n)});
    soften(p, n, alpha);
    gather_context(p, n, alpha, context, (range){0, p->s.width});
}

/* ---- a step ------------------------------------------------------------------------------------
 */

/* A share's working rows: state [h ; c], query, context, gates, and which span a row is. */
typedef struct rows {
    float *state, *q, *context, *gates;
    int64_t *span;
} rows;

static size_t rows_floats(const shape *s, int64_t count) {
    return (size_t)(count * (2 * s->units + s->attention + s->width + 4 * s->units)) +
           (size_t)count * 2 + (size_t)s->span_max + 16;
}

static rows rows_over(float *space, const shape *s, int64_t count) {
    rows r = {.state = space};
    r.q = r.state + count * 2 * s->units;
    r.context = r.q + count * s->attention;
    r.gates = r.context + count * s->width;
    r.span = (int64_t *)(((uintptr_t)(r.gates + count * 4 * s->units) + 7) & ~(uintptr_t)7);
    return r;
}

/* Fills the state rows of the spans that have a token at step l; clears the outputs of the others.
 */
static int64_t gather(const call *p, const rows *r, int64_t first, int64_t last, int64_t l) {
    const shape *s = &p->s;
    const int64_t units = s->units;
    const size_t bytes = (size_t)units * sizeof(float);
    int64_t count = 0;
    for (int64_t n = first; n < last; n++) {
        const int64_t at = n * s->steps + l;
        if (p->ids[at] < 0) {
            memset(p->h + at * units, 0, bytes);
            memset(p->c + at * units, 0, bytes);
            memset(p->gates + at * 4 * units, 0, 4 * bytes);
            memset(p->alpha + at * s->span_max, 0, (size_t)s->span_max * sizeof(float));
            memset(p->context + at * s->width, 0, (size_t)s->width * sizeof(float));
            continue;
        }
        float *state = r->state + count * 2 * units;
        const float *h = l > 0 ? p->h + (at - 1) * units : p->h0 ? p->h0 + n * units : NULL;
        const float *c = l > 0 ? p->c + (at - 1) * units : p->c0 ? p->c0 + n * units : NULL;
        if (h != NULL) memcpy(state, h, bytes);
        else memset(state, 0, bytes);
        if (c != NULL) memcpy(state + units, c, bytes);
        else memset(state + units, 0, bytes);
        r->span[count++] = n;
    }
    return count;
}

/* What the products of a step are added to: the query's bias, the embedding's part of the gates. */
static void begin_products(const call *p, const rows *r, int64_t count, int64_t l) {
    const int64_t wide = 4 * p->s.units;
    for (int64_t i = 0; i < count; i++) {
        const int32_t id = p->ids[r->span[i] * p->s.steps + l];
        memcpy(r->q + i * p->s.attention, p->bq, (size_t)p->s.attention * sizeof(float));
        memcpy(r->gates + i * wide, p->table + id * wide, (size_t)wide * sizeof(float));
    }
}

/* Row i's new state, and what the way back needs. */
static void finish_row(const call *p, const rows *r, int64_t i, int64_t l) {
    const shape *s = &p->s;
    const int64_t units = s->units, wide = 4 * units, at = r->span[i] * s->steps + l;
    const float *before = r->state + i * 2 * units + units;
    rp_cell_forward(r->gates + i * wide, p->c + at * units, p->h + at * units, before, units);
    memcpy(p->gates + at * wide, r->gates + i * wide, (size_t)wide * sizeof(float));
    memcpy(p->context + at * s->width, r->context + i * s->width, (size_t)s->width * sizeof(float));
}

static void step_forward(const call *p, const rows *r, int64_t first, int64_t last, int64_t l) {
    const shape *s = &p->s;
    const int64_t units = s->units, wide = 4 * units, count = gather(p, r, first, last, l);
    begin_products(p, r, count, l);
    rp_gemm(r->q, s->attention, r->state, 2 * units, p->pack_q, count, 2 * units, s->attention);
    raise_queries(r->q, count * s->attention);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = r->span[i] * s->steps + l;
        attend(p, r->span[i], r->q + i * s->attention, p->alpha + at * s->span_max,
               r->context + i * s->width);
    }
    rp_gemm(r->gates, wide, r->context, s->width, p->pack_context, count, s->width, wide);
    rp_gemm(r->gates, wide, r->state, 2 * units, p->pack_hidden, count, units, wide);
    for (int64_t i = 0; i < count; i++) finish_row(p, r, i, l);
}

/* The most spans that one of so many shares has. */
static int64_t share_max(const shape *s, int64_t shares) {
    return (s->spans + shares - 1) / (shares > 0 ? shares : 1);
}

/* Each thread walks its share of the spans. */
static void walk_apart(const call *p, float *space, int64_t shares) {
    const shape *s = &p->s;
    const int64_t most = share_max(s, shares);
    const size_t own = rows_floats(s, most);
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < shares; i++) {
        const rows r = rows_over(space + (size_t)i * own, s, most);
        const int64_t first = s->spans * i / shares, last = s->spans * (i + 1) / shares;
        for (int64_t l = 0; l < s->steps; l++) step_forward(p, &r, first, last, l);
    }
}

/* ---- all threads at one step -------------------------------------------------------------------
 */

/* Where the threads of a team wait for one another, seven times a step: OpenMP's barrier calls the
 * system each time, which costs more than a phase. Zero-initialised. */
typedef struct meeting {
    atomic_int here;
    atomic_uint round;
} meeting;

static void meet(meeting *m) {
    enum { SPINS_MAX = 10000 }; /* then the processor has others to serve */
    const unsigned round = atomic_load_explicit(&m->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&m->here, 1, memory_order_acq_rel) + 1 == omp_get_num_threads()) {
        atomic_store_explicit(&m->here, 0, memory_order_relaxed);
        atomic_store_explicit(&m->round, round + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&m->round, memory_order_acquire) == round; spins++)
        if (spins > SPINS_MAX) sched_yield();
}

/* The calling thread's share of `count`, cut at multiples of `grain`. */
static range share_of(int64_t count, int64_t grain) {
    const int64_t me = omp_get_thread_num(), team = omp_get_num_threads();
    const int64_t grains = (count + grain - 1) / grain;
    const range share = {grains * me / team * grain, grains * (me + 1) / team * grain};
    return (range){share.first, share.last < count ? share.last : count};
}

/* The share's columns of y (rows, columns) += a (rows, inner) * panels. */
static void multiply_share(float *y, int64_t columns, const float *a, int64_t a_stride,
                           const float *panels, int64_t rows, int64_t inner) {
    const range share = share_of(columns, RP_PANEL);
    if (share.first < share.last)
        rp_gemm(y + share.first, columns, a, a_stride, panels + share.first * inner, rows, inner,
                share.last - share.first);
}

/* What a team works on. */
typedef struct together {
    const call *p;
    rows r;
    int64_t count; /* rows of this step */
    meeting meeting;
} together;

static float *alpha_of(const together *t, int64_t i, int64_t l) {
    const shape *s = &t->p->s;
    return t->p->alpha + (t->r.span[i] * s->steps + l) * s->span_max;
}

/* The attention of all rows: queries, scores, weights, contexts. */
static void attend_together(together *t, int64_t l) {
    const call *p = t->p;
    const rows *r = &t->r;
    const shape *s = &p->s;
    const range queries = share_of(s->attention, RP_PANEL), mine = share_of(t->count, 1);
    multiply_share(r->q, s->attention, r->state, 2 * s->units, p->pack_q, t->count, 2 * s->units);
    for (int64_t i = 0; i < t->count; i++)
        raise_queries(r->q + i * s->attention + queries.first, queries.last - queries.first);
    meet(&t->meeting);
    for (int64_t i = 0; i < t->count; i++)
        score(p, r->span[i], r->q + i * s->attention, alpha_of(t, i, l),
              share_of(columns_of(p, r->span[i]), 16));
    meet(&t->meeting);
    for (int64_t i = mine.first; i < mine.last; i++) soften(p, r->span[i], alpha_of(t, i, l));
    meet(&t->meeting);
    for (int64_t i = 0; i < t->count; i++)
        gather_context(p, r->span[i], alpha_of(t, i, l), r->context + i * s->width,
                       share_of(s->width, 16));
    meet(&t->meeting);
}

/* step_forward of all spans by all threads of the team: what a phase reads was written before the
 * meeting ahead of it. */
static void step_together(together *t, int64_t l) {
    const call *p = t->p;
    const rows *r = &t->r;
    const int64_t units = p->s.units, wide = 4 * units;
    if (omp_get_thread_num() == 0) {
        t->count = gather(p, r, 0, p->s.spans, l);
        begin_products(p, r, t->count, l);
    }
    meet(&t->meeting);
    attend_together(t, l);
    multiply_share(r->gates, wide, r->context, p->s.width, p->pack_context, t->count, p->s.width);
    multiply_share(r->gates, wide, r->state, 2 * units, p->pack_hidden, t->count, units);
    meet(&t->meeting);
    const range mine = share_of(t->count, 1);
    for (int64_t i = mine.first; i < mine.last; i++) finish_row(p, r, i, l);
    meet(&t->meeting);
}

static void walk_together(const call *p, float *space) {
    together t = {.p = p, .r = rows_over(space, &p->s, p->s.spans)};
#pragma omp parallel
    for (int64_t l = 0; l < p->s.steps; l++) step_together(&t, l);
}

/* ---- the op ------------------------------------------------------------------------------------
 */

/* Up to so many spans a thread, bringing the weights costs more than the products. */
enum { SPANS_TOGETHER = 4 };

static rp_status decoder(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *const *in = args->in;
    if (in[10]->dtype == RP_F64) return rp_ref_ops.decoder(device, args, error);
    call p = {.s = shape_of(in, args->out[3]),
              .h = args->out[0]->data,
              .c = args->out[1]->data,
              .gates = args->out[2]->data,
              .alpha = args->out[3]->data,
              .context = args->out[4]->data,
              .h0 = in[11] != NULL ? in[11]->data : NULL,
              .c0 = in[12] != NULL ? in[12]->data : NULL};
    const shape *s = &p.s;
    const int64_t inputs = rp_tensor_count(in[0]) + rp_tensor_count(in[1]);
    const int64_t threads = omp_get_max_threads();
    const bool together = threads > 1 && s->spans <= threads * SPANS_TOGETHER;
    const int64_t shares = together ? 1 : threads < s->spans ? threads : s->spans;
    const size_t working = (size_t)shares * rows_floats(s, share_max(s, shares));
    float *space =
        rp_cpu_scratch_take(device, RP_SCRATCH_DECODER, ((size_t)inputs + working) * sizeof(float));
    if (space == NULL) return rp_fail_memory(error, "the decoder");
    RP_TRY(call_init(device, &p, in, args->attr.raised, space, error));
    RP_TRY(make_table(device, in[4], in[8], in[10], &p.table, error));
    if (together) walk_together(&p, space + inputs);
    else walk_apart(&p, space + inputs, shares);
    return RP_OK;
}

void rp_cpu_install_decoder(rp_device *device);
void rp_cpu_install_decoder(rp_device *device) {
    device->ops.decoder = decoder;
    device->implementation[RP_OP_decoder] = "cpu";
}
