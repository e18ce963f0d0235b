/* lmx_join.h: the lines of the systems of a score as one line.
 *
 * Each system says anew what holds at its beginning: key and clefs. In the joined line they are
 * said only where they change. A line that does not begin with `measure` gets one. */
#ifndef RP_MUSIC_LMX_JOIN_H
#define RP_MUSIC_LMX_JOIN_H

#include "music/lmx.h"

/* Joins `count` lines; words outside the vocabulary are left out. The joined tokens are the
 * arena's. RP_SYSTEM: no memory. */
rp_status rp_lmx_join(rp_lmx_line *joined, rp_arena *arena, const rp_lmx_line *lines, size_t count,
                      rp_error *error);

#endif
