/* lost.h: what lay in a hole? Not its bytes, but how many samples of each track they were: without
 * that, everything behind the hole would be shown too early, and of equal tracks nobody could say
 * which goes on.
 *
 *     before   | hole          | behind
 *     V A A V A|A ? ? ? ? ? ? ?|A V A A V A V ...      seen
 *               A V A A V A A   A V A A V A V          the recorder's order, gone on with
 *               0 1 2 3 4 5 6 7 <- samples lost        best fit: 7
 *
 * A recorder's order is known from the healthy clip: the track that is furthest behind in time
 * comes next, or runs of fixed lengths come in turns. So what was lost is one number: how many
 * steps of that order. Each is tried; the one whose continuation is what is seen behind the hole,
 * and whose samples would fill the hole, is the most likely. */
#ifndef RP_VIDEO_LOST_H
#define RP_VIDEO_LOST_H

#include "video/chain.h"
#include "video/scan.h"

enum { RP_VIDEO_LOST_SOUNDS = 8 };

typedef struct rp_video_lost {
    uint32_t samples[RP_VIDEO_HOLE_TRACKS]; /* of each track */
    int last_track;                         /* whose turn it was behind the hole; -1: not known */
    uint64_t run_samples;                   /* of it, so far */
    bool is_sure;                           /* the order behind the hole is as foretold */
    rp_video_numbers numbers;               /* of the numbered track, behind the hole */
    /* Runs of PCM that fill the end of the hole: without syntax, and known by their length. */
    struct {
        int track;
        uint64_t frames;
    } sounds[RP_VIDEO_LOST_SOUNDS];
    int sound_count;
} rp_video_lost;

/* What lay in offset .. resume, where `before` had come before and something starts at `resume`
 * beyond doubt. `steps_left` bounds the work of all calls of one pass. */
void rp_video_lost_find(rp_video_lost *lost, rp_video_scanner *scanner,
                        const rp_video_context *before, uint64_t offset, uint64_t resume,
                        uint64_t *steps_left);

#endif
