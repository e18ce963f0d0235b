/* learn_moons.c: `reprise learn moons`: a network of scalars separates two moons. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/learn_output.h"
#include "cli/verb.h"
#include "reprise/learn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { PATH_MAX_BYTES = 1024 };

struct moons_options {
    int64_t seed, points, steps;
    double noise;
    const char *output;
    bool json, no_pictures;
};

/* Where the two pictures go. */
typedef struct moons_paths {
    char boundary[PATH_MAX_BYTES], curve[PATH_MAX_BYTES];
} moons_paths;

static rp_status name_pictures(moons_paths *paths, const char *prefix, rp_error *error) {
    const int length = snprintf(paths->boundary, PATH_MAX_BYTES, "%s-boundary.png", prefix);
    if (length < 0 || length >= PATH_MAX_BYTES)
        return rp_cli_fail(error, RP_USAGE, "--output: longer than %d bytes", PATH_MAX_BYTES - 16);
    snprintf(paths->curve, PATH_MAX_BYTES, "%s-loss.png", prefix);
    const rp_status status = rp_cli_learn_output(paths->boundary, error);
    return status == RP_OK ? rp_cli_learn_output(paths->curve, error) : status;
}

static rp_status draw(rp_moons *moons, const rp_moons_round *rounds, size_t count,
                      const moons_paths *paths, rp_error *error) {
    const rp_status status = rp_moons_draw_boundary(moons, paths->boundary, error);
    if (status != RP_OK) return status;
    return rp_moons_draw_curve(rounds, count, paths->curve, error);
}

static void print_round(const rp_moons_round *round, bool is_json, bool is_first) {
    if (is_json)
        printf("%s\n {\"step\": %u, \"loss\": %.17g, \"accuracy\": %.17g}", is_first ? "" : ",",
               round->step, round->loss, round->accuracy);
    else
        printf("step %u loss %.16g, accuracy %g%%\n", round->step, round->loss,
               round->accuracy * 100);
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct moons_options *options = call->values;
    const rp_moons_options chosen = {(uint32_t)options->seed, (uint32_t)options->points,
                                     options->noise, (uint32_t)options->steps};
    rp_moons *moons = NULL;
    rp_moons_round *rounds = NULL;
    moons_paths paths;
    rp_status status = RP_OK;
    if (!options->no_pictures) status = name_pictures(&paths, options->output, error);
    if (status == RP_OK) status = rp_moons_create(&moons, &chosen, error);
    if (status != RP_OK) return status;
    rounds = calloc(chosen.steps, sizeof *rounds);
    if (rounds == NULL) status = rp_cli_fail(error, RP_SYSTEM, "no memory for the steps");
    if (status != RP_OK) goto done;
    if (options->json)
        printf("{\"reprise\": 1, \"parameters\": %zu, \"nodes\": %u, \"steps\": [",
               rp_moons_parameter_count(moons), rp_moons_node_count(moons));
    else
        printf("MLP of layers 2-16-16-1, %zu parameters, %u nodes a step\n",
               rp_moons_parameter_count(moons), rp_moons_node_count(moons));
    for (uint32_t step = 0; step < chosen.steps; step++) {
        rounds[step] = rp_moons_step(moons);
        print_round(&rounds[step], options->json, step == 0);
    }
    if (options->json) printf("]}\n");
    if (!options->no_pictures) status = draw(moons, rounds, chosen.steps, &paths, error);
done:
    free(rounds);
    rp_moons_destroy(moons);
    return status;
}

static const rp_cli_option options[] = {
    {"steps", 0, RP_CLI_INTEGER, "N", offsetof(struct moons_options, steps),
     "steps of gradient descent (100)"},
    {"points", 0, RP_CLI_INTEGER, "N", offsetof(struct moons_options, points),
     "points of both moons together (100)"},
    {"noise", 0, RP_CLI_NUMBER, "0..", offsetof(struct moons_options, noise),
     "deviation of the points from their half circle (0.1)"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(struct moons_options, seed),
     "of the points and weights (1337)"},
    {"output", 'o', RP_CLI_TEXT, "PREFIX", offsetof(struct moons_options, output),
     "pictures are PREFIX-boundary.png and PREFIX-loss.png (moons)"},
    {"no-pictures", 0, RP_CLI_FLAG, NULL, offsetof(struct moons_options, no_pictures),
     "write no pictures"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct moons_options, json), "say it as JSON"},
};
static const struct moons_options defaults = {
    .seed = 1337, .points = 100, .steps = 100, .noise = 0.1, .output = "moons"};

const rp_cli_verb rp_cli_learn_moons = {
    .wing = "learn",
    .name = "moons",
    .inputs = "",
    .summary = "train a network of scalars to separate two moons",
    .description =
        "The demo of micrograd: with the seed 1337 points, weights and the loss of every step are "
        "those of the published notebook. Two pictures are written: the decision boundary and the "
        "loss curve.",
    .examples = {"reprise learn moons", "the notebook's run; moons-boundary.png, moons-loss.png",
                 "reprise learn moons --noise 0.3 --steps 300 -o noisy",
                 "a harder set, trained longer"},
    .options = options,
    .option_count = COUNT(options),
    .values_size = sizeof(struct moons_options),
    .defaults = &defaults,
    .run = run,
};
