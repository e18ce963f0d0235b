/* decoder_back.c: the attention decoder's gradients, through time.
 *
 * Threads share by image: spans of one image add to the same columns of its encoding, and one
 * thread adds them in order, so that the sums do not depend on the number of threads. Gradients of
 * weights are products over all steps at the end. Most of (N, L) lies behind the ends of spans
 * (measures differ much in length), so what those products need is stored for live steps only. */
#include <omp.h>

#include "tensor/cpu/loops/decoder.h"

typedef struct back {
    call p;
    const float *gh;
    float *genc, *gkeys; /* (B, T, K), (B, T, A), f32 */
    float *ggates, *gq;  /* (live, 4U), (live, A): for the products at the end */
    float *gv;           /* (B, A + 1): a row an image */
    int32_t *place;      /* (N, L): the row of a step in them, -1 behind a span's end */
    int64_t live;        /* their rows: the live steps, rounded up to LIVE_STEP by rows of 0 */
    const float *plain_q, *plain_context, *plain_hidden;
} back;

/* Rows come in steps of so many, so that oneDNN's primitives are made for few shapes. */
enum { LIVE_STEP = 256 };

static int64_t live_rows(const int32_t *ids, int64_t count) {
    int64_t live = 0;
    for (int64_t at = 0; at < count; at++) live += ids[at] >= 0;
    return (live + LIVE_STEP - 1) / LIVE_STEP * LIVE_STEP;
}

/* Fills in where the live steps go; clears the rows that no step fills. */
static void place_rows(back *b) {
    const shape *s = &b->p.s;
    int32_t next = 0;
    for (int64_t at = 0; at < s->spans * s->steps; at++)
        b->place[at] = b->p.ids[at] >= 0 ? next++ : -1;
    const int64_t left = b->live - next, wide = 4 * s->units;
    memset(b->ggates + next * wide, 0, (size_t)(left * wide) * sizeof(float));
    memset(b->gq + next * s->attention, 0, (size_t)(left * s->attention) * sizeof(float));
}

/* A share's rows going back: gradients of the state, of the context, of the query's input. */
typedef struct back_rows {
    float *gh, *gc, *gcontext, *gstate, *ggates, *gq, *state, *galpha;
    int64_t *span;
} back_rows;

static float dot(const float *restrict a, const float *restrict b, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < count; k++) sum += a[k] * b[k];
    return sum;
}

/* The window of a span, going back through its scores: rows t < count, `stride` floats apart. */
typedef struct window {
    const float *keys, *galpha, *q, *v; /* raised keys; gradients of the scores; raised query */
    float *gkeys, *gq, *gv;
    int64_t count, stride;
} window;

/* Sixteen dimensions of the attention from the a-th on, their sums over the columns in registers.
 * With r = 1 / (1 + e^2k e^2q): tanh = 1 - 2 r, and its derivative 1 - tanh^2 = 4 r (1 - r). */
static void lane_back(const window *w, int64_t a) {
    const rp_lane q = *(const rp_lane *)(w->q + a), slope = 4 * *(const rp_lane *)(w->v + a);
    rp_lane sum_q = {0}, sum_v = {0};
    for (int64_t t = 0; t < w->count; t++) {
        const int64_t at = t * w->stride + a;
        const rp_lane r = 1.0f / (1.0f + *(const rp_lane *)(w->keys + at) * q);
        const rp_lane g = w->galpha[t] * slope * r * (1.0f - r);
        *(rp_lane *)(w->gkeys + at) += g;
        sum_q += g;
        sum_v += w->galpha[t] * (1.0f - 2.0f * r);
    }
    *(rp_lane *)(w->gq + a) = sum_q;
    *(rp_lane *)(w->gv + a) += sum_v;
}

/* The same for one dimension. */
static void dimension_back(const window *w, int64_t a) {
    float sum_q = 0, sum_v = 0;
    for (int64_t t = 0; t < w->count; t++) {
        const int64_t at = t * w->stride + a;
        const float r = 1.0f / (1.0f + w->keys[at] * w->q[a]);
        const float g = w->galpha[t] * 4 * w->v[a] * r * (1.0f - r);
        w->gkeys[at] += g;
        sum_q += g;
        sum_v += w->galpha[t] * (1.0f - 2.0f * r);
    }
    w->gq[a] = sum_q;
    w->gv[a] += sum_v;
}

/* Gradient of one span's attention at one step: from the context's to those of enc, keys, v, q.
 * Row `row` of r->gq holds the raised query. */
static void attend_back(const back *b, int64_t n, int64_t at, const back_rows *r, int64_t row) {
    const shape *s = &b->p.s;
    const int64_t width = s->width, attention = s->attention;
    const float *restrict alpha = b->p.alpha + at * s->span_max;
    const float *restrict gcontext = r->gcontext + row * width;
    float *restrict galpha = r->galpha;
    const int64_t image = b->p.span[n * 3], first = b->p.span[n * 3 + 1];
    const int64_t count = b->p.span[n * 3 + 2] - first, column = image * s->columns + first;
    const float *restrict enc = b->p.enc + column * width;
    float *restrict genc = b->genc + column * width;
    const window w = {.keys = b->p.keys + column * attention,
                      .galpha = galpha,
                      .q = r->gq + row * attention,
                      .v = b->p.v,
                      .gkeys = b->gkeys + column * attention,
                      .gq = b->gq + b->place[at] * attention,
                      .gv = b->gv + image * (attention + 1),
                      .count = count,
                      .stride = attention};
    float mean = 0;
    for (int64_t t = 0; t < count; t++) {
        galpha[t] = dot(gcontext, enc + t * width, width);
        mean += alpha[t] * galpha[t];
    }
    for (int64_t t = 0; t < count; t++) {
        const float weight = alpha[t];
        galpha[t] = weight * (galpha[t] - mean); /* the score's, from here on */
        for (int64_t k = 0; k < width; k++) genc[t * width + k] += weight * gcontext[k];
    }
    int64_t a = 0;
    for (; a + 16 <= attention; a += 16) lane_back(&w, a);
    for (; a < attention; a++) dimension_back(&w, a);
}

/* Gates' gradients of the spans that live at step l; returns how many, their rows in r->span. */
static int64_t gates_back(const back *b, const back_rows *r, int64_t first, int64_t last,
                          int64_t l) {
    const shape *s = &b->p.s;
    const int64_t units = s->units, wide = 4 * units;
    const size_t bytes = (size_t)units * sizeof(float);
    int64_t count = 0;
    for (int64_t n = first; n < last; n++) {
        const int64_t at = n * s->steps + l, row = n - first;
        if (b->p.ids[at] < 0) continue;
        float *gh = r->gh + row * units, *ga = r->ggates + count * wide;
        float *state = r->state + count * 2 * units;
        for (int64_t u = 0; u < units; u++) gh[u] += b->gh[at * units + u];
        rp_cell_backward(ga, r->gc + row * units, gh, b->p.gates + at * wide, b->p.c + at * units,
                         l > 0 ? b->p.c + (at - 1) * units : NULL, units);
        memcpy(b->ggates + b->place[at] * wide, ga, 4 * bytes);
        if (l > 0) {
            memcpy(state, b->p.h + (at - 1) * units, bytes);
            memcpy(state + units, b->p.c + (at - 1) * units, bytes);
        } else {
            memset(state, 0, 2 * bytes);
        }
        r->span[count++] = n;
    }
    return count;
}

static void step_back(const back *b, const back_rows *r, int64_t first, int64_t last, int64_t l) {
    const shape *s = &b->p.s;
    const int64_t units = s->units, wide = 4 * units, attention = s->attention;
    const int64_t count = gates_back(b, r, first, last, l);
    const size_t query = (size_t)(count * attention) * sizeof(float);
    memset(r->gcontext, 0, (size_t)(count * s->width) * sizeof(float));
    memset(r->gstate, 0, (size_t)(count * 2 * units) * sizeof(float));
    rp_gemm(r->gcontext, s->width, r->ggates, wide, b->plain_context, count, wide, s->width);
    rp_gemm(r->gstate, 2 * units, r->ggates, wide, b->plain_hidden, count, wide, units);
    float *q = r->gq; /* the query again; each row then becomes its gradient */
    memset(q, 0, query);
    for (int64_t i = 0; i < count; i++)
        memcpy(q + i * attention, b->p.bq, (size_t)attention * sizeof(float));
    rp_gemm(q, attention, r->state, 2 * units, b->p.pack_q, count, 2 * units, attention);
    raise_queries(q, count * attention);
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = r->span[i] * s->steps + l;
        attend_back(b, r->span[i], at, r, i);
        memcpy(q + i * attention, b->gq + b->place[at] * attention,
               (size_t)attention * sizeof(float));
    }
    rp_gemm(r->gstate, 2 * units, q, attention, b->plain_q, count, attention, 2 * units);
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = r->span[i] - first;
        float *gh = r->gh + row * units, *gc = r->gc + row * units;
        memcpy(gh, r->gstate + i * 2 * units, (size_t)units * sizeof(float));
        for (int64_t u = 0; u < units; u++) gc[u] += r->gstate[i * 2 * units + units + u];
    }
}

static size_t back_floats(const shape *s, int64_t count) {
    return (size_t)(count * (2 * s->units + s->width + 2 * s->units + 4 * s->units + s->attention +
                             2 * s->units)) +
           (size_t)count * 2 + (size_t)s->span_max + 16;
}

static back_rows back_rows_over(float *space, const shape *s, int64_t count) {
    back_rows r = {.gh = space};
    r.gc = r.gh + count * s->units;
    r.gcontext = r.gc + count * s->units;
    r.gstate = r.gcontext + count * s->width;
    r.ggates = r.gstate + count * 2 * s->units;
    r.gq = r.ggates + count * 4 * s->units;
    r.state = r.gq + count * s->attention;
    r.galpha = r.state + count * 2 * s->units;
    r.span = (int64_t *)(((uintptr_t)(r.galpha + s->span_max) + 7) & ~(uintptr_t)7);
    return r;
}

/* All spans of images first_image .. last_image - 1: they lie together, spans being in order. */
static void images_back(const back *b, float *space, int64_t first_image, int64_t last_image) {
    const shape *s = &b->p.s;
    int64_t first = 0;
    while (first < s->spans && b->p.span[first * 3] < first_image) first++;
    int64_t last = first;
    while (last < s->spans && b->p.span[last * 3] < last_image) last++;
    const back_rows r = back_rows_over(space, s, s->spans);
    memset(r.gh, 0, (size_t)((last - first) * s->units) * sizeof(float));
    memset(r.gc, 0, (size_t)((last - first) * s->units) * sizeof(float));
    for (int64_t l = s->steps - 1; l >= 0; l--) step_back(b, &r, first, last, l);
}

/* y = a' b over all rows, in f32: gradients of weights. */
static rp_status product(rp_device *device, float *y, const rp_tensor *a, const rp_tensor *b,
                         rp_error *error) {
    rp_tensor out = rp_tensor_over(y, RP_F32, 2, (int64_t[]){a->shape[1], b->shape[1]});
    return device->ops.matmul(
        device, &(rp_args){.in = {a, b}, .out = {&out}, .attr = {.transpose_a = true}}, error);
}

static rp_status sum_columns(rp_device *device, const rp_tensor *rows, rp_tensor *y,
                             rp_error *error) {
    return device->ops.sum(device, &(rp_args){.in = {rows}, .out = {y}}, error);
}

static rp_tensor matrix(const float *data, int64_t rows, int64_t columns) {
    return rp_tensor_over((void *)data, RP_F32, 2, (int64_t[]){rows, columns});
}

/* What the products meet at every live step: the query [h ; c] before it, (live, 2U), and the gates
 * [context ; h], (live, K + U). h stands in both: the products take whole rows, and one with
 * columns that are not wanted costs more than the copy. */
static void gather_live(const back *b, float *states, float *inputs) {
    const shape *s = &b->p.s;
    const int64_t width = s->width + s->units;
    const size_t bytes = (size_t)s->units * sizeof(float);
    memset(states, 0, (size_t)b->live * 2 * bytes);
    memset(inputs, 0, (size_t)(b->live * width) * sizeof(float));
#pragma omp parallel for
    for (int64_t at = 0; at < s->spans * s->steps; at++) {
        if (b->place[at] < 0) continue;
        float *state = states + b->place[at] * 2 * s->units;
        float *input = inputs + b->place[at] * width;
        memcpy(input, b->p.context + at * s->width, (size_t)s->width * sizeof(float));
        if (at % s->steps == 0) continue;
        memcpy(state, b->p.h + (at - 1) * s->units, bytes);
        memcpy(state + s->units, b->p.c + (at - 1) * s->units, bytes);
        memcpy(input + s->width, state, bytes);
    }
}

/* Gradients of the embedding and of its part of wx: by the vocabulary's table. */
static rp_status table_back(rp_device *device, const rp_args *args, const back *b, float *gtable,
                            float *gwx_e, rp_error *error) {
    const shape *s = &b->p.s;
    const int64_t wide = 4 * s->units, width = s->embedding + s->width;
    const rp_tensor *e = args->in[5], *wx = args->in[9];
    memset(gtable, 0, (size_t)(s->vocabulary * wide) * sizeof(float));
    for (int64_t at = 0; at < s->spans * s->steps; at++) {
        if (b->p.ids[at] < 0) continue;
        float *row = gtable + b->p.ids[at] * wide;
        const float *ggates = b->ggates + b->place[at] * wide;
        for (int64_t g = 0; g < wide; g++) row[g] += ggates[g];
    }
    const float *pack = rp_cpu_pack_plain(device, wx, 0, s->embedding);
    if (pack == NULL) return rp_fail_memory(error, "packed weights");
    float *ge = args->out[2]->data, *gwx = args->out[6]->data;
    memset(ge, 0, rp_tensor_bytes(args->out[2]));
    rp_gemm(ge, s->embedding, gtable, wide, pack, s->vocabulary, wide, s->embedding);
    const rp_tensor table = matrix(gtable, s->vocabulary, wide);
    RP_TRY(product(device, gwx_e, &table, e, error));
    for (int64_t g = 0; g < wide; g++)
        memcpy(gwx + g * width, gwx_e + g * s->embedding, (size_t)s->embedding * sizeof(float));
    return RP_OK;
}

/* Working memory of weights_back, in floats. */
static int64_t weights_floats(const shape *s, int64_t rows) {
    const int64_t wide = 4 * s->units, inputs = s->width + s->units;
    return rows * (2 * s->units + inputs) + s->vocabulary * wide + wide * (inputs + s->embedding);
}

/* The products over all live steps, once ggates and gq are complete. */
static rp_status weights_back(rp_device *device, const rp_args *args, const back *b, float *work,
                              rp_error *error) {
    const shape *s = &b->p.s;
    const int64_t wide = 4 * s->units, rows = b->live, width = s->embedding + s->width;
    const int64_t input = s->width + s->units;
    float *states = work, *inputs = states + rows * 2 * s->units;
    float *gtable = inputs + rows * input, *gpair = gtable + s->vocabulary * wide;
    float *gwx_e = gpair + wide * input;
    float *gwx = args->out[6]->data, *gwh = args->out[7]->data;
    gather_live(b, states, inputs);
    RP_TRY(table_back(device, args, b, gtable, gwx_e, error));
    const rp_tensor factors[4] = {matrix(b->ggates, rows, wide), matrix(b->gq, rows, s->attention),
                                  matrix(inputs, rows, input), matrix(states, rows, 2 * s->units)};
    RP_TRY(product(device, gpair, &factors[0], &factors[2], error));
    for (int64_t g = 0; g < wide; g++) {
        const float *row = gpair + g * input;
        memcpy(gwx + g * width + s->embedding, row, (size_t)s->width * sizeof(float));
        memcpy(gwh + g * s->units, row + s->width, (size_t)s->units * sizeof(float));
    }
    RP_TRY(product(device, args->out[3]->data, &factors[1], &factors[3], error));
    const rp_tensor gv = matrix(b->gv, s->images, s->attention + 1);
    RP_TRY(sum_columns(device, &factors[0], args->out[8], error));
    RP_TRY(sum_columns(device, &factors[1], args->out[4], error));
    return sum_columns(device, &gv, args->out[5], error);
}

/* From f32 to the type of enc and keys. */
static rp_status give_out(rp_device *device, float *from, rp_tensor *to, rp_error *error) {
    rp_tensor exact = *to;
    exact.dtype = RP_F32;
    exact.data = from;
    return device->ops.cast(device, &(rp_args){.in = {&exact}, .out = {to}}, error);
}

static rp_status decoder_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *const *in = args->in + 1;
    if (in[10]->dtype == RP_F64) return rp_ref_ops.decoder_backward(device, args, error);
    back b = {.gh = args->in[0]->data,
              .p = {.s = shape_of(in, args->in[15]),
                    .h = args->in[12]->data,
                    .c = args->in[13]->data,
                    .gates = args->in[14]->data,
                    .alpha = args->in[15]->data,
                    .context = args->in[16]->data}};
    const shape *s = &b.p.s;
    const int64_t wide = 4 * s->units, steps = s->spans * s->steps;
    const int64_t rows = b.live = live_rows(in[3]->data, steps);
    const int64_t enc = rp_tensor_count(in[0]), keys = rp_tensor_count(in[1]);
    const int64_t threads = omp_get_max_threads();
    const int64_t shares = threads < s->images ? threads : s->images;
    const size_t own = back_floats(s, s->spans);
    const int64_t gv = s->images * (s->attention + 1);
    const int64_t work = weights_floats(s, rows);
    float *space = rp_cpu_scratch_take(
        device, RP_SCRATCH_DECODER,
        ((size_t)(2 * (enc + keys) + rows * (wide + s->attention) + gv + work + steps) +
         own * (size_t)shares) *
            sizeof(float));
    if (space == NULL) return rp_fail_memory(error, "the decoder's gradients");
    RP_TRY(call_init(device, &b.p, in, false, space, error));
    b.genc = space + enc + keys;
    b.gkeys = b.genc + enc;
    b.ggates = b.gkeys + keys;
    b.gq = b.ggates + rows * wide;
    b.gv = b.gq + rows * s->attention;
    b.place = (int32_t *)(b.gv + gv);
    float *after = b.gv + gv + steps;
    place_rows(&b);
    memset(b.genc, 0, (size_t)(enc + keys) * sizeof(float));
    memset(b.gv, 0, (size_t)gv * sizeof(float));
    b.plain_q = rp_cpu_pack_plain(device, in[5], 0, 2 * s->units);
    b.plain_context = rp_cpu_pack_plain(device, in[8], s->embedding, s->width);
    b.plain_hidden = rp_cpu_pack_plain(device, in[9], 0, s->units);
    if (b.plain_q == NULL || b.plain_context == NULL || b.plain_hidden == NULL)
        return rp_fail_memory(error, "packed weights");
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < shares; i++)
        images_back(&b, after + work + (size_t)i * own, s->images * i / shares,
                    s->images * (i + 1) / shares);
    RP_TRY(weights_back(device, args, &b, after, error));
    RP_TRY(give_out(device, b.genc, args->out[0], error));
    return give_out(device, b.gkeys, args->out[1], error);
}

void rp_cpu_install_decoder_back(rp_device *device);
void rp_cpu_install_decoder_back(rp_device *device) {
    device->ops.decoder_backward = decoder_backward;
    device->implementation[RP_OP_decoder_backward] = "cpu";
}
