/* decoder.h: what the attention decoder's two directions share (decoder.c, decoder_back.c): their
 * sizes, their inputs in f32, and the attention's trick.
 *
 * The attention needs no exp for each step and column: tanh(k + q) = 1 - 2 / (1 + e^2k e^2q), and
 * e^2k is made once a call, or was by the caller. A product that leaves the range of f32 becomes
 * infinity or 0, and the tanh 1 or -1, as it should; rp_exp itself holds for |k|, |q| <= 43, far
 * beyond where tanh lies flat. Private to the loop files. */
#ifndef RP_TENSOR_CPU_LOOPS_DECODER_H
#define RP_TENSOR_CPU_LOOPS_DECODER_H

#include "tensor/cpu/loops/cell.h"
#include "tensor/cpu/loops/gemm.h"

typedef struct shape {
    int64_t images, columns, width; /* enc (B, T, K) */
    int64_t attention, spans, steps, units, embedding, vocabulary, span_max;
} shape;

/* Everything of one call, in f32 memory. */
typedef struct call {
    shape s;
    const float *enc;
    const float *keys;         /* exp(2 keys) */
    const int32_t *span, *ids; /* (N, 3), (N, L) */
    const float *bq, *v, *h0, *c0;
    const float *table; /* (V, 4U): e wx_e' + b */
    const float *pack_q, *pack_context, *pack_hidden;
    float *h, *c, *gates, *alpha, *context;
} call;

static inline shape shape_of(const rp_tensor *const *in, const rp_tensor *alpha) {
    return (shape){.images = in[0]->shape[0],
                   .columns = in[0]->shape[1],
                   .width = in[0]->shape[2],
                   .attention = in[1]->shape[2],
                   .spans = in[3]->shape[0],
                   .steps = in[3]->shape[1],
                   .units = in[9]->shape[1],
                   .embedding = in[4]->shape[1],
                   .vocabulary = in[4]->shape[0],
                   .span_max = alpha->shape[2]};
}

/* The tensor's numbers as f32: themselves, or copied to `space`. */
static inline const float *as_f32(rp_device *device, const rp_tensor *t, float *space,
                                  rp_error *error) {
    if (t->dtype == RP_F32) return t->data;
    rp_tensor wide = *t;
    wide.dtype = RP_F32;
    wide.data = space;
    const rp_status status = device->ops.cast(device, &(rp_args){.in = {t}, .out = {&wide}}, error);
    return status == RP_OK ? space : NULL;
}

/* Queries to exp(2 q): what attend and attend_back take. */
static inline void raise_queries(float *q, int64_t count) {
#pragma omp simd
    for (int64_t a = 0; a < count; a++) q[a] = rp_exp(2 * q[a]);
}

/* Fills in what both directions of the call share. */
static inline rp_status call_init(rp_device *device, call *p, const rp_tensor *const *in,
                                  bool raised, float *space, rp_error *error) {
    const shape *s = &p->s;
    p->enc = as_f32(device, in[0], space, error);
    float *raised_keys = space + rp_tensor_count(in[0]);
    const float *keys = p->keys = as_f32(device, in[1], raised_keys, error);
    if (!raised && keys != NULL) {
        const int64_t count = rp_tensor_count(in[1]);
#pragma omp parallel for simd
        for (int64_t i = 0; i < count; i++) raised_keys[i] = rp_exp(2 * keys[i]);
        p->keys = raised_keys;
    }
    p->span = in[2]->data;
    p->ids = in[3]->data;
    p->bq = in[6]->data;
    p->v = in[7]->data;
    p->pack_q = rp_cpu_pack_transposed(device, in[5], 0, 2 * s->units);
    p->pack_context = rp_cpu_pack_transposed(device, in[8], s->embedding, s->width);
    p->pack_hidden = rp_cpu_pack_transposed(device, in[9], 0, s->units);
    if (p->enc == NULL || keys == NULL || p->pack_q == NULL || p->pack_context == NULL ||
        p->pack_hidden == NULL)
        return rp_fail_memory(error, "the decoder");
    return RP_OK;
}

#endif
