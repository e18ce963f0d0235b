/* h264.h: as much of H.264 (ISO/IEC 14496-10) as finding pictures in a damaged file needs:
 * parameter sets, slice headers, the first NAL unit of a new picture (7.4.1.2.4). */
#ifndef RP_MEDIA_H264_H
#define RP_MEDIA_H264_H

#include <stddef.h>

#include "media/access_unit.h"
#include "media/peek.h"

enum { RP_MEDIA_H264_SPS_MAX = 32, RP_MEDIA_H264_PPS_MAX = 256 };

typedef struct rp_media_h264_sps {
    bool is_known, separate_colour_plane, delta_pic_order_always_zero, frame_mbs_only;
    uint8_t profile_idc, log2_max_frame_num, pic_order_cnt_type, log2_max_pic_order_cnt_lsb;
    uint8_t chroma_array_type, chroma_format_idc, luma_depth_minus8, chroma_depth_minus8;
    bool is_high;                           /* profile_idc 100 and its relatives, that say so */
    uint32_t width_mbs, height_mbs;         /* of a frame */
    uint32_t num_units_in_tick, time_scale; /* of the VUI (E.2.1); 0: not told */
    uint32_t width, height; /* as shown: cropped; 1920x1080 is coded with 1088 lines */
} rp_media_h264_sps;

typedef struct rp_media_h264_pps {
    bool is_known, bottom_field_pic_order, redundant_pic_cnt, weighted_pred;
    bool is_cabac, has_deblocking_control, has_slice_groups;
    uint8_t sps_id, weighted_bipred_idc;
    uint8_t num_ref_idx[2];
    int32_t init_qp; /* pic_init_qp_minus26 + 26 */
} rp_media_h264_pps;

typedef struct rp_media_h264 {
    rp_media_h264_sps sps[RP_MEDIA_H264_SPS_MAX];
    rp_media_h264_pps pps[RP_MEDIA_H264_PPS_MAX];
    uint8_t length_bytes;   /* of the length before each NAL unit: 1, 2 or 4 */
    uint32_t types_seen;    /* bit t: the healthy clip holds NAL units of type t; 0: not known */
    bool recovery_is_sync;  /* this recorder's open GOPs: a recovery point is a sync sample */
    bool is_frozen;         /* parameter sets in the stream are checked, not taken in */
    uint32_t nal_bytes_max; /* longer NAL units are taken for noise */
    uint32_t slices_min;    /* a picture of the healthy clip has no fewer slices; 0: not known */
    rp_media_peek *peek;    /* how the heads of NAL units are read; NULL: directly */
} rp_media_h264;

typedef struct rp_media_h264_slice {
    uint8_t nal_type, nal_ref_idc, pps_id, slice_type;
    bool field_pic, bottom_field, has_reset;
    uint32_t first_mb, frame_num, idr_pic_id, pic_order_cnt_lsb, redundant_pic_cnt;
    int32_t delta_bottom, delta[2];
} rp_media_h264_slice;

/* Reads avcC's payload: the length size and the parameter sets. False where it is damaged. */
bool rp_media_h264_config_read(rp_media_h264 *h264, const uint8_t *avcc, size_t size);

/* Reads a parameter set (NAL unit with its header byte) and its id. False where it is damaged. */
bool rp_media_h264_sps_parse(rp_media_h264_sps *sps, uint32_t *id, const uint8_t *nal, size_t size);
bool rp_media_h264_pps_parse(rp_media_h264_pps *pps, uint32_t *id, const uint8_t *nal, size_t size);

/* Takes in a parameter set (NAL unit with its header byte). False where it is damaged: then
 * nothing changes. */
bool rp_media_h264_sps_read(rp_media_h264 *h264, const uint8_t *nal, size_t size);
bool rp_media_h264_pps_read(rp_media_h264 *h264, const uint8_t *nal, size_t size);

/* The size of the pictures as shown, of the last parameter set known; false where none is. */
bool rp_media_h264_size(uint32_t *width, uint32_t *height, const rp_media_h264 *h264);

/* Reads a slice header. False where it cannot be one of this recording. */
bool rp_media_h264_slice_read(rp_media_h264_slice *slice, const rp_media_h264 *h264,
                              const uint8_t *nal, size_t size);

/* Does a slice header end as these parameter sets say it must? With others, that fit the beginning
 * by chance, the fields behind are impossible, or no ones fill the last byte before CABAC. */
typedef enum rp_media_h264_ending {
    RP_MEDIA_ENDING_UNTOLD, /* no slice, a longer header than is looked at, what nobody records */
    RP_MEDIA_ENDING_RIGHT,
    RP_MEDIA_ENDING_WRONG
} rp_media_h264_ending;

rp_media_h264_ending rp_media_h264_slice_ending(const rp_media_h264 *h264, const uint8_t *nal,
                                                size_t size);

/* The access unit that starts at data; size 0 in the result where none starts or `size` cuts it.
 * In-band parameter sets are taken in. */
rp_media_access_unit rp_media_h264_unit(rp_media_h264 *h264, const uint8_t *data, uint64_t size);

#endif
