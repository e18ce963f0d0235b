/* midi_rhythm.h: played times to written ones: the measures of a song, and a grid for each beat.
 *
 * Times are counted in units of 1/6720 of a quarter, in which every grid below is exact. A measure
 * is cut into cells, the beats of its time signature (a quarter at most). For each cell the grid is
 * chosen that the beginnings and ends in it fit best, coarse ones first: 1, 2, 4, 8 or 16 parts;
 * 3, 6 or 12 (3 in 2); 5 or 10 (5 in 4); 7 (7 in 4). Two cells in which a note crosses the middle
 * and everything fits thirds of both become one cell of thirds. */
#ifndef RP_MUSIC_MIDI_RHYTHM_H
#define RP_MUSIC_MIDI_RHYTHM_H

#include "music/midi_reader.h"

enum { RP_MIDI_QUARTER = 6720, RP_MIDI_MEASURES_MAX = 20000 };

typedef struct rp_midi_cell {
    int64_t begin, length;
    uint8_t parts;          /* of the grid */
    uint8_t actual, normal; /* the time modification of its notes; 1 and 1: none */
} rp_midi_cell;

typedef struct rp_midi_measure {
    int64_t begin, length;
    size_t first_cell, last_cell; /* cells first_cell .. last_cell - 1 */
    uint8_t beats, beat_type;     /* as printed: a pick-up has the time of what follows */
    bool has_new_time;
} rp_midi_measure;

typedef struct rp_midi_rhythm {
    rp_midi_measure *measures; /* (measure_count); the arena's */
    rp_midi_cell *cells;       /* (cell_count) */
    size_t measure_count, cell_count;
} rp_midi_rhythm;

/* Begin and end of a sound, in units. */
typedef struct rp_midi_span {
    int64_t begin, end;
} rp_midi_span;

int64_t rp_midi_units(const rp_midi_song *song, int64_t ticks);

/* The measures of the song up to `end` units (one at least), and the grids that fit the spans,
 * which are sorted by their beginnings. RP_INPUT: more than 20,000 measures. RP_SYSTEM: no memory.
 */
rp_status rp_midi_rhythm_make(rp_midi_rhythm *rhythm, rp_arena *arena, const rp_midi_song *song,
                              const rp_midi_span *spans, size_t count, rp_error *error);

/* The time moved to the nearest point of its cell's grid. */
int64_t rp_midi_rhythm_snap(const rp_midi_rhythm *rhythm, int64_t time);

/* The last cell or measure that begins at or before the time. */
size_t rp_midi_rhythm_cell_at(const rp_midi_rhythm *rhythm, int64_t time);
size_t rp_midi_rhythm_measure_at(const rp_midi_rhythm *rhythm, int64_t time);

#endif
