/* output.h: writes a planned recovery to a new file, whole or not at all:
 *
 *     ftyp ...                as in the broken file; of the reference where it has none
 *     free                    so that the media data can be shared with the broken file (reflink)
 *     mdat, 64-bit size       the media data of the broken file, byte by byte
 *     what followed mdat
 *     moov                    new */
#ifndef RP_VIDEO_OUTPUT_H
#define RP_VIDEO_OUTPUT_H

#include "video/plan.h"

/* `broken` names the file of the plan: it is read through the kernel, not through the mapping.
 * RP_SYSTEM: the disk is full or not writable; then nothing is left behind. */
rp_status rp_video_output_write(const rp_video_plan *plan, const char *broken, const char *path,
                                const rp_progress *progress, rp_error *error);

#endif
