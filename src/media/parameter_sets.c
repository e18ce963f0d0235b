/* parameter_sets.c: see parameter_sets.h. */
#include "media/parameter_sets.h"

#include <string.h>

#include "base/bytes.h"
#include "media/bits.h"
#include "media/boxes.h"
#include "media/h264.h"
#include "media/hevc.h"

enum {
    H264_SPS = 7,
    H264_PPS = 8,
    HEVC_VPS = 32,
    HEVC_SPS = 33,
    HEVC_PPS = 34,
    AVCC_HEAD = 5,
    HVCC_HEAD = 22,
    UNITS_MAX = 64 /* NAL units before a slice that are looked at */
};

static unsigned type_of(bool is_hevc, uint8_t header) {
    return is_hevc ? header >> 1 & 63 : header & 31;
}

static bool is_set(bool is_hevc, unsigned type) {
    return is_hevc ? type >= HEVC_VPS && type <= HEVC_PPS : type == H264_SPS || type == H264_PPS;
}

/* Its id; false where it is damaged. */
static bool read_id(uint32_t *id, bool is_hevc, unsigned type, const uint8_t *nal, size_t size) {
    rp_media_h264_sps h264_sps;
    rp_media_h264_pps h264_pps;
    rp_media_hevc_sps hevc_sps;
    rp_media_hevc_pps hevc_pps;
    if (!is_hevc && type == H264_SPS) return rp_media_h264_sps_parse(&h264_sps, id, nal, size);
    if (!is_hevc) return rp_media_h264_pps_parse(&h264_pps, id, nal, size);
    if (type == HEVC_SPS) return rp_media_hevc_sps_parse(&hevc_sps, id, nal, size);
    if (type == HEVC_PPS) return rp_media_hevc_pps_parse(&hevc_pps, id, nal, size);
    *id = size > 2 ? nal[2] >> 4 : 0; /* vps_video_parameter_set_id */
    return size > 2;
}

static bool read_set(rp_media_parameter_set *set, bool is_hevc, const uint8_t *nal, size_t size) {
    uint32_t id;
    if (size < 2 || size > RP_MEDIA_PARAMETER_SET_MAX) return false;
    const unsigned type = type_of(is_hevc, nal[0]);
    if (!is_set(is_hevc, type) || !read_id(&id, is_hevc, type, nal, size)) return false;
    *set = (rp_media_parameter_set){
        .type = (uint8_t)type, .id = (uint16_t)id, .size = (uint16_t)size, .nal = nal};
    return true;
}

static const rp_media_parameter_set *find(const rp_media_parameter_sets *sets,
                                          const rp_media_parameter_set *like) {
    for (size_t i = 0; i < sets->count; i++)
        if (sets->items[i].type == like->type && sets->items[i].id == like->id)
            return &sets->items[i];
    return NULL;
}

void rp_media_parameter_sets_collect(rp_media_parameter_sets *sets, unsigned width,
                                     const uint8_t *data, uint64_t size) {
    for (int i = 0; i < UNITS_MAX && size > width; i++) {
        uint64_t length = 0;
        for (unsigned k = 0; k < width; k++) length = length << 8 | data[k];
        if (length == 0 || length > size - width) return;
        const uint8_t *nal = data + width;
        const unsigned type = type_of(sets->is_hevc, nal[0]);
        if (sets->is_hevc ? type < HEVC_VPS : type >= 1 && type <= 5) return; /* a slice */
        rp_media_parameter_set set;
        if (is_set(sets->is_hevc, type) && sets->count < RP_MEDIA_SETS_MAX &&
            read_set(&set, sets->is_hevc, nal, (size_t)length) && find(sets, &set) == NULL)
            sets->items[sets->count++] = set;
        data += width + length;
        size -= width + length;
    }
}

/* --- the configuration ------------------------------------------------------------------- */

/* What a new configuration has that the old one had not. */
typedef struct changes {
    bool any, sps;
} changes;

static void note(changes *changes, bool is_hevc, unsigned type) {
    changes->any = true;
    changes->sps |= type == (is_hevc ? HEVC_SPS : H264_SPS);
}

/* One list of NAL units of a configuration, with `own` in it. Returns how many. */
static uint32_t put_list(rp_text *out, changes *changes, rp_bytes *bytes, uint32_t count,
                         const rp_media_parameter_sets *own, unsigned type) {
    bool is_put[RP_MEDIA_SETS_MAX] = {0};
    uint32_t written = 0;
    for (; written < count; written++) {
        uint16_t size = rp_bytes_be16(bytes);
        const uint8_t *nal = rp_bytes_take(bytes, size);
        rp_media_parameter_set old;
        if (nal == NULL) return 0;
        const rp_media_parameter_set *mine =
            read_set(&old, own->is_hevc, nal, size) ? find(own, &old) : NULL;
        if (mine != NULL) {
            is_put[mine - own->items] = true;
            if (mine->size != size || memcmp(mine->nal, nal, size) != 0)
                note(changes, own->is_hevc, type);
            nal = mine->nal;
            size = mine->size;
        }
        rp_media_put_be16(out, size);
        rp_text_add_bytes(out, nal, size);
    }
    for (size_t i = 0; i < own->count && count > 0; i++) {
        const rp_media_parameter_set *mine = &own->items[i];
        if (is_put[i] || mine->type != type) continue;
        rp_media_put_be16(out, mine->size);
        rp_text_add_bytes(out, mine->nal, mine->size);
        note(changes, own->is_hevc, type);
        written++;
    }
    return written;
}

static const rp_media_parameter_set *first_of(const rp_media_parameter_sets *sets, unsigned type) {
    for (size_t i = 0; i < sets->count; i++)
        if (sets->items[i].type == type) return &sets->items[i];
    return NULL;
}

/* avcC behind the lists: what the SPS says of its format, where its profile has such fields. */
static void put_avcc_tail(rp_text *out, const rp_media_h264_sps *sps, const uint8_t *old,
                          size_t old_bytes) {
    const uint8_t fields[4] = {(uint8_t)(0xfc | sps->chroma_format_idc),
                               (uint8_t)(0xf8 | sps->luma_depth_minus8),
                               (uint8_t)(0xf8 | sps->chroma_depth_minus8), 0};
    if (!sps->is_high) return;
    rp_text_add_bytes(out, fields, old_bytes >= 4 ? 3 : 4);
    if (old_bytes >= 4) rp_text_add_bytes(out, old + 3, old_bytes - 3);
}

/* What stands before the lists, as it is; false where it is too short or of another version. */
static bool put_head(rp_text *out, rp_bytes *bytes, size_t size) {
    const uint8_t *head = rp_bytes_take(bytes, size);
    if (head == NULL || head[0] != 1) return false;
    rp_text_add_bytes(out, head, size);
    return true;
}

static bool put_avcc(rp_text *out, rp_bytes *bytes, const rp_media_parameter_sets *own) {
    changes changes = {0};
    const size_t begin = out->length;
    if (!put_head(out, bytes, AVCC_HEAD)) return false;
    for (int kind = 0; kind < 2; kind++) {
        const uint8_t mask = kind == 0 ? 0x1f : 0xff, count = rp_bytes_u8(bytes);
        const size_t count_at = out->length;
        rp_text_add_char(out, (char)count);
        const uint32_t written =
            put_list(out, &changes, bytes, count & mask, own, kind == 0 ? H264_SPS : H264_PPS);
        if (out->failed || bytes->failed || written > mask) return false;
        out->data[count_at] = (char)((count & ~mask) | written);
    }
    const uint8_t *tail = bytes->data + bytes->position;
    const size_t tail_bytes = rp_bytes_left(bytes);
    const rp_media_parameter_set *first = first_of(own, H264_SPS);
    rp_media_h264_sps sps;
    uint32_t id;
    if (changes.sps && rp_media_h264_sps_parse(&sps, &id, first->nal, first->size)) {
        memcpy(out->data + begin + 1, first->nal + 1, 3);
        put_avcc_tail(out, &sps, tail, tail_bytes);
    } else {
        rp_text_add_bytes(out, tail, tail_bytes);
    }
    return changes.any && !out->failed;
}

/* What hvcC's head says of the SPS: profile, tier and level, format, layers. */
static void take_head(uint8_t *head, const rp_media_parameter_set *set) {
    enum { PROFILE_AT = 3, PROFILE_BYTES = 12 };
    uint8_t clear[PROFILE_AT + PROFILE_BYTES];
    rp_media_hevc_sps sps;
    uint32_t id;
    if (rp_bits_unescape(clear, sizeof clear, set->nal, set->size) < sizeof clear) return;
    if (!rp_media_hevc_sps_parse(&sps, &id, set->nal, set->size)) return;
    memcpy(head + 1, clear + PROFILE_AT, PROFILE_BYTES);
    head[16] = (uint8_t)(0xfc | sps.chroma_format_idc);
    head[17] = (uint8_t)(0xf8 | sps.luma_depth_minus8);
    head[18] = (uint8_t)(0xf8 | sps.chroma_depth_minus8);
    const unsigned layers = (clear[2] >> 1 & 7) + 1, nested = clear[2] & 1;
    head[21] = (uint8_t)((head[21] & 0xc3) | layers << 3 | nested << 2);
}

static bool put_hvcc(rp_text *out, rp_bytes *bytes, const rp_media_parameter_sets *own) {
    changes changes = {0};
    const size_t begin = out->length;
    if (!put_head(out, bytes, HVCC_HEAD)) return false;
    const uint8_t arrays = rp_bytes_u8(bytes);
    rp_text_add_char(out, (char)arrays);
    for (uint8_t i = 0; i < arrays; i++) {
        const uint8_t type = rp_bytes_u8(bytes);
        const uint16_t count = rp_bytes_be16(bytes);
        rp_text_add_char(out, (char)type);
        const size_t count_at = out->length;
        rp_media_put_be16(out, 0);
        const uint32_t written = put_list(out, &changes, bytes, count, own, type & 63);
        if (out->failed || bytes->failed || written > UINT16_MAX) return false;
        rp_put_be16((uint8_t *)out->data + count_at, (uint16_t)written);
    }
    rp_text_add_bytes(out, bytes->data + bytes->position, rp_bytes_left(bytes));
    if (changes.sps && !out->failed)
        take_head((uint8_t *)out->data + begin, first_of(own, HEVC_SPS));
    return changes.any && !out->failed;
}

bool rp_media_parameter_sets_put(rp_text *out, const uint8_t *config, size_t size,
                                 const rp_media_parameter_sets *own) {
    const size_t begin = out->length;
    rp_bytes bytes = {.data = config, .size = size};
    const bool is_put = own->is_hevc ? put_hvcc(out, &bytes, own) : put_avcc(out, &bytes, own);
    if (!is_put) out->length = begin;
    return is_put;
}

bool rp_media_parameter_sets_size(uint32_t *width, uint32_t *height,
                                  const rp_media_parameter_sets *sets) {
    const rp_media_parameter_set *first = first_of(sets, sets->is_hevc ? HEVC_SPS : H264_SPS);
    rp_media_hevc_sps hevc;
    rp_media_h264_sps h264;
    uint32_t id;
    if (first == NULL) return false;
    if (sets->is_hevc && rp_media_hevc_sps_parse(&hevc, &id, first->nal, first->size)) {
        *width = hevc.shown_width;
        *height = hevc.shown_height;
        return true;
    }
    if (sets->is_hevc || !rp_media_h264_sps_parse(&h264, &id, first->nal, first->size))
        return false;
    *width = h264.width;
    *height = h264.height;
    return true;
}
