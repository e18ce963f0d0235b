/* sieve.h: where in foreign data could a sample begin? Asked of every byte of a damaged card, so at
 * the speed of memory.
 *
 * A row allows a first byte and a range of second bytes: a picture begins with a length whose high
 * bytes are zero or small, a sample of metadata with two bytes that all samples share. Of noise one
 * place in about 800 passes the rows, 64 places at a time. Those are asked, one by one and without
 * a branch, whether a track that may go on with the second byte may go on with the fifth, too,
 * which is the header of a NAL unit: one in ten does, and is looked at in full. (Rows for more
 * bytes cost more than they save: each is another load across the lines of the cache.)
 *
 * A loop writes which of 64 places pass as the bits of a word and keeps the numbers of the words
 * that are not zero, without asking which: of noise one word in twelve has a bit, and to guess
 * which one costs more than all else.
 *
 * Searching 1 GB of noise that lies in the second cache (EPYC, Zen 5, shared with other work): base
 * 33 ms, v3 29 ms, v4 22 ms, of which its comparisons alone take 14. 1.3 million places pass the
 * rows, 0.08 million all. */
#ifndef RP_VIDEO_SIEVE_H
#define RP_VIDEO_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_VIDEO_SIEVE_ROWS = 12, RP_VIDEO_SIEVE_PIECE = 4096, RP_VIDEO_SIEVE_MORE = 4 };

typedef struct rp_video_sieve_row {
    uint8_t first, low, width; /* data[0] == first and low <= data[1] <= low + width */
} rp_video_sieve_row;

struct rp_video_sieve;

/* Writes the places in data[0 .. RP_VIDEO_SIEVE_PIECE) that pass, ascending, and returns how many.
 * RP_VIDEO_SIEVE_MORE bytes more can be read. */
typedef size_t (*rp_video_sieve_fn)(uint16_t *places, const struct rp_video_sieve *sieve,
                                    const uint8_t *data);

typedef struct rp_video_sieve {
    rp_video_sieve_row rows[RP_VIDEO_SIEVE_ROWS];
    int row_count;
    bool is_open; /* too many rows: every place passes */
    rp_video_sieve_fn run;
    uint64_t second[256], fifth[256]; /* which owners allow that byte there, a bit for each */
} rp_video_sieve;

/* An empty sieve with the fastest loop for this processor. */
rp_video_sieve rp_video_sieve_begin(void);

/* Lets places pass that begin with `first` and low .. high, for an owner (a track, 0 to 63). Rows
 * of one first byte become one. */
void rp_video_sieve_allow(rp_video_sieve *sieve, int owner, uint8_t first, uint8_t low,
                          uint8_t high);

/* Lets the owner's places have this fifth byte. */
void rp_video_sieve_allow_fifth(rp_video_sieve *sieve, int owner, uint8_t byte);

/* Does a place with these first bytes pass? The plain reference. `left`: bytes at data, 1 or more;
 * where those that are asked for are not there it passes. */
bool rp_video_sieve_passes(const rp_video_sieve *sieve, const uint8_t *data, uint64_t left);

/* The places in data[0 .. count) that pass, count at most RP_VIDEO_SIEVE_PIECE; `left` bytes can be
 * read. Returns how many. */
size_t rp_video_sieve_places(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data,
                             size_t count, uint64_t left);

/* The loops that this processor can run, the fastest first; NULL past the last. */
rp_video_sieve_fn rp_video_sieve_loop(size_t index);

/* The loops: plain, and one for each level of x86-64 that is built (base/cpu_levels.def). */
size_t rp_video_sieve_run_base(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data);
size_t rp_video_sieve_run_v3(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data);
size_t rp_video_sieve_run_v4(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data);

/* Of a place that passed the rows: do second and fifth byte pass together? */
static inline bool rp_video_sieve_passes_fifth(const rp_video_sieve *sieve, const uint8_t *data) {
    return (sieve->second[data[1]] & sieve->fifth[data[4]]) != 0;
}

/* What the loops share: of 64 places that passed the rows, a bit each, those that pass altogether
 * are added behind the `found` places there are. Returns how many there are then. */
static inline size_t rp_video_sieve_take(uint16_t *places, size_t found,
                                         const rp_video_sieve *sieve, const uint8_t *data,
                                         size_t first_place, uint64_t bits) {
    do {
        const size_t place = first_place + (size_t)__builtin_ctzll(bits);
        places[found] = (uint16_t)place;
        found += rp_video_sieve_passes_fifth(sieve, data + place);
        bits &= bits - 1;
    } while (bits != 0);
    return found;
}

#endif
