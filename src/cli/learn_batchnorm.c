/* learn_batchnorm.c: `reprise learn batchnorm`: five scores normalised; a deep net with and
 * without. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/learn_output.h"
#include "cli/verb.h"
#include "reprise/learn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct batchnorm_options {
    const char *data, *output;
    int64_t steps, seed, threads;
    double rate;
    bool json;
};

static void print_list(const char *name, const double *numbers, size_t count) {
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < count; i++) printf("%s%.17g", i > 0 ? ", " : "", numbers[i]);
    printf("]");
}

static rp_status show_scores(bool is_json, rp_error *error) {
    static const double scores[] = {90, 70, 50, 60, 80};
    rp_normalised result;
    const rp_status status = rp_normalise(&result, scores, COUNT(scores), error);
    if (status != RP_OK) return status;
    if (is_json) {
        printf("{\"reprise\": 1, \"mean\": %.17g, \"variance\": %.17g, \"deviation\": %.17g",
               result.mean, result.variance, result.deviation);
        print_list("scores", scores, COUNT(scores));
        print_list("normalised", result.x, COUNT(scores));
        print_list("gradient", result.gradient, COUNT(scores));
        printf("}\n");
        return RP_OK;
    }
    printf("Five scores: mean %.0f, variance %.0f, deviation %.6f\n", result.mean, result.variance,
           result.deviation);
    printf("   score  normalised   times 2 plus 1   how the first moves with it\n");
    for (size_t i = 0; i < COUNT(scores); i++)
        printf("%8.0f  %+10.6f   %+14.6f   %+.7f\n", scores[i], result.x[i], 2 * result.x[i] + 1,
               result.gradient[i]);
    printf(
        "Running values from 0 and 1, keeping 0.9: mean %.1f, variance %.1f (of the unbiased "
        "%.0f)\n"
        "or %.1f (of the biased %.0f)\n",
        0.1 * result.mean, 0.9 + 0.1 * result.unbiased, result.unbiased,
        0.9 + 0.1 * result.variance, result.variance);
    return RP_OK;
}

static void tell(const rp_batchnorm_point *points, size_t count, bool is_json) {
    const rp_batchnorm_verdict verdict = rp_batchnorm_judge(points, count);
    if (is_json) {
        printf(
            "{\"reprise\": 1, \"best_without\": %.4f, \"step_without\": %u, \"step_with\": %u, "
            "\"share\": %.4f, \"points\": [",
            verdict.best_without, verdict.step_without, verdict.step_with, verdict.share);
        for (size_t i = 0; i < count; i++)
            printf("%s\n [%u, %.4f, %.4f]", i > 0 ? "," : "", points[i].step, points[i].accuracy[0],
                   points[i].accuracy[1]);
        printf("]}\n");
        return;
    }
    printf("\n    step   without      with\n");
    const size_t stride = count > 12 ? count / 12 : 1;
    for (size_t i = stride - 1; i < count; i += stride)
        printf("%8u  %6.2f %%  %6.2f %%\n", points[i].step, points[i].accuracy[0] * 100,
               points[i].accuracy[1] * 100);
    printf("Best without: %.2f %% at step %u; ", verdict.best_without * 100, verdict.step_without);
    if (verdict.step_with == 0) printf("with batch norm it is not reached\n");
    else
        printf("with batch norm it is reached at step %u, in %.3f of the steps\n",
               verdict.step_with, verdict.share);
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct batchnorm_options *options = call->values;
    rp_batchnorm_study study = RP_BATCHNORM_STUDY_INIT;
    if (!options->json || options->data == NULL) {
        const rp_status status = show_scores(options->json, error);
        if (status != RP_OK || options->data == NULL) return status;
    }
    if (options->output != NULL) {
        const rp_status status = rp_cli_learn_output(options->output, error);
        if (status != RP_OK) return status;
    }
    study.folder = options->data;
    study.rate = options->rate;
    study.seed = (uint64_t)options->seed;
    study.steps = (uint32_t)options->steps;
    study.threads = (unsigned)options->threads;
    const size_t count = study.steps / study.every;
    rp_batchnorm_point *points = calloc(count, sizeof *points);
    if (points == NULL) return rp_cli_fail(error, RP_SYSTEM, "no memory for the points");
    rp_status status = rp_batchnorm_run(&study, points, call->progress, error);
    if (status == RP_OK) tell(points, count, options->json);
    if (status == RP_OK && options->output != NULL)
        status = rp_batchnorm_draw(points, count, options->output, error);
    free(points);
    return status;
}

static const rp_cli_option options[] = {
    {"data", 'd', RP_CLI_TEXT, "DIR", offsetof(struct batchnorm_options, data),
     "folder of MNIST's four IDX files: train the network twice"},
    {"steps", 0, RP_CLI_INTEGER, "50..1000000", offsetof(struct batchnorm_options, steps),
     "steps of 60 digits"},
    {"rate", 0, RP_CLI_NUMBER, "0..", offsetof(struct batchnorm_options, rate),
     "of learning, the same for both"},
    {"output", 'o', RP_CLI_OUTPUT, "PNG", offsetof(struct batchnorm_options, output),
     "draw both curves"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(struct batchnorm_options, seed),
     "of weights and batches"},
    {"threads", 't', RP_CLI_THREADS, "N", offsetof(struct batchnorm_options, threads),
     "at most so many; 0: all"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct batchnorm_options, json),
     "say the training, or without --data the scores, as JSON"},
};
static const struct batchnorm_options defaults = {.steps = 10000, .rate = 0.1, .seed = 1};

const rp_cli_verb rp_cli_learn_batchnorm = {
    .wing = "learn",
    .name = "batchnorm",
    .inputs = "",
    .summary = "what batch normalisation does",
    .description =
        "Five scores are normalised by hand: mean, deviation, gradient, running values. With "
        "--data a network of three hidden layers of 100 sigmoid units is trained twice on the same "
        "digits, without batch norm and with it.",
    .examples = {"reprise learn batchnorm", "the five scores",
                 "reprise learn batchnorm --data mnist -o curves.png",
                 "the network too, and both curves"},
    .options = options,
    .option_count = COUNT(options),
    .values_size = sizeof(struct batchnorm_options),
    .defaults = &defaults,
    .run = run,
};
