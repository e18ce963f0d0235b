/* plan.h: a recovery that is thought through and not yet written: the mapped broken file, what was
 * found in it, and the new index. Writing it to a new file (output.h) and into the broken file
 * itself (patching the size of mdat, appending moov) begin with the same plan. */
#ifndef RP_VIDEO_PLAN_H
#define RP_VIDEO_PLAN_H

#include "base/mapped_file.h"
#include "base/text.h"
#include "reprise/video.h"
#include "video/layout.h"
#include "video/times.h"

typedef struct rp_video_plan {
    rp_mapped_file broken, reference;
    rp_video_layout layout;
    rp_video_profile *profile; /* in the arena */
    rp_video_chain chain;
    rp_video_times times[RP_MEDIA_TRACKS_MAX];
    bool times_are_known;      /* the reference is an index of this very recording */
    rp_text inline_clip;       /* the reference where the recording's own inline index is it */
    uint64_t unseen_bytes;     /* of media data apart from what was looked at */
    bool is_reference_trimmed; /* its edits were not taken over */
    bool has_own_index;        /* the broken file's own moov served as the reference */
    rp_arena arena;
} rp_video_plan;

/* Maps the files, learns the profile, finds the samples and their times. On failure the plan is
 * cleared. RP_NO: a healthy file, nothing to do. Otherwise as rp_video_recover. */
rp_status rp_video_plan_make(rp_video_plan *plan, const char *broken,
                             const rp_video_recover_options *options, rp_error *error);

/* Appends the moov of the recovered file to `moov`; it will lie at `moov_at`, its offsets are those
 * of the broken file plus `shift`. */
rp_status rp_video_plan_index(rp_text *moov, const rp_video_plan *plan, int64_t shift,
                              uint64_t moov_at, rp_error *error);

/* A recording that was cut ends inside a sample: such a last hole is no loss of a whole one. It is
 * one where the sample's own syntax says so, and, since noise can say so too, is no larger than
 * samples are; where the syntax says nothing, its size alone decides. */
bool rp_video_plan_is_cut_sample(const rp_video_plan *plan, const rp_video_hole *hole);

void rp_video_plan_clear(rp_video_plan *plan);

#endif
