/* av1.c: see av1.h. */
#include "media/av1.h"

#include <string.h>

#include "media/bits.h"

enum {
    OBU_SEQUENCE_HEADER = 1,
    OBU_TEMPORAL_DELIMITER = 2,
    OBU_FRAME_HEADER = 3,
    OBU_TILE_GROUP = 4,
    OBU_METADATA = 5,
    OBU_FRAME = 6,
    OBU_REDUNDANT_FRAME_HEADER = 7,
    OBU_PADDING = 15,
    KEY_FRAME = 0,
    UNITS_MAX = 512
};

typedef struct obu {
    uint8_t type;
    uint64_t header, size; /* bytes of the header, bytes in all */
} obu;

/* 5.3: header byte, extension, leb128 size. False where it is none or reaches past `size`. */
static bool read_obu(obu *found, const uint8_t *data, uint64_t size, uint32_t bytes_max) {
    if (size < 2) return false;
    const bool has_extension = data[0] >> 2 & 1, has_size = data[0] >> 1 & 1;
    if (data[0] & 0x81 || !has_size) return false; /* forbidden and reserved bits */
    uint64_t position = has_extension ? 2 : 1, length = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (position == size) return false;
        const uint8_t group = data[position++];
        length |= (uint64_t)(group & 0x7f) << (7 * i);
        if ((group & 0x80) == 0) break;
        if (i == 7) return false;
    }
    if (length > bytes_max || length > size - position) return false;
    *found = (obu){.type = data[0] >> 3 & 15, .header = position, .size = position + length};
    return true;
}

bool rp_media_av1_config_read(rp_media_av1 *av1, const uint8_t *av1c, size_t size) {
    obu found;
    if (size < 4 || av1c[0] != 0x81) return false; /* marker and version */
    if (size == 4) return true;                    /* no configuration OBUs */
    if (!read_obu(&found, av1c + 4, size - 4, 4096)) return false;
    const uint64_t length = found.size - found.header;
    if (found.type != OBU_SEQUENCE_HEADER || length == 0 || length > sizeof av1->sequence)
        return false;
    memcpy(av1->sequence, av1c + 4 + found.header, (size_t)length);
    av1->sequence_bytes = (uint8_t)length;
    av1->has_sequence = true;
    av1->reduced_still_picture = av1->sequence[0] >> 3 & 1;
    return true;
}

/* What the start of a frame header says (5.9.2). */
typedef struct frame_header {
    bool is_shown, is_existing, is_key;
} frame_header;

static frame_header read_frame_header(const rp_media_av1 *av1, const uint8_t *data, uint64_t size) {
    frame_header frame = {.is_shown = true, .is_key = true};
    if (av1->reduced_still_picture || size == 0) return frame;
    rp_bits bits = {.data = data, .size_bits = 8};
    frame.is_existing = rp_bits_u(&bits, 1);
    frame.is_key = !frame.is_existing && rp_bits_u(&bits, 2) == KEY_FRAME;
    frame.is_shown = frame.is_existing || rp_bits_u(&bits, 1);
    return frame;
}

/* How much an OBU of this type says that this is AV1, in bits; negative: it cannot stand here. */
static float evidence_of(const rp_media_av1 *av1, const obu *found, const uint8_t *data,
                         bool has_shown) {
    const uint64_t length = found->size - found->header;
    switch (found->type) {
        case OBU_SEQUENCE_HEADER:
            if (has_shown) return -1;
            if (!av1->has_sequence) return length > 4 && length < 64 ? 4 : -1;
            return length == av1->sequence_bytes &&
                           memcmp(data + found->header, av1->sequence, (size_t)length) == 0
                       ? 48
                       : -1;
        case OBU_FRAME_HEADER: return has_shown || length == 0 || length > 256 ? -1 : 5;
        case OBU_FRAME: return has_shown || length < 4 ? -1 : 5;
        case OBU_METADATA: return has_shown || length < 2 ? -1 : 3;
        case OBU_TILE_GROUP: return length == 0 ? -1 : 4;
        case OBU_REDUNDANT_FRAME_HEADER: return 2;
        case OBU_PADDING: return 1;
        default: return -1;
    }
}

rp_media_access_unit rp_media_av1_unit(rp_media_av1 *av1, const uint8_t *data, uint64_t size) {
    rp_media_access_unit unit = {.picture = {.is_reference = true}};
    bool has_shown = false, has_tiles = false, is_existing = false;
    uint64_t position = 0;
    obu found;
    while (unit.units < UNITS_MAX &&
           read_obu(&found, data + position, size - position, av1->obu_bytes_max)) {
        const uint8_t *at = data + position;
        const float evidence = evidence_of(av1, &found, at, has_shown);
        if (evidence < 0) break;
        const bool is_frame = found.type == OBU_FRAME_HEADER || found.type == OBU_FRAME;
        if (found.type == OBU_TILE_GROUP && (unit.units == 0 || is_existing)) break;
        if (has_shown && found.type != OBU_TILE_GROUP) break; /* its padding is not recorded */
        if (is_frame) {
            const frame_header frame =
                read_frame_header(av1, at + found.header, found.size - found.header);
            has_shown = frame.is_shown;
            is_existing = frame.is_existing;
            has_tiles = frame.is_existing || found.type == OBU_FRAME;
            unit.picture.is_sync |= frame.is_key && frame.is_shown;
        }
        has_tiles |= found.type == OBU_TILE_GROUP;
        unit.evidence_bits += evidence;
        unit.units++;
        position += found.size;
        if (has_shown && found.type == OBU_FRAME) break;
    }
    if (!has_shown || !has_tiles) return (rp_media_access_unit){0};
    unit.size = position;
    return unit;
}
