/* lenet_answer_loops.c: the loops of lenet_answer.h. Compiled for AVX-512 with bf16 alone.
 *
 * A dot product takes a pair of inputs for each of 16 outputs; the pair is one 32-bit number, given
 * to all 16. Two start in a cycle and each takes six, so a tile keeps at least seven sums, and two
 * or three groups of outputs share each pair that is given. */
#include <immintrin.h>
#include <string.h>

#include "base/compiler.h"
#include "learn/lenet_answer.h"

enum { BLOCK = RP_ANSWER_BLOCK, PAIRS = BLOCK / 2, TAPS = 9, SIDE = 28 };

/* -- One tile ------------------------------------------------------------------------------------
 */

RP_INLINE __m512bh pair_of(const uint16_t *x) {
    int32_t pair;
    memcpy(&pair, x, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}

RP_INLINE __m512bh weights_of(const uint16_t *weights) {
    return (__m512bh)_mm512_loadu_si512(weights);
}

RP_INLINE __m512 widen(const uint16_t *x) {
    const __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)x);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* relu, rounded; relu(-0) is 0, so that what is stored compares as whole numbers do. */
RP_INLINE void store(uint16_t *y, __m512 sum) {
    const __m256bh half = _mm512_cvtneps_pbh(_mm512_max_ps(sum, _mm512_setzero_ps()));
    memcpy(y, &half, sizeof half);
}

/* Where a tile's place stands from its first: in one row, or for maps of 3 x 3 all nine. */
RP_INLINE int place_of(int i, int side) {
    return (side == 3 ? i / 3 * (side + 2) + i % 3 : i) * BLOCK;
}

/* What a tile reads and writes: x at its first place's first tap, y and added at its first place;
 * blocks are `plane` apart. */
typedef struct tile {
    const uint16_t *x, *weights, *added; /* added may be NULL */
    const float *bias;
    uint16_t *y;
} tile;

RP_INLINE void run_tile(const tile *t, int inputs, const int side, const int groups) {
    const int places = side == 3 ? 9 : 7, frame = side + 2, plane = frame * frame * BLOCK;
    const uint16_t *weights = t->weights;
    __m512 sums[9][3];
#pragma GCC unroll 9
    for (int i = 0; i < places; i++)
#pragma GCC unroll 3
        for (int g = 0; g < groups; g++) sums[i][g] = _mm512_loadu_ps(t->bias + g * BLOCK);
    for (int block = 0; block < inputs; block++)
        for (int tap = 0; tap < TAPS; tap++) {
            const uint16_t *x = t->x + block * plane + (tap / 3 * frame + tap % 3) * BLOCK;
            for (int pair = 0; pair < PAIRS; pair++, weights += groups * 2 * BLOCK) {
                __m512bh w[3];
#pragma GCC unroll 3
                for (int g = 0; g < groups; g++) w[g] = weights_of(weights + g * 2 * BLOCK);
#pragma GCC unroll 9
                for (int i = 0; i < places; i++) {
                    const __m512bh given = pair_of(x + place_of(i, side) + 2 * pair);
#pragma GCC unroll 3
                    for (int g = 0; g < groups; g++)
                        sums[i][g] = _mm512_dpbf16_ps(sums[i][g], w[g], given);
                }
            }
        }
#pragma GCC unroll 9
    for (int i = 0; i < places; i++)
#pragma GCC unroll 3
        for (int g = 0; g < groups; g++) {
            const int at = g * plane + place_of(i, side);
            if (t->added != NULL) sums[i][g] = _mm512_add_ps(sums[i][g], widen(t->added + at));
            store(t->y + at, sums[i][g]);
        }
}

/* -- Layers --------------------------------------------------------------------------------------
 */

/* All tiles of a layer: side and groups are constants in each copy. */
RP_INLINE void run_row(const rp_answer_row *row, const uint16_t *x, const uint16_t *added,
                       uint16_t *y, const int side, const int groups) {
    const int frame = side + 2, plane = frame * frame * BLOCK;
    const size_t weights_count = (size_t)groups * row->inputs * TAPS * BLOCK * BLOCK;
    for (int first = 0; first < row->outputs; first += groups)
        for (int i = 0; i < (side == 3 ? 1 : side); i++)
            for (int j = 0; j < side; j += side == 3 ? 3 : 7) {
                const int at = first * plane + ((i + 1) * frame + j + 1) * BLOCK;
                const tile t = {.x = x + (i * frame + j) * BLOCK,
                                .weights = row->weights + first / groups * weights_count,
                                .added = added != NULL ? added + at : NULL,
                                .bias = row->bias + first * BLOCK,
                                .y = y + at};
                run_tile(&t, row->inputs, side, groups);
            }
}

typedef void (*run_row_fn)(const rp_answer_row *row, const uint16_t *x, const uint16_t *added,
                           uint16_t *y);

#define ROW(side, groups)                                                              \
    static void run_row_##side##_##groups(const rp_answer_row *row, const uint16_t *x, \
                                          const uint16_t *added, uint16_t *y) {        \
        run_row(row, x, added, y, side, groups);                                       \
    }
#define ROWS(side) ROW(side, 1) ROW(side, 2) ROW(side, 3)
ROWS(28)
ROWS(14)
ROWS(7)
ROWS(3)

static run_row_fn choose(int side, int groups) {
    static const run_row_fn table[4][3] = {{run_row_28_1, run_row_28_2, run_row_28_3},
                                           {run_row_14_1, run_row_14_2, run_row_14_3},
                                           {run_row_7_1, run_row_7_2, run_row_7_3},
                                           {run_row_3_1, run_row_3_2, run_row_3_3}};
    return table[side == 28 ? 0 : side == 14 ? 1 : side == 7 ? 2 : 3][groups - 1];
}

/* The first layer: a pair is two neighbouring pixels of a row, and the fourth tap weighs 0. */
static void run_first(const rp_answer_row *row, const uint16_t *image, uint16_t *y) {
    enum { PLACES = 14, FRAME = SIDE + 2 };
    for (int block = 0; block < row->outputs; block++) {
        const __m512 bias = _mm512_loadu_ps(row->bias + block * BLOCK);
        __m512bh w[6];
        for (int k = 0; k < 6; k++) w[k] = weights_of(row->weights + (block * 6 + k) * 2 * BLOCK);
        for (int tile = 0; tile < SIDE * SIDE / PLACES; tile++) {
            const int i = tile / 2, j = tile % 2 * PLACES;
            __m512 sums[PLACES];
#pragma GCC unroll 14
            for (int p = 0; p < PLACES; p++) sums[p] = bias;
#pragma GCC unroll 6
            for (int k = 0; k < 6; k++) {
                const uint16_t *x = image + (i + k / 2) * RP_ANSWER_STRIDE + j + k % 2 * 2;
#pragma GCC unroll 14
                for (int p = 0; p < PLACES; p++)
                    sums[p] = _mm512_dpbf16_ps(sums[p], w[k], pair_of(x + p));
            }
            uint16_t *to = y + ((block * FRAME + i + 1) * FRAME + j + 1) * BLOCK;
#pragma GCC unroll 14
            for (int p = 0; p < PLACES; p++) store(to + p * BLOCK, sums[p]);
        }
    }
}

/* Largest of 2 x 2. After relu nothing is negative, and such bf16 compare as whole numbers. */
static void pool(const rp_answer_row *row, const uint16_t *y, uint16_t *pooled) {
    const int half = row->side / 2, frame = row->side + 2, small = half + 2;
    for (int block = 0; block < row->outputs; block++)
        for (int i = 0; i < half; i++)
            for (int j = 0; j < half; j++) {
                const uint16_t *from =
                    y + ((block * frame + 2 * i + 1) * frame + 2 * j + 1) * BLOCK;
                __m256i v[4];
                memcpy(&v[0], from, 2 * sizeof v[0]);
                memcpy(&v[2], from + frame * BLOCK, 2 * sizeof v[0]);
                const __m256i largest =
                    _mm256_max_epu16(_mm256_max_epu16(v[0], v[1]), _mm256_max_epu16(v[2], v[3]));
                memcpy(pooled + ((block * small + i + 1) * small + j + 1) * BLOCK, &largest,
                       sizeof largest);
            }
}

static void run_full(const rp_answer *answer, const uint16_t *x, float *logits) {
    const rp_answer_row *last = &answer->rows[answer->row_count - 1];
    const int side = answer->last_side, frame = side + 2;
    const int count = last->outputs * side * side;
    __m512 sums[RP_ANSWER_CLASSES];
    for (int c = 0; c < RP_ANSWER_CLASSES; c++) sums[c] = _mm512_setzero_ps();
    for (int k = 0; k < count; k++) {
        const int block = k / (side * side), i = k / side % side, j = k % side;
        const __m512 value = widen(x + ((block * frame + i + 1) * frame + j + 1) * BLOCK);
        for (int c = 0; c < RP_ANSWER_CLASSES; c++)
            sums[c] = _mm512_fmadd_ps(
                value, _mm512_loadu_ps(answer->full + ((size_t)c * count + k) * BLOCK), sums[c]);
    }
    for (int c = 0; c < RP_ANSWER_CLASSES; c++)
        logits[c] = answer->full_bias[c] + _mm512_reduce_add_ps(sums[c]);
}

/* The image stands first in the room, in its frame. */
static void place_image(uint16_t *room, const float *image) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j += 14) {
            const __m256bh half =
                _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(0x3fff, image + i * SIDE + j));
            _mm256_mask_storeu_epi16(room + (i + 1) * RP_ANSWER_STRIDE + j + 1, 0x3fff,
                                     (__m256i)half);
        }
}

void rp_answer_image(const rp_answer *answer, uint16_t *room, const float *image,
                     float logits[RP_ANSWER_CLASSES]) {
    const uint16_t *outputs[RP_ANSWER_ROWS_MAX], *x = room;
    place_image(room, image);
    for (int k = 0; k < answer->row_count; k++) {
        const rp_answer_row *row = &answer->rows[k];
        const uint16_t *added = row->adds > 0 ? outputs[k - row->adds] : NULL;
        uint16_t *y = room + row->y_at;
        if (row->inputs == 0) run_first(row, room, y);
        else choose(row->side, row->groups)(row, x, added, y);
        if (row->has_pool) pool(row, y, room + row->pooled_at);
        x = outputs[k] = row->has_pool ? room + row->pooled_at : y;
    }
    run_full(answer, x, logits);
}
