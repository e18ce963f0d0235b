/* fit.h: is the reference a clip of the camera that made the recording, with the same settings? */
#ifndef RP_VIDEO_FIT_H
#define RP_VIDEO_FIT_H

#include "video/plan.h"

/* Judges by what was found in the recording. RP_INPUT: it is not; the error says what is in the
 * recording and what the reference has. */
rp_status rp_video_fit_check(const rp_video_plan *plan, const char *broken, rp_error *error);

#endif
