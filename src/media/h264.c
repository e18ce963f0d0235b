/* h264.c: see h264.h. Names and order are those of ISO/IEC 14496-10, 7.3. */
#include "media/h264.h"

#include "base/bytes.h"
#include "media/bits.h"

enum {
    SLICE = 1,
    PARTITION_A = 2,
    IDR = 5,
    SEI = 6,
    SPS = 7,
    PPS = 8,
    AUD = 9,
    END_OF_SEQUENCE = 10,
    END_OF_STREAM = 11,
    FILLER = 12,
    PREFIX = 14,
    AUXILIARY = 19,
    EXTENSION = 20,
    SLICE_P = 0,
    SLICE_B = 1,
    SLICE_I = 2,
    SLICE_SP = 3,
    SLICE_SI = 4,
    HEADER_BYTES_MAX = 512,                 /* of a parameter set that is looked at */
    SLICE_BYTES_MAX = HEADER_BYTES_MAX / 4, /* of a slice header */
    PROFILE_EXTENDED = 88,
    UNITS_MAX = 4096 /* NAL units of one picture */
};
_Static_assert(HEADER_BYTES_MAX * 3 / 2 + 4 <= RP_MEDIA_PEEK_BYTES,
               "unescaping a head stays within what is peeked at");

/* --- parameter sets ---------------------------------------------------------------------- */

static void skip_scaling_list(rp_bits *bits, int count) {
    int32_t last = 8, next = 8;
    for (int i = 0; i < count && !bits->failed; i++) {
        if (next != 0) next = (last + rp_bits_se(bits) + 256) % 256;
        if (next != 0) last = next;
    }
}

/* The fields that profile_idc 100 and its relatives have. */
static void read_high_profile(rp_bits *bits, rp_media_h264_sps *sps) {
    const uint32_t chroma_format_idc = rp_bits_ue(bits);
    if (chroma_format_idc > 3) bits->failed = true;
    sps->is_high = true;
    sps->chroma_format_idc = (uint8_t)chroma_format_idc;
    if (chroma_format_idc == 3) sps->separate_colour_plane = rp_bits_u(bits, 1);
    sps->chroma_array_type = (uint8_t)(sps->separate_colour_plane ? 0 : chroma_format_idc);
    const uint32_t luma_depth_minus8 = rp_bits_ue(bits), chroma_depth_minus8 = rp_bits_ue(bits);
    if (luma_depth_minus8 > 6 || chroma_depth_minus8 > 6) bits->failed = true;
    sps->luma_depth_minus8 = (uint8_t)luma_depth_minus8;
    sps->chroma_depth_minus8 = (uint8_t)chroma_depth_minus8;
    rp_bits_skip(bits, 1);
    if (rp_bits_u(bits, 1) == 0) return;
    for (int i = 0; i < (chroma_format_idc != 3 ? 8 : 12); i++)
        if (rp_bits_u(bits, 1)) skip_scaling_list(bits, i < 6 ? 16 : 64);
}

static bool is_high_profile(uint8_t profile_idc) {
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof high; i++)
        if (high[i] == profile_idc) return true;
    return false;
}

static void read_pic_order(rp_bits *bits, rp_media_h264_sps *sps) {
    const uint32_t type = rp_bits_ue(bits);
    sps->pic_order_cnt_type = (uint8_t)type;
    if (type > 2) bits->failed = true;
    if (type == 0) {
        const uint32_t bits_minus4 = rp_bits_ue(bits);
        if (bits_minus4 > 12) bits->failed = true;
        sps->log2_max_pic_order_cnt_lsb = (uint8_t)(bits_minus4 + 4);
    } else if (type == 1) {
        sps->delta_pic_order_always_zero = rp_bits_u(bits, 1);
        (void)rp_bits_se(bits);
        (void)rp_bits_se(bits);
        const uint32_t cycle = rp_bits_ue(bits);
        if (cycle > 255) bits->failed = true;
        for (uint32_t i = 0; i < cycle && !bits->failed; i++) (void)rp_bits_se(bits);
    }
}

/* frame_cropping (7.4.2.1.1, equations 7-19 to 7-22): offsets count chroma samples, and of fields
 * every second line. An impossible one leaves the coded size. */
static void read_cropping(rp_bits *bits, rp_media_h264_sps *sps) {
    uint32_t offsets[4] = {0}; /* left, right, top, bottom */
    sps->width = sps->width_mbs * 16;
    sps->height = sps->height_mbs * 16;
    if (!sps->frame_mbs_only) rp_bits_skip(bits, 1); /* mb_adaptive_frame_field_flag */
    rp_bits_skip(bits, 1);                           /* direct_8x8_inference_flag */
    if (rp_bits_u(bits, 1) == 0) return;
    for (int i = 0; i < 4; i++) offsets[i] = rp_bits_ue(bits);
    const uint8_t chroma = sps->chroma_array_type;
    const uint64_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    const uint64_t unit_y = (chroma == 1 ? 2 : 1) * (sps->frame_mbs_only ? 1 : 2);
    const uint64_t x = unit_x * ((uint64_t)offsets[0] + offsets[1]);
    const uint64_t y = unit_y * ((uint64_t)offsets[2] + offsets[3]);
    if (bits->failed || x >= sps->width || y >= sps->height) return;
    sps->width -= (uint32_t)x;
    sps->height -= (uint32_t)y;
}

/* vui_parameters (E.1.1), as far as the timing. Damage in it leaves the rest as it is. */
static void read_vui_timing(rp_bits *bits, rp_media_h264_sps *sps) {
    enum { EXTENDED_SAR = 255 };
    if (rp_bits_u(bits, 1) == 0) return; /* vui_parameters_present_flag */
    if (rp_bits_u(bits, 1) && rp_bits_u(bits, 8) == EXTENDED_SAR) rp_bits_skip(bits, 32);
    if (rp_bits_u(bits, 1)) rp_bits_skip(bits, 1); /* overscan */
    if (rp_bits_u(bits, 1)) {                      /* video_signal_type */
        rp_bits_skip(bits, 4);
        if (rp_bits_u(bits, 1)) rp_bits_skip(bits, 24);
    }
    if (rp_bits_u(bits, 1)) { /* chroma_loc_info */
        (void)rp_bits_ue(bits);
        (void)rp_bits_ue(bits);
    }
    if (rp_bits_u(bits, 1) == 0) return; /* timing_info_present_flag */
    const uint32_t num_units_in_tick = rp_bits_u(bits, 32), time_scale = rp_bits_u(bits, 32);
    if (bits->failed) return;
    sps->num_units_in_tick = num_units_in_tick;
    sps->time_scale = time_scale;
}

bool rp_media_h264_size(uint32_t *width, uint32_t *height, const rp_media_h264 *h264) {
    int last = RP_MEDIA_H264_SPS_MAX - 1;
    while (last >= 0 && !h264->sps[last].is_known) last--;
    if (last < 0) return false;
    *width = h264->sps[last].width;
    *height = h264->sps[last].height;
    return true;
}

bool rp_media_h264_sps_parse(rp_media_h264_sps *out, uint32_t *out_id, const uint8_t *nal,
                             size_t size) {
    uint8_t clear[HEADER_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if ((rp_bits_u(&bits, 8) & 0x9f) != SPS) return false;
    rp_media_h264_sps sps = {.is_known = true, .chroma_array_type = 1, .chroma_format_idc = 1};
    sps.profile_idc = (uint8_t)rp_bits_u(&bits, 8);
    rp_bits_skip(&bits, 16);
    const uint32_t id = rp_bits_ue(&bits);
    if (is_high_profile(sps.profile_idc)) read_high_profile(&bits, &sps);
    const uint32_t frame_num_minus4 = rp_bits_ue(&bits);
    sps.log2_max_frame_num = (uint8_t)(frame_num_minus4 + 4);
    read_pic_order(&bits, &sps);
    (void)rp_bits_ue(&bits); /* max_num_ref_frames */
    rp_bits_skip(&bits, 1);
    const uint32_t width_minus1 = rp_bits_ue(&bits), height_minus1 = rp_bits_ue(&bits);
    sps.frame_mbs_only = rp_bits_u(&bits, 1);
    if (bits.failed || id >= RP_MEDIA_H264_SPS_MAX || frame_num_minus4 > 12 ||
        width_minus1 > 2047 || height_minus1 > 2047)
        return false;
    sps.width_mbs = width_minus1 + 1;
    sps.height_mbs = (height_minus1 + 1) * (sps.frame_mbs_only ? 1 : 2);
    read_cropping(&bits, &sps);
    read_vui_timing(&bits, &sps);
    *out = sps;
    *out_id = id;
    return true;
}

bool rp_media_h264_sps_read(rp_media_h264 *h264, const uint8_t *nal, size_t size) {
    rp_media_h264_sps sps;
    uint32_t id;
    if (!rp_media_h264_sps_parse(&sps, &id, nal, size)) return false;
    if (!h264->is_frozen) h264->sps[id] = sps;
    return true;
}

/* Slice groups (7.3.2.2); nobody records with them, but they stand before what is needed. */
static void skip_slice_groups(rp_bits *bits, uint32_t groups_minus1) {
    const uint32_t type = rp_bits_ue(bits);
    if (groups_minus1 > 7) bits->failed = true;
    if (type == 0) {
        for (uint32_t i = 0; i <= groups_minus1 && !bits->failed; i++) (void)rp_bits_ue(bits);
    } else if (type == 2) {
        for (uint32_t i = 0; i < 2 * groups_minus1 && !bits->failed; i++) (void)rp_bits_ue(bits);
    } else if (type >= 3) {
        bits->failed = true;
    }
}

bool rp_media_h264_pps_parse(rp_media_h264_pps *out, uint32_t *out_id, const uint8_t *nal,
                             size_t size) {
    uint8_t clear[HEADER_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if ((rp_bits_u(&bits, 8) & 0x9f) != PPS) return false;
    const uint32_t id = rp_bits_ue(&bits), sps_id = rp_bits_ue(&bits);
    rp_media_h264_pps pps = {.is_known = true, .sps_id = (uint8_t)sps_id};
    pps.is_cabac = rp_bits_u(&bits, 1); /* entropy_coding_mode_flag */
    pps.bottom_field_pic_order = rp_bits_u(&bits, 1);
    const uint32_t groups_minus1 = rp_bits_ue(&bits);
    pps.has_slice_groups = groups_minus1 > 0;
    if (groups_minus1 > 0) skip_slice_groups(&bits, groups_minus1);
    for (int list = 0; list < 2; list++) {
        const uint32_t minus1 = rp_bits_ue(&bits);
        if (minus1 > 31) bits.failed = true;
        pps.num_ref_idx[list] = (uint8_t)(minus1 + 1);
    }
    pps.weighted_pred = rp_bits_u(&bits, 1);
    pps.weighted_bipred_idc = (uint8_t)rp_bits_u(&bits, 2);
    const int32_t init_qp_minus26 = rp_bits_se(&bits);
    if (init_qp_minus26 < -62 || init_qp_minus26 > 25) bits.failed = true; /* of 14 bits */
    else pps.init_qp = init_qp_minus26 + 26;
    for (int i = 0; i < 2; i++) (void)rp_bits_se(&bits); /* pic_init_qs, chroma offset */
    pps.has_deblocking_control = rp_bits_u(&bits, 1);
    rp_bits_skip(&bits, 1);
    pps.redundant_pic_cnt = rp_bits_u(&bits, 1);
    if (bits.failed || id >= RP_MEDIA_H264_PPS_MAX || sps_id >= RP_MEDIA_H264_SPS_MAX) return false;
    *out = pps;
    *out_id = id;
    return true;
}

bool rp_media_h264_pps_read(rp_media_h264 *h264, const uint8_t *nal, size_t size) {
    rp_media_h264_pps pps;
    uint32_t id;
    if (!rp_media_h264_pps_parse(&pps, &id, nal, size)) return false;
    if (!h264->is_frozen) h264->pps[id] = pps;
    return true;
}

bool rp_media_h264_config_read(rp_media_h264 *h264, const uint8_t *avcc, size_t size) {
    rp_bytes bytes = {.data = avcc, .size = size};
    if (rp_bytes_u8(&bytes) != 1) return false;
    rp_bytes_skip(&bytes, 3);
    h264->length_bytes = (uint8_t)((rp_bytes_u8(&bytes) & 3) + 1);
    int found = 0, listed = 0;
    for (int kind = 0; kind < 2; kind++) {
        const int count = rp_bytes_u8(&bytes) & (kind == 0 ? 0x1f : 0xff);
        listed += count;
        for (int i = 0; i < count; i++) {
            const size_t length = rp_bytes_be16(&bytes);
            const uint8_t *nal = rp_bytes_take(&bytes, length);
            if (nal == NULL) return false;
            found += kind == 0 ? rp_media_h264_sps_read(h264, nal, length)
                               : rp_media_h264_pps_read(h264, nal, length);
        }
    }
    /* 'avc3' may keep its parameter sets in the stream alone, so none here is no fault. */
    return !bytes.failed && (found >= 2 || listed == 0) && h264->length_bytes != 3;
}

/* --- slice header ------------------------------------------------------------------------ */

static void skip_list_modification(rp_bits *bits) {
    if (rp_bits_u(bits, 1) == 0) return;
    for (int i = 0; i < 66 && !bits->failed; i++) {
        const uint32_t idc = rp_bits_ue(bits);
        if (idc == 3) return;
        if (idc > 5) bits->failed = true;
        (void)rp_bits_ue(bits);
    }
    bits->failed = true;
}

static void skip_weights(rp_bits *bits, const rp_media_h264_sps *sps, const uint32_t *counts,
                         int lists) {
    (void)rp_bits_ue(bits);
    if (sps->chroma_array_type != 0) (void)rp_bits_ue(bits);
    for (int list = 0; list < lists; list++) {
        for (uint32_t i = 0; i < counts[list] && !bits->failed; i++) {
            int values = rp_bits_u(bits, 1) ? 2 : 0;
            while (values-- > 0) (void)rp_bits_se(bits);
            if (sps->chroma_array_type == 0) continue;
            values = rp_bits_u(bits, 1) ? 4 : 0;
            while (values-- > 0) (void)rp_bits_se(bits);
        }
    }
}

/* dec_ref_pic_marking of a picture that is no IDR: is there an operation 5? */
static bool read_marking(rp_bits *bits) {
    bool has_reset = false;
    if (rp_bits_u(bits, 1) == 0) return false;
    for (int i = 0; i < 66 && !bits->failed; i++) {
        const uint32_t operation = rp_bits_ue(bits);
        if (operation == 0) return has_reset;
        if (operation > 6) bits->failed = true;
        if (operation == 5) has_reset = true;
        else (void)rp_bits_ue(bits);
        if (operation == 3) (void)rp_bits_ue(bits);
    }
    bits->failed = true;
    return false;
}

/* What follows the picture's order: reference lists and marking, for operation 5 alone. */
static void read_references(rp_bits *bits, rp_media_h264_slice *slice, const rp_media_h264_sps *sps,
                            const rp_media_h264_pps *pps) {
    const uint8_t type = slice->slice_type;
    const int lists = type == SLICE_B ? 2 : type == SLICE_P || type == SLICE_SP ? 1 : 0;
    if (type == SLICE_B) rp_bits_skip(bits, 1);
    uint32_t counts[2] = {pps->num_ref_idx[0], pps->num_ref_idx[1]};
    if (lists > 0 && rp_bits_u(bits, 1))
        for (int list = 0; list < lists; list++) counts[list] = rp_bits_ue(bits) + 1;
    if (counts[0] > 32 || counts[1] > 32) bits->failed = true;
    for (int list = 0; list < lists; list++) skip_list_modification(bits);
    if ((pps->weighted_pred && lists == 1) || (pps->weighted_bipred_idc == 1 && lists == 2))
        skip_weights(bits, sps, counts, lists);
    if (slice->nal_ref_idc == 0) return;
    if (slice->nal_type == IDR) rp_bits_skip(bits, 2);
    else slice->has_reset = read_marking(bits);
}

static void read_order(rp_bits *bits, rp_media_h264_slice *slice, const rp_media_h264_sps *sps,
                       const rp_media_h264_pps *pps) {
    const bool has_bottom = pps->bottom_field_pic_order && !slice->field_pic;
    if (sps->pic_order_cnt_type == 0) {
        slice->pic_order_cnt_lsb = rp_bits_u(bits, sps->log2_max_pic_order_cnt_lsb);
        if (has_bottom) slice->delta_bottom = rp_bits_se(bits);
    } else if (sps->pic_order_cnt_type == 1 && !sps->delta_pic_order_always_zero) {
        slice->delta[0] = rp_bits_se(bits);
        if (has_bottom) slice->delta[1] = rp_bits_se(bits);
    }
}

/* 7.3.3 up to dec_ref_pic_marking. Where the bits end early, `bits` has failed. */
static bool read_header(rp_media_h264_slice *slice, const rp_media_h264 *h264, rp_bits *bits) {
    *slice = (rp_media_h264_slice){0};
    const uint32_t header = rp_bits_u(bits, 8);
    slice->nal_type = header & 31;
    slice->nal_ref_idc = header >> 5 & 3;
    slice->first_mb = rp_bits_ue(bits);
    const uint32_t slice_type = rp_bits_ue(bits), pps_id = rp_bits_ue(bits);
    if (bits->failed || header >> 7 != 0 || slice_type > 9 || pps_id >= RP_MEDIA_H264_PPS_MAX)
        return false;
    const rp_media_h264_pps *pps = &h264->pps[pps_id];
    const rp_media_h264_sps *sps = &h264->sps[pps->sps_id];
    if (!pps->is_known || !sps->is_known) return false;
    if (slice->first_mb >= sps->width_mbs * sps->height_mbs) return false;
    slice->slice_type = (uint8_t)(slice_type % 5);
    slice->pps_id = (uint8_t)pps_id;
    if (slice->nal_type == IDR &&
        (slice->nal_ref_idc == 0 || slice->slice_type % 2 == 1 || slice->slice_type == SLICE_P))
        return false; /* an IDR picture is a reference and has I or SI slices only */
    if (sps->separate_colour_plane) rp_bits_skip(bits, 2);
    slice->frame_num = rp_bits_u(bits, sps->log2_max_frame_num);
    if (!sps->frame_mbs_only) {
        slice->field_pic = rp_bits_u(bits, 1);
        if (slice->field_pic) slice->bottom_field = rp_bits_u(bits, 1);
    }
    if (slice->nal_type == IDR) slice->idr_pic_id = rp_bits_ue(bits);
    if (slice->nal_type == IDR && (slice->frame_num != 0 || slice->idr_pic_id > 65535))
        return false;
    read_order(bits, slice, sps, pps);
    if (pps->redundant_pic_cnt) slice->redundant_pic_cnt = rp_bits_ue(bits);
    if (bits->failed) return false;
    read_references(bits, slice, sps, pps);
    return true;
}

bool rp_media_h264_slice_read(rp_media_h264_slice *slice, const rp_media_h264 *h264,
                              const uint8_t *nal, size_t size) {
    uint8_t clear[SLICE_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if (!read_header(slice, h264, &bits)) return false;
    return !bits.failed || bits.size_bits == 8 * sizeof clear;
}

/* cabac_alignment_one_bit (7.3.4): ones up to the next byte. */
static bool is_aligned(rp_bits *bits) {
    while (bits->position_bits % 8 != 0)
        if (rp_bits_u(bits, 1) == 0) return false;
    return true;
}

/* What stands behind dec_ref_pic_marking, each value in its range (7.4.3). */
static bool ends_right(rp_bits *bits, const rp_media_h264_slice *slice,
                       const rp_media_h264_sps *sps, const rp_media_h264_pps *pps) {
    const bool is_intra = slice->slice_type == SLICE_I;
    if (pps->is_cabac && !is_intra && rp_bits_ue(bits) > 2) return false; /* cabac_init_idc */
    const int64_t qp = (int64_t)pps->init_qp + rp_bits_se(bits);
    if (qp < -6 * sps->luma_depth_minus8 || qp > 51) return false;
    if (pps->has_deblocking_control) {
        const uint32_t disabled = rp_bits_ue(bits);
        if (disabled > 2) return false;
        for (int i = 0; i < 2 && disabled != 1; i++) {
            const int32_t offset = rp_bits_se(bits);
            if (offset < -6 || offset > 6) return false;
        }
    }
    return !pps->is_cabac || is_aligned(bits);
}

rp_media_h264_ending rp_media_h264_slice_ending(const rp_media_h264 *h264, const uint8_t *nal,
                                                size_t size) {
    enum { LONGEST_CODE = 63 };
    uint8_t clear[SLICE_BYTES_MAX];
    rp_bits bits = {.data = clear};
    rp_media_h264_slice slice;
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    if (!read_header(&slice, h264, &bits)) return RP_MEDIA_ENDING_WRONG;
    const rp_media_h264_pps *pps = &h264->pps[slice.pps_id];
    const rp_media_h264_sps *sps = &h264->sps[pps->sps_id];
    if (pps->has_slice_groups || sps->profile_idc == PROFILE_EXTENDED)
        return RP_MEDIA_ENDING_UNTOLD;
    if (slice.slice_type > SLICE_I) return RP_MEDIA_ENDING_WRONG; /* SP, SI: of that profile */
    if (!bits.failed && ends_right(&bits, &slice, sps, pps) && !bits.failed)
        return RP_MEDIA_ENDING_RIGHT;
    const bool is_long = bits.size_bits == 8 * sizeof clear && rp_bits_left(&bits) <= LONGEST_CODE;
    return is_long ? RP_MEDIA_ENDING_UNTOLD : RP_MEDIA_ENDING_WRONG;
}

/* --- access units ------------------------------------------------------------------------ */

/* 7.4.1.2.4: does `slice` begin another picture than `last`? Two fields of one frame are one
 * sample: the second, of the same frame_num and the other parity, stays. */
static bool is_new_picture(const rp_media_h264_slice *last, const rp_media_h264_slice *slice,
                           bool has_both_fields) {
    if (slice->redundant_pic_cnt > 0) return false;
    if (slice->frame_num != last->frame_num || slice->field_pic != last->field_pic) return true;
    if (slice->field_pic && slice->bottom_field != last->bottom_field) return has_both_fields;
    const bool is_idr = slice->nal_type == IDR, was_idr = last->nal_type == IDR;
    if (slice->pps_id != last->pps_id || is_idr != was_idr) return true;
    if ((slice->nal_ref_idc == 0) != (last->nal_ref_idc == 0)) return true;
    if (is_idr && slice->idr_pic_id != last->idr_pic_id) return true;
    return slice->pic_order_cnt_lsb != last->pic_order_cnt_lsb ||
           slice->delta_bottom != last->delta_bottom || slice->delta[0] != last->delta[0] ||
           slice->delta[1] != last->delta[1];
}

static void picture_of(rp_media_picture *picture, const rp_media_h264 *h264,
                       const rp_media_h264_slice *slice) {
    const rp_media_h264_sps *sps = &h264->sps[h264->pps[slice->pps_id].sps_id];
    *picture = (rp_media_picture){
        .is_sync = slice->nal_type == IDR,
        .is_period = slice->nal_type == IDR,
        .is_reference = slice->nal_ref_idc != 0,
        .is_discardable = slice->nal_ref_idc == 0,
        .has_reset = slice->has_reset,
        .lsb = slice->pic_order_cnt_lsb,
        .delta = slice->delta_bottom,
        .frame_num = slice->frame_num,
        .frame_num_bits = sps->log2_max_frame_num,
        .lsb_bits = sps->pic_order_cnt_type == 0 ? sps->log2_max_pic_order_cnt_lsb : 0};
}

/* The state of one access unit while its NAL units are read. */
typedef struct gathering {
    rp_media_h264_slice last;
    bool has_picture, has_both_fields, has_recovery_point, has_sets;
    uint32_t slices;
} gathering;

typedef enum step { STAYS, ENDS_BEFORE, NO_UNIT } step;

static step take_slice(gathering *at, rp_media_access_unit *unit, const rp_media_h264 *h264,
                       const uint8_t *nal, size_t size) {
    rp_media_h264_slice slice;
    if (!rp_media_h264_slice_read(&slice, h264, nal, size))
        return at->has_picture ? ENDS_BEFORE : NO_UNIT;
    if (!at->has_picture) {
        if (slice.first_mb != 0) return NO_UNIT; /* a sample begins with its first slice */
        picture_of(&unit->picture, h264, &slice);
        if (at->has_recovery_point && h264->recovery_is_sync) unit->picture.is_sync = true;
        at->has_picture = true;
    } else if (is_new_picture(&at->last, &slice, at->has_both_fields)) {
        return ENDS_BEFORE;
    } else if (slice.field_pic && slice.bottom_field != at->last.bottom_field) {
        at->has_both_fields = true;
    }
    unit->evidence_bits += slice.nal_type == IDR ? 16 : 8;
    at->slices++;
    at->last = slice;
    return STAYS;
}

/* Samsung's slow motion wraps a picture in one prefix NAL unit: inside, NAL units stand behind
 * start codes (annex B). Looks for the picture's first slice there. */
static step take_wrapped(gathering *at, rp_media_access_unit *unit, const rp_media_h264 *h264,
                         const uint8_t *data, size_t size) {
    size_t position = 0;
    while (position + 8 < size) {
        const uint8_t type = data[position + 4] & 31;
        if (type == SLICE || type == IDR)
            return take_slice(at, unit, h264, data + position + 4, size - position - 4);
        position += 4;
        while (position + 4 < size && rp_be32(data + position) != 1) position++;
    }
    return NO_UNIT;
}

/* Is there a recovery point (D.1.8) with recovery_frame_cnt 0 among the SEI messages? */
static bool has_recovery_point(const uint8_t *nal, size_t size) {
    enum { RECOVERY_POINT = 6 };
    uint8_t clear[HEADER_BYTES_MAX];
    rp_bits bits = {.data = clear};
    bits.size_bits = 8 * rp_bits_unescape(clear, sizeof clear, nal, size);
    rp_bits_skip(&bits, 8);
    while (rp_bits_left(&bits) > 24) {
        uint32_t fields[2] = {0, 0}; /* payloadType, payloadSize */
        for (int i = 0; i < 2; i++) {
            uint32_t part;
            do fields[i] += part = rp_bits_u(&bits, 8);
            while (part == 255);
        }
        if (fields[0] == RECOVERY_POINT) return rp_bits_u(&bits, 1) == 1; /* ue(v) 0 */
        rp_bits_skip(&bits, 8 * (size_t)fields[1]);
    }
    return false;
}

/* Does a NAL unit of this type begin or stay in the access unit, or belong to the next? `nal` is
 * its head (RP_MEDIA_PEEK_BYTES less the length), `whole` all of it. */
static step take_nal(gathering *at, rp_media_access_unit *unit, rp_media_h264 *h264,
                     const uint8_t *nal, const uint8_t *whole, size_t size) {
    const uint8_t type = nal[0] & 31;
    if (nal[0] & 0x80 || (h264->types_seen != 0 && (h264->types_seen >> type & 1) == 0))
        return at->has_picture ? ENDS_BEFORE : NO_UNIT;
    if (type == SLICE || type == IDR) return take_slice(at, unit, h264, nal, size);
    if (type == PREFIX && !at->has_picture && size > 12 && rp_be32(nal + 4) == 1)
        return take_wrapped(at, unit, h264, whole + 4, size - 4);
    const bool begins =
        type == AUD || type == SPS || type == PPS || type == SEI || (type >= PREFIX && type <= 18);
    if (begins && at->has_picture) return ENDS_BEFORE;
    if (type == AUD) return size == 2 && (nal[1] & 0x1f) == 0x10 ? STAYS : NO_UNIT;
    if ((type == SPS || type == PPS) && size > RP_MEDIA_PARAMETER_SET_MAX) return NO_UNIT;
    at->has_sets |= type == SPS || type == PPS;
    if (type == SPS) return rp_media_h264_sps_read(h264, nal, size) ? STAYS : NO_UNIT;
    if (type == PPS) return rp_media_h264_pps_read(h264, nal, size) ? STAYS : NO_UNIT;
    if (type == SEI) {
        if (size < 3 || size > RP_MEDIA_SEI_MAX) return NO_UNIT;
        at->has_recovery_point |= has_recovery_point(nal, size);
        return rp_media_peek_last(h264->peek, nal, whole, size) != 0 ? STAYS : NO_UNIT;
    }
    if (type == FILLER) return size < 2 || nal[1] == 0xff || nal[1] == 0x80 ? STAYS : ENDS_BEFORE;
    if (begins || type == AUXILIARY || type == EXTENSION) return STAYS;
    if (type == END_OF_SEQUENCE || type == END_OF_STREAM)
        return at->has_picture && size == 1 ? STAYS : NO_UNIT;
    return h264->types_seen != 0 ? STAYS : at->has_picture ? ENDS_BEFORE : NO_UNIT;
}

/* Is this NAL unit, of which the end of the file cuts off the end, a slice of the picture, or the
 * first slice of one? */
static bool is_cut_slice(const gathering *at, const rp_media_h264 *h264, const uint8_t *nal,
                         size_t size) {
    rp_media_h264_slice slice;
    if (size == 0 || ((nal[0] & 31) != SLICE && (nal[0] & 31) != IDR)) return false;
    if (!rp_media_h264_slice_read(&slice, h264, nal, size)) return false;
    if (!at->has_picture) return slice.first_mb == 0;
    return slice.nal_type == at->last.nal_type &&
           !is_new_picture(&at->last, &slice, at->has_both_fields);
}

rp_media_access_unit rp_media_h264_unit(rp_media_h264 *h264, const uint8_t *data, uint64_t size) {
    const rp_media_access_unit none = {0}, cut = {.is_cut = true};
    rp_media_access_unit unit = {0};
    gathering at = {0};
    const unsigned width = h264->length_bytes;
    uint64_t position = 0;
    while (unit.units < UNITS_MAX && size - position > width) {
        uint64_t length = 0;
        const uint8_t *head = rp_media_peek_at(h264->peek, data + position), *nal = head + width;
        for (unsigned i = 0; i < width; i++) length = length << 8 | head[i];
        const bool fits = length <= size - position - width;
        if (length == 0 || length > h264->nal_bytes_max) break;
        if (!fits) {
            if (is_cut_slice(&at, h264, nal, (size_t)(size - position - width))) return cut;
            break;
        }
        const step next = take_nal(&at, &unit, h264, nal, data + position + width, (size_t)length);
        if (next == NO_UNIT) return none;
        if (next == ENDS_BEFORE) break;
        unit.units++;
        unit.evidence_bits += rp_media_length_bits(width, h264->nal_bytes_max) + 3;
        position += width + length;
    }
    const bool is_at_end = unit.units > 0 && size - position <= 64;
    if (!at.has_picture || at.slices < h264->slices_min) return is_at_end ? cut : none;
    unit.size = position;
    unit.picture.has_parameter_sets = at.has_sets;
    return unit;
}
