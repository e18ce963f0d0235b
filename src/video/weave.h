/* weave.h: the most likely chain of samples through a recording without index, in one forward pass.
 *
 *     offset --candidate--> offset --candidate--> ...      bits of evidence add up
 *          \--candidate--> ...                             few paths are alive at a time
 *
 * The path that lies furthest behind is continued first, so that all paths see the same bytes
 * before they are compared; two that meet at one place are one from there on, the better one. As
 * soon as one path is left, what it found is final: memory does not grow with the file. A path that
 * finds no candidate jumps to the next place where a sample starts beyond doubt, at a price. */
#ifndef RP_VIDEO_WEAVE_H
#define RP_VIDEO_WEAVE_H

#include "base/progress.h"
#include "video/chain.h"
#include "video/layout.h"
#include "video/scan.h"

typedef struct rp_video_weave_options {
    const rp_video_piece *pieces; /* the bytes of the recording that hold samples, ascending */
    size_t piece_count;           /* one at least */
    const rp_progress *progress;  /* may be NULL */
    rp_media_peek *peek;          /* how heads of samples are read; NULL: directly */
} rp_video_weave_options;

/* Fills chain (zero-initialised; clear it in any case). The mapping's pages are given back behind
 * the pass. RP_SYSTEM: no memory. RP_NO: stopped by the progress receiver. */
rp_status rp_video_weave(rp_video_chain *chain, rp_video_profile *profile, const uint8_t *data,
                         const rp_video_weave_options *options, rp_arena *arena, rp_error *error);

#endif
