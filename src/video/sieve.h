/* sieve.h: where in foreign data could a sample begin? Asked of every byte of a damaged card, so at
 * the speed of memory.
 *
 * A row allows a first byte and a range of second bytes: a picture begins with a length whose high
 * bytes are zero or small, a sample of metadata with two bytes that all samples share. Of noise one
 * place in about 800 passes; these are looked at in full. (Testing more bytes costs more than it
 * saves: each is another load across the lines of the cache.)
 *
 * Searching 1 GB of noise that lies in the second cache (EPYC, Zen 5): memchr for the first byte
 * 31 ms, v3 29 ms, v4 12 ms.
 *
 * (4.2 million places pass memchr, 1.2 million a row of the sieve.) */
#ifndef RP_VIDEO_SIEVE_H
#define RP_VIDEO_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_VIDEO_SIEVE_ROWS = 12, RP_VIDEO_SIEVE_PIECE = 4096 };

typedef struct rp_video_sieve_row {
    uint8_t first, low, width; /* data[0] == first and low <= data[1] <= low + width */
} rp_video_sieve_row;

/* Writes the places in data[0 .. RP_VIDEO_SIEVE_PIECE) that pass, ascending, and returns how many.
 * One byte more can be read. */
typedef size_t (*rp_video_sieve_fn)(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                                    const uint8_t *data);

typedef struct rp_video_sieve {
    rp_video_sieve_row rows[RP_VIDEO_SIEVE_ROWS];
    int row_count;
    bool is_open; /* too many rows: every place passes */
    rp_video_sieve_fn run;
} rp_video_sieve;

/* An empty sieve with the fastest loop for this processor. */
rp_video_sieve rp_video_sieve_begin(void);

/* Lets places pass that begin with `first` and low .. high. Rows of one first byte become one. */
void rp_video_sieve_allow(rp_video_sieve *sieve, uint8_t first, uint8_t low, uint8_t high);

/* Does a place with these first bytes pass? The plain reference. `left`: bytes at data, 1 or more;
 * where the second is not there it passes. */
bool rp_video_sieve_passes(const rp_video_sieve *sieve, const uint8_t *data, uint64_t left);

/* The places in data[0 .. count) that pass, count at most RP_VIDEO_SIEVE_PIECE; `left` bytes can be
 * read. Returns how many. */
size_t rp_video_sieve_places(uint16_t *places, const rp_video_sieve *sieve, const uint8_t *data,
                             size_t count, uint64_t left);

/* The loops: plain, and one for each level of x86-64 that is built (see meson.build). */
size_t rp_video_sieve_run_base(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                               const uint8_t *data);
size_t rp_video_sieve_run_v3(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                             const uint8_t *data);
size_t rp_video_sieve_run_v4(uint16_t *places, const rp_video_sieve_row *rows, int row_count,
                             const uint8_t *data);

#endif
