/* score_systems.c: `reprise score systems`. */
#include <stdio.h>

#include "cli/verb.h"
#include "reprise/page.h"

struct systems_options {
    const char *output;
    int64_t width, page;
};

static const struct systems_options defaults = {.output = "systems.png", .width = 1240, .page = 1};

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(struct systems_options, output),
     "write the picture here, a PNG"},
    {"width", 0, RP_CLI_INTEGER, "64..8000", offsetof(struct systems_options, width),
     "of the picture"},
    {"page", 0, RP_CLI_INTEGER, "1..", offsetof(struct systems_options, page),
     "page of a TIFF or PDF, from 1"},
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct systems_options *values = call->values;
    const rp_page_systems_options draw = {.below = call->inputs + 1,
                                          .below_count = call->input_count - 1,
                                          .width = (uint32_t)values->width,
                                          .page_number = (uint32_t)values->page};
    size_t count = 0;
    const rp_status status =
        rp_page_systems_draw(values->output, call->inputs[0], &draw, &count, error);
    if (status == RP_OK) printf("%s: %zu piano systems\n", call->inputs[0], count);
    return status;
}

const rp_cli_verb rp_cli_score_systems = {
    .wing = "score",
    .name = "systems",
    .inputs = "PAGE [PICTURE...]",
    .inputs_min = 1,
    .inputs_max = SIZE_MAX,
    .summary = "show the piano systems found on a page",
    .description =
        "Writes a picture of the page with every piano system marked: what `score read` would\n"
        "read. Further pictures, such as the engraving of what was read, are shown under it.",
    .examples = {"reprise score systems scan.png -o found.png", "mark the systems of a page",
                 "reprise score systems scan.pdf --page 3 read-1.png",
                 "page 3 above a picture of what was read"},
    .options = options,
    .option_count = RP_COUNT(options),
    .values_size = sizeof(struct systems_options),
    .defaults = &defaults,
    .run = run};
