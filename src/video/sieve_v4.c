/* sieve_v4.c: the loop of sieve.h for x86-64-v4: 64 bytes at a time, one bit each. */
#include <immintrin.h>

#include "base/compiler.h"
#include "video/sieve.h"

enum { WORDS = RP_VIDEO_SIEVE_PIECE / 64 };

/* Which of 64 places pass the rows. */
RP_INLINE uint64_t pass(const rp_video_sieve_row *rows, int row_count, const uint8_t *data) {
    const __m512i first = _mm512_loadu_si512(data), second = _mm512_loadu_si512(data + 1);
    uint64_t hits = 0;
    for (int r = 0; r < row_count; r++) {
        const __m512i above = _mm512_sub_epi8(second, _mm512_set1_epi8((char)rows[r].low));
        const uint64_t leads = _mm512_cmpeq_epi8_mask(first, _mm512_set1_epi8((char)rows[r].first));
        hits |= _mm512_mask_cmple_epu8_mask(leads, above, _mm512_set1_epi8((char)rows[r].width));
    }
    return hits;
}

/* The numbers of the words that are not zero; returns how many. Eight are written where there is
 * one, so `numbers` has room for seven more. */
static size_t list_words(uint64_t *numbers, const uint64_t *words) {
    size_t count = 0;
    __m512i number = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    for (size_t i = 0; i < WORDS; i += 8) {
        const __m512i eight = _mm512_loadu_si512(words + i);
        const __mmask8 have = _mm512_test_epi64_mask(eight, eight);
        _mm512_storeu_si512(numbers + count, _mm512_maskz_compress_epi64(have, number));
        number = _mm512_add_epi64(number, _mm512_set1_epi64(8));
        count += (size_t)__builtin_popcount(have);
    }
    return count;
}

/* Inlined once for a single row, whose bytes then stay in registers. */
RP_INLINE size_t run(uint16_t *places, const rp_video_sieve *sieve, int row_count,
                     const uint8_t *data) {
    uint64_t hits[WORDS], numbers[WORDS + 7];
    for (size_t i = 0; i < WORDS; i++) hits[i] = pass(sieve->rows, row_count, data + i * 64);
    const size_t count = list_words(numbers, hits);
    size_t found = 0;
    for (size_t k = 0; k < count; k++)
        found = rp_video_sieve_take(places, found, sieve, data, (size_t)numbers[k] * 64,
                                    hits[numbers[k]]);
    return found;
}

size_t rp_video_sieve_run_v4(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data) {
    return sieve->row_count == 1 ? run(places, sieve, 1, data)
                                 : run(places, sieve, sieve->row_count, data);
}
