/* sieve_v4.c: the loop of sieve.h for x86-64-v4: 64 bytes at a time, one bit each. */
#include <immintrin.h>

#include "base/compiler.h"
#include "video/sieve.h"

enum { LANES = 64 };

/* Inlined once for a single row, whose bytes then stay in registers. */
RP_INLINE size_t run(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                     const uint8_t *data) {
    size_t found = 0;
    for (size_t i = 0; i < RP_VIDEO_SIEVE_PIECE; i += LANES) {
        const __m512i first = _mm512_loadu_si512(data + i),
                      second = _mm512_loadu_si512(data + i + 1);
        uint64_t hits = 0;
        for (int r = 0; r < row_count; r++) {
            const __m512i above = _mm512_sub_epi8(second, _mm512_set1_epi8((char)rows[r].low));
            const uint64_t leads =
                _mm512_cmpeq_epi8_mask(first, _mm512_set1_epi8((char)rows[r].first));
            hits |=
                _mm512_mask_cmple_epu8_mask(leads, above, _mm512_set1_epi8((char)rows[r].width));
        }
        for (; hits != 0; hits &= hits - 1)
            places[found++] = (uint16_t)(i + (size_t)__builtin_ctzll(hits));
    }
    return found;
}

size_t rp_video_sieve_run_v4(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                             const uint8_t *data) {
    return row_count == 1 ? run(places, rows, 1, data) : run(places, rows, row_count, data);
}
