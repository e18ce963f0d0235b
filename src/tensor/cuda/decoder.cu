/* decoder.cu: LSTM with additive attention, all steps of a span in one block and all spans in one
 * kernel; see recurrence.h.
 *
 * What does not hang on the step before is taken out: the embedding's part of the gates is a table
 * (V, 4U), one product for the whole call, so that a step reads wq, wx's columns of the context and
 * wh. Softmax and sums have a fixed order. */
#include <math.h>

#include "tensor/cuda/decoder.h"

typedef struct run {
    rp_decoder_sizes s;
    const void *enc, *keys, *wq, *wxh; /* wq (2U, A), [wx's context ; wh] (K + U, 4U), turned */
    const float *words, *bq, *v, *b, *h0, *c0; /* words (V, 4U) */
    const int32_t *spans, *ids;
    float *h, *c, *gates, *alpha, *ctx;
    int raised; /* keys are exp(2 keys) */
} run;

/* Shared memory, in floats: the context and the state side by side, so that [ctx ; h] and [h ; c]
 * are each one vector. */
typedef struct room {
    float *ctx, *h, *c, *q, *scores, *weights, *sums, *parts;
} room;

static __device__ room room_of(const run *r) {
    const rp_decoder_sizes *s = &r->s;
    room m;
    m.ctx = rp_shared();
    m.h = m.ctx + s->values;
    m.c = m.h + s->units;
    m.q = m.c + s->units;
    m.scores = m.q + s->width;
    m.weights = m.scores + s->columns;
    m.sums = m.weights + s->columns;
    m.parts = m.sums + 4 * s->units;
    return m;
}

static int64_t room_floats(const rp_decoder_sizes *s, int64_t rows, int threads) {
    return s->values + 6 * s->units + s->width + 2 * s->columns + rp_parts_floats(rows, threads);
}

static __device__ float key_of(const run *r, float key) {
    return r->raised ? 0.5f * logf(key) : key;
}

/* scores[t] = v . tanh(keys[t] + q) + v[A]: a warp a column. */
template <typename T>
static __device__ void score(const run *r, const room *m, rp_decoder_span span) {
    const int64_t A = r->s.width, warps = rp_threads() / 32, lane = rp_thread() % 32;
    const T *keys = (const T *)r->keys + span.first * A;
    for (int64_t from = 0; from < span.count; from += warps) {
        const int64_t t = from + rp_thread() / 32;
        float sum = 0;
        for (int64_t k = lane; k < A && t < span.count; k += 32)
            sum += r->v[k] * tanhf(key_of(r, rp_load(keys + t * A + k)) + m->q[k]);
        sum = rp_warp_sum(sum);
        if (lane == 0 && t < span.count) m->scores[t] = sum + r->v[A];
    }
    rp_sync();
}

/* weights[t] = softmax of the scores, also into alpha, whose row is S wide. */
static __device__ void weigh(const run *r, const room *m, int64_t count, int64_t row) {
    float largest = -INFINITY, sum = 0;
    for (int64_t t = 0; t < count; t++) largest = fmaxf(largest, m->scores[t]);
    for (int64_t t = rp_thread(); t < count; t += rp_threads())
        m->weights[t] = expf(m->scores[t] - largest);
    rp_sync();
    for (int64_t t = 0; t < count; t++) sum += m->weights[t];
    rp_sync();
    for (int64_t t = rp_thread(); t < r->s.columns; t += rp_threads()) {
        const float a = t < count ? m->weights[t] / sum : 0;
        r->alpha[row * r->s.columns + t] = a;
        if (t < count) m->weights[t] = a;
    }
    rp_sync();
}

/* ctx = sum of weights[t] enc[t]. */
template <typename T>
static __device__ void attend(const run *r, const room *m, rp_decoder_span span, int64_t row) {
    const int64_t K = r->s.values;
    const int lanes = rp_threads() / K > 0 ? (int)(rp_threads() / K) : 1;
    const T *enc = (const T *)r->enc + span.first * K;
    for (int64_t task = rp_thread(); task < K * lanes; task += rp_threads()) {
        const int64_t k = task % K;
        float sum = 0;
        for (int64_t t = task / K; t < span.count; t += lanes)
            sum += m->weights[t] * rp_load(enc + t * K + k);
        m->parts[task] = sum;
    }
    rp_sync();
    for (int64_t k = rp_thread(); k < K; k += rp_threads()) {
        float sum = m->parts[k];
        for (int lane = 1; lane < lanes; lane++) sum += m->parts[lane * K + k];
        r->ctx[row * K + k] = m->ctx[k] = sum;
    }
    rp_sync();
}

static __device__ void run_cell(const run *r, const room *m, int64_t row, int64_t id) {
    const int64_t U = r->s.units;
    const float *word = r->words + id * 4 * U;
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
        const float i = rp_logistic(m->sums[u] + word[u] + r->b[u]);
        const float f = rp_logistic(m->sums[U + u] + word[U + u] + r->b[U + u]);
        const float g = tanhf(m->sums[2 * U + u] + word[2 * U + u] + r->b[2 * U + u]);
        const float o = rp_logistic(m->sums[3 * U + u] + word[3 * U + u] + r->b[3 * U + u]);
        float *gates = r->gates + row * 4 * U + u;
        gates[0] = i;
        gates[U] = f;
        gates[2 * U] = g;
        gates[3 * U] = o;
        r->c[row * U + u] = m->c[u] = f * m->c[u] + i * g;
        r->h[row * U + u] = m->h[u] = o * tanhf(m->c[u]);
    }
    rp_sync();
}

static __device__ void clear(float *data, int64_t count) {
    for (int64_t i = rp_thread(); i < count; i += rp_threads()) data[i] = 0;
}

template <typename T>
static __global__ void RP_UP_TO(RP_RECURRENCE_THREADS_MAX) decoder_kernel(run r) {
    const rp_decoder_sizes *s = &r.s;
    const int64_t n = rp_block(), U = s->units, first = n * s->steps;
    const rp_decoder_span span = rp_decoder_span_of(r.spans, n, s->time);
    const int64_t length = rp_decoder_length(r.ids, n, s->steps), left = s->steps - length;
    const room m = room_of(&r);
    for (int64_t u = rp_thread(); u < U; u += rp_threads()) {
        m.h[u] = r.h0 != NULL ? r.h0[n * U + u] : 0;
        m.c[u] = r.c0 != NULL ? r.c0[n * U + u] : 0;
    }
    rp_sync();
    for (int64_t row = first; row < first + length; row++) {
        rp_multiply(m.q, (const T *)r.wq, m.h, 2 * U, s->width, m.parts);
        for (int64_t k = rp_thread(); k < s->width; k += rp_threads()) m.q[k] += r.bq[k];
        rp_sync();
        score<T>(&r, &m, span);
        weigh(&r, &m, span.count, row);
        attend<T>(&r, &m, span, row);
        rp_multiply(m.sums, (const T *)r.wxh, m.ctx, s->values + U, 4 * U, m.parts);
        run_cell(&r, &m, row, r.ids[row]);
    }
    clear(r.h + (first + length) * U, left * U);
    clear(r.c + (first + length) * U, left * U);
    clear(r.gates + (first + length) * 4 * U, left * 4 * U);
    clear(r.alpha + (first + length) * s->columns, left * s->columns);
    clear(r.ctx + (first + length) * s->values, left * s->values);
}

/* Weights as the kernel reads them, and the table of words. */
static rp_status prepare(rp_device *device, run *r, const rp_args *args, rp_error *error) {
    rp_cuda_state *state = rp_cuda_state_of(device);
    const rp_decoder_sizes *s = &r->s;
    const rp_dtype type = args->in[0]->dtype;
    const int64_t U = s->units, inputs = s->embedding + s->values;
    const int64_t query = 2 * U * rp_padded(s->width), size = (int64_t)rp_dtype_size(type);
    const int half = type == RP_BF16;
    char *weights = (char *)rp_cuda_scratch_take(
        device, RP_CUDA_WEIGHTS, (size_t)((query + (s->values + U) * 4 * U) * size));
    float *words = (float *)rp_cuda_scratch_take(device, RP_CUDA_STEPS,
                                                 (size_t)(s->words * 4 * U) * sizeof *words);
    rp_cuda_product p = {rp_cuda_parameter(device, args->in[4], type),
                         rp_cuda_parameter(device, args->in[8], type), words, type, RP_F32};
    if (weights == NULL || words == NULL || p.a == NULL || p.b == NULL)
        return rp_fail_memory(error, "the decoder on the GPU");
    char *cell = weights + query * size;
    rp_cuda_turn(state, rp_turning{weights, (const float *)args->in[5]->data, 2 * U, s->width,
                                   2 * U, 0, 1, half});
    rp_cuda_turn(state, rp_turning{cell, (const float *)args->in[8]->data, s->values, 4 * U, inputs,
                                   s->embedding, 1, half});
    rp_cuda_turn(state, rp_turning{cell + s->values * 4 * U * size,
                                   (const float *)args->in[9]->data, U, 4 * U, U, 0, 1, half});
    p.transpose_b = true;
    p.stride_b = inputs;
    p.rows = s->words;
    p.inner = s->embedding;
    p.columns = 4 * U;
    r->wq = weights;
    r->wxh = cell;
    r->words = words;
    return rp_cuda_product_run(device, &p, error);
}

static const float *floats_of(const rp_tensor *tensor) {
    return tensor != NULL ? (const float *)tensor->data : NULL;
}

rp_status rp_cuda_decoder(rp_device *device, const rp_args *args, rp_error *error) {
    run r = {rp_decoder_sizes_of(args->in, args->out[3])};
    const rp_decoder_sizes *s = &r.s;
    RP_TRY(prepare(device, &r, args, error));
    r.enc = args->in[0]->data;
    r.keys = args->in[1]->data;
    r.raised = args->attr.raised;
    r.spans = (const int32_t *)args->in[2]->data;
    r.ids = (const int32_t *)args->in[3]->data;
    r.bq = floats_of(args->in[6]);
    r.v = floats_of(args->in[7]);
    r.b = floats_of(args->in[10]);
    r.h0 = floats_of(args->in[11]);
    r.c0 = floats_of(args->in[12]);
    float **const outputs[5] = {&r.h, &r.c, &r.gates, &r.alpha, &r.ctx};
    for (int i = 0; i < 5; i++) *outputs[i] = (float *)args->out[i]->data;
    int64_t rows = 4 * s->units > s->width ? 4 * s->units : s->width;
    if (s->values > rows) rows = s->values;
    const int threads = rp_recurrence_threads(rows);
    const rp_grid grid = {s->spans, threads, room_floats(s, rows, threads), true};
    if (args->in[0]->dtype == RP_BF16)
        rp_launch(rp_cuda_state_of(device), decoder_kernel<rp_half>, grid, r);
    else rp_launch(rp_cuda_state_of(device), decoder_kernel<float>, grid, r);
    return rp_cuda_launched(device, error);
}
