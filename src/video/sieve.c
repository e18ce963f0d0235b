/* sieve.c: see sieve.h. */
#include "video/sieve.h"

#include <assert.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cpu_level.h"

/* --- rows -------------------------------------------------------------------------------- */

void rp_video_sieve_allow(rp_video_sieve *sieve, int owner, uint8_t first, uint8_t low,
                          uint8_t high) {
    assert(low <= high && owner >= 0 && owner < 64);
    if (sieve->is_open) return;
    for (unsigned byte = low; byte <= high; byte++) sieve->second[byte] |= (uint64_t)1 << owner;
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

void rp_video_sieve_allow_fifth(rp_video_sieve *sieve, int owner, uint8_t byte) {
    sieve->fifth[byte] |= (uint64_t)1 << owner;
}

bool rp_video_sieve_passes(const rp_video_sieve *sieve, const uint8_t *data, uint64_t left) {
    if (sieve->is_open) return true;
    for (int i = 0; i < sieve->row_count; i++) {
        const rp_video_sieve_row *row = &sieve->rows[i];
        if (data[0] == row->first && (left < 2 || (uint8_t)(data[1] - row->low) <= row->width))
            return left < 5 || rp_video_sieve_passes_fifth(sieve, data);
    }
    return false;
}

size_t rp_video_sieve_places(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data,
                             size_t count, uint64_t left) {
    if (count == RP_VIDEO_SIEVE_PIECE && left >= count + RP_VIDEO_SIEVE_MORE && !sieve->is_open)
        return sieve->run(places, sieve, data);
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (rp_video_sieve_passes(sieve, data + i, left - i)) places[found++] = (uint16_t)i;
    return found;
}

/* --- the loops --------------------------------------------------------------------------- */

static size_t run_one(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data) {
    const rp_video_sieve_row *row = sieve->rows;
    size_t found = 0;
    const uint8_t *at = data, *end = data + RP_VIDEO_SIEVE_PIECE;
    while ((at = memchr(at, row->first, (size_t)(end - at))) != NULL) {
        if ((uint8_t)(at[1] - row->low) <= row->width && rp_video_sieve_passes_fifth(sieve, at))
            places[found++] = (uint16_t)(at - data);
        at++;
    }
    return found;
}

size_t rp_video_sieve_run_base(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data) {
    if (sieve->row_count == 1) return run_one(places, sieve, data);
    uint8_t row_of[256] = {0}; /* 1 and up */
    for (int i = 0; i < sieve->row_count; i++) row_of[sieve->rows[i].first] = (uint8_t)(i + 1);
    size_t found = 0;
    for (size_t i = 0; i < RP_VIDEO_SIEVE_PIECE; i++) {
        if (row_of[data[i]] == 0) continue;
        const rp_video_sieve_row *row = &sieve->rows[row_of[data[i]] - 1];
        if ((uint8_t)(data[i + 1] - row->low) <= row->width &&
            rp_video_sieve_passes_fifth(sieve, data + i))
            places[found++] = (uint16_t)i;
    }
    return found;
}

static const struct loop {
    rp_cpu_level least; /* that the processor must have */
    rp_video_sieve_fn run;
} loops[] = {
/* best first */
#define RP_LEVEL(level, least) {least, rp_video_sieve_run_##level},
#include "base/cpu_levels.def"
#undef RP_LEVEL
};

rp_video_sieve_fn rp_video_sieve_loop(size_t index) {
    for (size_t i = 0; i < RP_COUNT(loops); i++)
        if (loops[i].least <= rp_cpu_level_find() && index-- == 0) return loops[i].run;
    return NULL;
}

rp_video_sieve rp_video_sieve_begin(void) {
    return (rp_video_sieve){.run = rp_video_sieve_loop(0)};
}
