/* finish.h: a delinearized part made into a file for other programs.
 *
 * The published Delinearizer writes what the tokens say, valid or not, and `delinearize` without
 * --join or --repair writes just that. Everywhere else the part is brought, in this order, under
 * the rules of the MusicXML schema and of what programs that engrave it ask for:
 *
 *     measures    there is one, if only of rest; they are numbered (a pick-up 0)
 *     attributes  in the schema's order; of two keys, times or clefs of one staff at one time the
 *                 later one counts; clefs that nobody uses become the usual one of their sign;
 *                 there are as many staves as are used
 *     moves       have durations and never lead before the measure
 *     notes       have a pitch or are rests; without a type they are rests of the whole measure;
 *                 they have a duration unless they are grace notes; rests have nothing that only
 *                 a sound has; at most three dots
 *     chords      their notes follow a note, and are all of its length and voice
 *     voices      hold one thing at a time, four a staff at most (voice_room.h)
 *     tuplets     begin, end and are whole (tuplet_groups.h)
 *     joins       ties, slurs and tremolos have two ends (note_joins.h)
 *     beams       begin and end (beam_groups.h)
 *
 * No note goes without a word: the log names the measures in which notes were left out, or tuplets
 * are not whole. Music as the Linearizer writes it comes through unchanged but for ties and slurs
 * that lead out of it, which have one end, and beams that lead from voice to voice. */
#ifndef RP_MUSIC_FINISH_H
#define RP_MUSIC_FINISH_H

#include "base/error.h"
#include "music/measure_repair.h"
#include "music/xml_tree.h"

/* Changes `part`, which rp_delinearize made with divisions. `repairs` (may be NULL): measures that
 * get a mark: the words "[?]" above them. `log`: may be NULL. Returns how many notes were left
 * out. */
size_t rp_finish_part(rp_xml_tree *tree, rp_xml_node *part, const rp_measure_repairs *repairs,
                      const rp_log *log);

#endif
