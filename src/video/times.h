/* times.h: when is each sample decoded and shown?
 *
 * Decoding: a track of constant rate has one duration. Where the stream itself gives durations
 * (GoPro) those are taken. Where the reference turns out to be an index of this very recording, its
 * table is. Else the times are modelled, and reported as such.
 *
 * Showing (composition): within a period (from one IDR to the next) the pictures are sorted by
 * picture order count; the k-th that is shown is shown at the k-th decoding time of the period plus
 * c0, the composition offset of the first picture shown in the reference. Measured on 21 clips,
 * this is the recorder's own ctts to the tick (in CFR clips). */
#ifndef RP_VIDEO_TIMES_H
#define RP_VIDEO_TIMES_H

#include "video/chain.h"
#include "video/profile.h"

typedef struct rp_video_times {
    rp_media_runs durations, compositions; /* compositions.count 0: no ctts */
    bool is_modelled;                      /* durations are estimates */
    int64_t media_time_change;             /* of the edit list against the reference's */
    uint64_t duration;                     /* ticks of all samples */
} rp_video_times;

/* Is the reference an index of this very recording? Then the first samples of every track have the
 * sizes that it says. */
bool rp_video_times_are_known(const rp_video_profile *profile, const rp_video_chain *chain);

/* Times of one track. The runs live in the arena. RP_SYSTEM: no memory. */
rp_status rp_video_times_find(rp_video_times *times, const rp_video_profile *profile,
                              const rp_video_chain *chain, int index, bool are_known,
                              rp_arena *arena, rp_error *error);

#endif
