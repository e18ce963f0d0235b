/* sieve.c: see sieve.h. */
#include "video/sieve.h"

#include <assert.h>
#include <string.h>

/* --- rows -------------------------------------------------------------------------------- */

void rp_video_sieve_allow(rp_video_sieve *sieve, uint8_t first, uint8_t low, uint8_t high) {
    assert(low <= high);
    rp_video_sieve_row *row = sieve->rows;
    while (row < sieve->rows + sieve->row_count && row->first != first) row++;
    if (row == sieve->rows + RP_VIDEO_SIEVE_ROWS) {
        sieve->is_open = true;
        return;
    }
    if (row < sieve->rows + sieve->row_count) {
        const uint8_t most = row->low + row->width;
        low = row->low < low ? row->low : low;
        high = most > high ? most : high;
    } else {
        sieve->row_count++;
    }
    *row = (rp_video_sieve_row){.first = first, .low = low, .width = high - low};
}

bool rp_video_sieve_passes(const rp_video_sieve *sieve, const uint8_t *data, uint64_t left) {
    for (int i = 0; i < sieve->row_count; i++) {
        const rp_video_sieve_row *row = &sieve->rows[i];
        if (data[0] == row->first && (left < 2 || (uint8_t)(data[1] - row->low) <= row->width))
            return true;
    }
    return sieve->is_open;
}

size_t rp_video_sieve_places(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data,
                             size_t count, uint64_t left) {
    if (count == RP_VIDEO_SIEVE_PIECE && left > count && !sieve->is_open)
        return sieve->run(places, sieve->rows, sieve->row_count, data);
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (rp_video_sieve_passes(sieve, data + i, left - i)) places[found++] = (uint16_t)i;
    return found;
}

/* --- the loops --------------------------------------------------------------------------- */

static size_t run_one(uint16_t *places, const rp_video_sieve_row *row, const uint8_t *data) {
    size_t found = 0;
    const uint8_t *at = data, *end = data + RP_VIDEO_SIEVE_PIECE;
    while ((at = memchr(at, row->first, (size_t)(end - at))) != NULL) {
        if ((uint8_t)(at[1] - row->low) <= row->width) places[found++] = (uint16_t)(at - data);
        at++;
    }
    return found;
}

size_t rp_video_sieve_run_base(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                               const uint8_t *data) {
    if (row_count == 1) return run_one(places, rows, data);
    uint8_t row_of[256] = {0}; /* 1 and up */
    for (int i = 0; i < row_count; i++) row_of[rows[i].first] = (uint8_t)(i + 1);
    size_t found = 0;
    for (size_t i = 0; i < RP_VIDEO_SIEVE_PIECE; i++) {
        if (row_of[data[i]] == 0) continue;
        const rp_video_sieve_row *row = &rows[row_of[data[i]] - 1];
        if ((uint8_t)(data[i + 1] - row->low) <= row->width) places[found++] = (uint16_t)i;
    }
    return found;
}

rp_video_sieve rp_video_sieve_begin(void) {
    rp_video_sieve sieve = {.run = rp_video_sieve_run_base};
#if RP_HAVE_LEVELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        sieve.run = rp_video_sieve_run_v3;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        sieve.run = rp_video_sieve_run_v4;
#endif
    return sieve;
}
