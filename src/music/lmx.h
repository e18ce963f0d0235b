/* lmx.h: Linearized MusicXML: the 224 tokens as a table, words to tokens, tokens to words.
 *
 * A line of LMX is one system (or one part) of music as words between blanks:
 *     measure key:fifths:1 time beats:3 beat-type:4 clef:G2 staff:1 C4 voice:1 quarter stem:up
 * Each token has a kind (what it says) and a role (how the Delinearizer binds it):
 *     measure  begins a measure
 *     root     makes an element: a note type, rest:measure, time, a key, a clef
 *     prefix   belongs to the next root: pitch, rest, chord, voice, backup...
 *     suffix   belongs to the last root: dot, accidental, stem, beam, slur...
 * Source: Mayer, Straka, Hajic, Pecina, ICDAR 2024; file version 1.0. */
#ifndef RP_MUSIC_LMX_H
#define RP_MUSIC_LMX_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "music/fraction.h"

/* Token numbers 0 .. 223: RP_LMX_MEASURE, RP_LMX_KEY_M7, ..., in the published order. */
typedef enum rp_lmx_token {
#define TOKEN(name, text, kind, a, b) RP_LMX_##name,
#include "music/lmx_vocabulary.def"
#undef TOKEN
    RP_LMX_COUNT,
    RP_LMX_END = RP_LMX_COUNT,    /* 224: the end of a line, for decoders; never in a text */
    RP_LMX_UNKNOWN = 256,         /* this and above: words outside the vocabulary, */
    RP_LMX_UNKNOWN_TUPLET = 32768 /* from here those that read like a time modification: 99in98 */
} rp_lmx_token;
_Static_assert(RP_LMX_COUNT == 224, "the published vocabulary has 224 tokens");

typedef enum rp_lmx_role {
    RP_LMX_ROLE_MEASURE,
    RP_LMX_ROLE_PREFIX,
    RP_LMX_ROLE_ROOT,
    RP_LMX_ROLE_SUFFIX
} rp_lmx_role;

/* Kinds, in the order of the vocabulary. */
typedef enum rp_lmx_kind {
    RP_LMX_KIND_MEASURE,
    RP_LMX_KIND_KEY,
    RP_LMX_KIND_TIME,
    RP_LMX_KIND_BEATS,
    RP_LMX_KIND_BEAT_TYPE,
    RP_LMX_KIND_CLEF,
    RP_LMX_KIND_PRINT_OBJECT,
    RP_LMX_KIND_GRACE,
    RP_LMX_KIND_GRACE_SLASH,
    RP_LMX_KIND_CHORD,
    RP_LMX_KIND_PITCH,
    RP_LMX_KIND_REST,
    RP_LMX_KIND_FORWARD,
    RP_LMX_KIND_BACKUP,
    RP_LMX_KIND_VOICE,
    RP_LMX_KIND_TYPE,
    RP_LMX_KIND_REST_MEASURE,
    RP_LMX_KIND_TIME_MODIFICATION,
    RP_LMX_KIND_DOT,
    RP_LMX_KIND_ACCIDENTAL,
    RP_LMX_KIND_STEM,
    RP_LMX_KIND_STAFF,
    RP_LMX_KIND_BEAM,
    RP_LMX_KIND_TIED,
    RP_LMX_KIND_TUPLET,
    RP_LMX_KIND_SLUR,
    RP_LMX_KIND_FERMATA,
    RP_LMX_KIND_ARPEGGIATE,
    RP_LMX_KIND_STACCATO,
    RP_LMX_KIND_ACCENT,
    RP_LMX_KIND_STRONG_ACCENT,
    RP_LMX_KIND_TENUTO,
    RP_LMX_KIND_TRILL_MARK,
    RP_LMX_KIND_TREMOLO_TYPE,
    RP_LMX_KIND_TREMOLO_MARKS,
    RP_LMX_KIND_COUNT
} rp_lmx_kind;

typedef struct rp_lmx_row {
    const char *text; /* as in a line: "C4" */
    uint8_t kind;     /* rp_lmx_kind */
    int8_t a, b;      /* the token's numbers; see lmx_vocabulary.def */
} rp_lmx_row;

/* token: 0 .. RP_LMX_COUNT - 1. */
const rp_lmx_row *rp_lmx_row_of(unsigned token);
rp_lmx_role rp_lmx_role_of(unsigned token);

/* The word of a token, borrowed for ever; NULL for anything outside the vocabulary. */
const char *rp_lmx_text_of(unsigned token);

/* The token of a word of `length` bytes; RP_LMX_UNKNOWN if it is not in the vocabulary. */
unsigned rp_lmx_token_of(const char *word, size_t length);

/* How long notes and moves of a type last, in quarters: each dot adds half of what the one before
 * added, and a time modification (its token, 3in2; 0: none) makes 3 of them as long as 2. Past
 * RP_LMX_DOTS_MAX dots nothing more is added. `type`: RP_LMX_TYPE_1024TH .. RP_LMX_TYPE_MAXIMA. */
enum { RP_LMX_DOTS_MAX = 32 };
rp_fraction rp_lmx_length(unsigned type, size_t dots, unsigned time_modification);

/* A line cut into words. Token i is word i, so positions count unknown words too. */
typedef struct rp_lmx_line {
    uint16_t *tokens; /* (count) 0 .. 223, or RP_LMX_UNKNOWN and above: unknown words */
    size_t count;
    size_t unknown; /* how many of them are outside the vocabulary */
} rp_lmx_line;

/* Appends a token to a line that has room for it. */
static inline void rp_lmx_line_add(rp_lmx_line *line, unsigned token) {
    line->tokens[line->count++] = (uint16_t)token;
}

/* Numbers for unknown words: the same word has the same number in all lines cut with the same
 * rp_lmx_words. Zero-initialise it with an arena; it lives as long as the arena. */
typedef struct rp_lmx_words {
    rp_arena *arena; /* borrowed */
    struct rp_lmx_word *table;
    size_t capacity, count, tuplet_count; /* count: all; tuplet_count: like 99in98 */
} rp_lmx_words;

/* Cuts `length` bytes at white space (as Unicode has it). The tokens are the arena's. Past
 * 32,511 different unknown words the further ones share one number. RP_SYSTEM: no memory. */
rp_status rp_lmx_lex(rp_lmx_line *line, rp_lmx_words *words, const char *text, size_t length,
                     rp_error *error);

/* Appends the tokens' words, joined by single blanks; ids outside the vocabulary are left out. */
void rp_lmx_print(rp_text *text, const uint16_t *tokens, size_t count);

#endif
