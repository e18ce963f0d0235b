/* pcm_length.h: how long is the PCM that starts here? Its bytes do not say; time and what follows
 * do. */
#ifndef RP_VIDEO_PCM_LENGTH_H
#define RP_VIDEO_PCM_LENGTH_H

#include "video/scan.h"

enum { RP_VIDEO_PCM_LENGTHS = 4 };

typedef struct rp_video_pcm_length {
    uint64_t frames;
    float bits;    /* for or against it */
    bool is_guess; /* nothing is known to start behind it */
} rp_video_pcm_length;

/* Lengths that the chunk of PCM track `index` at `offset` may have, best first: exact time of the
 * pictures so far, run lengths of the reference, up to what starts next, up to the end of the data.
 * Returns how many. */
int rp_video_pcm_lengths(rp_video_pcm_length out[RP_VIDEO_PCM_LENGTHS], rp_video_scanner *scanner,
                         int index, uint64_t offset, const rp_video_context *context);

#endif
