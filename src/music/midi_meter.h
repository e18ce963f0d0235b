/* midi_meter.h: where a note or rest of a measure is cut in two, so that its beats can be seen.
 *
 * Points of a measure have a unit: of beat k the longest of 1, 2, 4... beats that divides k and the
 * measure (4/4 has a middle, 3/4 has none), of points between beats what divides the beat, halved
 * again and again; of the beginning the whole measure. What crosses a beat stays whole
 *
 *     where it begins at a point of no smaller unit: a half note on the third beat of 4/4;
 *     or is a note that begins on any beat; or, on a half of one, of a beat and a half at most (an
 *     eighth, a quarter, a quarter); or one whose middle is the beat that it crosses, and whose
 *     half is the unit of its beginning (a 16th before, an eighth over the beat);
 *     in 6/8 and its like, whose beats are dotted, if it begins and ends on beats.
 *
 * Everything else is cut at the beat of the largest unit that it crosses: a quarter on the second
 * 16th of a beat. Stricter rules were tried on the data set's music, whose own values they would
 * not have left whole: notes on beats, and dotted quarters on halves of beats. */
#ifndef RP_MUSIC_MIDI_METER_H
#define RP_MUSIC_MIDI_METER_H

#include "music/midi_rhythm.h"

/* The time up to which what lasts from span.begin to span.end can be written without a tie; units,
 * within the measure. */
int64_t rp_midi_meter_end(const rp_midi_measure *measure, rp_midi_span span, bool is_rest);

#endif
