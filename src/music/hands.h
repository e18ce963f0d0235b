/* hands.h: a measure of piano music parted into its two hands.
 *
 * A hand is what stands on one staff: voices, one behind the other, each from the measure's
 * beginning. Its items are notes and moves forward, without what depends on the neighbours: voice
 * and staff (said anew when the hand is written), stems (the engraver's) and moves back (between
 * voices). Pitches are steps, C0 being 0, so that they can be moved along the staff.
 *
 * Only measures whose hands can be put beside others' are parted: two staves, no voice on both, no
 * clef within, no note that is not printed, every voice within the measure and one that fills it.
 * What cannot be parted may still be taken whole (whole_measure.h). */
#ifndef RP_MUSIC_HANDS_H
#define RP_MUSIC_HANDS_H

#include <stdbool.h>

#include "music/lmx.h"

enum { RP_HAND_ITEM_TOKENS = 24, RP_HANDS = 2, RP_HAND_REST = -1 };

typedef struct rp_hand_item {
    uint8_t tokens[RP_HAND_ITEM_TOKENS]; /* (count) in the vocabulary's order; no pitch, no rest */
    uint8_t count;
    int8_t pitch;    /* steps from C0, or RP_HAND_REST */
    uint8_t voice;   /* as the score numbers it: 1 .. 4 above, 5 .. below */
    uint8_t staff;   /* 0 above, 1 below */
    uint8_t middle;  /* of this staff, its middle line in steps from C0 */
    uint8_t measure; /* whose it is, where the items of several are one list */
    bool is_move;    /* no note: a move, or (in a whole measure) a clef; all its tokens are here */
    bool begins_voice;
} rp_hand_item;

typedef struct rp_hand {
    rp_hand_item *items; /* (count) */
    size_t count;
} rp_hand;

typedef struct rp_hands {
    rp_hand hands[RP_HANDS];  /* upper, lower; the arena's */
    uint8_t clefs[RP_HANDS];  /* tokens that hold from its beginning */
    uint8_t beats, beat_type; /* tokens */
} rp_hands;

/* What holds at a place of a score, as tokens; 0: not said yet. */
typedef struct rp_hands_held {
    uint8_t clefs[RP_HANDS];
    uint8_t beats, beat_type;
} rp_hands_held;

/* Takes in what is said at a measure's head; returns how many tokens that is. */
size_t rp_hands_read_head(rp_hands_held *held, const uint16_t *tokens, size_t count);

/* Are time and both clefs said, and the clefs known? */
bool rp_hands_held_is_known(const rp_hands_held *held);

/* The middle line of a staff under this clef (a token), in steps from C0; 0: none of treble, bass,
 * alto and tenor. */
uint8_t rp_hand_clef_middle(unsigned clef);

/* Parts one measure: `tokens` from its `measure` up to the next. `held` is brought up to date in
 * any case. False: its hands cannot be parted, or memory ran out (`arena->failed`). */
bool rp_hands_part(rp_hands *hands, rp_hands_held *held, rp_arena *arena, const uint16_t *tokens,
                   size_t count);

/* A measure's length in quarters. */
rp_fraction rp_hands_measure_length(unsigned beats, unsigned beat_type);

/* Reads the note, move or clef at the beginning of `tokens`, voice and staff kept as tokens; not
 * stems, which are the engraver's, nor double accidentals, which come from the key they stood in.
 * Returns how many tokens it takes; 0: it is none of these, or too long. */
size_t rp_hand_item_read(rp_hand_item *item, const uint16_t *tokens, size_t count);

/* How long an item lasts in its voice: chord and grace notes not at all, a rest of the whole
 * measure `whole`. */
rp_fraction rp_hand_item_length(const rp_hand_item *item, rp_fraction whole);

bool rp_hand_item_has(const rp_hand_item *item, unsigned token);
/* Its first token of a kind; 0: it has none. */
unsigned rp_hand_item_find(const rp_hand_item *item, rp_lmx_kind kind);

void rp_hand_item_remove(rp_hand_item *item, unsigned token);

/* Removes the first token of a kind and returns it; 0: there is none. */
unsigned rp_hand_item_take(rp_hand_item *item, rp_lmx_kind kind);

/* Adds a token where the vocabulary's order wants it; one that is there or finds no room is not
 * added. */
void rp_hand_item_add(rp_hand_item *item, unsigned token);

/* Room for the tokens of a measure of these hands, rp_hands_write's part of it. */
size_t rp_hand_tokens_max(const rp_hand *hand);

/* Appends the items of one measure of a hand as LMX, staff and voices said, with the moves back
 * between its voices; *end is the length of the last voice. */
void rp_hand_write(rp_lmx_line *line, const rp_hand *hand, uint8_t measure, int staff,
                   rp_fraction whole, rp_fraction *end);

/* Appends an item as it was read. */
void rp_hand_item_write(rp_lmx_line *line, const rp_hand_item *item);

/* Appends the moves back over a length: its binary parts, the longest first. */
void rp_hands_write_backup(rp_lmx_line *line, rp_fraction length);

#endif
