/* whole_measure.h: a measure of piano music with all that its hands share.
 *
 * Hands that cross, a clef within the measure, a rest that is counted and not printed, a voice that
 * begins in the middle: such a measure cannot be parted (hands.h), and is what is misread most. It
 * is taken whole, as one list of items that are written again as they were read. */
#ifndef RP_MUSIC_WHOLE_MEASURE_H
#define RP_MUSIC_WHOLE_MEASURE_H

#include "music/hands.h"

typedef struct rp_whole_measure {
    rp_hand both;            /* items with their voices, staves and moves as tokens; the arena's */
    rp_hands_held held;      /* at its beginning, its head taken in */
    uint8_t clefs[RP_HANDS]; /* tokens that hold at its end */
} rp_whole_measure;

/* Takes one measure: `tokens` from its `measure` up to the next, `held` before it. False: clefs or
 * time are not known, it does not add up, it is no music for two staves, or memory ran out
 * (`arena->failed`). */
bool rp_whole_measure_take(rp_whole_measure *whole, rp_hands_held held, rp_arena *arena,
                           const uint16_t *tokens, size_t count);

/* Room for its tokens, whatever its items were varied to, without a head. */
size_t rp_whole_measure_tokens_max(const rp_hand *both);

/* Appends the items of one measure. */
void rp_whole_measure_write(rp_lmx_line *line, const rp_hand *both, uint8_t measure);

#endif
