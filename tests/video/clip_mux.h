/* clip_mux.h: a small writer of recordings for tests. Tracks hold samples in memory, a list of
 * chunks says in which order they lie in the mdat, as each maker of cameras does it; the index is
 * written from both. It shares no code with the writer that is tested. */
#ifndef RP_TESTS_CLIP_MUX_H
#define RP_TESTS_CLIP_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

enum { CLIP_TRACKS_MAX = 8 };

struct clip_sample {
    const uint8_t *data; /* in the movie's arena */
    uint32_t size, duration;
    int32_t composition;
    bool is_sync;
    uint64_t offset; /* set by the writer */
};

struct clip_track {
    const char *handler, *name; /* "vide", "Video Media Handler" */
    uint32_t timescale, cdsc;   /* cdsc: number of the track described, from 1; 0: none */
    const uint8_t *entry;       /* the whole sample entry box */
    size_t entry_size;
    struct clip_sample *samples; /* NULL for PCM */
    const uint8_t *pcm;
    uint32_t frame_bytes; /* PCM, and constant sizes in general; 0: each sample has its own */
    uint64_t count;       /* samples; frames of PCM */
    int64_t media_time;   /* where the edit list begins; -1: no edit list */
    uint16_t width, height;
};

/* `count` samples of one track in a row, from `first`. */
struct clip_chunk {
    uint32_t track;
    uint64_t first, count, offset; /* offset: set by the writer */
};

struct clip_movie {
    rp_arena arena;
    struct clip_track tracks[CLIP_TRACKS_MAX];
    uint32_t track_count, timescale;
    struct clip_chunk *chunks;
    size_t chunk_count, chunk_capacity;
    const char *brands;       /* "XAVC" "mp42": major first, four letters each */
    size_t payload_at;        /* 0: right after the mdat header */
    bool has_wide;            /* `wide` before the mdat, as Apple writes it */
    bool has_large_mdat;      /* 64-bit size */
    uint32_t fragment_frames; /* frames of the first track per moof; 0: one moov at the end */
};

/* Adds a chunk, joined to the last one where it continues it and `joins`. */
void clip_add_chunk(struct clip_movie *movie, uint32_t track, uint64_t first, uint64_t count,
                    bool joins);

/* Writes the whole file into `out`. */
void clip_write(rp_text *out, struct clip_movie *movie);

void clip_movie_clear(struct clip_movie *movie);

#endif
