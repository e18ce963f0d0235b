/* midi_reader.h: a Standard MIDI File to the notes, tempos, times and keys that are in it.
 *
 * Formats 0 and 1 are read, with time in ticks of a quarter. Channel 10 (drums) is left out, and so
 * is all that does not sound. A note that is never ended ends where the file does; one that begins
 * anew while it sounds ends there. Source: MIDI 1.0, Standard MIDI Files (RP-001). */
#ifndef RP_MUSIC_MIDI_READER_H
#define RP_MUSIC_MIDI_READER_H

#include "music/xml_reader.h"

typedef struct rp_midi_note {
    int64_t begin, end; /* in ticks; begin < end */
    uint16_t track;
    uint8_t key; /* 60 is middle C */
} rp_midi_note;

enum rp_midi_mark_kind { RP_MIDI_TEMPO, RP_MIDI_TIME, RP_MIDI_KEY };

/* A tempo (value: microseconds a quarter), a time (beats and beat type) or a key (fifths). */
typedef struct rp_midi_mark {
    int64_t tick;
    int32_t value;  /* beats of a time */
    uint32_t order; /* in the file */
    uint8_t kind, beat_type;
} rp_midi_mark;

typedef struct rp_midi_song {
    rp_midi_note *notes; /* (note_count) by track, then as they end; the arena's */
    rp_midi_mark *marks; /* (mark_count) by tick, kind and order; the arena's */
    size_t note_count, mark_count;
    int64_t ticks_a_quarter;
} rp_midi_song;

/* RP_INPUT: no MIDI, cut off, format 2, or time in film frames; the message names file and byte.
 * RP_SYSTEM: no memory. */
rp_status rp_midi_read(rp_midi_song *song, rp_arena *arena, const rp_xml_source *source,
                       rp_error *error);

#endif
