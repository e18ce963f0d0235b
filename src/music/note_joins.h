/* note_joins.h: ties, slurs and tremolos have two ends.
 *
 * A tie joins a note to the next one of its voice (or else its staff) with the same sounding pitch,
 * which begins where it ends. A slur begins before it ends; a stop belongs to the last start of its
 * voice that is open, or else of its staff, or else of all. A tremolo between two notes begins on
 * one and stops on the next of its voice. An end without its counterpart is taken away; a tremolo
 * then stands on one note. Slurs are numbered 1 to 6, those beyond are taken away. */
#ifndef RP_MUSIC_NOTE_JOINS_H
#define RP_MUSIC_NOTE_JOINS_H

#include "music/placed_note.h"

/* Changes the notes in place; the list stays true. */
void rp_note_joins_make(rp_xml_tree *tree, const rp_placed_notes *list);

#endif
