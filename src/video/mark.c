/* mark.c: see mark.h. */
#include "video/mark.h"

#include <string.h>

#include "base/bytes.h"
#include "base/compiler.h"

enum {
    LENGTH_BYTES = 4, /* of a NAL unit's length */
    MANY_TYPES = 3    /* bits: noise may look like any of eight types; counted on 8 MB of it */
};

unsigned rp_mark_log2(uint64_t value) {
    unsigned shift = 0;
    while (value > 1) {
        value >>= 1;
        shift++;
    }
    return shift;
}

/* ---- boxes ---- */

static rp_mark read_box(const uint8_t *p) {
    static const char types[][5] = {"ftyp", "moov", "mdat", "free", "skip", "wide", "uuid", "meta",
                                    "moof", "sidx", "styp", "mfra", "prft", "pdin", "emsg", "udta"};
    for (size_t i = 0; i < RP_COUNT(types); i++) {
        if (memcmp(p + 4, types[i], 4) != 0) continue;
        uint64_t size = rp_be32(p);
        const bool is_mdat = memcmp(types[i], "mdat", 4) == 0;
        const unsigned header = size == 1 ? 16 : 8;
        if (size == 1) size = rp_be64(p + 8);
        /* A camera writes the size of its mdat last: 0, 8, 16 and worse are found. */
        if (!is_mdat && (size < 8 || size > 1u << 30)) return (rp_mark){0};
        const unsigned width = is_mdat || size >= 1u << 24 ? 24 : rp_mark_log2(size);
        return (rp_mark){.kind = RP_MARK_BOX,
                         .bits = 28 + 24 - width,
                         .size = size,
                         .header = header,
                         .type = rp_be32(p + 4)};
    }
    return (rp_mark){0};
}

/* ---- NAL units ---- */

/* `width` bits of ue(v) at bit *at of the four bytes in `word`; UINT32_MAX when they end first. */
static uint32_t read_ue(uint32_t word, unsigned *at) {
    unsigned zeros = 0;
    while (*at + zeros < 32 && (word << (*at + zeros) >> 31) == 0) zeros++;
    if (*at + 2 * zeros + 1 > 32) return UINT32_MAX;
    const uint32_t shifted = word << *at;
    const uint32_t value = (shifted >> (31 - 2 * zeros)) - 1;
    *at += 2 * zeros + 1;
    return value;
}

/* Evidence in the first bits of an H.264 slice header: first_mb_in_slice, slice_type 0 to 9,
 * pic_parameter_set_id (recordings use the first few). 0: none is possible so. */
static unsigned slice_bits_h264(const uint8_t *p, bool *is_first) {
    unsigned at = 0;
    const uint32_t word = rp_be32(p), first_mb = read_ue(word, &at);
    const uint32_t slice_type = first_mb < 1u << 15 ? read_ue(word, &at) : UINT32_MAX;
    *is_first = first_mb == 0;
    if (slice_type > 9) return 0;
    const uint32_t pps_id = read_ue(word, &at);
    if (pps_id > 15) return 0;
    return (first_mb == 0 ? 2 : 1) + (pps_id == 0 ? 2 : 0);
}

/* Rows: nal_unit_type, which nal_ref_idc it may have (1: zero, 2: nonzero), bits of its header,
 * most bytes it may have (0: any), whether an access unit can begin with it. */
static const struct h264_row {
    uint8_t type, ref_idc, bits;
    uint32_t most;
    bool starts;
} h264_rows[] = {
    {1, 3, 4, 0, false},  {5, 2, 5, 0, false},        {6, 1, 8, 1 << 16, true},
    {7, 2, 6, 512, true}, {8, 2, 6, 256, true},       {9, 1, 8, 2, true},
    {10, 1, 8, 1, false}, {12, 1, 8, 1 << 20, false}, {14, 3, 5, 16, true},
    {20, 3, 4, 0, false},
};

static rp_mark read_h264(const uint8_t *p, uint64_t length) {
    const uint8_t header = p[0];
    for (size_t i = 0; i < RP_COUNT(h264_rows); i++) {
        const struct h264_row *row = &h264_rows[i];
        if ((header & 0x9f) != row->type) continue;
        if ((row->ref_idc & ((header & 0x60) != 0 ? 2 : 1)) == 0) return (rp_mark){0};
        if (row->most != 0 && length > row->most) return (rp_mark){0};
        rp_mark mark = {.kind = RP_MARK_H264,
                        .bits = row->bits + 8 * LENGTH_BYTES - rp_mark_log2(length),
                        .size = length + LENGTH_BYTES,
                        .type = row->type,
                        .starts_unit = row->starts};
        if (row->type == 1 || row->type == 5) {
            const unsigned more = slice_bits_h264(p + 1, &mark.starts_unit);
            mark.bits = more > 0 && length > 4 ? mark.bits + more : 0;
        }
        if (row->type == 9 && (length != 2 || (p[1] & 0x1f) != 0x10)) mark.bits = 0;
        return mark;
    }
    return (rp_mark){0};
}

static rp_mark read_hevc(const uint8_t *p, uint64_t length) {
    const unsigned type = p[0] >> 1;
    const bool is_slice = type <= 9 || (type >= 16 && type <= 21);
    const bool is_other = (type >= 32 && type <= 40) || type == 62 || type == 63;
    /* nuh_layer_id 0; nuh_temporal_id_plus1 1 to 7 */
    if ((!is_slice && !is_other) || (p[0] & 1) != 0 || (p[1] & 0xf8) != 0 || (p[1] & 7) == 0)
        return (rp_mark){0};
    if (length < 3 || (type == 35 && length != 3) || (is_slice && length < 5)) return (rp_mark){0};
    /* Parameter sets and the start of a picture that all others refer to are of layer 0. */
    if (type >= 16 && type <= 35 && p[1] != 1) return (rp_mark){0};
    if (type >= 32 && type <= 35 && length > 2048) return (rp_mark){0};
    return (rp_mark){
        .kind = RP_MARK_HEVC,
        .bits =
            8 + 8 * LENGTH_BYTES - rp_mark_log2(length) + (is_slice ? 0 : 3) + (p[1] == 1 ? 2 : 0),
        .size = length + LENGTH_BYTES,
        .type = type,
        .starts_unit = (type >= 32 && type <= 35) || type == 39 || (is_slice && p[2] >> 7 != 0)};
}

static rp_mark read_nal(const uint8_t *p, rp_mark_kind kind) {
    const uint64_t length = rp_be32(p);
    if (length < 1 || length > RP_MARK_NAL_MAX) return (rp_mark){0};
    rp_mark mark = kind == RP_MARK_H264 ? read_h264(p + LENGTH_BYTES, length)
                                        : read_hevc(p + LENGTH_BYTES, length);
    mark.bits = mark.bits > MANY_TYPES ? mark.bits - MANY_TYPES : 0;
    return mark;
}

/* ---- the makers' own ---- */

static rp_mark read_rtmd(const uint8_t *p) {
    static const uint8_t head[4] = {0x00, 0x1c, 0x01, 0x00}, tail[4] = {0xf0, 0x01, 0x00, 0x10};
    if (memcmp(p, head, 4) != 0 || memcmp(p + 8, tail, 4) != 0) return (rp_mark){0};
    return (rp_mark){.kind = RP_MARK_RTMD, .bits = 60, .starts_unit = true};
}

/* GP, type, flag, u32 size of the sample that follows. The second record of a file
 * (3, 1) is 152 bytes long, the others 16. */
static rp_mark read_fdsc(const uint8_t *p) {
    if (p[0] != 'G' || p[1] != 'P') return (rp_mark){0};
    if (p[2] == 'R' && p[3] == 'O' && rp_le32(p + 4) < 4096 && rp_le32(p + 4) >= 16)
        return (rp_mark){.kind = RP_MARK_FDSC, .bits = 40, .size = rp_le32(p + 4)};
    const uint32_t size = rp_be32(p + 4);
    if (p[2] > 7 || p[3] > 3 || size == 0 || size > RP_MARK_NAL_MAX) return (rp_mark){0};
    return (rp_mark){.kind = RP_MARK_FDSC,
                     .bits = 16 + 11 + 32 - rp_mark_log2(size),
                     .size = (p[2] == 3 && p[3] == 1 ? 152 : 16) + (uint64_t)size};
}

/* A sample is one or more records of u32 size, u32 key, payload; keys count from 1. */
static rp_mark read_mebx(const uint8_t *p) {
    const uint32_t size = rp_be32(p), key = rp_be32(p + 4);
    if (size < 8 || size > 1 << 16 || key == 0 || key > 15) return (rp_mark){0};
    return (rp_mark){.kind = RP_MARK_MEBX, .bits = 32 - rp_mark_log2(size) + 28, .size = size};
}

rp_mark rp_mark_read(const uint8_t *p, rp_mark_kind kind) {
    switch (kind) {
        case RP_MARK_BOX: return read_box(p);
        case RP_MARK_RTMD: return read_rtmd(p);
        case RP_MARK_FDSC: return read_fdsc(p);
        case RP_MARK_MEBX: return read_mebx(p);
        case RP_MARK_H264:
        case RP_MARK_HEVC: return read_nal(p, kind);
        case RP_MARK_NONE: break;
    }
    return (rp_mark){0};
}
