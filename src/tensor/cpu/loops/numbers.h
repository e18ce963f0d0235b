/* numbers.h: reading and writing f32 and bf16 in loops that reckon in f32. Private to the loop
 * files.
 *
 * Inner loops take the type as a constant `half` and are specialised by the compiler; loops over
 * plain runs of numbers work in chunks, which for f32 are the tensor itself. */
#ifndef RP_TENSOR_CPU_LOOPS_NUMBERS_H
#define RP_TENSOR_CPU_LOOPS_NUMBERS_H

#include "tensor/cpu/cpu.h"

enum { RP_CHUNK = 2048 }; /* numbers of a chunk: its copies stay in the first cache */

RP_INLINE float rp_number_load(const void *data, int64_t i, bool half) {
    return half ? rp_bf16_to_f32(((const uint16_t *)data)[i]) : ((const float *)data)[i];
}

RP_INLINE uint16_t rp_round_finite(float value) { /* as rp_f32_to_bf16, without the case of NaN */
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

RP_INLINE void rp_number_store(void *data, int64_t i, float value, bool half) {
    if (half) ((uint16_t *)data)[i] = rp_round_finite(value);
    else ((float *)data)[i] = value;
}

static inline bool rp_is_real(const rp_tensor *t) {
    return t->dtype == RP_F32 || t->dtype == RP_BF16;
}

/* Numbers first .. first + count - 1 as f32: the tensor's own, or converted into `space`. */
static inline const float *rp_chunk_read(float *space, const rp_tensor *t, int64_t first,
                                         int64_t count) {
    if (t->dtype == RP_F32) return (const float *)t->data + first;
    const uint16_t *from = (const uint16_t *)t->data + first;
    for (int64_t i = 0; i < count; i++) space[i] = rp_bf16_to_f32(from[i]);
    return space;
}

/* Where to write a chunk: the tensor itself, or `space`, which rp_chunk_write then rounds. */
static inline float *rp_chunk_begin(float *space, rp_tensor *t, int64_t first) {
    return t->dtype == RP_F32 ? (float *)t->data + first : space;
}

static inline void rp_chunk_write(rp_tensor *t, const float *space, int64_t first, int64_t count) {
    if (t->dtype == RP_F32) return;
    uint16_t *to = (uint16_t *)t->data + first;
    for (int64_t i = 0; i < count; i++) to[i] = rp_f32_to_bf16(space[i]);
}

static inline int64_t rp_chunk_size(int64_t first, int64_t all) {
    return all - first < RP_CHUNK ? all - first : RP_CHUNK;
}

#endif
