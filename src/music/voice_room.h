/* voice_room.h: a voice holds one thing at a time, and a staff four voices at most.
 *
 * Tokens that were read wrongly let a voice begin anew where it already sounds, since a move back
 * does not change the voice. A note for which its voice has no room goes, with its chord and its
 * grace notes, to a voice of its staff that has; where none has, it becomes a move forward. Grace
 * notes of a voice that has nothing else are taken away. What sounds and is taken away is counted,
 * so that it can be told. */
#ifndef RP_MUSIC_VOICE_ROOM_H
#define RP_MUSIC_VOICE_ROOM_H

#include "music/placed_note.h"

/* Changes the notes; `list` is to be made again afterwards. Returns whether anything changed.
 * left_out: (list->measure_count) the pitched notes that are taken away are added. */
bool rp_voice_room_make(uint32_t *left_out, rp_xml_tree *tree, const rp_placed_notes *list);

#endif
