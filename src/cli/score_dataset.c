/* score_dataset.c: `reprise score dataset`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/verb.h"
#include "reprise/score.h"

struct dataset_options {
    const char *list, *split, *fonts, *engraver;
    int64_t jobs, height, dpi, seconds, seed;
    bool varied, pages, preview, json;
};

static const struct dataset_options defaults = {.split = "train",
                                                .engraver = "musescore",
                                                .height = 256,
                                                .dpi = 300,
                                                .seconds = 300,
                                                .seed = 1};

#define AT(member) offsetof(struct dataset_options, member)
static const rp_cli_option options[] = {
    {"list", 'l', RP_CLI_INPUT, "FILE", AT(list), "lines of id, tab, path below SCORES"},
    {"split", 's', RP_CLI_TEXT, "NAME", AT(split), "name of the lists: samples.NAME.txt"},
    {"jobs", 'j', RP_CLI_THREADS, "N", AT(jobs), "scores at a time; 0: one a processor"},
    {"height", 0, RP_CLI_INTEGER, "PX", AT(height), "of the samples (256)"},
    {"dpi", 0, RP_CLI_INTEGER, "N", AT(dpi), "of the pages they are cut from (300)"},
    {"seconds", 0, RP_CLI_INTEGER, "1..", AT(seconds), "how long MuseScore may take a score (300)"},
    {"engraver", 0, RP_CLI_TEXT, "musescore|verovio", AT(engraver),
     "verovio: through node (npm install verovio), for piano solo"},
    {"fonts", 0, RP_CLI_TEXT, "LIST", AT(fonts),
     "engrave anew in one of these: Emmentaler,Gonville,MuseJazz,Bravura; or Verovio's"},
    {"vary", 0, RP_CLI_FLAG, NULL, AT(varied),
     "engrave anew, in sizes and weights drawn by chance"},
    {"seed", 0, RP_CLI_INTEGER, "N", AT(seed), "another seed, other hands"},
    {"pages", 0, RP_CLI_FLAG, NULL, AT(pages), "keep whole pages too, with their systems' boxes"},
    {"preview", 0, RP_CLI_FLAG, NULL, AT(preview),
     "write a sheet of images and labels, OUT/preview.NAME.html"},
    {"json", 0, RP_CLI_FLAG, NULL, AT(json), "say it as JSON"},
};
#undef AT

static void print_report(const rp_score_dataset_report *report) {
    printf("scores     %d: %d built, %d already there, %d gave nothing\n", report->scores,
           report->built, report->resumed, report->failed);
    printf("systems    %d, %d without measures' edges\n", report->systems, report->without_edges);
    printf("tokens     %" PRId64 "; a system: median %d, 95 %% up to %d, at most %d\n",
           report->tokens, report->tokens_median, report->tokens_95, report->tokens_max);
    printf("width      median %d px, 95 %% up to %d, at most %d\n", report->width_median,
           report->width_95, report->width_max);
    printf("vocabulary %d of 224 tokens occur\n", report->vocabulary);
    printf("problems   %d\n", report->problems);
    printf("seconds    %.1f\n", report->seconds);
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct dataset_options *values = call->values;
    const rp_score_dataset_options build = {.list = values->list,
                                            .split = values->split,
                                            .height = (int32_t)values->height,
                                            .jobs = (int32_t)values->jobs,
                                            .dpi = (int32_t)values->dpi,
                                            .seconds_max = (double)values->seconds,
                                            .fonts = values->fonts,
                                            .is_varied = values->varied,
                                            .seed = (uint64_t)values->seed,
                                            .is_verovio = strcmp(values->engraver, "verovio") == 0,
                                            .keeps_pages = values->pages,
                                            .is_previewed = values->preview};
    rp_score_dataset_report report;
    const char *const *inputs = call->inputs;
    const bool is_scanned = strcmp(inputs[0], "scanned") == 0;
    if (call->input_count != (is_scanned ? 4 : 2))
        return rp_cli_fail(error, RP_USAGE, "give SCORES OUT, or scanned PAGES LABELS OUT");
    const rp_status status =
        is_scanned ? rp_score_dataset_scanned(&report, inputs[3], inputs[1], inputs[2], &build,
                                              call->progress, error)
                   : rp_score_dataset_build(&report, inputs[1], inputs[0], &build, call->progress,
                                            call->log, error);
    if (status == RP_OK || status == RP_NO) {
        if (values->json) printf("%s\n", report.json);
        else print_report(&report);
    }
    rp_score_dataset_report_clear(&report);
    return status;
}

const rp_cli_verb rp_cli_score_dataset = {
    .wing = "score",
    .name = "dataset",
    .inputs = "SCORES OUT | scanned PAGES LABELS OUT",
    .inputs_min = 2,
    .inputs_max = 4,
    .summary = "build training data from scores",
    .description =
        "Engraves every score with MuseScore 3 (apt-get install musescore3), cuts the piano's\n"
        "systems out of its pages and writes each with its label to OUT, in the OLiMPiC layout.\n"
        "SCORES is a folder, or one score: .mscx, .mscz, .musicxml, .xml or .mxl. Run again, it\n"
        "goes on where it was ended. What gives nothing is said in OUT/problems.NAME.txt.\n"
        "With the word scanned the piano systems found on page images (a folder, or a PDF, TIFF,\n"
        "PNG or JPEG) are paired with those of the piece's MusicXML, which has the print's breaks.",
    .examples =
        {"reprise score dataset lieder olimpic --list scores.txt --split dev",
         "the scores of a list, as the development split",
         "reprise score dataset pieces more --fonts Gonville,Emmentaler --vary --seed 7",
         "the same music in other hands",
         "reprise score dataset scanned scan.pdf piece.musicxml scans --split dev --preview",
         "a scanned piece, and a sheet to look at"},
    .options = options,
    .option_count = RP_COUNT(options),
    .values_size = sizeof(struct dataset_options),
    .defaults = &defaults,
    .run = run};
