/* trim.h: a reference whose beginning, or a piece, was cut off in an editor. Its samples are mostly
 * still there; an edit list (ISO/IEC 14496-12, 8.6.6) whose media_time is later than a recorder's
 * own hides them. Copied to a recovered film it would hide that one's beginning, too.
 *
 *     recorder   pictures |first shown ...          sound |priming|heard ...
 *                         ^media_time                             ^media_time
 *     trimmed    pictures |hidden   |shown ...      sound |priming|hidden   |heard ...
 *                                   ^media_time                             ^media_time
 *
 * All tracks are trimmed by the same time, so that a recorder's own media_time is what remains when
 * that is taken off. */
#ifndef RP_VIDEO_TRIM_H
#define RP_VIDEO_TRIM_H

#include "video/profile.h"

/* Gives every track of a trimmed reference the edit that its recorder would have written, so that
 * the whole recording is shown. False where the reference is not trimmed: then nothing changes. */
bool rp_video_trim_undo(rp_video_profile *profile);

#endif
