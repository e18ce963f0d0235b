/* score_compare.c: `reprise score compare`. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/json_number.h"
#include "cli/verb.h"
#include "reprise/music.h"

struct compare_options {
    const char *flavor, *picture;
    bool json;
};

static const rp_cli_option options[] = {
    {"flavor", 0, RP_CLI_TEXT, "full|lmx", offsetof(struct compare_options, flavor),
     "TEDn over all of the gold file (full), or over what LMX can say"},
    {"picture", 0, RP_CLI_OUTPUT, "FILE.png", offsetof(struct compare_options, picture),
     "draw both scores there, the notes that differ in colour (by MuseScore 3)"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct compare_options, json), "say it as JSON"},
};

static const struct compare_options defaults = {.flavor = "full"};

static void print_json(const rp_music_comparison *found, const char *flavor) {
    printf("{\"reprise\": 1, \"flavor\": \"%s\", \"edit_cost\": %lld, \"gold_cost\": %lld", flavor,
           (long long)found->edit_cost, (long long)found->gold_cost);
    rp_cli_json_number("tedn", found->tedn, 6);
    rp_cli_json_number("ser", found->ser, 6);
    rp_cli_json_number("ser_without_tuplets", found->ser_without_tuplets, 6);
    rp_cli_json_number("note_f1", found->note_f1, 6);
    rp_cli_json_number("onset_f1", found->onset_f1, 6);
    printf(", \"differences\": [");
    for (size_t i = 0; i < found->difference_count; i++)
        printf("%s\"%s\"", i > 0 ? ", " : "", found->differences[i]);
    printf("]}\n");
}

static void print_text(const rp_music_comparison *found) {
    if (isnan(found->tedn)) printf("TEDn not to be had: the true score is empty\n");
    else
        printf("TEDn %.3f %% (%lld of %lld)\n", 100 * found->tedn, (long long)found->edit_cost,
               (long long)found->gold_cost);
    if (isinf(found->ser)) printf("SER not to be had: the true score is empty\n");
    else if (isnan(found->ser)) printf("SER not to be had: a score holds what LMX cannot say\n");
    else printf("SER %.3f %%, without tuplets %.3f %%\n", found->ser, found->ser_without_tuplets);
    printf("note F1 %.4f, onset F1 %.4f\n", found->note_f1, found->onset_f1);
    for (size_t i = 0; i < found->difference_count; i++) printf("%s\n", found->differences[i]);
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct compare_options *values = call->values;
    rp_music_comparison found;
    const rp_music_flavor flavor =
        strcmp(values->flavor, "lmx") == 0 ? RP_MUSIC_LMX_ONLY : RP_MUSIC_FULL;
    const rp_status status =
        rp_music_compare(&found, call->inputs[0], call->inputs[1], flavor, error);
    if (status != RP_OK) return status;
    if (values->json) print_json(&found, values->flavor);
    else print_text(&found);
    rp_music_comparison_clear(&found);
    if (values->picture == NULL) return RP_OK;
    return rp_music_picture(values->picture, call->inputs[0], call->inputs[1], 0, error);
}

const rp_cli_verb rp_cli_score_compare = {
    .wing = "score",
    .name = "compare",
    .inputs = "GOLD PREDICTED",
    .inputs_min = 2,
    .inputs_max = 2,
    .summary = "say how far a score is from the true one",
    .description =
        "Takes .musicxml, .mxl and .lmx files. Prints TEDn and SER as published (Mayer et al.,\n"
        "ICDAR 2024), the F1 of notes and of onsets, and each note that differs, by measure.",
    .examples = {"reprise score compare true.musicxml read.lmx", "figures and differences",
                 "reprise score compare true.mxl read.musicxml --flavor lmx --json",
                 "without directions and lyrics, for programs",
                 "reprise score compare true.lmx read.lmx --picture both.png",
                 "both engraved, differences in colour"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct compare_options),
    .defaults = &defaults,
    .run = run};
