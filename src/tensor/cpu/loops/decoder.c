/* decoder.c: the attention decoder over all steps of a batch in one call.
 *
 * A framework launches a dozen small operations a step; here each thread takes a share of the spans
 * and walks from first to last step alone, with the weights packed once. The part of the LSTM's
 * input that is the embedding needs no product inside the loop: e wx' is made once for the whole
 * vocabulary (V rows) and looked up. */
#include <omp.h>

#include "tensor/cpu/loops/decoder.h"

/* table[token] = wx_e e[token] + b for the whole vocabulary; kept while the weights stand, since
 * reading calls the decoder once a step. */
static rp_status make_table(rp_device *device, const rp_tensor *e, const rp_tensor *wx,
                            const rp_tensor *b, const float **out, rp_error *error) {
    const int64_t wide = wx->shape[0], vocabulary = e->shape[0], width = e->shape[1];
    bool is_fresh;
    float *table = rp_cpu_pack_space(device, e, vocabulary * wide, &is_fresh);
    *out = table;
    if (table != NULL && is_fresh) return RP_OK;
    const float *pack = rp_cpu_pack_transposed(device, wx, 0, width);
    if (pack == NULL || table == NULL) return rp_fail_memory(error, "packed weights");
#pragma omp parallel for
    for (int64_t token = 0; token < vocabulary; token++) {
        memcpy(table + token * wide, b->data, (size_t)wide * sizeof(float));
        rp_gemm(table + token * wide, wide, (const float *)e->data + token * width, width, pack, 1,
                width, wide);
    }
    return RP_OK;
}

/* Scores of one span's columns for the raised query q, their softmax into alpha, and the context.
 */
static void attend(const call *p, int64_t n, const float *restrict q, float *restrict alpha,
                   float *restrict context) {
    const shape *s = &p->s;
    const int64_t width = s->width, attention = s->attention;
    const int64_t first = p->span[n * 3 + 1], count = p->span[n * 3 + 2] - first;
    const int64_t column = p->span[n * 3] * s->columns + first;
    const float *restrict keys = p->keys + column * attention;
    const float *restrict enc = p->enc + column * width;
    const float *restrict v = p->v;
    float largest = -1e30f, total = 0, v_sum = v[attention];
    for (int64_t a = 0; a < attention; a++) v_sum += v[a];
    for (int64_t t = 0; t < count; t++) {
        float score = 0;
#pragma omp simd reduction(+ : score)
        for (int64_t a = 0; a < attention; a++)
            score += v[a] / (1.0f + keys[t * attention + a] * q[a]);
        alpha[t] = v_sum - 2 * score;
        if (alpha[t] > largest) largest = alpha[t];
    }
    for (int64_t t = 0; t < count; t++) total += alpha[t] = rp_exp(alpha[t] - largest);
    for (int64_t k = 0; k < width; k++) context[k] = 0;
    for (int64_t t = 0; t < count; t++) {
        alpha[t] /= total;
        for (int64_t k = 0; k < width; k++) context[k] += alpha[t] * enc[t * width + k];
    }
    for (int64_t t = count; t < s->span_max; t++) alpha[t] = 0;
}

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

static void step_forward(const call *p, const rows *r, int64_t first, int64_t last, int64_t l) {
    const shape *s = &p->s;
    const int64_t units = s->units, wide = 4 * units, count = gather(p, r, first, last, l);
    for (int64_t i = 0; i < count; i++)
        memcpy(r->q + i * s->attention, p->bq, (size_t)s->attention * sizeof(float));
    rp_gemm(r->q, s->attention, r->state, 2 * units, p->pack_q, count, 2 * units, s->attention);
    raise_queries(r->q, count * s->attention);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = r->span[i] * s->steps + l;
        attend(p, r->span[i], r->q + i * s->attention, p->alpha + at * s->span_max,
               r->context + i * s->width);
        memcpy(p->context + at * s->width, r->context + i * s->width,
               (size_t)s->width * sizeof(float));
        memcpy(r->gates + i * wide, p->table + p->ids[at] * wide, (size_t)wide * sizeof(float));
    }
    rp_gemm(r->gates, wide, r->context, s->width, p->pack_context, count, s->width, wide);
    rp_gemm(r->gates, wide, r->state, 2 * units, p->pack_hidden, count, units, wide);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = r->span[i] * s->steps + l;
        const float *before = r->state + i * 2 * units + units;
        rp_cell_forward(r->gates + i * wide, p->c + at * units, p->h + at * units, before, units);
        memcpy(p->gates + at * wide, r->gates + i * wide, (size_t)wide * sizeof(float));
    }
}

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
    const int64_t shares = threads < s->spans ? threads : s->spans;
    const int64_t largest = (s->spans + shares - 1) / (shares > 0 ? shares : 1);
    const size_t own = rows_floats(s, largest);
    float *space = rp_cpu_scratch_take(device, RP_SCRATCH_DECODER,
                                       ((size_t)inputs + own * (size_t)shares) * sizeof(float));
    if (space == NULL) return rp_fail_memory(error, "the decoder");
    RP_TRY(call_init(device, &p, in, space, error));
    RP_TRY(make_table(device, in[4], in[8], in[10], &p.table, error));
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < shares; i++) {
        const rows r = rows_over(space + inputs + (size_t)i * own, s, largest);
        const int64_t first = s->spans * i / shares, last = s->spans * (i + 1) / shares;
        for (int64_t l = 0; l < s->steps; l++) step_forward(&p, &r, first, last, l);
    }
    return RP_OK;
}

void rp_cpu_install_decoder(rp_device *device);
void rp_cpu_install_decoder(rp_device *device) {
    device->ops.decoder = decoder;
    device->implementation[RP_OP_decoder] = "cpu";
}
