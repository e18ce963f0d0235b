/* picture_count.h: how many pictures lay in a hole? Pictures are numbered in the order of display
 * (pic_order_cnt of H.264 and HEVC, order_hint of AV1), and a number that is never met was lost:
 *
 *     decoded   0 3 1 2 6 | hole | 8 12 10 11 ...       numbers of display
 *     met                   4 5 9 are missing: three pictures lay in the hole
 *
 * Which numbers are still to come, only later pictures tell: of a recorder that shows no picture
 * more than e places before it is decoded, all numbers up to (place of the last picture met) - e
 * have been met or lost. With k pictures behind the hole that are met at places p + n .. p + n + k
 * - 1, n lost, all but e of them are among these; so with their numbers sorted,
 *
 *     n = number[k - e - 1] + 1 - p - (k - e)
 *
 * The numbers begin anew with each IDR picture (key frame of AV1): where one lay in the hole, they
 * tell how many pictures of its period were lost, and that of the period before some may be. */
#ifndef RP_VIDEO_PICTURE_COUNT_H
#define RP_VIDEO_PICTURE_COUNT_H

#include <stddef.h>

#include "media/access_unit.h"

enum { RP_VIDEO_COUNTED_MAX = 32 }; /* pictures behind a hole that are looked at */

/* Where a track's numbers stand while its pictures are met one by one. Plain memory. */
typedef struct rp_video_numbers {
    rp_media_order order;
    uint64_t period_at;   /* place of decoding of the picture at which the numbers began */
    int64_t period_count; /* its number */
    int64_t last;         /* of the picture met last */
    bool is_known;        /* false: such a picture has not been met, or was lost */
} rp_video_numbers;

/* `picture` is the track's picture at `place`, those lost counted too. */
void rp_video_numbers_take(rp_video_numbers *numbers, const rp_media_picture *picture,
                           uint64_t place);

/* How a recorder orders its pictures, learned from a healthy clip. */
typedef struct rp_video_ordering {
    uint32_t step;     /* from one number to the next; 0: not known, nothing can be counted */
    uint32_t earliest; /* places that one is shown before it is decoded, at most */
    uint32_t latest;   /* and after */
} rp_video_ordering;

typedef struct rp_video_picture_count {
    bool has_same; /* `same` pictures were lost, or a multiple of `range` more, if no period */
    uint64_t same; /* began among them */
    bool has_new;  /* if one did, these are of it, and some of the one before may be lost too */
    uint64_t of_period; /* at least 1 */
    uint64_t range;     /* numbers until they repeat */
} rp_video_picture_count;

/* Pictures lost between `before`, the state at the end of `place` pictures, and `count` pictures
 * (at most RP_VIDEO_COUNTED_MAX) behind a hole, in the order of decoding. */
rp_video_picture_count rp_video_picture_count_lost(const rp_video_numbers *before, uint64_t place,
                                                   const rp_media_picture *pictures, size_t count,
                                                   const rp_video_ordering *ordering);

/* The numbers go on behind a hole of `lost` pictures at `place`. */
void rp_video_numbers_skip(rp_video_numbers *numbers, const rp_video_picture_count *count,
                           uint64_t place, uint64_t lost);

/* How little `lost` agrees with the count, in bits; 0: it does, or there was no count. */
double rp_video_picture_count_bits(const rp_video_picture_count *count, uint64_t lost);

#endif
