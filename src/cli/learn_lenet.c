/* learn_lenet.c: `reprise learn lenet`: train, test and ask a network that reads digits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/learn_output.h"
#include "cli/model_path.h"
#include "cli/verb.h"
#include "reprise/learn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct lenet_options {
    const char *data, *variant, *weights, *output, *classify, *device;
    int64_t passes, hold_out, seed, threads;
    bool evaluate, distort, json;
};

/* -- Weights
 * ---------------------------------------------------------------------------------------- */

static rp_status load(rp_lenet **lenet, const struct lenet_options *options, rp_error *error) {
    char path[RP_CLI_PATH_BYTES], name[64];
    const char *found = options->weights;
    snprintf(name, sizeof name, "lenet-%s.safetensors", options->variant);
    if (found == NULL) found = rp_cli_model_find(path, name);
    if (options->weights == NULL && access(found, R_OK) != 0)
        return rp_cli_fail(error, RP_INPUT,
                           "%s: no such weights; train them with --data DIR, or name a file with "
                           "--weights",
                           name);
    return rp_lenet_load(lenet, found, options->device, (unsigned)options->threads, error);
}

/* -- Test
 * ------------------------------------------------------------------------------------------- */

static void print_confusion(const rp_lenet_evaluation *evaluation) {
    printf("\nlabel  answers 0 .. 9\n");
    for (int label = 0; label < RP_DIGIT_CLASSES; label++) {
        printf("%5d ", label);
        for (int answer = 0; answer < RP_DIGIT_CLASSES; answer++)
            printf(" %5u", evaluation->confusion[label][answer]);
        printf("\n");
    }
}

static rp_status evaluate(const struct lenet_options *options, rp_error *error) {
    rp_lenet *lenet = NULL;
    rp_lenet_evaluation evaluation = {0};
    rp_status status = load(&lenet, options, error);
    if (status == RP_OK) status = rp_lenet_evaluate(lenet, options->data, &evaluation, error);
    if (status == RP_OK && options->json)
        printf(
            "{\"reprise\": 1, \"variant\": \"%s\", \"parameters\": %zu, \"count\": %u, "
            "\"wrong\": %u, \"test_error\": %.2f}\n",
            rp_lenet_variant(lenet), rp_lenet_parameter_count(lenet), evaluation.count,
            evaluation.wrong, evaluation.test_error);
    else if (status == RP_OK) {
        printf("%s, %zu parameters: %u of %u wrong, test error %.2f %%\n", rp_lenet_variant(lenet),
               rp_lenet_parameter_count(lenet), evaluation.wrong, evaluation.count,
               evaluation.test_error);
        print_confusion(&evaluation);
    }
    rp_lenet_destroy(lenet);
    return status;
}

/* -- Classify
 * --------------------------------------------------------------------------------------- */

static void draw_digit(const uint8_t *pixels) {
    static const char inks[] = " .:+*#@";
    for (int row = 0; row < RP_DIGIT_SIDE; row++) {
        char line[2 * RP_DIGIT_SIDE + 1];
        for (int column = 0; column < RP_DIGIT_SIDE; column++) {
            const int ink = pixels[row * RP_DIGIT_SIDE + column] * (int)(sizeof inks - 2) / 255;
            line[2 * column] = line[2 * column + 1] = inks[ink];
        }
        int end = 2 * RP_DIGIT_SIDE;
        while (end > 0 && line[end - 1] == ' ') end--;
        line[end] = '\0';
        printf("%s\n", line);
    }
}

static void print_scores(const double *scores, int best, bool is_json) {
    if (is_json) printf("{\"reprise\": 1, \"digit\": %d, \"scores\": [", best);
    for (int c = 0; c < RP_DIGIT_CLASSES; c++) {
        char bar[41];
        const int length = (int)(scores[c] * 40 + 0.5);
        memset(bar, '#', sizeof bar);
        bar[length] = '\0';
        if (is_json) printf("%s%.6f", c > 0 ? ", " : "", scores[c]);
        else printf("%s %d %6.2f %% %s\n", c == best ? ">" : " ", c, scores[c] * 100, bar);
    }
    if (is_json) printf("]}\n");
}

static rp_status classify(const struct lenet_options *options, rp_error *error) {
    uint8_t pixels[RP_DIGIT_SIDE * RP_DIGIT_SIDE];
    double scores[RP_DIGIT_CLASSES];
    rp_lenet *lenet = NULL;
    int best = 0;
    rp_status status = rp_digit_read(options->classify, pixels, error);
    if (status == RP_OK) status = load(&lenet, options, error);
    if (status == RP_OK) status = rp_lenet_classify(lenet, pixels, scores, error);
    if (status == RP_OK) {
        for (int c = 1; c < RP_DIGIT_CLASSES; c++)
            if (scores[c] > scores[best]) best = c;
        if (!options->json) draw_digit(pixels);
        print_scores(scores, best, options->json);
        if (options->output != NULL)
            status = rp_lenet_draw_maps(lenet, pixels, options->output, error);
    }
    rp_lenet_destroy(lenet);
    return status;
}

/* -- Train
 * ------------------------------------------------------------------------------------------ */

/* A training under way, and where its results go. */
typedef struct lenet_trial {
    const struct lenet_options *options;
    rp_lenet *lenet;                                               /* owned */
    char weights[RP_CLI_PATH_BYTES], confusion[RP_CLI_PATH_BYTES]; /* empty without --output */
    rp_status saved;                                               /* of the last pass */
    rp_error *error;
} lenet_trial;

/* PREFIX.safetensors and PREFIX-confusion.png, which can both be written. */
static rp_status name_outputs(lenet_trial *trial, rp_error *error) {
    const char *prefix = trial->options->output;
    if (prefix == NULL) return RP_OK;
    if (snprintf(trial->confusion, RP_CLI_PATH_BYTES, "%s-confusion.png", prefix) >=
        RP_CLI_PATH_BYTES)
        return rp_cli_fail(error, RP_USAGE, "--output: the path is too long");
    snprintf(trial->weights, RP_CLI_PATH_BYTES, "%s.safetensors", prefix);
    const rp_status status = rp_cli_learn_output(trial->weights, error);
    return status == RP_OK ? rp_cli_learn_output(trial->confusion, error) : status;
}

/* The weights are kept after every pass, so that a stop or a failure costs no more than one. */
static void end_pass(void *context, const rp_lenet_pass *pass) {
    lenet_trial *trial = context;
    if (trial->options->output != NULL)
        trial->saved = rp_lenet_save(trial->lenet, trial->weights, trial->error);
    if (trial->options->json)
        printf(
            "{\"reprise\": 1, \"pass\": %u, \"loss\": %.6f, \"training_error\": %.3f, "
            "\"test_error\": %.2f, \"seconds\": %.2f}\n",
            pass->pass, pass->loss, pass->training_error, pass->test_error, pass->seconds);
    else {
        printf("pass %2u  loss %8.4f  training error %6.3f %%  test error %5.2f %%  %.1f s",
               pass->pass, pass->loss, pass->training_error, pass->test_error, pass->seconds);
        if (pass->step_max > 0) printf("  steps %.2g to %.2g", pass->step_min, pass->step_max);
        printf("\n");
    }
    fflush(stdout);
}

/* After the last pass, whose weights are saved. */
static rp_status tell_outputs(const lenet_trial *trial, rp_error *error) {
    const struct lenet_options *options = trial->options;
    rp_lenet_evaluation evaluation = {0};
    if (trial->saved != RP_OK) return trial->saved;
    if (options->hold_out > 0) { /* the test files stay unseen */
        if (!options->json) printf("wrote %s\n", trial->weights);
        return RP_OK;
    }
    rp_status status = rp_lenet_evaluate(trial->lenet, options->data, &evaluation, error);
    if (status == RP_OK) status = rp_lenet_draw_confusion(&evaluation, trial->confusion, error);
    if (status == RP_OK && !options->json)
        printf("test error %.2f %%; wrote %s and %s\n", evaluation.test_error, trial->weights,
               trial->confusion);
    return status;
}

static rp_status train(const struct lenet_options *options, const rp_progress *progress,
                       rp_error *error) {
    lenet_trial trial = {.options = options, .error = error};
    const rp_lenet_training training = {.folder = options->data,
                                        .passes = (unsigned)options->passes,
                                        .hold_out = (uint32_t)options->hold_out,
                                        .seed = (uint64_t)options->seed,
                                        .distort = options->distort,
                                        .on_pass = end_pass,
                                        .context = &trial};
    rp_status status = name_outputs(&trial, error);
    if (status != RP_OK) return status;
    status = options->weights != NULL
                 ? rp_lenet_load(&trial.lenet, options->weights, options->device,
                                 (unsigned)options->threads, error)
                 : rp_lenet_create(&trial.lenet, options->variant, (uint64_t)options->seed,
                                   options->device, (unsigned)options->threads, error);
    if (status == RP_OK && !options->json)
        printf("%s, %zu parameters\n", rp_lenet_variant(trial.lenet),
               rp_lenet_parameter_count(trial.lenet));
    if (status == RP_OK) status = rp_lenet_train(trial.lenet, &training, progress, error);
    if (status == RP_OK && options->output != NULL) status = tell_outputs(&trial, error);
    rp_lenet_destroy(trial.lenet);
    return status;
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct lenet_options *options = call->values;
    if (options->classify != NULL) return classify(options, error);
    if (options->data == NULL)
        return rp_cli_fail(error, RP_USAGE, "--data DIR names the folder of the four IDX files");
    return options->evaluate ? evaluate(options, error) : train(options, call->progress, error);
}

static const rp_cli_option options[] = {
    {"data", 'd', RP_CLI_TEXT, "DIR", offsetof(struct lenet_options, data),
     "folder of train- and t10k-images-idx3-ubyte and -labels-idx1-ubyte, also .gz"},
    {"variant", 0, RP_CLI_TEXT, "1998|modern|large|fashion|fashion-large",
     offsetof(struct lenet_options, variant), "which network (modern)"},
    {"passes", 0, RP_CLI_INTEGER, "1..1000", offsetof(struct lenet_options, passes),
     "passes over the training data (the variant's own number)"},
    {"hold-out", 0, RP_CLI_INTEGER, "0..1000000", offsetof(struct lenet_options, hold_out),
     "do not learn the last N training digits: test on them instead of the test files"},
    {"distort", 0, RP_CLI_FLAG, NULL, offsetof(struct lenet_options, distort),
     "1998: learn from distorted digits too; the others always do"},
    {"output", 'o', RP_CLI_TEXT, "PREFIX", offsetof(struct lenet_options, output),
     "training: PREFIX.safetensors, after every pass, and, without --hold-out, "
     "PREFIX-confusion.png; --classify: "
     "feature maps as PNG"},
    {"evaluate", 0, RP_CLI_FLAG, NULL, offsetof(struct lenet_options, evaluate),
     "test trained weights instead of training"},
    {"classify", 0, RP_CLI_INPUT, "PNG", offsetof(struct lenet_options, classify),
     "read the digit in a picture, dark on light or light on dark"},
    {"weights", 'w', RP_CLI_INPUT, "FILE", offsetof(struct lenet_options, weights),
     "safetensors to test, ask or go on training from (the variant's own; new ones)"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(struct lenet_options, seed),
     "of weights, order and distortions (1)"},
    {"device", 0, RP_CLI_TEXT, "cpu|cuda", offsetof(struct lenet_options, device),
     "where to reckon; cuda: an NVIDIA GPU (cpu)"},
    {"threads", 't', RP_CLI_THREADS, "N", offsetof(struct lenet_options, threads),
     "at most so many, 0 for all (0); 1998 needs one"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct lenet_options, json), "say it as JSON"},
};
static const struct lenet_options defaults = {.variant = "modern", .device = "cpu", .seed = 1};

const rp_cli_verb rp_cli_learn_lenet = {
    .wing = "learn",
    .name = "lenet",
    .inputs = "",
    .summary = "train, test and ask a network that reads digits",
    .description =
        "1998 is LeNet-5 as the paper of that year describes it, trained one digit at a time with "
        "steps from second derivatives. modern does the same task at the same size with batch "
        "norm, relu, max-pooling and distorted digits; large has up to 300,000 parameters.\n\n"
        "With --data the network is trained, and tested after every pass. Going on from --weights "
        "keeps the weights alone: the schedule of the steps begins anew, long ones first, so that "
        "a good net is worse for some passes before it is better.",
    .examples = {"reprise learn lenet --data mnist -o lenet", "train, and keep the weights",
                 "reprise learn lenet --data mnist --evaluate --variant 1998",
                 "test the weights that come with Reprise",
                 "reprise learn lenet --classify seven.png", "read a picture of a digit"},
    .options = options,
    .option_count = COUNT(options),
    .values_size = sizeof(struct lenet_options),
    .defaults = &defaults,
    .run = run,
};
