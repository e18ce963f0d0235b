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
    SWITCH_FRAME = 3,
    HEADER_BYTES = 32, /* of a frame header, more than lie before its order_hint */
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

/* --- sequence header (5.5) --------------------------------------------------------------- */

static uint32_t read_uvlc(rp_bits *bits) { /* 4.10.3; as ue(v), but long ones are legal */
    unsigned zeros = 0;
    while (zeros < 32 && !bits->failed && rp_bits_u(bits, 1) == 0) zeros++;
    return zeros == 32 ? UINT32_MAX : rp_bits_u(bits, zeros) + (1u << zeros) - 1;
}

/* timing_info and decoder_model_info, 5.5.3 and 5.5.4. *delay_bits 0: no decoder model. */
static void read_timing(rp_media_av1_sequence *syntax, rp_bits *bits, unsigned *delay_bits) {
    if (rp_bits_u(bits, 1) == 0) return; /* timing_info_present_flag */
    rp_bits_skip(bits, 64);
    const bool has_equal_interval = rp_bits_u(bits, 1);
    if (has_equal_interval) (void)read_uvlc(bits);
    if (rp_bits_u(bits, 1) == 0) return; /* decoder_model_info_present_flag */
    *delay_bits = rp_bits_u(bits, 5) + 1;
    rp_bits_skip(bits, 32 + 5);
    const uint8_t width = (uint8_t)(rp_bits_u(bits, 5) + 1);
    if (!has_equal_interval) syntax->presentation_time_bits = width;
}

static void skip_operating_points(rp_bits *bits, unsigned delay_bits) {
    const bool has_display_delay = rp_bits_u(bits, 1);
    const uint32_t count = rp_bits_u(bits, 5) + 1;
    for (uint32_t i = 0; i < count; i++) {
        rp_bits_skip(bits, 12);
        if (rp_bits_u(bits, 5) > 7) rp_bits_skip(bits, 1); /* seq_tier */
        if (delay_bits > 0 && rp_bits_u(bits, 1)) rp_bits_skip(bits, 2 * (size_t)delay_bits + 1);
        if (has_display_delay && rp_bits_u(bits, 1)) rp_bits_skip(bits, 4);
    }
}

/* False where it ends early. */
static bool read_sequence(rp_media_av1_sequence *syntax, const uint8_t *data, size_t size) {
    rp_bits bits = {.data = data, .size_bits = 8 * size};
    *syntax = (rp_media_av1_sequence){0};
    rp_bits_skip(&bits, 3 + 1);
    syntax->reduced_still_picture = rp_bits_u(&bits, 1);
    if (syntax->reduced_still_picture) return !bits.failed;
    unsigned delay_bits = 0;
    read_timing(syntax, &bits, &delay_bits);
    skip_operating_points(&bits, delay_bits);
    const unsigned width_bits = rp_bits_u(&bits, 4) + 1, height_bits = rp_bits_u(&bits, 4) + 1;
    rp_bits_skip(&bits, width_bits + height_bits);
    if (rp_bits_u(&bits, 1)) { /* frame_id_numbers_present_flag */
        syntax->frame_id_bits = (uint8_t)(rp_bits_u(&bits, 4) + 2); /* delta_frame_id_length */
        syntax->frame_id_bits += (uint8_t)(rp_bits_u(&bits, 3) + 1);
    }
    rp_bits_skip(&bits, 3 + 4); /* superblock size, intra tools; inter tools */
    const bool has_order_hint = rp_bits_u(&bits, 1);
    if (has_order_hint) rp_bits_skip(&bits, 2);
    syntax->chooses_screen_content = rp_bits_u(&bits, 1);
    syntax->has_screen_content = syntax->chooses_screen_content || rp_bits_u(&bits, 1);
    syntax->chooses_integer_mv = true;
    if (syntax->has_screen_content) {
        syntax->chooses_integer_mv = rp_bits_u(&bits, 1);
        if (!syntax->chooses_integer_mv) rp_bits_skip(&bits, 1);
    }
    if (has_order_hint) syntax->order_hint_bits = (uint8_t)(rp_bits_u(&bits, 3) + 1);
    return !bits.failed;
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
    if (!read_sequence(&av1->syntax, av1->sequence, (size_t)length)) return false;
    av1->sequence_bytes = (uint8_t)length;
    av1->has_sequence = true;
    return true;
}

/* --- frame header (5.9.2), as far as order_hint ------------------------------------------ */

typedef struct frame_header {
    bool is_shown, is_existing, is_key, has_hint;
    uint32_t order_hint;
} frame_header;

static frame_header read_frame_header(const rp_media_av1 *av1, const uint8_t *data, uint64_t size) {
    const rp_media_av1_sequence *syntax = &av1->syntax;
    frame_header frame = {.is_shown = true, .is_key = true};
    if (syntax->reduced_still_picture || size == 0) return frame;
    rp_bits bits = {.data = data, .size_bits = 8 * (size < HEADER_BYTES ? size : HEADER_BYTES)};
    frame.is_existing = rp_bits_u(&bits, 1);
    if (frame.is_existing) {
        frame.is_key = false;
        return frame;
    }
    const uint32_t type = rp_bits_u(&bits, 2);
    frame.is_key = type == KEY_FRAME;
    frame.is_shown = rp_bits_u(&bits, 1);
    if (!av1->has_sequence || syntax->order_hint_bits == 0) return frame;
    if (frame.is_shown) rp_bits_skip(&bits, syntax->presentation_time_bits);
    else rp_bits_skip(&bits, 1); /* showable_frame */
    if (type != SWITCH_FRAME && !(frame.is_key && frame.is_shown)) rp_bits_skip(&bits, 1);
    rp_bits_skip(&bits, 1); /* disable_cdf_update */
    const bool has_screen_content =
        syntax->chooses_screen_content ? rp_bits_u(&bits, 1) : syntax->has_screen_content;
    if (has_screen_content && syntax->chooses_integer_mv) rp_bits_skip(&bits, 1);
    rp_bits_skip(&bits, syntax->frame_id_bits);
    if (type != SWITCH_FRAME) rp_bits_skip(&bits, 1); /* frame_size_override_flag */
    frame.order_hint = rp_bits_u(&bits, syntax->order_hint_bits);
    frame.has_hint = !bits.failed;
    return frame;
}

/* The frame that a temporal unit shows. */
static void take_shown(rp_media_picture *picture, const rp_media_av1 *av1,
                       const frame_header *frame) {
    picture->is_sync = picture->is_period = frame->is_key;
    picture->lsb = frame->order_hint;
    picture->lsb_bits = frame->has_hint ? av1->syntax.order_hint_bits : 0;
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
            if (frame.is_shown) take_shown(&unit.picture, av1, &frame);
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
