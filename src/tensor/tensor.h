/* tensor.h: an array of numbers with a shape, row-major and without gaps.
 *
 * Images are kept (B, W, H, C): the width first, so that the columns of a page come in reading
 * order. A sample's padding is then one run at its end, and the last two axes flatten into the
 * features of a time step without moving a byte. */
#ifndef RP_TENSOR_TENSOR_H
#define RP_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

typedef enum rp_dtype {
    RP_F32,
    RP_BF16, /* the upper half of an f32: 8 bits of exponent, 7 of fraction */
    RP_F64,
    RP_I32,
    RP_DTYPE_COUNT
} rp_dtype;

enum { RP_DIMS_MAX = 4 };

typedef struct rp_tensor {
    rp_dtype dtype;
    int dims;
    int64_t shape[RP_DIMS_MAX]; /* axes beyond dims are 1 */
    void *data;                 /* aligned to 64; borrowed or of a store, see tape.h */
    struct rp_tensor *grad;     /* what backward has gathered, or NULL */
    int32_t node;               /* the tape's node that made it; -1: a leaf */
    bool needs_grad;
    bool is_owned; /* data goes back to the tape's store */
} rp_tensor;

size_t rp_dtype_size(rp_dtype dtype); /* bytes of one number */
const char *rp_dtype_name(rp_dtype dtype);

/* Number of elements, and of bytes. */
int64_t rp_tensor_count(const rp_tensor *tensor);
size_t rp_tensor_bytes(const rp_tensor *tensor);

/* A leaf over memory of the caller, who keeps it alive. */
rp_tensor rp_tensor_over(void *data, rp_dtype dtype, int dims, const int64_t *shape);

/* A leaf of zeros in `arena`. False: no memory. */
bool rp_tensor_make(rp_tensor *tensor, rp_arena *arena, rp_dtype dtype, int dims,
                    const int64_t *shape);

bool rp_tensor_same_shape(const rp_tensor *a, const rp_tensor *b);

static inline float rp_bf16_to_f32(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Rounds to nearest, ties to even; NaN stays NaN. */
static inline uint16_t rp_f32_to_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/* Element `index` as a double, whatever the type: for reference loops and tests. */
double rp_tensor_get(const rp_tensor *tensor, int64_t index);
void rp_tensor_set(rp_tensor *tensor, int64_t index, double value);

#endif
