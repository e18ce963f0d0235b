/* access_unit.h: the pictures of a video track, whatever its codec: where one ends, whether
 * decoding can start there, and its place in the order of display.
 *
 * A sample of H.264 or HEVC is one access unit: NAL units, each behind a length of 1 to 4 bytes; of
 * AV1 one temporal unit: OBUs that give one shown frame. */
#ifndef RP_MEDIA_ACCESS_UNIT_H
#define RP_MEDIA_ACCESS_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/* Longer ones are taken for noise: real ones have a hundred bytes, SEI with a maker's own data a
 * few thousand. Without these bounds most of what looks like a NAL unit in noise is one of them. */
enum { RP_MEDIA_PARAMETER_SET_MAX = 1 << 12, RP_MEDIA_SEI_MAX = 1 << 16 };

/* What one picture says about itself. */
typedef struct rp_media_picture {
    bool is_sync;            /* IDR; HEVC also BLA and CRA: decoding can start here */
    bool is_period;          /* order begins anew here */
    bool is_reference;       /* may be the anchor of the next picture's order (prevPicOrderCnt) */
    bool is_discardable;     /* no other picture of its layer refers to it */
    bool has_parameter_sets; /* stand before it in the stream */
    bool has_reset;          /* memory_management_control_operation 5 */
    uint32_t lsb;            /* pic_order_cnt_lsb */
    int32_t delta;           /* to the earlier of the two fields, or delta_pic_order_cnt[0] */
    uint32_t frame_num, frame_num_bits; /* H.264; else 0 */
    uint32_t lsb_bits;                  /* of lsb; 0: order of decoding is order of display */
} rp_media_picture;

enum { RP_MEDIA_PICTURE_KINDS = 4 };

/* Whether decoding can start at a picture, and whether others may refer to it: 0 to 3. */
static inline unsigned rp_media_picture_kind(const rp_media_picture *picture) {
    return (picture->is_sync ? 1 : 0) + (picture->is_discardable ? 2 : 0);
}

typedef struct rp_media_access_unit {
    uint64_t size;       /* bytes, lengths included; 0: none starts here */
    bool is_cut;         /* one starts here, but the end of the data cuts it: size is 0 */
    uint32_t units;      /* NAL units or OBUs */
    float evidence_bits; /* log2 of how unlikely noise looks like this */
    rp_media_picture picture;
} rp_media_access_unit;

/* Unwraps picture order counts: prevPicOrderCntMsb and Lsb (H.264 8.2.1, HEVC 8.3.1). */
typedef struct rp_media_order {
    int64_t msb;
    uint32_t lsb;
    uint32_t frame_num, frame_num_offset;
} rp_media_order;

/* How much a length of `width` bytes that is at most `bytes_max` says, in bits: its high bits are
 * zero. */
float rp_media_length_bits(unsigned width, uint32_t bytes_max);

/* The picture's place in display, comparable within one period. */
int64_t rp_media_order_next(rp_media_order *order, const rp_media_picture *picture);

#endif
