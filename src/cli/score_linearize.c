/* score_linearize.c: `reprise score linearize`. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/music.h"

struct linearize_options {
    const char *output, *part;
    bool systems, lenient;
};

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(struct linearize_options, output),
     "write here instead of to standard output"},
    {"part", 0, RP_CLI_TEXT, "ID", offsetof(struct linearize_options, part),
     "the part with this id instead of the piano"},
    {"systems", 0, RP_CLI_FLAG, NULL, offsetof(struct linearize_options, systems),
     "a line a printed system: its name, a tab, its tokens"},
    {"lenient", 0, RP_CLI_FLAG, NULL, offsetof(struct linearize_options, lenient),
     "drop what has no token, with a warning, instead of stopping"},
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct linearize_options *values = call->values;
    const rp_music_linearize_options how = {.part = values->part,
                                            .by_systems = values->systems,
                                            .is_lenient = values->lenient,
                                            .log = call->log};
    char *lmx;
    rp_status status = rp_music_linearize(&lmx, call->inputs[0], &how, error);
    if (status != RP_OK) return status;
    if (values->output != NULL) status = rp_music_write(values->output, lmx, error);
    else if (fputs(lmx, stdout) < 0)
        status = rp_cli_fail(error, RP_SYSTEM, "standard output cannot be written");
    rp_text_free(lmx);
    return status;
}

const rp_cli_verb rp_cli_score_linearize = {
    .wing = "score",
    .name = "linearize",
    .inputs = "SCORE",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "write MusicXML as Linearized MusicXML tokens",
    .description =
        "Takes the piano part of a .musicxml or .mxl file, of any length, and writes its tokens\n"
        "on one line, as the published Linearizer does (Mayer et al., ICDAR 2024). Music that has\n"
        "no tokens is an error that names file, line and measure.",
    .examples = {"reprise score linearize piece.musicxml -o piece.lmx", "the whole part, one line",
                 "reprise score linearize piece.mxl --systems", "each printed system by itself"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct linearize_options),
    .run = run};
