/* pairs.h: sums of outer products in bf16, for gradients of weights.
 *
 *     sums[o][c] += sum over places of z[place][o] u[place][c]
 *
 * The dot product of bf16 adds two products at once, so places are taken in pairs: of each 32
 * neighbouring numbers of two rows, the first 16 pairs stand where they stood in the even row, the
 * others in the odd one. Compiled for processors with dot products of bf16 alone. Private to
 * src/tensor/cpu. */
#ifndef RP_TENSOR_CPU_PAIRS_H
#define RP_TENSOR_CPU_PAIRS_H

#include <immintrin.h>

#include "tensor/cpu/cpu.h"

enum {
    RP_LANES = 16,        /* floats of a register */
    RP_PAIRED_OUTPUTS = 8 /* of a tile: 16 sums in registers */
};

/* Asks for the line of memory that holds `at`[ahead], wherever that is. Columns of an image lie far
 * apart, and the processor does not guess the next one. */
RP_INLINE void rp_prefetch(const uint16_t *at, int64_t ahead) {
    _mm_prefetch((const char *)((uintptr_t)at + (uintptr_t)ahead * sizeof *at), _MM_HINT_T0);
}

/* Two rows of `count` numbers, a multiple of 32, as pairs; NULL: a row of 0. In place or not. */
RP_INLINE void rp_rows_pair(uint16_t *even, uint16_t *odd, const uint16_t *a, const uint16_t *b,
                            int64_t count) {
    static const uint16_t order[2 * RP_LANES] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,
                                                 37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
                                                 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
    const __m512i low = _mm512_loadu_si512(order);
    const __m512i high = _mm512_add_epi16(low, _mm512_set1_epi16(RP_LANES));
    for (int64_t c = 0; c < count; c += RP_PANEL) {
        const __m512i x = a != NULL ? _mm512_loadu_si512(a + c) : _mm512_setzero_si512();
        const __m512i y = b != NULL ? _mm512_loadu_si512(b + c) : _mm512_setzero_si512();
        _mm512_storeu_si512(even + c, _mm512_permutex2var_epi16(x, low, y));
        _mm512_storeu_si512(odd + c, _mm512_permutex2var_epi16(x, high, y));
    }
}

/* Rows of pairs: `runs` times `rows` neighbouring rows (even), run after run `step` numbers on. */
typedef struct rp_paired {
    const uint16_t *first;
    int64_t width, step;
} rp_paired;

/* sums (8 outputs from o, 32 channels from c) over all places. */
RP_INLINE void rp_paired_tile(float *sums, const rp_paired *z, int64_t o, const rp_paired *u,
                              int64_t c, int64_t rows, int64_t runs) {
    const int64_t odd = o / RP_LANES % 2; /* the row that holds these pairs */
    const uint16_t *z_run = z->first + odd * z->width + o / RP_PANEL * RP_PANEL + o % RP_LANES * 2;
    const uint16_t *u_run = u->first + c;
    float *to = sums + o * u->width + c;
    __m512 sum[RP_PAIRED_OUTPUTS][2];
    for (int r = 0; r < RP_PAIRED_OUTPUTS; r++)
        for (int h = 0; h < 2; h++) sum[r][h] = _mm512_loadu_ps(to + r * u->width + h * RP_LANES);
    for (int64_t run = 0; run < runs; run++, z_run += z->step, u_run += u->step) {
        const uint16_t *z_at = z_run, *u_at = u_run;
        for (int64_t i = 0; i < rows; i += 2, z_at += 2 * z->width, u_at += 2 * u->width) {
            const __m512bh low = (__m512bh)_mm512_loadu_si512(u_at);
            const __m512bh high = (__m512bh)_mm512_loadu_si512(u_at + u->width);
            for (int r = 0; r < RP_PAIRED_OUTPUTS; r++) {
                int32_t pair;
                memcpy(&pair, z_at + 2 * r, sizeof pair);
                const __m512bh both = (__m512bh)_mm512_set1_epi32(pair);
                sum[r][0] = _mm512_dpbf16_ps(sum[r][0], both, low);
                sum[r][1] = _mm512_dpbf16_ps(sum[r][1], both, high);
            }
        }
    }
    for (int r = 0; r < RP_PAIRED_OUTPUTS; r++)
        for (int h = 0; h < 2; h++) _mm512_storeu_ps(to + r * u->width + h * RP_LANES, sum[r][h]);
}

/* sums (z's width, u's width) += z' u. */
static inline void rp_paired_add(float *sums, const rp_paired *z, const rp_paired *u, int64_t rows,
                                 int64_t runs) {
    for (int64_t c = 0; c < u->width; c += RP_PANEL)
        for (int64_t o = 0; o < z->width; o += RP_PAIRED_OUTPUTS)
            rp_paired_tile(sums, z, o, u, c, rows, runs);
}

#endif
