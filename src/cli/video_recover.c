/* video_recover.c: `reprise video recover`: gives a recording its index back. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/video.h"

struct recover_options {
    const char *reference, *output, *save_profile;
    bool in_place, trust_reference, verify, json;
};

static void print_report(const rp_video_report *report, bool json) {
    if (report != NULL)
        fputs(json ? rp_video_report_json(report) : rp_video_report_text(report), stdout);
}

/* Decodes what was written; a recovery that was partial stays partial. */
static rp_status verify(const struct recover_options *values, const char *path, rp_status before,
                        rp_error *error) {
    rp_video_report *report = NULL;
    rp_error later = {0};
    const rp_status status = rp_video_verify(&report, path, &later);
    print_report(report, values->json);
    rp_video_report_destroy(report);
    if (status == RP_OK) return before;
    *error = later;
    return status;
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct recover_options *values = call->values;
    const rp_video_recover_options chosen = {.reference = values->reference,
                                             .save_profile = values->save_profile,
                                             .output = values->output,
                                             .in_place = values->in_place,
                                             .trusts_reference = values->trust_reference,
                                             .progress = call->progress,
                                             .log = call->log};
    if (values->in_place && values->output != NULL) {
        snprintf(error->text, sizeof error->text, "--in-place and -o exclude each other");
        return error->status = RP_USAGE;
    }
    rp_video_report *report = NULL;
    const rp_status status = rp_video_recover(&report, call->inputs[0], &chosen, error);
    const bool is_written = report != NULL && (values->in_place || values->output != NULL);
    print_report(report, values->json);
    rp_video_report_destroy(report);
    if (!values->verify || !is_written) return status;
    return verify(values, values->in_place ? call->inputs[0] : values->output, status, error);
}

static const rp_cli_option options[] = {
    {"reference", 'r', RP_CLI_INPUT, "FILE", offsetof(struct recover_options, reference),
     "a healthy clip of the same camera and settings, or a saved profile"},
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(struct recover_options, output),
     "the recovered film; without it nothing is written"},
    {"in-place", 0, RP_CLI_FLAG, NULL, offsetof(struct recover_options, in_place),
     "change BROKEN itself; BROKEN.undo is written first, `video undo` takes it back"},
    {"trust-reference", 0, RP_CLI_FLAG, NULL, offsetof(struct recover_options, trust_reference),
     "take the reference though the recording seems to be another camera's: look at the result"},
    {"verify", 0, RP_CLI_FLAG, NULL, offsetof(struct recover_options, verify),
     "decode the result with ffmpeg and count its complaints"},
    {"save-profile", 0, RP_CLI_OUTPUT, "FILE", offsetof(struct recover_options, save_profile),
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
        "records; one clip serves for good. GoPro's recordings hold an index between their samples "
        "and need none. The broken file is not changed, unless in place is asked for.",
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
