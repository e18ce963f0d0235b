/* hevc.c: see hevc.h. Names and order are those of ISO/IEC 23008-2, 7.3; the NAL unit types those
 * of table 7-1. */
#include "media/hevc.h"

#include "base/bytes.h"
#include "media/bits.h"

enum {
    RADL_N = 6,
    RASL_R = 9,
    RSV_VCL_R15 = 15,
    BLA_W_LP = 16,
    IDR_W_RADL = 19,
    IDR_N_LP = 20,
    CRA = 21,
    RSV_IRAP_VCL23 = 23,
    VCL_LAST = 31,
    VPS = 32,
    SPS = 33,
    PPS = 34,
    AUD = 35,
    EOS = 36,
    EOB = 37,
    FILLER = 38,
    PREFIX_SEI = 39,
    SUFFIX_SEI = 40,
    HEADER_BYTES_MAX = 512,
    UNITS_MAX = 4096
};
_Static_assert(HEADER_BYTES_MAX * 3 / 2 + 4 <= RP_MEDIA_PEEK_BYTES,
               "unescaping a head stays within what is peeked at");

/* --- parameter sets ---------------------------------------------------------------------- */

/* profile_tier_level(1, max_sub_layers_minus1), 7.3.3. */
static void skip_profile_tier_level(rp_bits *bits, uint32_t max_sub_layers_minus1) {
    bool has_profile[8] = {0}, has_level[8] = {0};
    rp_bits_skip(bits, 88 + 8);
    for (uint32_t i = 0; i < max_sub_layers_minus1; i++) {
        has_profile[i] = rp_bits_u(bits, 1);
        has_level[i] = rp_bits_u(bits, 1);
    }
    if (max_sub_layers_minus1 > 0) rp_bits_skip(bits, 2 * (8 - (size_t)max_sub_layers_minus1));
    for (uint32_t i = 0; i < max_sub_layers_minus1; i++)
        rp_bits_skip(bits, (has_profile[i] ? 88 : 0) + (has_level[i] ? 8 : 0));
}

/* conformance_window (7.4.3.2.1): left, right, top, bottom in chroma samples. An impossible one
 * leaves the coded size. */
static void crop(rp_media_hevc_sps *sps, const uint32_t window[4], uint32_t chroma_format_idc) {
    const uint64_t unit_x = chroma_format_idc == 1 || chroma_format_idc == 2 ? 2 : 1;
    const uint64_t unit_y = chroma_format_idc == 1 ? 2 : 1;
    const uint64_t x = unit_x * ((uint64_t)window[0] + window[1]);
    const uint64_t y = unit_y * ((uint64_t)window[2] + window[3]);
    const bool is_possible = x < sps->width && y < sps->height;
    sps->shown_width = sps->width - (is_possible ? (uint32_t)x : 0);
    sps->shown_height = sps->height - (is_possible ? (uint32_t)y : 0);
}

bool rp_media_hevc_sps_parse(rp_media_hevc_sps *out, uint32_t *out_id, const uint8_t *nal,
                             size_t size) {
    uint8_t clear[HEADER_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if ((rp_bits_u(&bits, 16) >> 9) != SPS) return false;
    rp_media_hevc_sps sps = {.is_known = true};
    rp_bits_skip(&bits, 4);
    const uint32_t max_sub_layers_minus1 = rp_bits_u(&bits, 3);
    rp_bits_skip(&bits, 1);
    if (max_sub_layers_minus1 > 6) return false;
    skip_profile_tier_level(&bits, max_sub_layers_minus1);
    const uint32_t id = rp_bits_ue(&bits), chroma_format_idc = rp_bits_ue(&bits);
    if (chroma_format_idc > 3) return false;
    if (chroma_format_idc == 3) sps.separate_colour_plane = rp_bits_u(&bits, 1);
    sps.width = rp_bits_ue(&bits);
    sps.height = rp_bits_ue(&bits);
    uint32_t window[4] = {0};
    if (rp_bits_u(&bits, 1)) /* conformance_window_flag */
        for (int i = 0; i < 4; i++) window[i] = rp_bits_ue(&bits);
    crop(&sps, window, chroma_format_idc);
    const uint32_t luma_depth_minus8 = rp_bits_ue(&bits), chroma_depth_minus8 = rp_bits_ue(&bits);
    if (luma_depth_minus8 > 7 || chroma_depth_minus8 > 7) return false;
    sps.chroma_format_idc = (uint8_t)chroma_format_idc;
    sps.luma_depth_minus8 = (uint8_t)luma_depth_minus8;
    sps.chroma_depth_minus8 = (uint8_t)chroma_depth_minus8;
    const uint32_t lsb_minus4 = rp_bits_ue(&bits);
    const bool has_each_layer = rp_bits_u(&bits, 1);
    for (uint32_t i = has_each_layer ? 0 : max_sub_layers_minus1; i <= max_sub_layers_minus1; i++)
        for (int k = 0; k < 3; k++) (void)rp_bits_ue(&bits);
    const uint32_t coding_minus3 = rp_bits_ue(&bits), difference = rp_bits_ue(&bits);
    if (bits.failed || id >= RP_MEDIA_HEVC_SPS_MAX || lsb_minus4 > 12 || sps.width == 0 ||
        sps.height == 0 || sps.width > 32768 || sps.height > 32768 || coding_minus3 > 3 ||
        difference > 3)
        return false;
    sps.log2_max_pic_order_cnt_lsb = (uint8_t)(lsb_minus4 + 4);
    sps.log2_ctb = (uint8_t)(coding_minus3 + 3 + difference);
    *out = sps;
    *out_id = id;
    return true;
}

bool rp_media_hevc_sps_read(rp_media_hevc *hevc, const uint8_t *nal, size_t size) {
    rp_media_hevc_sps sps;
    uint32_t id;
    if (!rp_media_hevc_sps_parse(&sps, &id, nal, size)) return false;
    if (!hevc->is_frozen) hevc->sps[id] = sps;
    return true;
}

bool rp_media_hevc_size(uint32_t *width, uint32_t *height, const rp_media_hevc *hevc) {
    int last = RP_MEDIA_HEVC_SPS_MAX - 1;
    while (last >= 0 && !hevc->sps[last].is_known) last--;
    if (last < 0) return false;
    *width = hevc->sps[last].shown_width;
    *height = hevc->sps[last].shown_height;
    return true;
}

bool rp_media_hevc_pps_parse(rp_media_hevc_pps *out, uint32_t *out_id, const uint8_t *nal,
                             size_t size) {
    uint8_t clear[HEADER_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if ((rp_bits_u(&bits, 16) >> 9) != PPS) return false;
    const uint32_t id = rp_bits_ue(&bits), sps_id = rp_bits_ue(&bits);
    rp_media_hevc_pps pps = {.is_known = true, .sps_id = (uint8_t)sps_id};
    pps.has_dependent_slices = rp_bits_u(&bits, 1);
    pps.has_output_flag = rp_bits_u(&bits, 1);
    pps.extra_slice_header_bits = (uint8_t)rp_bits_u(&bits, 3);
    if (bits.failed || id >= RP_MEDIA_HEVC_PPS_MAX || sps_id >= RP_MEDIA_HEVC_SPS_MAX) return false;
    *out = pps;
    *out_id = id;
    return true;
}

bool rp_media_hevc_pps_read(rp_media_hevc *hevc, const uint8_t *nal, size_t size) {
    rp_media_hevc_pps pps;
    uint32_t id;
    if (!rp_media_hevc_pps_parse(&pps, &id, nal, size)) return false;
    if (!hevc->is_frozen) hevc->pps[id] = pps;
    return true;
}

bool rp_media_hevc_config_read(rp_media_hevc *hevc, const uint8_t *hvcc, size_t size) {
    rp_bytes bytes = {.data = hvcc, .size = size};
    if (rp_bytes_u8(&bytes) != 1) return false;
    rp_bytes_skip(&bytes, 20);
    hevc->length_bytes = (uint8_t)((rp_bytes_u8(&bytes) & 3) + 1);
    const int arrays = rp_bytes_u8(&bytes);
    for (int i = 0; i < arrays; i++) {
        const int type = rp_bytes_u8(&bytes) & 0x3f;
        const int count = rp_bytes_be16(&bytes);
        for (int k = 0; k < count; k++) {
            const size_t length = rp_bytes_be16(&bytes);
            const uint8_t *nal = rp_bytes_take(&bytes, length);
            if (nal == NULL) return false;
            if (type == SPS) (void)rp_media_hevc_sps_read(hevc, nal, length);
            if (type == PPS) (void)rp_media_hevc_pps_read(hevc, nal, length);
        }
    }
    /* 'hev1' may keep its parameter sets in the stream alone, so none here is no fault. */
    return !bytes.failed && hevc->length_bytes != 3;
}

/* --- slice segment header ---------------------------------------------------------------- */

typedef struct slice_segment {
    uint8_t type, temporal_id, pps_id;
    bool is_first;
    uint32_t lsb;
} slice_segment;

static unsigned bits_for(uint64_t count) { /* Ceil(Log2(count)) */
    unsigned width = 0;
    while ((UINT64_C(1) << width) < count) width++;
    return width;
}

/* 7.3.6.1, as far as slice_pic_order_cnt_lsb. False where it cannot be of this recording. */
static bool read_slice_segment(slice_segment *slice, const rp_media_hevc *hevc, const uint8_t *nal,
                               size_t size) {
    uint8_t clear[64];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    const uint32_t header = rp_bits_u(&bits, 16);
    *slice = (slice_segment){.type = header >> 9 & 63, .temporal_id = (uint8_t)((header & 7) - 1)};
    if ((header & 7) == 0 || (header >> 3 & 63) != 0) return false; /* one layer only */
    const bool is_irap = slice->type >= BLA_W_LP && slice->type <= RSV_IRAP_VCL23;
    slice->is_first = rp_bits_u(&bits, 1);
    if (is_irap) rp_bits_skip(&bits, 1);
    const uint32_t pps_id = rp_bits_ue(&bits);
    if (bits.failed || pps_id >= RP_MEDIA_HEVC_PPS_MAX) return false;
    const rp_media_hevc_pps *pps = &hevc->pps[pps_id];
    const rp_media_hevc_sps *sps = &hevc->sps[pps->sps_id];
    if (!pps->is_known || !sps->is_known) return false;
    slice->pps_id = (uint8_t)pps_id;
    if (!slice->is_first) {
        const bool is_dependent = pps->has_dependent_slices && rp_bits_u(&bits, 1);
        const uint64_t ctb = UINT64_C(1) << sps->log2_ctb;
        const uint64_t blocks = ((sps->width + ctb - 1) / ctb) * ((sps->height + ctb - 1) / ctb);
        const uint32_t address = rp_bits_u(&bits, bits_for(blocks));
        if (address == 0 || address >= blocks) return false;
        if (is_dependent) return !bits.failed;
    }
    rp_bits_skip(&bits, pps->extra_slice_header_bits);
    const uint32_t slice_type = rp_bits_ue(&bits);
    if (slice_type > 2 || (is_irap && slice_type != 2)) return false;
    if (pps->has_output_flag) rp_bits_skip(&bits, 1);
    if (sps->separate_colour_plane) rp_bits_skip(&bits, 2);
    if (slice->type != IDR_W_RADL && slice->type != IDR_N_LP)
        slice->lsb = rp_bits_u(&bits, sps->log2_max_pic_order_cnt_lsb);
    return !bits.failed;
}

/* --- access units ------------------------------------------------------------------------ */

static void picture_of(rp_media_picture *picture, const rp_media_hevc *hevc,
                       const slice_segment *slice) {
    const rp_media_hevc_sps *sps = &hevc->sps[hevc->pps[slice->pps_id].sps_id];
    const bool is_sub_layer_non_ref = slice->type < RSV_VCL_R15 && slice->type % 2 == 0;
    const bool is_leading = slice->type >= RADL_N && slice->type <= RASL_R;
    const bool is_idr = slice->type == IDR_W_RADL || slice->type == IDR_N_LP;
    *picture = (rp_media_picture){
        .is_sync = slice->type >= BLA_W_LP && slice->type <= CRA,
        .is_period = is_idr || (slice->type >= BLA_W_LP && slice->type < IDR_W_RADL),
        .is_reference = slice->temporal_id == 0 && !is_sub_layer_non_ref && !is_leading,
        .is_discardable = is_sub_layer_non_ref,
        .lsb = slice->lsb,
        .lsb_bits = sps->log2_max_pic_order_cnt_lsb};
}

typedef struct gathering {
    slice_segment last;
    bool has_picture, has_sets;
} gathering;

typedef enum step { STAYS, ENDS_BEFORE, NO_UNIT } step;

static step take_slice(gathering *at, rp_media_access_unit *unit, const rp_media_hevc *hevc,
                       const uint8_t *nal, size_t size) {
    slice_segment slice;
    const step refused = at->has_picture ? ENDS_BEFORE : NO_UNIT;
    if (!read_slice_segment(&slice, hevc, nal, size)) return refused;
    if (slice.is_first == at->has_picture) return refused;
    if (at->has_picture && slice.type != at->last.type) return refused;
    if (!at->has_picture) picture_of(&unit->picture, hevc, &slice);
    at->has_picture = true;
    at->last = slice;
    unit->evidence_bits += 8;
    return STAYS;
}

/* 7.4.2.4.4: which NAL units begin an access unit, which belong to the one before. `nal` is the
 * head (RP_MEDIA_PEEK_BYTES less the length), `whole` all of it. */
static step take_nal(gathering *at, rp_media_access_unit *unit, rp_media_hevc *hevc,
                     const uint8_t *nal, const uint8_t *whole, size_t size) {
    const uint8_t type = nal[0] >> 1 & 63;
    const step refused = at->has_picture ? ENDS_BEFORE : NO_UNIT;
    if (size < 2 || nal[0] & 0x81 || nal[1] >> 3 != 0 || (nal[1] & 7) == 0) return refused;
    if (hevc->types_seen != 0 && (hevc->types_seen >> type & 1) == 0) return refused;
    if (type <= VCL_LAST) return take_slice(at, unit, hevc, nal, size);
    const bool begins = (type >= VPS && type <= AUD) || type == PREFIX_SEI ||
                        (type >= 41 && type <= 44) || (type >= 48 && type <= 55);
    if (begins && at->has_picture) return ENDS_BEFORE;
    if (!begins && !at->has_picture) return NO_UNIT;
    if (type >= VPS && type <= PPS && size > RP_MEDIA_PARAMETER_SET_MAX) return NO_UNIT;
    if ((type == PREFIX_SEI || type == SUFFIX_SEI) && size > RP_MEDIA_SEI_MAX) return refused;
    at->has_sets |= type >= VPS && type <= PPS;
    if (type == SPS) return rp_media_hevc_sps_read(hevc, nal, size) ? STAYS : NO_UNIT;
    if (type == PPS) return rp_media_hevc_pps_read(hevc, nal, size) ? STAYS : NO_UNIT;
    if (type == AUD) return size == 3 ? STAYS : NO_UNIT;
    if (type == EOS || type == EOB) return size == 2 ? STAYS : ENDS_BEFORE;
    if (type == FILLER) return size < 3 || nal[2] == 0xff || nal[2] == 0x80 ? STAYS : ENDS_BEFORE;
    if (type == VPS || type == PREFIX_SEI || type == SUFFIX_SEI)
        return size >= 4 && rp_media_peek_last(hevc->peek, nal, whole, size) != 0 ? STAYS : refused;
    return STAYS;
}

/* Is this NAL unit, of which the end of the file cuts off the end, part of the picture? */
static bool is_cut_part(const gathering *at, const rp_media_hevc *hevc, const uint8_t *nal,
                        size_t size) {
    if (size < 2 || nal[0] & 0x81 || nal[1] >> 3 != 0 || (nal[1] & 7) == 0) return false;
    const uint8_t type = nal[0] >> 1 & 63;
    slice_segment slice;
    if (type <= VCL_LAST)
        return read_slice_segment(&slice, hevc, nal, size) && slice.is_first != at->has_picture &&
               (!at->has_picture || slice.type == at->last.type);
    if (!at->has_picture) return false;
    return type == SUFFIX_SEI || (type >= 45 && type <= 47) || type >= 56;
}

rp_media_access_unit rp_media_hevc_unit(rp_media_hevc *hevc, const uint8_t *data, uint64_t size) {
    const rp_media_access_unit none = {0}, cut = {.is_cut = true};
    rp_media_access_unit unit = {0};
    gathering at = {0};
    const unsigned width = hevc->length_bytes;
    uint64_t position = 0;
    while (unit.units < UNITS_MAX && size - position > width) {
        uint64_t length = 0;
        const uint8_t *head = rp_media_peek_at(hevc->peek, data + position), *nal = head + width;
        for (unsigned i = 0; i < width; i++) length = length << 8 | head[i];
        const uint64_t left = size - position - width;
        if (length < 2 || length > hevc->nal_bytes_max) break;
        if (length > left) {
            if (is_cut_part(&at, hevc, nal, (size_t)left)) return cut;
            break;
        }
        const step next = take_nal(&at, &unit, hevc, nal, data + position + width, (size_t)length);
        if (next == NO_UNIT) return none;
        if (next == ENDS_BEFORE) break;
        unit.units++;
        unit.evidence_bits += rp_media_length_bits(width, hevc->nal_bytes_max) + 8;
        position += width + length;
    }
    if (!at.has_picture) return unit.units > 0 && size - position <= 64 ? cut : none;
    unit.size = position;
    unit.picture.has_parameter_sets = at.has_sets;
    return unit;
}
