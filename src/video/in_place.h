/* in_place.h: makes the broken file itself whole, and back again.
 *
 *     undo file, written and on disk before anything is changed (BROKEN.undo):
 *         "reprise undo 1\n"   15 bytes and a zero
 *         u64 size of the file, u32 number of patches          big-endian
 *         each: u64 offset, u32 count, the bytes that stood there
 *     then moov is appended and on disk, and last the size of mdat is put in: a kill in between
 *     leaves a file that undoing restores to the byte. */
#ifndef RP_VIDEO_IN_PLACE_H
#define RP_VIDEO_IN_PLACE_H

#include "video/plan.h"

/* Carries out a plan in the broken file at `path`. RP_NO: this form of file has no room for an
 * index (bare media data, fragments, mdat of 4 GiB with a short header): write a new file instead.
 * RP_SYSTEM: full disk or not writable; the file is then as before. */
rp_status rp_video_in_place_write(const rp_video_plan *plan, const char *path, rp_error *error);

#endif
