/* beam_groups.h: beams that begin and end.
 *
 * Notes shorter than a quarter that follow each other without a gap in one voice can share beams;
 * rests may stand between them. Beam n is for types with n flags at least. A beam that is begun is
 * continued on each note up to its end; what breaks off ends on the last note it has, and a beam
 * over one note alone is taken away (the first) or becomes a hook (the others). */
#ifndef RP_MUSIC_BEAM_GROUPS_H
#define RP_MUSIC_BEAM_GROUPS_H

#include "music/placed_note.h"

/* Changes the notes in place; the list stays true. */
void rp_beam_groups_make(rp_xml_tree *tree, const rp_placed_notes *list);

#endif
