/* video_undo.c: `reprise video undo`: takes back a recovery in place. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/video.h"

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const rp_status status = rp_video_undo(call->inputs[0], error);
    if (status == RP_OK) printf("%s: is as it was\n", call->inputs[0]);
    return status;
}

const rp_cli_verb rp_cli_video_undo = {
    .wing = "video",
    .name = "undo",
    .inputs = "FILE",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "take back what recovering in place changed",
    .description =
        "Restores FILE to the byte with the help of FILE.undo, which recovering in place "
        "wrote before it changed anything, and removes FILE.undo.",
    .examples = {"reprise video undo broken.mp4", "make broken.mp4 what it was",
                 "reprise video recover --reference healthy.mp4 --in-place broken.mp4",
                 "what is taken back by it"},
    .options = NULL,
    .option_count = 0,
    .values_size = 0,
    .run = run,
};
