/* score_delinearize.c: `reprise score delinearize`. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/music.h"

struct delinearize_options {
    const char *output;
    bool join, repair;
};

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(struct delinearize_options, output),
     "write here instead of to standard output; .mxl is compressed"},
    {"join", 0, RP_CLI_FLAG, NULL, offsetof(struct delinearize_options, join),
     "the lines are systems of one score: number its measures, keep to the schema"},
    {"repair", 0, RP_CLI_FLAG, NULL, offsetof(struct delinearize_options, repair),
     "join, and make every measure add up; changed measures are marked [?]"},
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct delinearize_options *values = call->values;
    const rp_music_delinearize_options how = {
        .joins = values->join, .repairs = values->repair, .log = call->log};
    rp_music_delinearize_report report;
    char *musicxml;
    rp_status status = rp_music_delinearize(&musicxml, call->inputs[0], &how, &report, error);
    if (status != RP_OK) return status;
    if (values->output != NULL) status = rp_music_write(values->output, musicxml, error);
    else if (fputs(musicxml, stdout) < 0)
        status = rp_cli_fail(error, RP_SYSTEM, "standard output cannot be written");
    rp_text_free(musicxml);
    return status;
}

const rp_cli_verb rp_cli_score_delinearize = {
    .wing = "score",
    .name = "delinearize",
    .inputs = "TOKENS",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "write Linearized MusicXML tokens as MusicXML",
    .description =
        "Accepts any words: what is out of place is dropped with a message. Without --join or\n"
        "--repair the result is exactly that of the published Delinearizer (Mayer et al., ICDAR\n"
        "2024); where that one stops, the nearest valid music is written.",
    .examples = {"reprise score delinearize piece.lmx -o piece.musicxml", "exactly as published",
                 "reprise score delinearize systems.lmx --repair -o piece.mxl",
                 "one score of many systems, its measures made to add up"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct delinearize_options),
    .run = run};
