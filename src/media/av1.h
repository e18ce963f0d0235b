/* av1.h: as much of AV1 (AV1 Bitstream & Decoding Process Specification, 5) as finding temporal
 * units in a damaged file needs. In mp4 every OBU has its size, the temporal delimiter is left
 * out, and a sample ends with the one frame that it shows. */
#ifndef RP_MEDIA_AV1_H
#define RP_MEDIA_AV1_H

#include <stddef.h>

#include "media/access_unit.h"

typedef struct rp_media_av1 {
    bool has_sequence, reduced_still_picture;
    uint32_t obu_bytes_max; /* longer OBUs are taken for noise */
    uint8_t sequence[64];   /* the sequence header of av1C, to compare with those in the stream */
    uint8_t sequence_bytes;
} rp_media_av1;

/* Reads av1C's payload. False where it is damaged. */
bool rp_media_av1_config_read(rp_media_av1 *av1, const uint8_t *av1c, size_t size);

/* The temporal unit that starts at data; size 0 in the result where none starts or `size` cuts
 * it. */
rp_media_access_unit rp_media_av1_unit(rp_media_av1 *av1, const uint8_t *data, uint64_t size);

#endif
