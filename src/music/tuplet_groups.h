/* tuplet_groups.h: tuplets that begin, end and are whole.
 *
 * Notes of one voice that follow each other with the same time modification (3 in 2) form groups. A
 * group is whole when it is as long as its number of notes of one type: three eighths, or a quarter
 * and an eighth, for 3 in 2. Each whole group gets one `tuplet` start and one stop, shown if either
 * was there; a group that is not whole is filled up with rests where its voice ends. Elsewhere its
 * notes stay as they were read, since there is no length they could be given and no note is worth
 * less than a bracket: of its marks those stay that have two ends, a pair within another (a tuplet
 * in a tuplet: 9 in 4 within 3 in 2) with a number of its own. */
#ifndef RP_MUSIC_TUPLET_GROUPS_H
#define RP_MUSIC_TUPLET_GROUPS_H

#include "music/placed_note.h"

/* Changes the notes; `list` is to be made again afterwards. Returns whether anything was filled up.
 * is_loose: (list->measure_count) set to whether the measure has groups that are not whole. */
bool rp_tuplet_groups_make(bool *is_loose, rp_xml_tree *tree, const rp_placed_notes *list);

#endif
