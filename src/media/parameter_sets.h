/* parameter_sets.h: the parameter sets (SPS, PPS, HEVC's VPS too) that stand in the stream, and the
 * decoder configuration that a sample entry holds them in.
 *
 *     avcC (ISO/IEC 14496-15, 5.3.3.1)          hvcC (8.3.3.1)
 *     u8 1, profile, compatibility, level       u8 1, 12 bytes: profile, tier and level
 *     u8 0xfc | bytes of a length - 1           u16, u8: from the VUI
 *     u8 0xe0 | count, {u16 size, SPS}          u8 0xfc | chroma_format_idc
 *     u8 count, {u16 size, PPS}                 u8 0xf8 | depth - 8, of luma and of chroma
 *     profile 100 and its relatives:            u16 pictures a second or 0
 *     u8 0xfc | chroma_format_idc               u8 layers, nesting, bytes of a length - 1
 *     u8 0xf8 | depth - 8, of luma and chroma   u8 count of arrays, of each: u8 type,
 *     u8 count, {u16 size, SPS extension}           u16 count, {u16 size, NAL unit} */
#ifndef RP_MEDIA_PARAMETER_SETS_H
#define RP_MEDIA_PARAMETER_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { RP_MEDIA_SETS_MAX = 16 };

typedef struct rp_media_parameter_set {
    uint8_t type; /* nal_unit_type */
    uint16_t id, size;
    const uint8_t *nal; /* borrowed; with its header */
} rp_media_parameter_set;

typedef struct rp_media_parameter_sets {
    rp_media_parameter_set items[RP_MEDIA_SETS_MAX];
    size_t count;
    bool is_hevc; /* else H.264 */
} rp_media_parameter_sets;

/* Adds those that stand before the first slice of a sample: of each type and id the first that is
 * met. `width`: bytes of the length before a NAL unit. */
void rp_media_parameter_sets_collect(rp_media_parameter_sets *sets, unsigned width,
                                     const uint8_t *data, uint64_t size);

/* Appends to `out` the payload of avcC or hvcC as it is in `config`, with `own` in the place of the
 * sets of the same type and id, and what it says of their profile in its head. A type of which
 * `config` holds none stays in the stream alone. False where nothing is changed, or `config` is
 * damaged: then nothing is appended. */
bool rp_media_parameter_sets_put(rp_text *out, const uint8_t *config, size_t size,
                                 const rp_media_parameter_sets *own);

/* The size of the pictures as shown, of the first SPS; false where there is none. */
bool rp_media_parameter_sets_size(uint32_t *width, uint32_t *height,
                                  const rp_media_parameter_sets *sets);

#endif
