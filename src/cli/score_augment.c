/* score_augment.c: `reprise score augment`. */
#include "cli/verb.h"
#include "reprise/page.h"

struct augment_options {
    const char *output, *list;
    int64_t seed, mixtures, page;
};

static const struct augment_options defaults = {
    .output = "sheet.png", .list = "published,print", .seed = 1, .mixtures = 12, .page = 1};

static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", offsetof(struct augment_options, output),
     "write the sheet here, a PNG"},
    {"augment", 0, RP_CLI_TEXT, "LIST", offsetof(struct augment_options, list),
     "published, print, or rows with their chance: print,blur=0.5"},
    {"seed", 0, RP_CLI_INTEGER, "N", offsetof(struct augment_options, seed),
     "another seed, another sheet"},
    {"mixtures", 0, RP_CLI_INTEGER, "0..200", offsetof(struct augment_options, mixtures),
     "how many pictures with everything at its chance"},
    {"page", 0, RP_CLI_INTEGER, "1..", offsetof(struct augment_options, page),
     "page of a TIFF or PDF, from 1"},
};

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct augment_options *values = call->values;
    const rp_page_sheet_options sheet = {
        .augmentations = values->list,
        .seed = (uint64_t)values->seed,
        .mixtures = values->mixtures < 0      ? 0
                    : values->mixtures > 1000 ? 1000
                                              : (uint32_t)values->mixtures,
        .page_number = values->page < 1 || values->page > INT32_MAX ? 0 : (uint32_t)values->page};
    return rp_page_sheet_write(values->output, call->inputs[0], &sheet, error);
}

const rp_cli_verb rp_cli_score_augment = {
    .wing = "score",
    .name = "augment",
    .inputs = "IMAGE",
    .inputs_min = 1,
    .inputs_max = 1,
    .summary = "show in one sheet what training does to an image",
    .description =
        "Draws each augmentation by itself and random mixtures: marks, ink, paper, shape and\n"
        "scanning, as old prints and their scans have them.",
    .examples = {"reprise score augment system.png -o sheet.png", "all of them on one system",
                 "reprise score augment scan.pdf --augment print,blur=1 --seed 7",
                 "the list for prints, always out of focus"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct augment_options),
    .defaults = &defaults,
    .run = run};
