/* inline_index.h: GoPro's fdsc track is an index that lies between the samples: before each of them
 * stands a record that says what it is, how long and for how many ticks; the record before the
 * first picture also holds the parameter sets.
 *
 *     "GPRO", u32 little-endian length ...                      once, names the camera
 *     "GP" 03 01, u32 size, u32 ticks, u32, u32 length, SPS,    once, 152 bytes; at 84: u32 length,
 *                                                               PPS
 *     "GP" type flag, u32 size, u32 ticks, u32                  16 bytes; type 0 picture, 4 AAC,
 *                                                               5 tmcd, 6 gpmd
 *
 * (as measured on the clips of two cameras). So such a recording needs no other clip as reference:
 * its own beginning, indexed by these records, is one. What they do not say is found out: ticks a
 * second from the SPS's timing (H.264 E.2.1), AAC's rate and channels by which of them the blocks
 * have the sizes that were said. HEVC's parameter sets have no known place in such a record. */
#ifndef RP_VIDEO_INLINE_INDEX_H
#define RP_VIDEO_INLINE_INDEX_H

#include "base/error.h"
#include "base/text.h"

/* Appends to `clip` a whole clip, ftyp, mdat and moov, of the beginning of the recording
 * data[begin .. end). RP_INPUT: it has no such index, or not enough of one; the error says which,
 * `name` being the recording. RP_SYSTEM: no memory. */
rp_status rp_video_inline_index_read(rp_text *clip, const uint8_t *data, uint64_t begin,
                                     uint64_t end, const char *name, rp_error *error);

#endif
