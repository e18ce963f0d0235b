/* midi.h: a part as a Standard MIDI File (format 1): a track of tempo, time and key, then one track
 * a staff.
 *
 *     "MThd" 6 format tracks ticks-a-quarter, then per track "MTrk" length, events; an event is its
 *     distance from the one before in ticks (7 bits a byte, high first) and its bytes
 *
 * Tied notes sound once, and all as high as `transpose` says; tempo and key change where they
 * stand. Grace notes take their time from the note they stand before, half of it at most. A measure
 * is as long as what is in it, so that a pick-up is short; one that is not as long as its time gets
 * a time of its own, so that barlines can be told. Repeats and their endings can be played out
 * (playing_order.h). Source: MIDI 1.0, Standard MIDI Files (RP-001). */
#ifndef RP_MUSIC_MIDI_H
#define RP_MUSIC_MIDI_H

#include "base/text.h"
#include "music/note_list.h"

typedef struct rp_midi_options {
    bool unrolls_repeats; /* else each measure is played once */
} rp_midi_options;

/* Appends the file of a part with divisions. `options` may be NULL. RP_SYSTEM: no memory. */
rp_status rp_midi_write(rp_text *midi, const rp_xml_node *part, const rp_midi_options *options,
                        rp_error *error);

#endif
