/* tedn.h: the tree edit distance of two parts with notes folded, as published.
 *
 *     TEDn = edit_cost / gold_cost        corpus: 100 * (sum of edits) / (sum of golds)
 *
 * edit_cost is the least cost of turning the predicted part into the gold part: deleting a node 1,
 * inserting one 1 (a note 1 + the letters of its code, 5 as a rule), changing one 1 for the tag
 * and 1 for the text, or the letters to change where a note is involved. gold_cost is the cost of
 * making the gold part from nothing. A note's pitch, voice, type and stem are one code of four
 * letters and no longer nodes. Both are integers, equal to the published program's.
 * Source: Mayer, Straka, Hajic, Pecina, ICDAR 2024; M. Hajic, "TEDn". */
#ifndef RP_MUSIC_TEDN_H
#define RP_MUSIC_TEDN_H

#include "music/delinearize.h"
#include "music/xml_reader.h"

typedef enum rp_tedn_flavor {
    RP_TEDN_FULL, /* everything that is in the gold file */
    RP_TEDN_LMX   /* without what LMX cannot say: directions, lyrics, layout... */
} rp_tedn_flavor;

typedef struct rp_tedn_cost {
    int64_t edit, gold;
} rp_tedn_cost;

/* Makes a part of a MusicXML file ready: durations become fractions of a quarter (reduced, as
 * text), `divisions` elements go. Changes the part. RP_INPUT: a duration before any divisions, or
 * a number that is none. */
rp_status rp_tedn_make_fractional(rp_xml_tree *tree, rp_xml_node *part, const rp_xml_source *source,
                                  rp_error *error);

/* Takes out what the flavour `lmx` leaves out. */
void rp_tedn_prune(rp_xml_node *part);

/* The costs of two parts of one tree, both made ready. RP_INPUT: a note type or stem that the
 * metric does not know. RP_SYSTEM: no memory; 2 GiB at most are used. */
rp_status rp_tedn(rp_tedn_cost *cost, const rp_xml_tree *tree, const rp_xml_node *gold,
                  const rp_xml_node *predicted, rp_error *error);

/* The published interface: gold MusicXML with one part (or the piano of several) against a line
 * of tokens. A line the published program stops at counts as an empty part. */
rp_status rp_tedn_line(rp_tedn_cost *cost, const rp_xml_source *gold, const rp_lmx_line *predicted,
                       rp_tedn_flavor flavor, rp_error *error);

#endif
