/* playing_order.h: the order in which the measures of a part are played.
 *
 * A section is what lies between a repeat forward (or the beginning, or the end of the section
 * before) and a repeat backward, and is played `times` times: twice, unless the repeat says
 * otherwise. Endings that follow each other are played in the passes that their numbers name ("1",
 * "1, 2", "1-3") and are left out in others; with them a section is played as often as the highest
 * number says, or once more where there is only one ending, behind which the music goes on.
 * Jumps (da capo, segno, coda) are not followed. Source: MusicXML 4.0, repeat and ending. */
#ifndef RP_MUSIC_PLAYING_ORDER_H
#define RP_MUSIC_PLAYING_ORDER_H

#include "music/note_list.h"

enum { RP_PLAYING_PASSES_MAX = 63 }; /* a section is not played more often, whatever it says */

typedef struct rp_playing_order {
    uint32_t *measures; /* (count) indices; the arena's */
    size_t count;       /* 2^20 at most, or as many as there are measures */
} rp_playing_order;

/* `unrolls`: repeats are played; else each measure is played once. On lack of memory the order is
 * empty and the arena has failed. */
void rp_playing_order_make(rp_playing_order *order, rp_arena *arena, const rp_note_list *list,
                           bool unrolls);

#endif
