/* placed_note.h: the notes of a part with the times at which they stand, in the document's order.
 */
#ifndef RP_MUSIC_PLACED_NOTE_H
#define RP_MUSIC_PLACED_NOTE_H

#include <stdbool.h>

#include "music/xml_tree.h"

/* Times are in divisions from the beginning of the part. Chord and grace notes stand at the onset
 * of their note; a grace note ends where it begins. */
typedef struct rp_placed_note {
    rp_xml_node *node;
    int64_t onset, end;
    uint32_t measure; /* index */
    int16_t semitone; /* 60 is middle C; -1: a rest */
    uint8_t staff;    /* 1 if not said */
    uint8_t voice;    /* 1 if not said */
    uint8_t type;     /* RP_LMX_TYPE_...; 0: none */
    uint8_t dots;
    uint8_t actual, normal; /* its time modification; 1 and 1 without one */
    bool is_chord, is_grace, is_rest;
} rp_placed_note;

typedef struct rp_placed_measure {
    rp_xml_node *node;
    int64_t begin, end;
    size_t first, last; /* its notes: first .. last - 1 */
} rp_placed_measure;

typedef struct rp_placed_notes {
    rp_placed_note *notes; /* (count) */
    size_t count;
    rp_placed_measure *measures; /* (measure_count) */
    size_t measure_count;
} rp_placed_notes;

/* Lists the notes of a part whose divisions do not change. A measure lasts as long as what is in
 * it, or `empty_measure` divisions if nothing is. The list is the tree's and points into the part;
 * on lack of memory it is empty and the arena has failed. */
void rp_placed_notes_make(rp_placed_notes *list, rp_xml_tree *tree, rp_xml_node *part,
                          int64_t empty_measure);

#endif
