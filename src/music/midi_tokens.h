/* midi_tokens.h: the notes of a song, once they have written times, as tokens of LMX. */
#ifndef RP_MUSIC_MIDI_TOKENS_H
#define RP_MUSIC_MIDI_TOKENS_H

#include "base/text.h"
#include "music/midi_rhythm.h"

enum { RP_MIDI_VOICES = 4, RP_MIDI_STAVES = 2 };

typedef struct rp_midi_tone {
    int64_t begin, end; /* in units, on the grids; a grace note: both its note's begin */
    int64_t rank;       /* order of grace notes at one time */
    uint8_t key, staff; /* staff 0 or 1 */
    uint8_t voice;      /* 0 .. 3 of the staff */
    int8_t step;        /* 0 C .. 6 B */
    int8_t alter, octave;
    bool has_accidental, is_grace;
} rp_midi_tone;

typedef struct rp_midi_tones {
    rp_midi_tone *tones; /* (count) by staff, voice, begin, grace notes first, key */
    size_t count;
    const rp_midi_rhythm *rhythm;
    const int8_t *fifths; /* (measures) the key that holds in each */
    bool has_two_staves;
    bool is_low[RP_MIDI_STAVES]; /* the staff has a bass clef */
} rp_midi_tones;

/* Appends one line; `text` has failed on lack of memory. */
void rp_midi_tokens(rp_text *text, const rp_midi_tones *tones);

#endif
