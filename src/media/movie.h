/* movie.h: the index of a recording: moov, its tracks, and their sample tables, with fragments
 * (moof) joined on. ISO/IEC 14496-12, 8.
 *
 * Runs stay runs: a track of sound may have 10^9 samples of one frame each, so durations and
 * composition offsets are kept as (count, value), places as chunks; walk them with a cursor.
 * Everything lives in the arena that was given, except `data`, which is borrowed. */
#ifndef RP_MEDIA_MOVIE_H
#define RP_MEDIA_MOVIE_H

#include "base/arena.h"
#include "base/error.h"
#include "media/boxes.h"

/* `count` samples in a row that have the same value: a duration or a composition offset in ticks.
 */
typedef struct rp_media_run {
    uint64_t count;
    int64_t value;
} rp_media_run;

typedef struct rp_media_runs {
    rp_media_run *items;
    size_t count, capacity;
} rp_media_runs;

/* Samples that lie one behind the other in the file. */
typedef struct rp_media_chunk {
    uint64_t offset, first; /* of the file; index of the first sample, from 0 */
    uint64_t count;         /* samples */
    uint64_t size;          /* bytes of all of them */
} rp_media_chunk;

typedef struct rp_media_edit {
    uint64_t duration;  /* in the movie's timescale */
    int64_t media_time; /* in the track's timescale; -1: nothing is shown */
    uint32_t rate;      /* 16.16 */
} rp_media_edit;

enum { RP_MEDIA_TRACKS_MAX = 64 };

typedef struct rp_media_track {
    rp_media_box trak, stbl, entry; /* entry: the first sample entry in stsd */
    uint32_t id, handler, codec;    /* handler 'vide', 'soun' ...; codec: type of the entry */
    uint32_t timescale;             /* ticks a second, never 0 */
    uint64_t duration;              /* mdhd, in ticks */
    uint32_t reference_id;          /* track that tref/cdsc names; 0: none */
    rp_media_edit *edits;
    size_t edit_count;

    uint64_t sample_count;  /* of those that chunks hold */
    uint64_t listed_count;  /* of those that stsz lists */
    uint32_t constant_size; /* bytes of every sample; 0: see sizes */
    uint32_t *sizes;        /* sample_count of them, or NULL */
    rp_media_chunk *chunks;
    size_t chunk_count;
    rp_media_runs durations, compositions; /* compositions.count 0: no ctts */
    uint32_t *syncs;                       /* indices from 0, ascending */
    size_t sync_count;
    bool has_stss;           /* false: every sample is a sync sample */
    uint8_t *fragment_syncs; /* while fragments are read; sample_count flags or NULL */
} rp_media_track;

typedef struct rp_media_movie {
    const uint8_t *data; /* the whole file; borrowed */
    uint64_t size;
    rp_media_box ftyp, moov; /* size 0: absent */
    uint32_t timescale;      /* of the movie, never 0 */
    uint64_t duration;
    rp_media_track *tracks;
    size_t track_count;
    bool is_fragmented; /* mvex */
    bool has_index;     /* moov was found and read */
    uint64_t moof_count;
    bool misses_fragments; /* one names samples beyond the end of the file, or is cut itself */
} rp_media_movie;

/* Reads the index of a file in memory. A file without moov is no failure: has_index is false.
 * RP_INPUT: the moov or a table in it is damaged (place: byte offset). RP_SYSTEM: no memory. */
rp_status rp_media_movie_read(rp_media_movie *movie, const uint8_t *data, uint64_t size,
                              rp_arena *arena, rp_error *error);

/* Reads runs value by value; zero-initialised it stands at the first. */
typedef struct rp_media_runs_reader {
    const rp_media_runs *runs; /* borrowed */
    size_t run;
    uint64_t in_run;
} rp_media_runs_reader;

/* The next value, 0 behind the last. */
int64_t rp_media_runs_next(rp_media_runs_reader *reader);

/* One sample while walking a track. */
typedef struct rp_media_sample {
    uint64_t index, offset, dts; /* dts in ticks */
    uint32_t size;
    uint32_t duration;
    int32_t composition; /* ctts: cts - dts */
    bool is_sync;
} rp_media_sample;

typedef struct rp_media_cursor {
    const rp_media_track *track;
    uint64_t index, offset, dts;
    size_t chunk, sync;
    uint64_t in_chunk;
    rp_media_runs_reader durations, compositions;
} rp_media_cursor;

rp_media_cursor rp_media_cursor_begin(const rp_media_track *track);
/* The next sample in decoding order; false after the last. */
bool rp_media_cursor_next(rp_media_sample *sample, rp_media_cursor *cursor);

/* Bytes of one sample of PCM as the sample entry describes it, 0 where it does not. */
uint32_t rp_media_pcm_frame_bytes(const uint8_t *data, const rp_media_track *track);

/* Appends to a list of runs, joining equal neighbours. Sets arena->failed. */
void rp_media_runs_add(rp_media_runs *runs, rp_arena *arena, uint64_t count, int64_t value);

#endif
