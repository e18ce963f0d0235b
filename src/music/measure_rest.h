/* measure_rest.h: rests of the whole measure, as programs write them.
 *
 * MusicXML marks them `<rest measure="yes"/>` and asks for no `type`. MuseScore 3 leaves the mark
 * out too where a measure is shorter or longer than its time: what tells such a rest is then that
 * it has no type and lasts as long as the measure. */
#ifndef RP_MUSIC_MEASURE_REST_H
#define RP_MUSIC_MEASURE_REST_H

#include "music/xml_tree.h"

/* Is the note a rest of its whole measure? `measure_duration`: in divisions, by the time that
 * holds; 0: unknown. A rest without a type that is as long as that, or as all that stands in its
 * measure (the note's parent), is one. */
bool rp_measure_rest_is(const rp_xml_node *note, int64_t measure_duration);

#endif
