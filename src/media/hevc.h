/* hevc.h: as much of HEVC (ISO/IEC 23008-2) as finding pictures in a damaged file needs. */
#ifndef RP_MEDIA_HEVC_H
#define RP_MEDIA_HEVC_H

#include <stddef.h>

#include "media/access_unit.h"
#include "media/peek.h"

enum { RP_MEDIA_HEVC_SPS_MAX = 16, RP_MEDIA_HEVC_PPS_MAX = 64 };

typedef struct rp_media_hevc_sps {
    bool is_known, separate_colour_plane;
    uint8_t log2_max_pic_order_cnt_lsb, log2_ctb; /* of the coding tree block */
    uint8_t chroma_format_idc, luma_depth_minus8, chroma_depth_minus8;
    uint32_t width, height;             /* coded, luma samples */
    uint32_t shown_width, shown_height; /* inside the conformance window */
} rp_media_hevc_sps;

typedef struct rp_media_hevc_pps {
    bool is_known, has_dependent_slices, has_output_flag;
    uint8_t sps_id, extra_slice_header_bits;
} rp_media_hevc_pps;

typedef struct rp_media_hevc {
    rp_media_hevc_sps sps[RP_MEDIA_HEVC_SPS_MAX];
    rp_media_hevc_pps pps[RP_MEDIA_HEVC_PPS_MAX];
    uint8_t length_bytes;
    uint64_t types_seen;    /* bit t: the healthy clip holds NAL units of type t; 0: not known */
    bool is_frozen;         /* parameter sets in the stream are checked, not taken in */
    uint32_t nal_bytes_max; /* longer NAL units are taken for noise */
    rp_media_peek *peek;    /* how the heads of NAL units are read; NULL: directly */
} rp_media_hevc;

/* Reads hvcC's payload: the length size and the parameter sets. False where it is damaged. */
bool rp_media_hevc_config_read(rp_media_hevc *hevc, const uint8_t *hvcc, size_t size);

/* Reads a parameter set (NAL unit with its header) and its id. False where it is damaged. */
bool rp_media_hevc_sps_parse(rp_media_hevc_sps *sps, uint32_t *id, const uint8_t *nal, size_t size);
bool rp_media_hevc_pps_parse(rp_media_hevc_pps *pps, uint32_t *id, const uint8_t *nal, size_t size);

/* Takes in a parameter set (NAL unit with its header). False where it is damaged: then nothing
 * changes. */
bool rp_media_hevc_sps_read(rp_media_hevc *hevc, const uint8_t *nal, size_t size);
bool rp_media_hevc_pps_read(rp_media_hevc *hevc, const uint8_t *nal, size_t size);

/* The size of the pictures as shown, of the last parameter set known; false where none is. */
bool rp_media_hevc_size(uint32_t *width, uint32_t *height, const rp_media_hevc *hevc);

/* The access unit that starts at data; size 0 in the result where none starts or `size` cuts it.
 * In-band parameter sets are taken in. */
rp_media_access_unit rp_media_hevc_unit(rp_media_hevc *hevc, const uint8_t *data, uint64_t size);

#endif
