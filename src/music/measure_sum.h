/* measure_sum.h: how long the staffs of one measure are, from its tokens: whether what was read
 * adds up. Cheaper and narrower than measure_repair, which mends what does not. */
#ifndef RP_MUSIC_MEASURE_SUM_H
#define RP_MUSIC_MEASURE_SUM_H

#include "music/fraction.h"
#include "music/lmx.h"

typedef struct rp_measure_sum {
    /* Every staff's longest voice ends where the others' do, and no move back goes before the
     * beginning. A voice belongs to the staff of its first note, wherever it crosses to. A measure
     * with nothing but whole-measure rests agrees on no length. */
    bool agrees;
    rp_fraction length; /* in quarters; denominator 0: none agreed on */
    rp_fraction time;   /* of the last `time` in it; denominator 0: none */
    int32_t staffs;     /* how many said how long they are */
} rp_measure_sum;

/* `tokens`: one measure, its `measure` token included or not; any sequence is accepted. */
rp_measure_sum rp_measure_sum_of(const uint16_t *tokens, size_t count);

#endif
