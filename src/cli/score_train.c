/* score_train.c: `reprise score train`. */
#include "cli/verb.h"
#include "reprise/score.h"

struct train_options {
    const char *output, *configuration, *init, *augment, *freeze, *device;
    double epochs, rate, token_dropout, mixed, evaluate_minutes, checkpoint_minutes, stop_minutes;
    int64_t batch, threads, limit, evaluate_limit, measures, seed;
    bool full_precision, resume;
};

static const struct train_options defaults = {.output = "training",
                                              .augment = "published",
                                              .device = "cpu",
                                              .epochs = 12,
                                              .rate = 2e-3,
                                              .token_dropout = 0.1,
                                              .evaluate_minutes = 10,
                                              .checkpoint_minutes = 3,
                                              .batch = 16,
                                              .evaluate_limit = 160,
                                              .measures = 1,
                                              .seed = 42};

#define AT(member) offsetof(struct train_options, member)
static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_TEXT, "FOLDER", AT(output),
     "checkpoint, weights, log and curve go here"},
    {"configuration", 'c', RP_CLI_TEXT, "level|fine|measure|zeus", AT(configuration),
     "which network (measure; with --init that of its weights)"},
    {"init", 0, RP_CLI_INPUT, "MODEL", AT(init), "start from these weights"},
    {"freeze", 0, RP_CLI_TEXT, "encoder|decoder", AT(freeze),
     "leave its weights (not its statistics) as they are"},
    {"resume", 0, RP_CLI_FLAG, NULL, AT(resume), "go on from the checkpoint in the folder"},
    {"epochs", 'e', RP_CLI_NUMBER, "N", AT(epochs), "length of the run; the rate falls over it"},
    {"rate", 0, RP_CLI_NUMBER, "0..", AT(rate), "largest learning rate"},
    {"batch", 'b', RP_CLI_INTEGER, "1..4096", AT(batch), "systems a step"},
    {"augment", 0, RP_CLI_TEXT, "LIST", AT(augment), "see 'reprise score augment'"},
    {"measures", 0, RP_CLI_INTEGER, "1..", AT(measures), "longest span, in measures"},
    {"mixed", 0, RP_CLI_NUMBER, "0..1", AT(mixed),
     "share of systems that go on with measures of others (level)"},
    {"token-dropout", 0, RP_CLI_NUMBER, "0..1", AT(token_dropout),
     "share of its own words that the decoder does not see"},
    {"limit", 0, RP_CLI_INTEGER, "N", AT(limit), "only so many training systems"},
    {"evaluate-limit", 0, RP_CLI_INTEGER, "N", AT(evaluate_limit), "dev systems an evaluation"},
    {"evaluate-minutes", 0, RP_CLI_NUMBER, "0..", AT(evaluate_minutes), "between evaluations"},
    {"checkpoint-minutes", 0, RP_CLI_NUMBER, "0..", AT(checkpoint_minutes), "between checkpoints"},
    {"stop-minutes", 0, RP_CLI_NUMBER, "0..", AT(stop_minutes),
     "end after so long, to resume later"},
    {"device", 0, RP_CLI_TEXT, "cpu|cuda", AT(device), "where to reckon; cuda: an NVIDIA GPU"},
    {"threads", 't', RP_CLI_THREADS, "N", AT(threads), "processors to use; 0: all"},
    {"seed", 0, RP_CLI_INTEGER, "N", AT(seed), "of weights, order and augmentation"},
    {"f32", 0, RP_CLI_FLAG, NULL, AT(full_precision), "activations in f32 instead of bf16"},
};
#undef AT

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct train_options *values = call->values;
    if (values->epochs <= 0) return rp_cli_fail(error, RP_USAGE, "--epochs must be positive");
    const rp_score_train_options train = {.data = call->inputs[0],
                                          .output = values->output,
                                          .configuration = values->configuration,
                                          .init = values->init,
                                          .freeze = values->freeze,
                                          .augment = values->augment,
                                          .device = values->device,
                                          .epochs = values->epochs,
                                          .rate = values->rate,
                                          .token_dropout = values->token_dropout,
                                          .mixed = values->mixed,
                                          .batch = (int32_t)values->batch,
                                          .threads = (int32_t)values->threads,
                                          .limit = (int32_t)values->limit,
                                          .evaluate_limit = (int32_t)values->evaluate_limit,
                                          .evaluate_minutes = values->evaluate_minutes,
                                          .checkpoint_minutes = values->checkpoint_minutes,
                                          .stop_minutes = values->stop_minutes,
                                          .measures_max = (int32_t)values->measures,
                                          .seed = (uint64_t)values->seed,
                                          .full_precision = values->full_precision,
                                          .resume = values->resume};
    return rp_score_train(&train, call->progress, call->log, error);
}

const rp_cli_verb rp_cli_score_train = {
    .wing = "score",
    .name = "train",
    .inputs = "DATA",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "teach a network to read music",
    .description =
        "DATA is a data set in the OLiMPiC layout, a folder or its .tgz shards (docs/DATA.md).\n"
        "The folder given by --output receives checkpoint.safetensors (to resume), \n"
        "model.safetensors (to read with), log.jsonl and curve.png. Under mpirun the\n"
        "processes share out each batch; the result is that of one.",
    .examples = {"reprise score train olimpic -o run1 --epochs 12", "a run of twelve epochs",
                 "reprise score train olimpic -o run1 --epochs 12 --resume",
                 "go on after an interruption",
                 "reprise score train mine --init models/piano.safetensors --rate 2e-4",
                 "teach the shipped model your own prints",
                 "mpirun -n 4 reprise score train olimpic -o run1 --epochs 12 --resume",
                 "go on with four processes"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct train_options),
    .defaults = &defaults,
    .run = run};
