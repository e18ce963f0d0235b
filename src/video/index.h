/* index.h: writes the moov of a recovered recording: the reference's own boxes, with the tables
 * and durations of what was found in their place. */
#ifndef RP_VIDEO_INDEX_H
#define RP_VIDEO_INDEX_H

#include "base/text.h"
#include "video/times.h"

typedef struct rp_video_index_options {
    int64_t shift;    /* added to every offset: where the bytes will lie, less where they lie now */
    uint64_t moov_at; /* where the moov will lie in the file */
} rp_video_index_options;

/* Appends moov to `out`, and behind it, where sound was lost, an mdat of silence. times: one for
 * each track. RP_SYSTEM: no memory. */
rp_status rp_video_index_write(rp_text *out, const rp_video_profile *profile,
                               const rp_video_chain *chain, const rp_video_times *times,
                               const rp_video_index_options *options, rp_error *error);

#endif
