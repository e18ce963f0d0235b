/* sieve_v3.c: the loop of sieve.h for x86-64-v3: 32 bytes at a time, one bit each. */
#include <immintrin.h>

#include "base/compiler.h"
#include "video/sieve.h"

enum { LANES = 32 };

static inline __m256i load(const uint8_t *data) {
    return _mm256_loadu_si256((const __m256i *)(const void *)data);
}

/* Inlined once for a single row, whose bytes then stay in registers. */
RP_INLINE size_t run(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                     const uint8_t *data) {
    size_t found = 0;
    for (size_t i = 0; i < RP_VIDEO_SIEVE_PIECE; i += LANES) {
        const __m256i first = load(data + i), second = load(data + i + 1);
        __m256i hits = _mm256_setzero_si256();
        for (int r = 0; r < row_count; r++) {
            const __m256i width = _mm256_set1_epi8((char)rows[r].width);
            const __m256i above = _mm256_sub_epi8(second, _mm256_set1_epi8((char)rows[r].low));
            const __m256i fits = _mm256_cmpeq_epi8(_mm256_min_epu8(above, width), above);
            const __m256i leads = _mm256_cmpeq_epi8(first, _mm256_set1_epi8((char)rows[r].first));
            hits = _mm256_or_si256(hits, _mm256_and_si256(fits, leads));
        }
        for (uint32_t bits = (uint32_t)_mm256_movemask_epi8(hits); bits != 0; bits &= bits - 1)
            places[found++] = (uint16_t)(i + (size_t)__builtin_ctz(bits));
    }
    return found;
}

size_t rp_video_sieve_run_v3(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                             const uint8_t *data) {
    return row_count == 1 ? run(places, rows, 1, data) : run(places, rows, row_count, data);
}
