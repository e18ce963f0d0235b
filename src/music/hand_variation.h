/* hand_variation.h: a hand's notes changed so that nobody has seen them, and still music.
 *
 *     joins        ties and slurs that lead out of the hand's measures go
 *     adornment    at times: chords rolled, notes detached, accented, held, sharps and flats
 *     pitches      moved along the staff, at times upside down, or spread and drawn together;
 *                  within four ledger lines, or the reach they had; each staff apart
 *     accidentals  each says something: it differs from what key and measure hold
 *
 * The same random numbers give the same hand. */
#ifndef RP_MUSIC_HAND_VARIATION_H
#define RP_MUSIC_HAND_VARIATION_H

#include "base/random.h"
#include "music/hands.h"

/* Varies `hand`, the items of one or several measures in a row, of one hand or whole. `fifths`: of
 * the key it will stand in. Notes of a chord that meet on one pitch become one. */
void rp_hand_vary(rp_hand *hand, int fifths, rp_random *random);

/* The alteration a key gives a step (0 C .. 6 B): -1, 0 or 1. */
int rp_key_alter(int fifths, int step);

#endif
