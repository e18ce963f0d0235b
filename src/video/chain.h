/* chain.h: the samples that were found, track by track, and the holes between them. */
#ifndef RP_VIDEO_CHAIN_H
#define RP_VIDEO_CHAIN_H

#include "base/arena.h"
#include "media/access_unit.h"
#include "media/movie.h"
#include "media/parameter_sets.h"

enum { RP_VIDEO_HOLE_TRACKS = 16 };
#define RP_VIDEO_SILENCE \
    UINT64_MAX /* offset of a chunk of PCM that was lost: its bytes are zeros */

/* Bytes that belong to no sample. */
typedef struct rp_video_hole {
    uint64_t offset, size;
    bool is_uniform; /* one byte value throughout: zeros of an unwritten cluster */
    uint64_t samples[RP_VIDEO_HOLE_TRACKS]; /* of each track before it, those found */
    uint32_t lost[RP_VIDEO_HOLE_TRACKS];    /* of each track, that must have lain in it */
} rp_video_hole;

typedef struct rp_video_found {
    uint32_t *sizes; /* sample_count of them; NULL where all are constant_size */
    size_t size_capacity;
    uint32_t constant_size;
    uint64_t sample_count;
    rp_media_chunk *chunks;
    size_t chunk_count, chunk_capacity;
    uint32_t *syncs;
    size_t sync_count, sync_capacity;
    int32_t *places; /* of pictures: place in the order of display, within a period */
    size_t place_capacity;
    uint8_t *picture_kinds; /* of pictures: rp_media_picture_kind */
    size_t kind_capacity;
    uint32_t *periods; /* the pictures at which the order begins anew */
    size_t period_count, period_capacity;
    rp_media_order order;
    rp_media_runs
        durations; /* where the stream itself gives them, of lost samples too; else empty */
    rp_media_parameter_sets sets; /* that stand in the stream; borrowed from the recording */
    uint64_t silent_count;        /* frames of PCM in sample_count that were lost */
} rp_video_found;

typedef struct rp_video_chain {
    rp_video_found tracks[RP_MEDIA_TRACKS_MAX];
    int track_count;
    rp_video_hole *holes;
    size_t hole_count, hole_capacity;
    uint64_t begin, end;    /* the bytes that were looked at */
    uint64_t silence_bytes; /* of the longest chunk of silence; 0: none */
    uint64_t sample_bytes, hole_bytes;
    uint64_t header_bytes; /* of boxes between the pieces of media data: no hole */
    double evidence_bits;
    bool ends_in_sample; /* the last hole is the beginning of a sample that the end cuts */
    bool is_own; /* the samples are those of the profile's own tables, as far as the file goes */
    bool failed; /* memory ran out */
} rp_video_chain;

/* The bytes in which samples were looked for. */
uint64_t rp_video_chain_seen(const rp_video_chain *chain);
/* Appends samples that lie behind each other: `count` of them in `size` bytes. */
void rp_video_chain_add(rp_video_chain *chain, int track, uint64_t offset, uint64_t size,
                        uint64_t count);
/* What the picture added last says about itself. */
void rp_video_chain_add_picture(rp_video_chain *chain, int track, const rp_media_picture *picture);
/* `lost`: how many samples of each track lay in it, RP_VIDEO_HOLE_TRACKS numbers, or NULL. Without
 * bytes it is kept where something was lost: sound found behind it may fill it. */
void rp_video_chain_add_hole(rp_video_chain *chain, const uint8_t *data, uint64_t offset,
                             uint64_t size, const uint32_t *lost);
/* Frames of PCM that were lost, in whose place there is silence: tables of PCM have no gaps. */
void rp_video_chain_add_silence(rp_video_chain *chain, int track, uint64_t frames);
void rp_video_chain_clear(rp_video_chain *chain);

#endif
