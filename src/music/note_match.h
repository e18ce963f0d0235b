/* note_match.h: which notes of two scores are the same, and how many.
 *
 * Measures are put beside each other so that most notes agree (in order, some left out), since one
 * measure too many must not spoil all that follow. In a pair of measures an onset agrees when both
 * have a note at the same exact onset with the same sounding pitch (step, alteration, octave),
 * grace notes apart; a note agrees when its duration is the same too. With c agreements among g
 * gold and p predicted notes, F1 = 2 c / (g + p). */
#ifndef RP_MUSIC_NOTE_MATCH_H
#define RP_MUSIC_NOTE_MATCH_H

#include "music/note_list.h"

enum { RP_NOTE_MATCH_NONE = -1 };

typedef struct rp_note_match {
    int32_t *predicted_of; /* (gold measures) index of the measure beside it, or NONE */
    uint64_t gold, predicted, onsets, notes;
} rp_note_match;

/* The memory is the arena's. RP_SYSTEM: no memory. */
rp_status rp_note_match_make(rp_note_match *match, rp_arena *arena, const rp_note_list *gold,
                             const rp_note_list *predicted, rp_error *error);

/* 2 c / (g + p); 1 when there are no notes at all. */
double rp_note_match_f1(const rp_note_match *match, uint64_t agreeing);

/* One note, or measure, in which the scores differ. */
typedef struct rp_note_difference {
    int32_t measure;                 /* from 0, of gold; of the prediction where gold has none */
    const rp_note *gold, *predicted; /* one may be NULL; both: same onset or same pitch, changed */
    bool is_whole_measure;           /* the whole measure is missing or extra */
} rp_note_difference;

typedef struct rp_note_differences {
    rp_note_difference *items; /* (count) measure by measure; the arena's */
    size_t count;
} rp_note_differences;

/* RP_SYSTEM: no memory. */
rp_status rp_note_match_differences(rp_note_differences *differences, rp_arena *arena,
                                    const rp_note_match *match, const rp_note_list *gold,
                                    const rp_note_list *predicted, rp_error *error);

#endif
