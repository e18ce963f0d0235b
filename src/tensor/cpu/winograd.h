/* winograd.h: 3x3 convolutions of stride 1 over bf16 with 16 products where the formula has 36.
 *
 * F(2x2, 3x3) of Lavin and Gray, Fast algorithms for convolutional neural networks (CVPR 2016),
 * section 4.1: the tile of 2x2 results over a patch x of 4x4 is
 *
 *     y = A' ((G w G') * (B' x B)) A
 *
 *         | 1  0 -1  0 |        | 1   0   0  |        | 1  1  1  0 |
 *     B' =| 0  1  1  0 |    G = | .5  .5  .5 |    A' =| 0  1 -1 -1 |
 *         | 0 -1  1  0 |        | .5 -.5  .5 |
 *         | 0  1  0 -1 |        | 0   0   1  |
 *
 * where * multiplies place by place. Summed over channels, each of the 16 places is a matrix
 * product over all tiles. Sums are f32; what is multiplied is rounded to bf16 once more than in the
 * plain loops, B' x B and G w G', which costs 0.002 of a result's usual size.
 *
 * Compiled for processors with dot products of bf16 alone. Private to src/tensor/cpu/winograd*.c */
#ifndef RP_TENSOR_CPU_WINOGRAD_H
#define RP_TENSOR_CPU_WINOGRAD_H

#include "tensor/cpu/pairs.h"

enum { RP_PLACES = 16 }; /* of a tile after its transform: 4 k + l, k along W, l along H */

/* Bytes of `rows` rows of a place and of a line of memory behind them: were the places a multiple
 * of 4096 bytes apart, all sixteen would compete for the same few lines of the first cache. */
static inline int64_t rp_plane_bytes(int64_t rows, int64_t row_bytes) {
    return rows * row_bytes + 64;
}

/* A convolution cut into tiles. Axis 0 is W, 1 is H. A tile has an index: images, then columns of
 * tiles along W, then tiles along H. */
typedef struct rp_tiling {
    int64_t in[2], channels;
    int64_t out[2], outputs;
    int64_t before[2]; /* padding */
    int64_t tiles[2];  /* of one image */
    int64_t count;     /* of all images */
} rp_tiling;

/* Neighbours along H: tiles (image, i, j) to (image, i, j + count - 1). */
typedef struct rp_tile_run {
    int64_t image, i, j, count;
} rp_tile_run;

/* Of the convolution from x to y, padded by attr.pad; if `is_back`, of its transpose, from y to x.
 */
static inline rp_tiling rp_tiling_of(const rp_tensor *x, const rp_tensor *y, const rp_attr *attr,
                                     bool is_back) {
    rp_tiling t = {.channels = x->shape[3], .outputs = y->shape[3], .count = x->shape[0]};
    for (int axis = 0; axis < 2; axis++) {
        t.in[axis] = x->shape[1 + axis];
        t.out[axis] = y->shape[1 + axis];
        t.before[axis] = is_back ? 2 - attr->pad[2 * axis] : attr->pad[2 * axis];
        t.tiles[axis] = (t.out[axis] + 1) / 2;
        t.count *= t.tiles[axis];
    }
    return t;
}

/* The run that begins with `tile` and ends before `end`. */
static inline rp_tile_run rp_tile_run_at(const rp_tiling *t, int64_t tile, int64_t end) {
    const int64_t column = tile / t->tiles[1], j = tile % t->tiles[1];
    const int64_t left = t->tiles[1] - j;
    return (rp_tile_run){.image = column / t->tiles[0],
                         .i = column % t->tiles[0],
                         .j = j,
                         .count = left < end - tile ? left : end - tile};
}

/* Sixteen numbers of bf16, 0 where the mask has no bit. */
RP_INLINE __m512 rp_lanes_load(__mmask16 mask, const uint16_t *from) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

RP_INLINE void rp_lanes_store(uint16_t *to, __m512 values) {
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh(values));
}

/* B' x B of the patches of a run, as rows of `channels` numbers, one a tile; the rows of a place
 * lie together, those of the next `plane` numbers on. Places outside of the image count as 0. */
void rp_winograd_patches(const rp_tiling *t, const uint16_t *x, const rp_tile_run *run, uint16_t *u,
                         int64_t plane);

#endif
