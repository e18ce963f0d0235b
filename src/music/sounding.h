/* sounding.h: how the notes of a measure sound: from the key, the accidentals and the ties.
 *
 * A measure is given as a list of what happens in it. The place of a note is (staff, step,
 * octave). An accidental acts on all notes of its place at or after its onset in the measure,
 * whatever their voice; without one the key decides. A note that ends a tie sounds like the note
 * that began it, in this measure or the one before. This is the published Delinearizer's rule. */
#ifndef RP_MUSIC_SOUNDING_H
#define RP_MUSIC_SOUNDING_H

#include "music/fraction.h"
#include "music/lmx.h"
#include "music/xml_tree.h"

enum { RP_SOUNDING_PLACES = 3 * 70 };

typedef enum rp_sounding_kind {
    RP_SOUNDING_NOTE,
    RP_SOUNDING_FORWARD,
    RP_SOUNDING_BACKUP,
    RP_SOUNDING_KEY
} rp_sounding_kind;

typedef struct rp_sounding_event {
    rp_sounding_kind kind;
    rp_fraction duration;     /* of notes and moves, in quarters; denominator 0: none */
    rp_xml_node *pitch;       /* of notes: the `pitch` element; NULL: a rest */
    uint8_t pitch_token;      /* of notes with pitch */
    uint8_t accidental_token; /* 0: none */
    uint8_t staff;            /* 1 .. 3 */
    int8_t fifths;            /* of keys */
    bool is_chord, has_tie_stop, has_tie_start;
} rp_sounding_event;

/* What is kept from measure to measure. Zero-initialise it at the start of a part. */
typedef struct rp_sounding {
    int fifths;
    /* Per place: 0 no open tie, else its alter + 8. */
    uint8_t ties[RP_SOUNDING_PLACES], ties_before[RP_SOUNDING_PLACES];
} rp_sounding;

/* Puts `alter` between step and octave of each pitch of the measure that needs one. `scratch`:
 * room for `count` numbers of records, from the caller so that measures can share it. */
struct rp_sounding_record {
    rp_fraction onset;
    uint8_t place, token;
};
void rp_sounding_measure(rp_sounding *sounding, rp_xml_tree *tree, const rp_sounding_event *events,
                         size_t count, struct rp_sounding_record *scratch);

/* The alter the key gives to a step (0 is C): -1, 0, 1. */
int rp_sounding_key_alter(int fifths, int step);

#endif
