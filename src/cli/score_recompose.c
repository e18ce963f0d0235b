/* score_recompose.c: `reprise score recompose`. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/score.h"

struct recompose_options {
    const char *split;
    int64_t pieces, seed;
    bool json;
};

static const struct recompose_options defaults = {.split = "train", .pieces = 100, .seed = 1};

static const rp_cli_option options[] = {
    {"pieces", 'n', RP_CLI_INTEGER, "1..", offsetof(struct recompose_options, pieces),
     "how many to write; each gives about 15 systems"},
    {"split", 's', RP_CLI_TEXT, "NAME", offsetof(struct recompose_options, split),
     "whose labels are taken: samples.NAME.txt"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(struct recompose_options, seed),
     "another seed, other pieces"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct recompose_options, json), "say it as JSON"},
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct recompose_options *values = call->values;
    const rp_score_recompose_options how = {
        .split = values->split, .pieces = (int32_t)values->pieces, .seed = (uint64_t)values->seed};
    rp_score_recompose_report report;
    const rp_status status =
        rp_score_recompose(&report, call->inputs[1], call->inputs[0], &how, call->progress, error);
    if (status != RP_OK) return status;
    if (values->json)
        printf("{\"reprise\":1,\"systems\":%" PRId32 ",\"measures\":%" PRId64
               ",\"whole_measures\":%" PRId64 ",\"times\":%" PRId32 ",\"pieces\":%" PRId32 "}\n",
               report.systems, report.measures, report.wholes, report.times, report.pieces);
    else
        printf("%" PRId32 " pieces, of %" PRId64 " measures by hands and %" PRId64
               " whole, in %" PRId32 " time signatures (%" PRId32 " systems)\n",
               report.pieces, report.measures, report.wholes, report.times, report.systems);
    return RP_OK;
}

const rp_cli_verb rp_cli_score_recompose = {
    .wing = "score",
    .name = "recompose",
    .inputs = "DATA OUT",
    .inputs_min = 2,
    .inputs_max = 2,
    .summary = "make new pieces of a data set's music, to train on",
    .description =
        "A network that has read the same scores fifty times knows them by heart. The pieces\n"
        "written here hold what it has never seen: each hand from another score, its pitches\n"
        "moved, turned or spread, in drawn keys, with a singer and marks around it; and often\n"
        "measures that are misread most, taken whole: hands that cross, clefs that change within.\n"
        "DATA is in the OLiMPiC layout; only its labels are read. Engrave OUT with\n"
        "`reprise score dataset`.",
    .examples = {"reprise score recompose olimpic pieces -n 600",
                 "600 pieces of the training split's music", "reprise score dataset pieces more",
                 "engraved: some 9,000 systems to train on"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct recompose_options),
    .defaults = &defaults,
    .run = run};
