/* video_carve.c: `reprise video carve`: recordings out of the image of a card. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/video.h"

struct carve_options {
    const char *output, *reference;
    bool json;
};

static const struct carve_options defaults = {.output = "carved"};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct carve_options *values = call->values;
    const rp_video_carve_options chosen = {.folder = values->output,
                                           .reference = values->reference,
                                           .progress = call->progress,
                                           .log = call->log};
    rp_video_report *report = NULL;
    const rp_status status = rp_video_carve(&report, call->inputs[0], &chosen, error);
    if (report != NULL)
        fputs(values->json ? rp_video_report_json(report) : rp_video_report_text(report), stdout);
    rp_video_report_destroy(report);
    return status;
}

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_TEXT, "FOLDER", offsetof(struct carve_options, output),
     "where the recordings go"},
    {"reference", 'r', RP_CLI_INPUT, "FILE", offsetof(struct carve_options, reference),
     "a healthy clip of the same camera; without it, healthy clips of the card serve"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct carve_options, json), "say it as JSON"},
};

const rp_cli_verb rp_cli_video_carve = {
    .wing = "video",
    .name = "carve",
    .inputs = "IMAGE",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "find lost recordings in the image of a memory card",
    .description =
        "Reads exFAT and FAT32: folders, deleted and empty entries, what is marked as taken and "
        "belongs to no file. Recordings are followed from piece to piece by the syntax of their "
        "pictures, also where a clip and its proxy were written in turns, and get a new index "
        "where they have none. The image is never changed.",
    .examples = {"reprise video carve card.img -o rescued",
                 "write every recording that no file of the card holds to the folder rescued",
                 "reprise video carve --reference healthy.mp4 --json card.img -o rescued",
                 "give them their index with the help of healthy.mp4; say it as JSON"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct carve_options),
    .defaults = &defaults,
    .run = run,
};
