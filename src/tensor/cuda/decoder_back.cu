/* decoder_back.cu: the decoder's gradient.
 *
 * What the steps leave behind is summed up by products of all steps at once (cuBLAS), so that the
 * one kernel that walks back, a block a span, does only what hangs on the step after:
 *
 *     before the walk   q (N L, A) = [h ; c] of the step before, times wq'
 *     the walk          da (4U), dq (A), dctx (K), and ds over the columns; keys' gradient by span
 *     behind it         gwx, gwh, gwq, ge, and sums over spans for enc, keys and v
 *
 * The products behind the walk are of f32, whatever the images are: rounded to bf16 on both sides
 * they were off by 4 % where much cancels, and all of them together take half a millisecond.
 * Spans may look at the same columns: each has its own part of the keys' gradient, and a thread a
 * number adds the parts up in order of spans. */
#include <math.h>

#include "tensor/cuda/decoder.h"

typedef struct back {
    rp_decoder_sizes s;
    const void *enc, *keys, *wq, *wxh; /* wq (A, 2U), [wx's context , wh] (4U, K + U), padded */
    const float *gh, *c, *gates, *alpha, *q, *bq, *v;
    const int32_t *spans, *ids;
    float *da, *dq, *dctx; /* (N L, 4U), (N L, A), (N L, K) */
    float *dkeys, *dv;     /* (N, S, A), (N, A + 1) */
} back;

typedef struct room {
    float *din, *dh, *dc, *da, *dq, *dstate, *ds, *dv, *parts;
} room;

/* Lanes over the columns for each number of the attention's width. */
static __device__ int width_lanes(const back *b) {
    const int lanes = (int)(rp_threads() / b->s.width);
    return lanes > 0 ? lanes : 1;
}

static __device__ room room_of(const back *b) {
    const rp_decoder_sizes *s = &b->s;
    room m;
    m.din = rp_shared();
    m.dh = m.din + s->values + s->units;
    m.dc = m.dh + s->units;
    m.da = m.dc + s->units;
    m.dq = m.da + 4 * s->units;
    m.dstate = m.dq + s->width;
    m.ds = m.dstate + 2 * s->units;
    m.dv = m.ds + s->columns;
    m.parts = m.dv + s->width * width_lanes(b);
    return m;
}

static int64_t room_floats(const rp_decoder_sizes *s, int64_t rows, int threads) {
    const int64_t lanes = threads / s->width > 0 ? threads / s->width : 1;
    return s->values + 9 * s->units + s->width + s->columns + s->width * lanes +
           rp_parts_floats(rows, threads);
}

/* da, and dc of the state before, from dh and dc of this step. */
static __device__ void undo_gates(const back *b, const room *m, int64_t row, bool is_first) {
    const int64_t U = b->s.units;
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
        const float *gates = b->gates + row * 4 * U + u;
        const float i = gates[0], f = gates[U], g = gates[2 * U], o = gates[3 * U];
        const float tanh_c = tanhf(b->c[row * U + u]);
        const float before = is_first ? 0 : b->c[(row - 1) * U + u];
        const float dh = m->dh[u] + b->gh[row * U + u];
        const float dc = m->dc[u] + dh * o * (1 - tanh_c * tanh_c);
        m->da[u] = dc * g * i * (1 - i);
        m->da[U + u] = dc * before * f * (1 - f);
        m->da[2 * U + u] = dc * i * (1 - g * g);
        m->da[3 * U + u] = dh * tanh_c * o * (1 - o);
        m->dc[u] = dc * f;
        for (int k = 0; k < 4; k++) b->da[row * 4 * U + k * U + u] = m->da[k * U + u];
    }
    rp_sync();
}

/* From the context's gradient (din) to the scores': ds. */
template <typename T>
static __device__ void undo_context(const back *b, const room *m, rp_decoder_span span,
                                    int64_t row) {
    const int64_t K = b->s.values, warps = rp_threads() / 32, lane = rp_thread() % 32;
    const float *alpha = b->alpha + row * b->s.columns;
    const T *enc = (const T *)b->enc + span.first * K;
    float mean = 0;
    for (int64_t k = rp_thread(); k < K; k += rp_threads()) b->dctx[row * K + k] = m->din[k];
    for (int64_t from = 0; from < span.count; from += warps) {
        const int64_t t = from + rp_thread() / 32;
        float sum = 0;
        for (int64_t k = lane; k < K && t < span.count; k += 32)
            sum += m->din[k] * rp_load(enc + t * K + k);
        sum = rp_warp_sum(sum);
        if (lane == 0 && t < span.count) m->ds[t] = sum;
    }
    rp_sync();
    for (int64_t t = 0; t < span.count; t++) mean += alpha[t] * m->ds[t];
    rp_sync();
    for (int64_t t = rp_thread(); t < span.count; t += rp_threads())
        m->ds[t] = alpha[t] * (m->ds[t] - mean);
    rp_sync();
}

/* From ds to v, the keys and dq. A thread has one number of the width and every lanes-th column:
 * always the same, so that what it adds up over the steps is its own. */
template <typename T>
static __device__ void undo_scores(const back *b, const room *m, rp_decoder_span span,
                                   int64_t row) {
    const int64_t A = b->s.width, n = rp_block();
    const int lanes = width_lanes(b);
    const T *keys = (const T *)b->keys + span.first * A;
    float *dkeys = b->dkeys + n * b->s.columns * A;
    for (int64_t task = rp_thread(); task < A * lanes; task += rp_threads()) {
        const int64_t k = task % A;
        const float q = b->q[row * A + k] + b->bq[k], v = b->v[k];
        float dq = 0, dv = 0;
        for (int64_t t = task / A; t < span.count; t += lanes) {
            const float u = tanhf(rp_load(keys + t * A + k) + q);
            const float d = m->ds[t] * v * (1 - u * u);
            dv += m->ds[t] * u;
            dkeys[t * A + k] += d;
            dq += d;
        }
        m->dv[task] += dv;
        m->parts[task] = dq;
    }
    rp_sync();
    for (int64_t k = rp_thread(); k < A; k += rp_threads()) {
        float dq = m->parts[k];
        for (int lane = 1; lane < lanes; lane++) dq += m->parts[lane * A + k];
        b->dq[row * A + k] = m->dq[k] = dq;
    }
    rp_sync();
}

/* The span's part of the gradient of v; `last` is that of v[A], kept by thread 0. */
static __device__ void leave_dv(const back *b, const room *m, float last) {
    const int64_t A = b->s.width;
    float *dv = b->dv + rp_block() * (A + 1);
    for (int64_t k = rp_thread(); k < A; k += rp_threads()) {
        float sum = m->dv[k];
        for (int lane = 1; lane < width_lanes(b); lane++) sum += m->dv[lane * A + k];
        dv[k] = sum;
    }
    if (rp_thread() == 0) dv[A] = last;
}

/* Zeros where the span has no steps, and where sums begin. */
static __device__ void clear(const back *b, const room *m, int64_t from, int64_t to) {
    const rp_decoder_sizes *s = &b->s;
    const int64_t A = s->width, n = rp_block();
    for (int64_t i = from * 4 * s->units + rp_thread(); i < to * 4 * s->units; i += rp_threads())
        b->da[i] = 0;
    for (int64_t i = from * A + rp_thread(); i < to * A; i += rp_threads()) b->dq[i] = 0;
    for (int64_t i = from * s->values + rp_thread(); i < to * s->values; i += rp_threads())
        b->dctx[i] = 0;
    for (int64_t i = rp_thread(); i < s->columns * A; i += rp_threads())
        b->dkeys[n * s->columns * A + i] = 0;
    for (int64_t i = rp_thread(); i < A * width_lanes(b); i += rp_threads()) m->dv[i] = 0;
    for (int64_t u = rp_thread(); u < s->units; u += rp_threads()) m->dh[u] = m->dc[u] = 0;
    rp_sync();
}

template <typename T>
static __global__ void RP_UP_TO(RP_RECURRENCE_THREADS_MAX) back_kernel(back b) {
    const rp_decoder_sizes *s = &b.s;
    const int64_t n = rp_block(), U = s->units, first = n * s->steps;
    const rp_decoder_span span = rp_decoder_span_of(b.spans, n, s->time);
    const int64_t length = rp_decoder_length(b.ids, n, s->steps);
    const room m = room_of(&b);
    float last = 0;
    clear(&b, &m, first + length, first + s->steps);
    for (int64_t row = first + length - 1; row >= first; row--) {
        undo_gates(&b, &m, row, row == first);
        rp_multiply(m.din, (const T *)b.wxh, m.da, 4 * U, s->values + U, m.parts);
        undo_context<T>(&b, &m, span, row);
        for (int64_t t = 0; t < span.count && rp_thread() == 0; t++) last += m.ds[t];
        undo_scores<T>(&b, &m, span, row);
        rp_multiply(m.dstate, (const T *)b.wq, m.dq, s->width, 2 * U, m.parts);
        for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
            m.dh[u] = m.din[s->values + u] + m.dstate[u];
            m.dc[u] += m.dstate[U + u];
        }
        rp_sync();
    }
    leave_dv(&b, &m, last);
}

/* ---- before the walk and behind it ----------------------------------------------------------- */

/* before (N L, 2U) = [h ; c] of the step before, 0 at the first. */
static __global__ void state_kernel(float *before, const float *h, const float *c, int64_t count,
                                    rp_decoder_sizes s) {
    const int64_t i = rp_index(), row = i / (2 * s.units), j = i % (2 * s.units);
    if (i >= count) return;
    const float *from = j < s.units ? h + (row - 1) * s.units + j : c + (row - 2) * s.units + j;
    before[i] = row % s.steps == 0 ? 0 : *from;
}

/* to[i] = [wx's columns of the context, wh] of gate i, padded to `wide`. */
static __global__ void join_kernel(rp_view to, const float *wx, const float *wh, int64_t wide,
                                   rp_decoder_sizes s) {
    const int64_t index = rp_index(), i = index / wide, r = index % wide;
    if (i >= 4 * s.units) return;
    float value = 0;
    if (r < s.values) value = wx[i * (s.embedding + s.values) + s.embedding + r];
    else if (r < s.values + s.units) value = wh[i * s.units + r - s.values];
    rp_put(to, index, value);
}

/* genc[b, t, k] = sum over spans that hold t and their steps of alpha dctx. */
static __global__ void enc_kernel(rp_view genc, back b, int64_t count) {
    const int64_t i = rp_index(), K = b.s.values, L = b.s.steps, S = b.s.columns;
    const int64_t k = i % K, t = i / K % b.s.time, image = i / K / b.s.time;
    float sum = 0;
    if (i >= count) return;
    for (int64_t n = 0; n < b.s.spans; n++) {
        const int32_t *span = b.spans + n * 3;
        if (span[0] != image || t < span[1] || t >= span[2]) continue;
        const float *alpha = b.alpha + n * L * S + t - span[1], *dctx = b.dctx + n * L * K + k;
        RP_UNROLL
        for (int64_t l = 0; l < L; l++) sum += alpha[l * S] * dctx[l * K];
    }
    rp_put(genc, i, sum);
}

static __global__ void keys_kernel(rp_view gkeys, back b, int64_t count) {
    const int64_t i = rp_index(), A = b.s.width;
    const int64_t k = i % A, t = i / A % b.s.time, image = i / A / b.s.time;
    float sum = 0;
    if (i >= count) return;
    for (int64_t n = 0; n < b.s.spans; n++) {
        const int32_t *span = b.spans + n * 3;
        if (span[0] != image || t < span[1] || t >= span[2]) continue;
        sum += b.dkeys[(n * b.s.columns + t - span[1]) * A + k];
    }
    rp_put(gkeys, i, sum);
}

/* What the products read, beside what the walk leaves. */
typedef struct steps {
    float *before, *words, *by_word, *q; /* (N L, 2U), (N L, E), (V, 4U): da by token, (N L, A) */
} steps;

static bool take_memory(rp_device *device, back *b, steps *p) {
    const rp_decoder_sizes *s = &b->s;
    const int64_t rows = s->spans * s->steps, U = s->units;
    const struct {
        float **at;
        int64_t count;
    } parts[] = {{&b->da, rows * 4 * U},
                 {&b->dq, rows * s->width},
                 {&b->dctx, rows * s->values},
                 {&b->dkeys, s->spans * s->columns * s->width},
                 {&b->dv, s->spans * (s->width + 1)},
                 {&p->before, rows * 2 * U},
                 {&p->words, rows * s->embedding},
                 {&p->by_word, s->words * 4 * U},
                 {&p->q, rows * s->width}};
    int64_t total = 0;
    for (size_t i = 0; i < RP_COUNT(parts); i++) total += (parts[i].count + 15) / 16 * 16;
    float *at = (float *)rp_cuda_scratch_take(device, RP_CUDA_STEPS, (size_t)total * sizeof *at);
    if (at == NULL) return false;
    for (size_t i = 0; i < RP_COUNT(parts); i++) { /* each on a multiple of 64 bytes */
        *parts[i].at = at;
        at += (parts[i].count + 15) / 16 * 16;
    }
    return true;
}

/* Weights as the walk reads them, and q. */
static rp_status prepare(rp_device *device, back *b, const steps *p, const rp_tensor *const *in,
                         rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_decoder_sizes *s = &b->s;
    const int64_t U = s->units, query = s->width * rp_padded(2 * U);
    const int64_t rows = s->spans * s->steps, size = (int64_t)rp_dtype_size(in[1]->dtype);
    const int half = in[1]->dtype == RP_BF16;
    const int64_t wide = rp_padded(s->values + U);
    char *wq = (char *)rp_cuda_scratch_take(device, RP_CUDA_WEIGHTS,
                                            (size_t)((query + 4 * U * wide) * size));
    if (wq == NULL) return rp_fail_memory(error, "the decoder on the GPU");
    b->wq = wq;
    b->wxh = wq + query * size;
    rp_cuda_turn(state,
                 rp_turning{wq, (const float *)in[6]->data, s->width, 2 * U, 2 * U, 0, 0, half});
    rp_launch(state, join_kernel, rp_grid_over(4 * U * wide), rp_view{(void *)b->wxh, half},
              (const float *)in[9]->data, (const float *)in[10]->data, wide, *s);
    rp_launch(state, state_kernel, rp_grid_over(rows * 2 * U), p->before,
              (const float *)in[12]->data, (const float *)in[13]->data, rows * 2 * U, *s);
    rp_cuda_product product = {p->before, in[6]->data, p->q, RP_F32, RP_F32};
    b->q = p->q;
    product.transpose_b = true;
    product.rows = rows;
    product.inner = 2 * U;
    product.columns = s->width;
    return rp_cuda_product_run(device, &product, error);
}

/* gw = da' b over all steps, into columns of the gradient; `stride` of the gradient's rows. */
typedef struct weight_gradient {
    const float *a, *b;
    float *to;
    int64_t a_width, b_width, b_stride, stride;
} weight_gradient;

static rp_status make_weights(rp_device *device, const back *b, const steps *p, const rp_args *args,
                              rp_error *error) {
    const rp_decoder_sizes *s = &b->s;
    const int64_t U = s->units, inputs = s->embedding + s->values;
    float *gwx = (float *)args->out[6]->data, *gwh = (float *)args->out[7]->data;
    float *gwq = (float *)args->out[3]->data;
    const weight_gradient all[] = {
        {b->da, p->words, gwx, 4 * U, s->embedding, s->embedding, inputs},
        {b->da, (const float *)args->in[16]->data, gwx + s->embedding, 4 * U, s->values, s->values,
         inputs},
        {b->da, p->before, gwh, 4 * U, U, 2 * U, U},
        {b->dq, p->before, gwq, s->width, 2 * U, 2 * U, 2 * U}};
    for (size_t i = 0; i < RP_COUNT(all); i++) {
        rp_cuda_product product = {all[i].a, all[i].b, all[i].to, RP_F32, RP_F32, true};
        product.rows = all[i].a_width;
        product.inner = s->spans * s->steps;
        product.columns = all[i].b_width;
        product.stride_b = all[i].b_stride;
        product.stride_c = all[i].stride;
        RP_TRY(rp_cuda_product_run(device, &product, error));
    }
    return RP_OK;
}

/* ge: da added up by token, times wx's columns of the embedding. */
static rp_status make_words(rp_device *device, const back *b, const steps *p, const rp_args *args,
                            rp_error *error) {
    const rp_decoder_sizes *s = &b->s;
    const int64_t counts[3] = {s->words, s->spans * s->steps, 4 * s->units};
    rp_cuda_gather_rows(rp_cuda_state_of(device), rp_view{p->by_word, 0}, rp_view{b->da, 0}, b->ids,
                        counts);
    rp_cuda_product product = {p->by_word, args->in[9]->data, args->out[2]->data, RP_F32, RP_F32};
    product.rows = s->words;
    product.inner = 4 * s->units;
    product.columns = s->embedding;
    product.stride_b = s->embedding + s->values;
    return rp_cuda_product_run(device, &product, error);
}

/* The rest: sums over steps and over spans. */
static rp_status make_sums(rp_device *device, const back *b, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_decoder_sizes *s = &b->s;
    const int64_t rows = s->spans * s->steps, genc = rp_tensor_count(args->out[0]);
    const int64_t gkeys = rp_tensor_count(args->out[1]);
    rp_launch(state, enc_kernel, rp_grid_over(genc), rp_view_of(args->out[0]), *b, genc);
    rp_launch(state, keys_kernel, rp_grid_over(gkeys), rp_view_of(args->out[1]), *b, gkeys);
    if (!rp_cuda_sum_rows(device, rp_view_of(args->out[4]), rp_view{b->dq, 0}, rows, s->width) ||
        !rp_cuda_sum_rows(device, rp_view_of(args->out[5]), rp_view{b->dv, 0}, s->spans,
                          s->width + 1) ||
        !rp_cuda_sum_rows(device, rp_view_of(args->out[8]), rp_view{b->da, 0}, rows, 4 * s->units))
        return rp_fail_memory(error, "the decoder on the GPU");
    return rp_cuda_launched(device, error);
}

static void walk_back(rp_device *device, const back *b, rp_dtype type) {
    const rp_decoder_sizes *s = &b->s;
    int64_t rows = 4 * s->units > s->width ? 4 * s->units : s->width;
    if (s->values + s->units > rows) rows = s->values + s->units;
    const int threads = rp_recurrence_threads(rows);
    const rp_grid grid = {s->spans, threads, room_floats(s, rows, threads), true};
    if (type == RP_BF16) rp_launch(rp_cuda_state_of(device), back_kernel<rp_half>, grid, *b);
    else rp_launch(rp_cuda_state_of(device), back_kernel<float>, grid, *b);
}

rp_status rp_cuda_decoder_backward(rp_device *device, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_tensor *const *in = args->in;
    back b = {rp_decoder_sizes_of(in + 1, in[15])};
    const rp_decoder_sizes *s = &b.s;
    const int64_t rows = s->spans * s->steps, taken[2] = {rows, s->embedding};
    steps p = {};
    if (!take_memory(device, &b, &p)) return rp_fail_memory(error, "the decoder on the GPU");
    RP_TRY(prepare(device, &b, &p, in, error));
    b.enc = in[1]->data;
    b.keys = in[2]->data;
    b.spans = (const int32_t *)in[3]->data;
    b.ids = (const int32_t *)in[4]->data;
    b.gh = (const float *)in[0]->data;
    b.bq = (const float *)in[7]->data;
    b.v = (const float *)in[8]->data;
    b.c = (const float *)in[13]->data;
    b.gates = (const float *)in[14]->data;
    b.alpha = (const float *)in[15]->data;
    walk_back(device, &b, in[1]->dtype);
    rp_cuda_take_rows(state, rp_view{p.words, 0}, rp_view_of(in[5]), b.ids, taken);
    RP_TRY(make_weights(device, &b, &p, args, error));
    RP_TRY(make_words(device, &b, &p, args, error));
    return make_sums(device, &b, args, error);
}
