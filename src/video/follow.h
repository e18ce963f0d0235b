/* follow.h: does this cluster continue that recording? A recording as it is taken up piece by
 * piece, with the place where its next mark is due, and the evidence that a piece fits.
 *
 *     ...| NAL unit .......|due                     | piece: does a mark stand at `due`?
 *     ...| NAL unit | sound, no marks: a gap ....   | piece: does a mark come, how far on?
 *
 * The state is plain memory without pointers: copy it, feed the copy, keep or drop it. */
#ifndef RP_VIDEO_FOLLOW_H
#define RP_VIDEO_FOLLOW_H

#include "video/mark.h"

enum { RP_FOLLOW_REJECT = -1000, RP_FOLLOW_TAIL = 64, RP_FOLLOW_SURE = 48 };

typedef struct rp_follow {
    uint64_t length;      /* bytes taken up so far */
    uint64_t due;         /* where the next mark is due; in a gap: where looking goes on */
    uint64_t box_end;     /* of the mdat that is being followed; 0: not known */
    uint64_t gap_start;   /* in a gap: where it began */
    uint64_t gap_longest; /* of those that were closed */
    uint32_t gaps;        /* how many were */
    uint64_t gap_last[2]; /* lengths of the last two */
    uint64_t end;         /* where the recording came to its own end; 0: has not */
    uint64_t sound;       /* where the last mark ended: what lies before is explained */
    uint32_t rtmd_size;   /* 0: not met yet */
    uint32_t marks, votes_h264, votes_hevc;
    uint32_t kinds;      /* bit rp_mark_kind: met */
    uint64_t types;      /* bit nal_unit_type: met; bit 63: slices that continue a picture */
    uint64_t unit_bytes; /* of all NAL units met */
    bool had_delimiter;  /* the NAL unit before was no slice: an access unit has begun */
    bool in_gap, in_payload, in_padding, has_ftyp, has_moov;
    bool is_closed; /* takes no more: it came to its own end, or to that of its media data */
    uint8_t tail_size;
    uint8_t tail[RP_FOLLOW_TAIL]; /* the last bytes taken up: a mark may lie across the border */
} rp_follow;

/* Takes up `size` bytes (at least RP_FOLLOW_TAIL). Returns the evidence in bits that they belong
 * here: positive for, negative against, RP_FOLLOW_REJECT where they cannot. */
int rp_follow_feed(rp_follow *follow, const uint8_t *data, size_t size);

/* How surely a recording begins at `data`, in bits; 0: none does. RP_FOLLOW_SURE: ftyp; less: a
 * camera's raw stream may begin so, or a chunk of one that began elsewhere. */
int rp_follow_begins(const uint8_t *data, size_t size);

#endif
