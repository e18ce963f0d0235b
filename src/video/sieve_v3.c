/* sieve_v3.c: the loop of sieve.h for x86-64-v3: 32 bytes at a time, one bit each. */
#include <immintrin.h>

#include "base/compiler.h"
#include "video/sieve.h"

enum { LANES = 32, WORDS = RP_VIDEO_SIEVE_PIECE / 64 };

static inline __m256i load(const uint8_t *data) {
    return _mm256_loadu_si256((const __m256i *)(const void *)data);
}

/* Which of 32 places pass the rows. */
RP_INLINE uint32_t pass(const rp_video_sieve_row *rows, int row_count, const uint8_t *data) {
    const __m256i first = load(data), second = load(data + 1);
    __m256i hits = _mm256_setzero_si256();
    for (int r = 0; r < row_count; r++) {
        const __m256i width = _mm256_set1_epi8((char)rows[r].width);
        const __m256i above = _mm256_sub_epi8(second, _mm256_set1_epi8((char)rows[r].low));
        const __m256i fits = _mm256_cmpeq_epi8(_mm256_min_epu8(above, width), above);
        const __m256i leads = _mm256_cmpeq_epi8(first, _mm256_set1_epi8((char)rows[r].first));
        hits = _mm256_or_si256(hits, _mm256_and_si256(fits, leads));
    }
    return (uint32_t)_mm256_movemask_epi8(hits);
}

/* Inlined once for a single row, whose bytes then stay in registers. */
RP_INLINE size_t run(uint16_t *places, const rp_video_sieve *sieve, int row_count,
                     const uint8_t *data) {
    const rp_video_sieve_row *rows = sieve->rows;
    uint64_t hits[WORDS];
    uint8_t words[WORDS]; /* those that have a bit */
    size_t count = 0, found = 0;
    for (size_t i = 0; i < WORDS; i++) {
        hits[i] = pass(rows, row_count, data + i * 64) |
                  (uint64_t)pass(rows, row_count, data + i * 64 + LANES) << LANES;
        words[count] = (uint8_t)i;
        count += hits[i] != 0;
    }
    for (size_t k = 0; k < count; k++)
        found =
            rp_video_sieve_take(places, found, sieve, data, words[k] * (size_t)64, hits[words[k]]);
    return found;
}

size_t rp_video_sieve_run_v3(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data) {
    return sieve->row_count == 1 ? run(places, sieve, 1, data)
                                 : run(places, sieve, sieve->row_count, data);
}
