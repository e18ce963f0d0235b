/* score_evaluate.c: `reprise score evaluate`. */
#include <stdio.h>

#include "cli/json_number.h"
#include "cli/model_path.h"
#include "cli/verb.h"
#include "reprise/score.h"

struct evaluate_options {
    const char *split, *model, *details, *calibrate, *augment;
    int64_t limit, threads, beam, views;
    bool json, full_precision, free_grammar, straighten;
};

static const struct evaluate_options defaults = {.split = "dev"};

#define AT(member) offsetof(struct evaluate_options, member)
static const rp_cli_option options[] = {
    {"split", 's', RP_CLI_TEXT, "NAME", AT(split), "which list: samples.NAME.txt"},
    {"model", 'm', RP_CLI_INPUT, "FILE", AT(model), "weights to read with, instead of the shipped"},
    {"limit", 'n', RP_CLI_INTEGER, "N", AT(limit), "only the first N systems"},
    {"details", 'd', RP_CLI_OUTPUT, "FILE", AT(details),
     "write every system's figures, a JSON line each"},
    {"calibrate", 0, RP_CLI_OUTPUT, "FILE", AT(calibrate),
     "fit confidence to what is read (--split train only); write the weights with it"},
    {"augment", 0, RP_CLI_TEXT, "LIST", AT(augment),
     "make each image worse first, as training does: see 'reprise score augment'"},
    {"json", 0, RP_CLI_FLAG, NULL, AT(json), "say it as JSON"},
    {"threads", 't', RP_CLI_THREADS, "N", AT(threads), "processors to use; 0: all"},
    {"beam", 'b', RP_CLI_INTEGER, "1..16", AT(beam),
     "lines tried at once; 1: greedy; read tries 8"},
    {"views", 0, RP_CLI_INTEGER, "1..4", AT(views),
     "look at each system so many times; default: 1 if greedy, else 2 as read does"},
    {"straighten", 0, RP_CLI_FLAG, NULL, AT(straighten),
     "find the system on each image and cut it out anew, as read does with a scan"},
    {"f32", 0, RP_CLI_FLAG, NULL, AT(full_precision), "activations in f32 instead of bf16"},
    {"free", 0, RP_CLI_FLAG, NULL, AT(free_grammar), "let any token follow any"},
};
#undef AT

static void print_json(const rp_score_figures *f) {
    printf("{\"reprise\": 1");
    rp_cli_json_number("ser", f->ser, 3);
    rp_cli_json_number("ser_no_tuplets", f->ser_no_tuplets, 3);
    rp_cli_json_number("ser_no_slurs", f->ser_no_slurs, 3);
    rp_cli_json_number("tedn_full", f->tedn_full, 3);
    rp_cli_json_number("tedn_lmx", f->tedn_lmx, 3);
    rp_cli_json_number("note_f1", f->note_f1, 4);
    rp_cli_json_number("onset_f1", f->onset_f1, 4);
    rp_cli_json_number("note_f1_repaired", f->note_f1_repaired, 4);
    rp_cli_json_number("onset_f1_repaired", f->onset_f1_repaired, 4);
    rp_cli_json_number("cut_right", f->cut_right, 2);
    rp_cli_json_number("calibration_error", f->calibration_error, 3);
    rp_cli_json_number("sure_measures", f->sure_measures, 2);
    rp_cli_json_number("sure_wrong", f->sure_wrong, 3);
    rp_cli_json_number("doubtful_wrong", f->doubtful_wrong, 3);
    printf(", \"errors\": {");
    for (int i = 0; i < RP_SCORE_CAUSES; i++) {
        const rp_score_cause *c = &f->causes[i];
        printf("%s\"%s\": {\"gold\": %llu, \"changed\": %llu, \"missing\": %llu, \"extra\": %llu}",
               i > 0 ? ", " : "", c->name, (unsigned long long)c->gold,
               (unsigned long long)c->changed, (unsigned long long)c->missing,
               (unsigned long long)c->extra);
    }
    printf("}, \"systems\": %d, \"seconds\": %.2f, \"judging_seconds\": %.2f}\n", f->systems,
           f->seconds, f->judging_seconds);
}

/* Which tokens the errors are about, in per cent of all tokens: the rows add up to the rate. */
static void print_causes(const rp_score_figures *f) {
    unsigned long long tokens = 0;
    for (int i = 0; i < RP_SCORE_CAUSES; i++) tokens += f->causes[i].gold;
    if (tokens == 0) return;
    printf("\n%-12s %8s %8s %8s %8s %7s\n", "errors in", "tokens", "changed", "missing", "extra",
           "of SER");
    for (int i = 0; i < RP_SCORE_CAUSES; i++) {
        const rp_score_cause *c = &f->causes[i];
        const unsigned long long errors = c->changed + c->missing + c->extra;
        if (c->gold + errors == 0) continue;
        printf("%-12s %8llu %8llu %8llu %8llu %5.2f %%\n", c->name, (unsigned long long)c->gold,
               (unsigned long long)c->changed, (unsigned long long)c->missing,
               (unsigned long long)c->extra, 100.0 * (double)errors / (double)tokens);
    }
}

static void print_text(const rp_score_figures *f) {
    printf("systems                     %d\n", f->systems);
    printf("symbol error rate           %.2f %%\n", f->ser);
    printf("without tuplets             %.2f %%\n", f->ser_no_tuplets);
    printf("without slurs               %.2f %%\n", f->ser_no_slurs);
    if (f->tedn_full == f->tedn_full) printf("TEDn, all of MusicXML       %.2f %%\n", f->tedn_full);
    printf("TEDn, what LMX can say      %.2f %%\n", f->tedn_lmx);
    printf("note F1, repaired           %.4f  %.4f\n", f->note_f1, f->note_f1_repaired);
    printf("onset F1, repaired          %.4f  %.4f\n", f->onset_f1, f->onset_f1_repaired);
    printf("cut into the right measures %.1f %%\n", f->cut_right);
    printf("calibration error           %.2f %%\n", f->calibration_error);
    printf(
        "measures not doubtful       %.1f %%; of their tokens wrong %.1f %%, of the others %.1f "
        "%%\n",
        f->sure_measures, f->sure_wrong, f->doubtful_wrong);
    printf("seconds                     %.1f\n", f->seconds);
    print_causes(f);
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct evaluate_options *values = call->values;
    rp_score_figures figures;
    char space[RP_CLI_PATH_BYTES];
    const rp_score_evaluate_options evaluate = {.data = call->inputs[0],
                                                .split = values->split,
                                                .model = rp_cli_model_path(space, values->model),
                                                .details = values->details,
                                                .calibrate = values->calibrate,
                                                .augment = values->augment,
                                                .limit = (int32_t)values->limit,
                                                .threads = (int32_t)values->threads,
                                                .beam = (int32_t)values->beam,
                                                .views = (int32_t)values->views,
                                                .full_precision = values->full_precision,
                                                .free_grammar = values->free_grammar,
                                                .straighten = values->straighten};
    const rp_status status = rp_score_evaluate(&figures, &evaluate, call->progress, error);
    if (status != RP_OK) return status;
    if (values->json) print_json(&figures);
    else print_text(&figures);
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
        "labels' lengths, in tokens. Where a label's MusicXML lies beside it, TEDn is over all of\n"
        "it. A table says which tokens the errors are about.",
    .examples = {"reprise score evaluate olimpic --split dev", "the whole development split",
                 "reprise score evaluate olimpic --limit 100 --json", "a quick look, for a script",
                 "reprise score evaluate olimpic --augment print -b 8",
                 "as if they were old prints",
                 "reprise score evaluate olimpic -s train -n 400 -b 8 --augment print -m new.st "
                 "--calibrate new.st",
                 "make confidence say how often tokens are right"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct evaluate_options),
    .defaults = &defaults,
    .run = run};
