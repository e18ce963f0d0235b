/* token_alignment.h: which token of what was read stands for which token of gold, and what the
 * errors are about.
 *
 * Two lines are laid side by side with as few edits as the symbol error rate counts. Among the ways
 * to do so one is taken that changes tokens for tokens of the same cause (a pitch read as another
 * pitch) where it can, so that the table of causes says what a musician would say. */
#ifndef RP_MUSIC_TOKEN_ALIGNMENT_H
#define RP_MUSIC_TOKEN_ALIGNMENT_H

#include "music/lmx.h"

typedef enum rp_cause {
    RP_CAUSE_MEASURES,
    RP_CAUSE_KEYS,
    RP_CAUSE_TIMES,
    RP_CAUSE_CLEFS,
    RP_CAUSE_PITCHES,
    RP_CAUSE_CHORDS,
    RP_CAUSE_RESTS,
    RP_CAUSE_GRACE_NOTES,
    RP_CAUSE_NOTE_VALUES, /* types and dots */
    RP_CAUSE_TUPLETS,
    RP_CAUSE_VOICES, /* and the moves between them */
    RP_CAUSE_STAFFS,
    RP_CAUSE_ACCIDENTALS,
    RP_CAUSE_STEMS,
    RP_CAUSE_BEAMS,
    RP_CAUSE_TIES,
    RP_CAUSE_SLURS,
    RP_CAUSE_MARKS, /* articulation, ornaments, tremolos, fermatas */
    RP_CAUSE_COUNT
} rp_cause;

const char *rp_cause_name(rp_cause cause);

/* The edits of one cause. A change counts under the cause of the gold token. The sum of all is
 * the edit distance. */
typedef struct rp_cause_row {
    uint64_t gold, changed, missing, extra;
} rp_cause_row;

enum { RP_ALIGNMENT_NONE = -1 };

typedef struct rp_token_alignment {
    int32_t *gold_of; /* (read tokens) place of the gold token in its stead, or NONE: extra */
    int32_t *read_of; /* (gold tokens) the other way round; NONE: missing */
    size_t distance;
} rp_token_alignment;

/* Lays `read` beside `gold`; the memory is the arena's, O(gold * read) of it. RP_INPUT: the lines
 * are too long to be laid side by side (2^26 pairs). RP_SYSTEM: no memory. */
rp_status rp_token_align(rp_token_alignment *alignment, rp_arena *arena, const rp_lmx_line *gold,
                         const rp_lmx_line *read, rp_error *error);

/* Adds the edits of an alignment to a table of causes. */
void rp_cause_add(rp_cause_row table[RP_CAUSE_COUNT], const rp_token_alignment *alignment,
                  const rp_lmx_line *gold, const rp_lmx_line *read);

#endif
