/* score_evaluate.c: `reprise score evaluate`. */
#include <stdio.h>

#include "cli/model_path.h"
#include "cli/verb.h"
#include "reprise/score.h"

struct evaluate_options {
    const char *split, *model;
    int64_t limit, threads;
    bool json, full_precision, free_grammar;
};

static const struct evaluate_options defaults = {.split = "dev"};

#define AT(member) offsetof(struct evaluate_options, member)
static const rp_cli_option options[] = {
    {"split", 's', RP_CLI_TEXT, "NAME", AT(split), "which list: samples.NAME.txt"},
    {"model", 'm', RP_CLI_TEXT, "FILE", AT(model), "weights to read with, instead of the shipped"},
    {"limit", 'n', RP_CLI_INTEGER, "N", AT(limit), "only the first N systems"},
    {"json", 0, RP_CLI_FLAG, NULL, AT(json), "say it as JSON"},
    {"threads", 't', RP_CLI_INTEGER, "N", AT(threads), "processors to use; 0: all"},
    {"f32", 0, RP_CLI_FLAG, NULL, AT(full_precision), "activations in f32 instead of bf16"},
    {"free", 0, RP_CLI_FLAG, NULL, AT(free_grammar), "let any token follow any"},
};
#undef AT

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct evaluate_options *values = call->values;
    rp_score_figures figures;
    char space[RP_CLI_PATH_BYTES];
    const rp_score_evaluate_options evaluate = {.data = call->inputs[0],
                                                .split = values->split,
                                                .model = rp_cli_model_path(space, values->model),
                                                .limit = (int32_t)values->limit,
                                                .threads = (int32_t)values->threads,
                                                .full_precision = values->full_precision,
                                                .free_grammar = values->free_grammar};
    const rp_status status = rp_score_evaluate(&figures, &evaluate, call->progress, error);
    if (status != RP_OK) return status;
    if (values->json) {
        printf(
            "{\"reprise\": 1, \"ser\": %.3f, \"ser_no_tuplets\": %.3f, \"cut_right\": %.2f, "
            "\"systems\": %d, \"seconds\": %.2f}\n",
            figures.ser, figures.ser_no_tuplets, figures.cut_right, figures.systems,
            figures.seconds);
    } else {
        printf("systems                     %d\n", figures.systems);
        printf("symbol error rate           %.2f %%\n", figures.ser);
        printf("without tuplets             %.2f %%\n", figures.ser_no_tuplets);
        printf("cut into the right measures %.1f %%\n", figures.cut_right);
        printf("seconds                     %.1f\n", figures.seconds);
    }
    return RP_OK;
}

const rp_cli_verb rp_cli_score_evaluate = {
    .wing = "score",
    .name = "evaluate",
    .inputs = "DATA",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "measure how well a model reads a data set",
    .description =
        "DATA is a data set in the OLiMPiC layout, a folder or its .tgz shards. The\n"
        "symbol error rate is 100 times the sum of edit distances over the sum of the\n"
        "labels' lengths, in tokens.",
    .examples = {"reprise score evaluate olimpic --split dev", "the whole development split",
                 "reprise score evaluate olimpic --limit 100 --json", "a quick look, for a script"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct evaluate_options),
    .defaults = &defaults,
    .run = run};
