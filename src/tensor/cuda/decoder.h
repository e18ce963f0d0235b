/* decoder.h: what the decoder's way there and back share. Private to src/tensor/cuda. */
#ifndef RP_TENSOR_CUDA_DECODER_H
#define RP_TENSOR_CUDA_DECODER_H

#include "tensor/cuda/recurrence.h"

/* Letters as in ops.def: T K A N L E U S. */
typedef struct rp_decoder_sizes {
    int64_t time, values, width, spans, steps, embedding, units, columns, words;
} rp_decoder_sizes;

static inline rp_decoder_sizes rp_decoder_sizes_of(const rp_tensor *const *in,
                                                   const rp_tensor *alpha) {
    return rp_decoder_sizes{in[0]->shape[1], in[0]->shape[2], in[1]->shape[2],
                            in[2]->shape[0], in[3]->shape[1], in[4]->shape[1],
                            in[9]->shape[1], alpha->shape[2], in[4]->shape[0]};
}

/* A span's columns: the first row of enc and keys, and how many. */
typedef struct rp_decoder_span {
    int64_t first, count;
} rp_decoder_span;

__device__ inline rp_decoder_span rp_decoder_span_of(const int32_t *spans, int64_t n,
                                                     int64_t time) {
    const int32_t *span = spans + n * 3;
    return rp_decoder_span{span[0] * time + span[1], span[2] - span[1]};
}

/* How many steps of the span there are: tokens < 0 stand only at the end. */
__device__ inline int64_t rp_decoder_length(const int32_t *ids, int64_t n, int64_t steps) {
    int64_t length = 0;
    while (length < steps && ids[n * steps + length] >= 0) length++;
    return length;
}

#endif
