/* pcm_length.h: how long is the PCM that starts here? Its bytes do not say; time and what follows
 * do. */
#ifndef RP_VIDEO_PCM_LENGTH_H
#define RP_VIDEO_PCM_LENGTH_H

#include "video/scan.h"

/* Lengths in frames that the chunk of PCM track `index` at `offset` may have, best first: exact
 * time of the pictures so far, run lengths of the reference, up to what starts next, up to the end
 * of the data. Returns how many, at most 4. */
int rp_video_pcm_lengths(uint64_t frames[4], rp_video_scanner *scanner, int index, uint64_t offset,
                         const rp_video_context *context);

#endif
