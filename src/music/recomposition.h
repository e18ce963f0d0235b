/* recomposition.h: pieces that nobody wrote, of hands that somebody did.
 *
 * A network that reads the same thousand scores for tens of epochs knows them by heart. Engraved,
 * these pieces look like the scores they come from and hold what the network has never seen: it can
 * only read them.
 *
 * A piece is 45 measures or more in blocks of up to six. A block takes each hand from some score,
 * two times in five both from the same place, and varies them apart (hand_variation.h); or, six
 * times in ten, it is a run of measures that can only be taken whole (whole_measure.h), varied. Key
 * and time are drawn and change at times. What stands around the music is added too (dressing.h).
 */
#ifndef RP_MUSIC_RECOMPOSITION_H
#define RP_MUSIC_RECOMPOSITION_H

#include "base/text.h"
#include "music/hand_pool.h"

/* The tokens of piece `number`, a line a measure, in `arena`. The same pool, seed and number give
 * the same piece. RP_SYSTEM: no memory. */
rp_status rp_recompose_lines(rp_lmx_line **lines, size_t *count, rp_arena *arena,
                             const rp_hand_pool *pool, uint64_t seed, uint64_t number,
                             rp_error *error);

/* Appends the piece as MusicXML, ready to be engraved. RP_SYSTEM: no memory. */
rp_status rp_recompose(rp_text *musicxml, const rp_hand_pool *pool, uint64_t seed, uint64_t number,
                       rp_error *error);

#endif
