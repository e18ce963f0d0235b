/* av1.h: as much of AV1 (AV1 Bitstream & Decoding Process Specification, 5) as finding temporal
 * units in a damaged file needs. In mp4 every OBU has its size, the temporal delimiter is left
 * out, and a sample ends with the one frame that it shows. */
#ifndef RP_MEDIA_AV1_H
#define RP_MEDIA_AV1_H

#include <stddef.h>

#include "media/access_unit.h"

/* What the sequence header (5.5) says about the beginning of frame headers. */
typedef struct rp_media_av1_sequence {
    bool reduced_still_picture;
    bool chooses_screen_content, has_screen_content, chooses_integer_mv;
    uint8_t presentation_time_bits;         /* of temporal_point_info; 0: there is none */
    uint8_t frame_id_bits, order_hint_bits; /* 0: there are none */
} rp_media_av1_sequence;

typedef struct rp_media_av1 {
    bool has_sequence;
    rp_media_av1_sequence syntax;
    uint32_t obu_bytes_max; /* longer OBUs are taken for noise */
    uint8_t sequence[64];   /* the sequence header of av1C, to compare with those in the stream */
    uint8_t sequence_bytes;
} rp_media_av1;

/* Reads av1C's payload. False where it is damaged. */
bool rp_media_av1_config_read(rp_media_av1 *av1, const uint8_t *av1c, size_t size);

/* The temporal unit that starts at data; size 0 in the result where none starts or `size` cuts
 * it. Its picture's lsb is the order_hint of the frame shown; a frame that was decoded before and
 * is only shown now (show_existing_frame) repeats none: lsb_bits 0. */
rp_media_access_unit rp_media_av1_unit(rp_media_av1 *av1, const uint8_t *data, uint64_t size);

#endif
