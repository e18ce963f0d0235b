/* joined_score.h: the tokens of all systems of a piece to one MusicXML score.
 *
 * The lines are joined and delinearized once, so that keys, clefs, ties, slurs and measure numbers
 * carry over; measures are made to add up if asked for; the part is brought under the schema's
 * rules. This is what reading a score ends with. */
#ifndef RP_MUSIC_JOINED_SCORE_H
#define RP_MUSIC_JOINED_SCORE_H

#include "music/delinearize.h"
#include "music/measure_repair.h"

typedef struct rp_joined_score_options {
    bool repairs;      /* make the measures add up, and mark those that were changed */
    const rp_log *log; /* one line a repaired measure, dropped token, or measure of which
                          notes are left out or tuplets not whole; may be NULL */
} rp_joined_score_options;

typedef struct rp_joined_score_report {
    rp_delinearize_report delinearize;
    size_t measures, repaired;
    size_t left_out; /* notes for which there was no place */
} rp_joined_score_report;

/* Appends the document. `options` and `report` may be NULL. RP_SYSTEM: no memory. */
rp_status rp_joined_score(rp_text *musicxml, const rp_lmx_line *lines, size_t count,
                          const rp_joined_score_options *options, rp_joined_score_report *report,
                          rp_error *error);

/* Wraps a part as rp_delinearize_wrap does, with the name of its instrument, which programs that
 * play it ask for. */
rp_xml_node *rp_joined_score_wrap(rp_xml_tree *tree, rp_xml_node *part);

#endif
