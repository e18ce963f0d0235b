/* finish.h: a delinearized part made into a file for other programs.
 *
 * The published Delinearizer writes what the tokens say, valid or not. Here the part is brought
 * under the rules of the MusicXML schema: there is a measure, if only of rest; measures are
 * numbered (a pick-up 0), each note has a pitch or is a rest, and a duration unless it is a grace
 * note; moves have durations and never lead before the measure; chord notes follow a note;
 * attributes are in the schema's order; beams are numbered 1 to 8, slurs 1 to 16; there are as many
 * staves as are used. */
#ifndef RP_MUSIC_FINISH_H
#define RP_MUSIC_FINISH_H

#include "music/measure_repair.h"
#include "music/xml_tree.h"

/* Changes `part`, which rp_delinearize made with divisions. `repairs` (may be NULL): measures that
 * get a mark: the words "[?]" above them. */
void rp_finish_part(rp_xml_tree *tree, rp_xml_node *part, const rp_measure_repairs *repairs);

#endif
