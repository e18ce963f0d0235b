/* joined_score.c: see joined_score.h. */
#include "music/joined_score.h"

#include "music/finish.h"
#include "music/lmx_join.h"

/* Says which measures were repaired, and how. */
static void tell_repairs(const rp_log *log, const rp_measure_repairs *repairs) {
    for (size_t i = 0; i < repairs->count; i++)
        rp_log_line(log, 0, "measure %u of the score: %s", repairs->measures[i].index + 1,
                    repairs->measures[i].what);
}

rp_xml_node *rp_joined_score_wrap(rp_xml_tree *tree, rp_xml_node *part) {
    rp_xml_node *score = rp_delinearize_wrap(tree, part);
    rp_xml_node *score_part =
        rp_xml_child(rp_xml_child(score, RP_XML_PART_LIST), RP_XML_SCORE_PART);
    if (score_part == NULL) return score;
    rp_xml_node *instrument = rp_xml_add(tree, score_part, RP_XML_SCORE_INSTRUMENT, NULL);
    rp_xml_set_attribute(tree, instrument, RP_XML_ATTRIBUTE_ID, "P2-I1");
    rp_xml_add(tree, instrument, RP_XML_INSTRUMENT_NAME, "Piano");
    return score;
}

static rp_status write_score(rp_text *musicxml, rp_xml_tree *tree, const rp_lmx_line *line,
                             const rp_joined_score_options *options, rp_joined_score_report *report,
                             rp_error *error) {
    rp_measure_repairs repairs = {0};
    rp_lmx_line repaired = *line;
    rp_xml_node *part = NULL;
    const rp_delinearize_options how = {.log = options->log};
    if (options->repairs) {
        RP_TRY(rp_measure_repair(&repaired, &repairs, tree->arena, line, error));
        tell_repairs(options->log, &repairs);
    }
    RP_TRY(rp_delinearize(&part, tree, &repaired, &how, &report->delinearize, error));
    report->left_out = rp_finish_part(tree, part, &repairs, options->log);
    for (const rp_xml_node *at = part->first; at != NULL; at = at->next) report->measures++;
    report->repaired = repairs.count;
    if (tree->arena->failed) return rp_fail_memory(error, "the score");
    rp_delinearize_print(musicxml, tree, rp_joined_score_wrap(tree, part));
    return musicxml->failed ? rp_fail_memory(error, "the score") : RP_OK;
}

rp_status rp_joined_score(rp_text *musicxml, const rp_lmx_line *lines, size_t count,
                          const rp_joined_score_options *options, rp_joined_score_report *report,
                          rp_error *error) {
    static const rp_joined_score_options defaults = {0};
    rp_joined_score_report unasked;
    if (options == NULL) options = &defaults;
    if (report == NULL) report = &unasked;
    *report = (rp_joined_score_report){0};
    rp_arena arena = {0};
    rp_xml_tree tree;
    rp_lmx_line joined;
    rp_xml_tree_init(&tree, &arena);
    rp_status status = rp_lmx_join(&joined, &arena, lines, count, error);
    if (status == RP_OK) status = write_score(musicxml, &tree, &joined, options, report, error);
    rp_arena_clear(&arena);
    return status;
}
