/* ser.h: the Symbol Error Rate of token sequences, accumulated over a corpus.
 *
 *     SER = 100 * (sum of edit distances) / (sum of gold lengths)
 *
 * The edit distance counts insertions, deletions and substitutions, 1 each (Levenshtein). "Without
 * tuplets" leaves out, on both sides, tuplet:start, tuplet:stop and all time modifications (3in2):
 * the variant published beside the plain one, since printed tuplets often lack their number.
 * "Without slurs" leaves out slur:start and slur:stop: gold of real prints has them incomplete. */
#ifndef RP_MUSIC_SER_H
#define RP_MUSIC_SER_H

#include "music/lmx.h"

/* Zero-initialised is the empty corpus. */
typedef struct rp_ser {
    uint64_t distance, gold_length; /* plain */
    uint64_t distance_without_tuplets, gold_length_without_tuplets;
    uint64_t distance_without_slurs, gold_length_without_slurs;
} rp_ser;

/* Levenshtein distance of two sequences. Time O(gold * predicted / 64), memory
 * O(gold * different tokens / 64). SIZE_MAX: no memory.
 * Source: G. Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic
 * programming", JACM 46(3), 1999; in blocks as H. Hyyro, 2003. */
size_t rp_ser_distance(const uint16_t *gold, size_t gold_count, const uint16_t *predicted,
                       size_t predicted_count);

/* Adds one pair of lines, both cut with the same rp_lmx_words. RP_SYSTEM: no memory. */
rp_status rp_ser_add(rp_ser *ser, const rp_lmx_line *gold, const rp_lmx_line *predicted,
                     rp_error *error);

/* In percent; 0 for an empty corpus without errors. */
double rp_ser_percent(const rp_ser *ser);
double rp_ser_percent_without_tuplets(const rp_ser *ser);
double rp_ser_percent_without_slurs(const rp_ser *ser);

#endif
