/* note_list.h: what sounds in a part: its notes with onsets as exact fractions, by measure. */
#ifndef RP_MUSIC_NOTE_LIST_H
#define RP_MUSIC_NOTE_LIST_H

#include "base/error.h"
#include "music/fraction.h"
#include "music/xml_tree.h"

typedef struct rp_note {
    rp_fraction onset;                 /* in its measure, in quarters */
    rp_fraction duration;              /* in quarters; 0 for grace notes */
    int8_t step;                       /* 0 C .. 6 B */
    int8_t alter;                      /* -2 .. 2, accidentals of the measure and key included */
    int8_t octave;                     /* 4: from middle C */
    uint8_t staff;                     /* 1 if not said */
    uint32_t order;                    /* in the measure, as the document has it */
    int16_t transposition;             /* semitones from what is written to what sounds */
    bool is_grace, ties_from, ties_to; /* ties_from: goes on from a note before */
    rp_xml_node *node;
} rp_note;

/* An attributes, direction or sound element, and where it stands. */
typedef struct rp_note_mark {
    rp_fraction onset; /* in its measure, in quarters */
    const rp_xml_node *node;
} rp_note_mark;

typedef struct rp_note_measure {
    rp_note *notes; /* (count) by onset, then pitch */
    size_t count;
    rp_note_mark *marks; /* (mark_count) in the document's order */
    size_t mark_count;
    rp_fraction length; /* the furthest point reached */
    rp_xml_node *node;
} rp_note_measure;

typedef struct rp_note_list {
    rp_note_measure *measures; /* (count) */
    size_t count, notes;
} rp_note_list;

/* Lists the pitched notes of a part, with durations in divisions (either may have decimal places)
 * or, where there are none, in fractions of a quarter. Notes of other kinds only move time on. The
 * list is the arena's and points into the part. RP_SYSTEM: no memory. */
rp_status rp_note_list_make(rp_note_list *list, rp_arena *arena, const rp_xml_node *part,
                            rp_error *error);

/* Order by onset, grace notes first, then pitch. Equal: 0; durations do not count. */
int rp_note_compare(const rp_note *a, const rp_note *b);

/* Semitones as written; 60 is middle C. Add the transposition for what sounds. */
int rp_note_semitone(const rp_note *note);

#endif
