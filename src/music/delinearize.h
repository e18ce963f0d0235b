/* delinearize.h: Linearized MusicXML to MusicXML, as the published Delinearizer does it, quirks
 * included. Any sequence of words is accepted: what is out of place is dropped with a message.
 *
 * In four situations the published program stops. Here the music goes on in the nearest valid way,
 * and the report says which of them it was (the first one met):
 *   BEFORE_MEASURE  tokens stand before the first `measure`: they count as in a first measure
 *   MOVE_LENGTH     a move of no length (`backup rest:measure`) beside another: it counts as 0
 *   NO_DURATION     nothing has a duration: divisions is 1 */
#ifndef RP_MUSIC_DELINEARIZE_H
#define RP_MUSIC_DELINEARIZE_H

#include "music/lmx.h"
#include "music/xml_tree.h"

typedef enum rp_delinearize_stop {
    RP_DELINEARIZE_NO_STOP,
    RP_DELINEARIZE_BEFORE_MEASURE,
    RP_DELINEARIZE_MOVE_LENGTH,
    RP_DELINEARIZE_NO_DURATION
} rp_delinearize_stop;

typedef struct rp_delinearize_report {
    size_t messages;          /* tokens dropped, doubled or missing: one each */
    rp_delinearize_stop stop; /* where the published program would have stopped */
} rp_delinearize_report;

typedef struct rp_delinearize_options {
    bool fractional;   /* durations as reduced fractions of a quarter, no divisions: for TEDn */
    const rp_log *log; /* receives the messages; may be NULL */
} rp_delinearize_options;

/* Makes a `part` with id P2 in `tree`; *part is the tree's. `options` and `report` may be NULL.
 * RP_SYSTEM: no memory. */
rp_status rp_delinearize(rp_xml_node **part, rp_xml_tree *tree, const rp_lmx_line *line,
                         const rp_delinearize_options *options, rp_delinearize_report *report,
                         rp_error *error);

/* Wraps a part as the published program does: score-partwise 3.1 with one score-part, Piano. */
rp_xml_node *rp_delinearize_wrap(rp_xml_tree *tree, rp_xml_node *part);

/* Appends the declaration, the document and a newline. */
void rp_delinearize_print(rp_text *text, const rp_xml_tree *tree, const rp_xml_node *score);

#endif
