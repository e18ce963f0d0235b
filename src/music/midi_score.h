/* midi_score.h: a MIDI file to a piano score.
 *
 *     notes -> grace notes apart -> measures and grids (midi_rhythm.h) -> two staves -> spelling
 *           -> chords and voices -> tokens of LMX -> the score (delinearize.h, finish.h)
 *
 * Two tracks with notes are two staves; of one track, or more than two, what lies below middle C
 * goes to the lower staff. Short notes right before a note that is late by them are grace notes.
 * Notes that begin and end together are a chord; what overlaps goes to another voice, of which a
 * staff has four. Notes are spelled by the key; a note that cannot be written as one is tied.
 * Tempos stand over their measures. */
#ifndef RP_MUSIC_MIDI_SCORE_H
#define RP_MUSIC_MIDI_SCORE_H

#include "base/text.h"
#include "music/xml_reader.h"

/* Appends MusicXML. RP_INPUT: as rp_midi_read, or no notes. RP_SYSTEM: no memory. */
rp_status rp_midi_score(rp_text *musicxml, const rp_xml_source *midi, rp_error *error);

#endif
