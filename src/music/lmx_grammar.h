/* lmx_grammar.h: which tokens may come next, so that a reader decodes only what can be music.
 *
 *     part    = measure*                 measure = "measure" item*
 *     item    = attrs | note | move      attrs   = key? ("time" beats beat-type)? (clef staff?)*
 *     move    = ("backup" | "forward") type
 *     note    = "print-object:no"? ("grace" "grace:slash"?)? "chord"? ("rest" | pitch) voice?
 *               (type | "rest:measure") timemod? "dot"* accidental? stem? staff? beam* tied*
 * tuplet* slur* "fermata"? "arpeggiate"? "staccato"? "accent"? "strong-accent"? "tenuto"?
 *               (tremolo-type tremolo-marks)? "trill-mark"?
 *
 * Beyond this form, which is the Linearizer's, the automaton keeps to what can stand in music:
 *   - voice, staff and stem are named only when they change (they are forgotten at a measure and
 *     at a backup);
 *   - a chord note follows a sounding note directly, is not lower than it, and has its grace,
 *     type, time modification and dots, and no voice and no beams of its own;
 *   - a rest has no accidental, stem, beam, tie or tremolo and is no grace note; rest:measure
 *     stands where its measure or voice begins, and has no dots or tuplets;
 *   - a measure holds a note at least; clefs of one place come with rising staffs; nothing goes
 * back where nothing has been;
 *   - the lengths of one backup fall; per note at most 4 dots, 8 beams, tied:stop before
 *     tied:start, 4 tuplet and 8 slur tokens.
 * Of the 16,364 lines of the training and development splits one is refused (a falling chord). The
 * state is a small struct: copy it to branch, as beam search does. A step is a fixed number of
 * operations.
 *
 *     rp_lmx_grammar state = rp_lmx_grammar_start();
 *     rp_lmx_set allowed;
 *     rp_lmx_grammar_allowed(&state, &allowed);
 *     if (rp_lmx_set_has(&allowed, token)) rp_lmx_grammar_advance(&state, token);
 */
#ifndef RP_MUSIC_LMX_GRAMMAR_H
#define RP_MUSIC_LMX_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "music/lmx.h"

/* Bit t % 64 of word t / 64 is token t; bit 224 (RP_LMX_END) is the end of the line. */
typedef struct rp_lmx_set {
    uint64_t words[4];
} rp_lmx_set;

static inline bool rp_lmx_set_has(const rp_lmx_set *set, unsigned token) {
    return token <= RP_LMX_END && (set->words[token / 64] >> (token % 64) & 1) != 0;
}

/* All fields are the automaton's own. */
typedef struct rp_lmx_grammar {
    uint8_t place;              /* what was read last, see lmx_grammar.c */
    uint8_t slot, repeats;      /* suffix row of the note in hand; its tokens so far */
    uint8_t voice, stem, staff; /* token named last, 0: none */
    uint8_t item;               /* kind of the item in hand or just ended */
    uint8_t clef_staff;         /* of the clef before, 0: none */
    uint8_t move_type;          /* type of the move just ended */
    uint8_t last_tied;          /* tied token of the note in hand, 0: none */
    bool has_note;              /* the measure holds a note */
    bool has_moved;             /* something sounded or moved since the measure or backup */
    bool is_grace, is_chord, is_rest, is_measure_rest; /* the note in hand */
    struct rp_lmx_grammar_note { /* the note before: a chord note takes after it */
        uint8_t pitch, type, time_modification, dots; /* tokens and a count; pitch 0: no pitch */
        bool is_grace;
    } before, current;
} rp_lmx_grammar;

rp_lmx_grammar rp_lmx_grammar_start(void);

/* Which tokens may follow. Never empty: after the END only END. */
void rp_lmx_grammar_allowed(const rp_lmx_grammar *grammar, rp_lmx_set *set);

/* Moves on by one token. False: the token may not follow, and the state is as it was. */
bool rp_lmx_grammar_advance(rp_lmx_grammar *grammar, unsigned token);

/* Length of the longest accepted beginning of a line; `count` when a line may also end there. When
 * all tokens are accepted but the line may not end there, count - 1 at most is returned. */
size_t rp_lmx_grammar_accepts(const uint16_t *tokens, size_t count);

#endif
