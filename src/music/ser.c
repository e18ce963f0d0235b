/* ser.c: Levenshtein distance in bit vectors, and the Symbol Error Rate over a corpus.
 *
 * The table of prefix distances D (gold down, prediction across) changes by -1, 0 or +1 between
 * neighbours. A column is therefore two bit vectors: where D grows downwards (Pv) and where it
 * shrinks (Mv). One predicted token turns a column into the next with a few word operations, 64
 * gold tokens at a time; only the bottom cell's value is kept as a number. */
#include "music/ser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

/* One block of 64 rows of the current column. */
struct block {
    uint64_t pv, mv;
};

/* Moves a block one column on. `hin`: the change of D along its upper edge, -1, 0 or +1; `last`:
 * the row (0 .. 63) whose own change is returned. */
static int block_step(struct block *block, uint64_t equal, int hin, unsigned last) {
    const uint64_t pv = block->pv, mv = block->mv;
    const uint64_t xv = equal | mv;
    if (hin < 0) equal |= 1;
    const uint64_t xh = (((equal & pv) + pv) ^ pv) | equal;
    uint64_t ph = mv | ~(xh | pv), mh = pv & xh;
    const int hout = (int)(ph >> last & 1) - (int)(mh >> last & 1);
    ph = ph << 1 | (hin > 0);
    mh = mh << 1 | (hin < 0);
    block->pv = mh | ~(xv | ph);
    block->mv = ph & xv;
    return hout;
}

/* What the bit-vector run needs: per different gold token a vector of the rows that hold it. */
struct profile {
    uint16_t *index_of; /* (largest token + 1) 0: not in gold, else vector number + 1 */
    size_t token_limit;
    uint64_t *vectors; /* (different tokens, blocks) */
    struct block *blocks;
    size_t block_count;
};

static void profile_clear(struct profile *profile) {
    free(profile->index_of);
    free(profile->vectors);
    free(profile->blocks);
}

static bool profile_make(struct profile *profile, const uint16_t *gold, size_t count) {
    *profile = (struct profile){.block_count = (count + WORD_BITS - 1) / WORD_BITS};
    for (size_t i = 0; i < count; i++)
        if (gold[i] >= profile->token_limit) profile->token_limit = gold[i] + 1u;
    profile->index_of = calloc(profile->token_limit, sizeof *profile->index_of);
    profile->blocks = malloc(profile->block_count * sizeof *profile->blocks);
    if (profile->index_of == NULL || profile->blocks == NULL) return false;
    size_t different = 0;
    for (size_t i = 0; i < count; i++)
        if (profile->index_of[gold[i]] == 0) profile->index_of[gold[i]] = (uint16_t)++different;
    profile->vectors = calloc(different * profile->block_count, sizeof *profile->vectors);
    if (profile->vectors == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t *vector =
            profile->vectors + (profile->index_of[gold[i]] - 1u) * profile->block_count;
        vector[i / WORD_BITS] |= 1ull << i % WORD_BITS;
    }
    for (size_t b = 0; b < profile->block_count; b++)
        profile->blocks[b] = (struct block){.pv = ~0ull};
    return true;
}

/* D's change at the bottom row when the column moves over `token`. */
static int profile_step(struct profile *profile, uint16_t token, unsigned last) {
    const unsigned index = token < profile->token_limit ? profile->index_of[token] : 0;
    const uint64_t *vector =
        index > 0 ? profile->vectors + (index - 1) * profile->block_count : NULL;
    int change = 1; /* the top row of D counts the predicted tokens */
    for (size_t b = 0; b < profile->block_count; b++)
        change = block_step(&profile->blocks[b], vector != NULL ? vector[b] : 0, change,
                            b + 1 < profile->block_count ? WORD_BITS - 1 : last);
    return change;
}

size_t rp_ser_distance(const uint16_t *gold, size_t gold_count, const uint16_t *predicted,
                       size_t predicted_count) {
    while (gold_count > 0 && predicted_count > 0 && *gold == *predicted)
        gold++, predicted++, gold_count--, predicted_count--;
    while (gold_count > 0 && predicted_count > 0 &&
           gold[gold_count - 1] == predicted[predicted_count - 1])
        gold_count--, predicted_count--;
    if (gold_count == 0 || predicted_count == 0) return gold_count + predicted_count;
    struct profile profile;
    size_t distance = SIZE_MAX;
    if (profile_make(&profile, gold, gold_count)) {
        const unsigned last = (unsigned)((gold_count - 1) % WORD_BITS);
        distance = gold_count;
        for (size_t i = 0; i < predicted_count; i++)
            distance += (size_t)(ptrdiff_t)profile_step(&profile, predicted[i], last);
    }
    profile_clear(&profile);
    return distance;
}

/* Is the token left out of the variant without tuplets? */
static bool is_tuplet(unsigned token) {
    if (token >= RP_LMX_COUNT) return token >= RP_LMX_UNKNOWN_TUPLET;
    const unsigned kind = rp_lmx_row_of(token)->kind;
    return kind == RP_LMX_KIND_TIME_MODIFICATION || kind == RP_LMX_KIND_TUPLET;
}

static bool is_slur(unsigned token) {
    return token < RP_LMX_COUNT && rp_lmx_row_of(token)->kind == RP_LMX_KIND_SLUR;
}

typedef bool (*is_left_out_fn)(unsigned token);

static size_t keep_without(uint16_t *kept, const rp_lmx_line *line, is_left_out_fn is_left_out) {
    size_t count = 0;
    for (size_t i = 0; i < line->count; i++)
        if (!is_left_out(line->tokens[i])) kept[count++] = line->tokens[i];
    return count;
}

/* Adds a variant of the rate. `kept`: room for both lines. False: no memory. */
static bool add_without(uint64_t *distance, uint64_t *gold_length, uint16_t *kept,
                        const rp_lmx_line *lines[2], is_left_out_fn is_left_out) {
    const size_t gold_count = keep_without(kept, lines[0], is_left_out);
    const size_t predicted_count = keep_without(kept + gold_count, lines[1], is_left_out);
    const size_t without = rp_ser_distance(kept, gold_count, kept + gold_count, predicted_count);
    if (without == SIZE_MAX) return false;
    *distance += without;
    *gold_length += gold_count;
    return true;
}

rp_status rp_ser_add(rp_ser *ser, const rp_lmx_line *gold, const rp_lmx_line *predicted,
                     rp_error *error) {
    const rp_lmx_line *lines[2] = {gold, predicted};
    rp_ser sum = *ser;
    uint16_t *kept = malloc((gold->count + predicted->count + 1) * sizeof *kept);
    const size_t all =
        rp_ser_distance(gold->tokens, gold->count, predicted->tokens, predicted->count);
    const bool is_done = all != SIZE_MAX && kept != NULL &&
                         add_without(&sum.distance_without_tuplets,
                                     &sum.gold_length_without_tuplets, kept, lines, is_tuplet) &&
                         add_without(&sum.distance_without_slurs, &sum.gold_length_without_slurs,
                                     kept, lines, is_slur);
    free(kept);
    if (!is_done) return rp_fail_memory(error, "the edit distance");
    sum.distance += all;
    sum.gold_length += gold->count;
    *ser = sum;
    return RP_OK;
}

static double percent(uint64_t distance, uint64_t length) {
    if (length == 0) return distance == 0 ? 0.0 : (double)INFINITY;
    return 100.0 * (double)distance / (double)length;
}

double rp_ser_percent(const rp_ser *ser) { return percent(ser->distance, ser->gold_length); }

double rp_ser_percent_without_tuplets(const rp_ser *ser) {
    return percent(ser->distance_without_tuplets, ser->gold_length_without_tuplets);
}

double rp_ser_percent_without_slurs(const rp_ser *ser) {
    return percent(ser->distance_without_slurs, ser->gold_length_without_slurs);
}
