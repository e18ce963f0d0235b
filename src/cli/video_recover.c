/* video_recover.c: `reprise video recover`: gives a recording its index back. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/video.h"

struct recover_options {
    const char *reference, *output, *save_profile;
    bool json;
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct recover_options *values = call->values;
    const rp_video_recover_options chosen = {.reference = values->reference,
                                             .save_profile = values->save_profile,
                                             .output = values->output,
                                             .progress = call->progress,
                                             .log = call->log};
    rp_video_report *report = NULL;
    const rp_status status = rp_video_recover(&report, call->inputs[0], &chosen, error);
    if (report != NULL)
        fputs(values->json ? rp_video_report_json(report) : rp_video_report_text(report), stdout);
    rp_video_report_destroy(report);
    return status;
}

static const rp_cli_option options[] = {
    {"reference", 'r', RP_CLI_TEXT, "FILE", offsetof(struct recover_options, reference),
     "a healthy clip of the same camera and settings, or a saved profile"},
    {"output", 'o', RP_CLI_TEXT, "FILE", offsetof(struct recover_options, output),
     "the recovered film; without it nothing is written"},
    {"save-profile", 0, RP_CLI_TEXT, "FILE", offsetof(struct recover_options, save_profile),
     "keep what the reference teaches, to be used in its place"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct recover_options, json), "say it as JSON"},
};

const rp_cli_verb rp_cli_video_recover = {
    .wing = "video",
    .name = "recover",
    .inputs = "BROKEN",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "give an interrupted recording its index back",
    .description =
        "Finds every picture, every sound frame and every metadata sample in a recording whose "
        "index (moov) was never written, and writes it anew. The healthy clip says how the camera "
        "records; one clip serves for good. The broken file is never changed.",
    .examples =
        {"reprise video recover --reference healthy.mp4 broken.dat -o film.mp4",
         "recover broken.dat with the help of another clip of the same camera",
         "reprise video recover --reference healthy.mp4 --save-profile fx3.profile broken.mp4",
         "look only, and keep what healthy.mp4 teaches"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct recover_options),
    .run = run,
};
