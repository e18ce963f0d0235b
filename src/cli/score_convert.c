/* score_convert.c: `reprise score convert`. */
#include "cli/verb.h"
#include "reprise/music.h"

struct convert_options {
    bool unroll;
    int64_t seconds;
};

static const rp_cli_option options[] = {
    {"unroll", 0, RP_CLI_FLAG, NULL, offsetof(struct convert_options, unroll),
     "to MIDI: play repeats and their endings out"},
    {"seconds", 0, RP_CLI_INTEGER, "1..", offsetof(struct convert_options, seconds),
     "how long MuseScore may take (120)"},
};

static const struct convert_options defaults = {.seconds = 120};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct convert_options *values = call->values;
    const rp_music_convert_options how = {.unrolls_repeats = values->unroll,
                                          .seconds_max = (double)values->seconds,
                                          .log = call->log};
    return rp_music_convert(call->inputs[1], call->inputs[0], &how, error);
}

const rp_cli_verb rp_cli_score_convert = {
    .wing = "score",
    .name = "convert",
    .inputs = "FROM TO",
    .inputs_min = 2,
    .inputs_max = 2,
    .summary = "turn a score into another format, by the endings",
    .description =
        "Reads and writes .musicxml, .mxl, .lmx and .mid; writes .pdf, .svg and .png too: these\n"
        "are engraved by MuseScore 3 (apt-get install musescore3).",
    .examples = {"reprise score convert piece.lmx piece.mid", "to hear it",
                 "reprise score convert piece.mxl piece.pdf", "to print it"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct convert_options),
    .defaults = &defaults,
    .run = run};
