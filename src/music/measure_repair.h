/* measure_repair.h: making the measures of a line add up.
 *
 * A measure is a row of streams: notes one after another, from one backup to the next. With a
 * time, or else the length most measures have, each staff wants a stream that fills the measure.
 * A stream that is too long, or that is the best of its staff and too short, gets the most likely
 * single edit that makes it fit: a dot more or less, a note type one step away, a triplet made or
 * unmade, a note or rest dropped or a rest added; failing that, its end is cut or filled up. The
 * moves back are set right after it, so that one wrong measure does not shift what follows.
 *
 * Left as they are: a first measure in which all staffs are equally short (a pick-up), and
 * measures in which at least two staffs agree on another length (a measure divided at a repeat). */
#ifndef RP_MUSIC_MEASURE_REPAIR_H
#define RP_MUSIC_MEASURE_REPAIR_H

#include "music/lmx.h"

typedef struct rp_repaired_measure {
    uint32_t index;   /* of the measure in the line, from 0 */
    const char *what; /* "a dot taken away"; static */
} rp_repaired_measure;

typedef struct rp_measure_repairs {
    rp_repaired_measure *measures; /* (count) rising; the arena's */
    size_t count;
} rp_measure_repairs;

/* `line` should be what lmx_grammar accepts; other sequences come out as they are where they
 * cannot be read. The tokens of `repaired` are the arena's. RP_SYSTEM: no memory. */
rp_status rp_measure_repair(rp_lmx_line *repaired, rp_measure_repairs *repairs, rp_arena *arena,
                            const rp_lmx_line *line, rp_error *error);

#endif
