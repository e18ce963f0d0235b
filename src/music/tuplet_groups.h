/* tuplet_groups.h: tuplets that begin, end and are whole.
 *
 * Notes of one voice that follow each other with the same time modification (3 in 2) form groups. A
 * group is whole when it is as long as its number of notes of one type: three eighths, or a quarter
 * and an eighth, for 3 in 2. Each whole group gets one `tuplet` start and one stop, shown if either
 * was there; a group that is not whole is filled up with rests where its voice ends, and is left
 * out (a move forward in its place) elsewhere, since its length is none that can be written. */
#ifndef RP_MUSIC_TUPLET_GROUPS_H
#define RP_MUSIC_TUPLET_GROUPS_H

#include "music/placed_note.h"

/* Changes the notes; `list` is to be made again afterwards. Returns whether anything was left out
 * or filled up. */
bool rp_tuplet_groups_make(rp_xml_tree *tree, const rp_placed_notes *list);

#endif
