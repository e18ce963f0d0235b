/* interleave.h: in which order, and in runs of what length, a recorder writes its tracks. */
#ifndef RP_VIDEO_INTERLEAVE_H
#define RP_VIDEO_INTERLEAVE_H

#include "video/profile.h"

/* Learns from the tables of the healthy clip: runs, who follows whom, padding, and whether the
 * tracks take turns by time. RP_SYSTEM: no memory. */
rp_status rp_video_interleave_learn(rp_video_profile *profile, rp_arena *arena, rp_error *error);

#endif
