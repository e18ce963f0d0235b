/* score_read.c: `reprise score read`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/model_path.h"
#include "cli/verb.h"
#include "reprise/score.h"

struct read_options {
    const char *output, *model, *picture;
    int64_t threads;
    bool system, json, lmx;
};

static const struct read_options defaults = {0};

#define AT(member) offsetof(struct read_options, member)
static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_TEXT, "FILE", AT(output),
     "write here; several inputs: a folder. Default: beside, as .musicxml; - is standard output"},
    {"model", 'm', RP_CLI_TEXT, "FILE", AT(model), "weights to read with, instead of the shipped"},
    {"system", 0, RP_CLI_FLAG, NULL, AT(system), "the input is one system cut out, not a page"},
    {"picture", 'p', RP_CLI_TEXT, "FILE", AT(picture),
     "a PNG: the page with its systems, and the engraving of what was read"},
    {"json", 0, RP_CLI_FLAG, NULL, AT(json), "tokens, confidence and places to standard output"},
    {"lmx", 0, RP_CLI_FLAG, NULL, AT(lmx), "write LMX, a system a line, instead of MusicXML"},
    {"threads", 't', RP_CLI_INTEGER, "N", AT(threads), "processors to use; 0: all"},
};
#undef AT

enum { PATH_BYTES = RP_CLI_PATH_BYTES };

/* Where the result of `input` goes. False: the path is too long. */
static bool output_path(char path[PATH_BYTES], const struct read_options *values, const char *input,
                        bool is_folder) {
    const char *ending = values->lmx ? "lmx" : "musicxml";
    const char *slash = strrchr(input, '/'), *name = slash != NULL ? slash + 1 : input;
    const char *dot = strrchr(name, '.');
    const int stem = (int)(dot != NULL && dot != name ? dot - name : (long)strlen(name));
    int used;
    if (values->output != NULL && !is_folder)
        used = snprintf(path, PATH_BYTES, "%s", values->output);
    else if (values->output != NULL)
        used = snprintf(path, PATH_BYTES, "%s/%.*s.%s", values->output, stem, name, ending);
    else used = snprintf(path, PATH_BYTES, "%.*s.%s", (int)(name - input) + stem, input, ending);
    return used > 0 && used < PATH_BYTES;
}

static rp_status write_result(const rp_cli_call *call, const char *input,
                              const rp_score_result *result, rp_error *error) {
    const struct read_options *values = call->values;
    const char *text = values->lmx ? result->lmx : result->musicxml;
    char path[PATH_BYTES];
    if (values->json) printf("%s\n", result->json);
    if (values->json && values->output == NULL) return RP_OK;
    if (values->output != NULL && strcmp(values->output, "-") == 0) {
        fputs(text, stdout);
        return RP_OK;
    }
    if (!output_path(path, values, input, call->input_count > 1))
        return rp_cli_fail(error, RP_USAGE, "%s: the path is too long", input);
    const rp_status status = rp_new_file_write(path, text, strlen(text), error);
    if (status == RP_OK && !values->json)
        printf("%s: %d system%s, %d measures, confidence %.0f %% -> %s\n", input, result->systems,
               result->systems == 1 ? "" : "s", result->measures, 100 * result->confidence, path);
    return status;
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct read_options *values = call->values;
    const rp_score_read_options read = {.is_system = values->system, .picture = values->picture};
    if (values->picture != NULL && call->input_count > 1)
        return rp_cli_fail(error, RP_USAGE, "--picture goes with one input");
    rp_score_reader *reader;
    char space[RP_CLI_PATH_BYTES];
    rp_status worst = rp_score_reader_create(&reader, rp_cli_model_path(space, values->model),
                                             (int32_t)values->threads, error);
    if (worst != RP_OK) return worst;
    for (size_t i = 0; i < call->input_count && worst != RP_SYSTEM; i++) {
        rp_score_result result;
        rp_error one = {0};
        rp_status status =
            rp_score_read(&result, reader, call->inputs[i], &read, call->progress, &one);
        if (status == RP_OK) status = write_result(call, call->inputs[i], &result, &one);
        rp_score_result_clear(&result);
        if (status == RP_OK) continue;
        /* The rest goes on; each but the last to fail says so at once, the last at the end. */
        if (worst != RP_OK) fprintf(stderr, "reprise: %s\n", error->text);
        *error = one;
        worst = status > worst ? status : worst;
    }
    rp_score_reader_destroy(reader);
    return worst;
}

const rp_cli_verb rp_cli_score_read = {
    .wing = "score",
    .name = "read",
    .inputs = "PAGE...",
    .inputs_min = 1,
    .inputs_max = SIZE_MAX,
    .summary = "read printed piano music into MusicXML",
    .description =
        "Reads PNG, JPEG, TIFF and PDF. Each input becomes one score: piano systems are found on\n"
        "its pages, read, and joined. Nothing is sent anywhere; the input is not changed.",
    .examples = {"reprise score read scan.pdf -o piece.musicxml", "a scanned piece",
                 "reprise score read page.png -p seen.png", "and a picture of what was read",
                 "reprise score read *.png -o scores --json", "many pages, with places and doubts"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct read_options),
    .defaults = &defaults,
    .run = run};
