/* video_inspect.c: `reprise video inspect`: what a recording holds and what is wrong with it. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/video.h"

struct inspect_options {
    bool json;
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct inspect_options *values = call->values;
    rp_video_report *report = NULL;
    const rp_status status = rp_video_inspect(&report, call->inputs[0], error);
    if (report != NULL)
        fputs(values->json ? rp_video_report_json(report) : rp_video_report_text(report), stdout);
    rp_video_report_destroy(report);
    return status;
}

static const rp_cli_option options[] = {
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct inspect_options, json), "say it as JSON"},
};

const rp_cli_verb rp_cli_video_inspect = {
    .wing = "video",
    .name = "inspect",
    .inputs = "FILE",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "say what a recording holds and what is wrong with it",
    .description =
        "Lists boxes, tracks, codecs, the pattern of chunks and the duration. The exit "
        "status is 0 for a whole recording, 1 for a broken one.",
    .examples = {"reprise video inspect clip.mp4", "in words",
                 "reprise video inspect --json clip.mp4", "as JSON"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct inspect_options),
    .run = run,
};
