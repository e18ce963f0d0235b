/* A folder of pages: every page one line, no page twice, whatever was killed or shared. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/text.h"
#include "check.h"
#include "nn/checkpoint.h"
#include "reprise/score.h"
#include "score/model.h"

/* A network of random weights: what it reads does not matter here. */
static rp_score_reader *open_reader(void) {
    char path[1024];
    rp_arena space = {0};
    rp_metadata metadata[RP_MODEL_METADATA];
    rp_model model;
    rp_score_reader *reader = NULL;
    snprintf(path, sizeof path, "%s/random.safetensors", check_scratch());
    if (rp_model_create(&model, rp_configuration_find("measure"), 5, false, NULL) != RP_OK ||
        rp_model_metadata(&model, metadata, &space, NULL) != RP_OK ||
        rp_checkpoint_ship(path, &model.parameters, false, true, metadata, RP_MODEL_METADATA,
                           NULL) != RP_OK ||
        rp_score_reader_create(&reader, path, 0, 1, NULL) != RP_OK)
        check_failed(__FILE__, __LINE__, "no reader");
    rp_model_clear(&model);
    rp_arena_clear(&space);
    return reader;
}

/* Two pages of which one is no picture, twins in name, and a file that is no page. */
static void make_folder(char *folder, char *output, const char *name) {
    static const char *const junk[] = {"a.png", "b.jpg", "b.png", "c.TIF"};
    char path[1200], page[1024], *whole;
    snprintf(folder, 1024, "%s/%s", check_scratch(), name);
    snprintf(output, 1024, "%s/%s-out", check_scratch(), name);
    mkdir(folder, 0777);
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, junk[i]);
        CHECK_INT(rp_new_file_write(path, "no picture", 10, NULL), RP_OK);
    }
    snprintf(path, sizeof path, "%s/notes.txt", folder);
    CHECK_INT(rp_new_file_write(path, "x", 1, NULL), RP_OK);
    snprintf(path, sizeof path, "%s/d.png", folder);
    snprintf(page, sizeof page, "%s/examples/pages/rain.png", check_source());
    whole = realpath(page, NULL);
    CHECK(whole != NULL && symlink(whole, path) == 0);
    free(whole);
}

static char *record_of(const char *output, int part) {
    char path[1200];
    rp_mapped_file file;
    rp_text text = {0};
    snprintf(path, sizeof path, "%s/pages.%d.jsonl", output, part);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return NULL;
    rp_text_add_bytes(&text, file.data, file.size);
    rp_text_add_char(&text, '\0');
    rp_mapped_file_close(&file);
    return text.data;
}

static int count_of(const char *text, const char *word) {
    int count = 0;
    for (; text != NULL && (text = strstr(text, word)) != NULL; text++) count++;
    return count;
}

TEST(every_page_gets_a_line_and_a_second_run_reads_only_what_failed) {
    char folder[1024], output[1024], path[1200];
    rp_score_folder_report report;
    rp_score_reader *reader = open_reader();
    make_folder(folder, output, "once");
    const rp_score_folder_options options = {.folder = folder, .output = output, .parts = 1};
    REQUIRE(reader != NULL);
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.read, 1);
    CHECK_INT(report.failed, 4);
    char *lines = record_of(output, 0);
    CHECK_INT(count_of(lines, "\"input\""), 5);
    CHECK_INT(count_of(lines, "\"error\""), 4);
    CHECK_INT(count_of(lines, "\"input\": \"d.png\", \"read\": true"), 1);
    snprintf(path, sizeof path, "%s/d.musicxml", output);
    CHECK_INT(access(path, R_OK), 0);
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.skipped, 1);
    CHECK_INT(report.read, 0);
    CHECK_INT(report.failed, 4); /* so that the exit says it again */
    rp_text_free(lines);
    rp_score_reader_destroy(reader);
}

/* Two runs over the folder as a run before left it: its record, and the score of one page. */
static void read_begun(rp_score_folder_report reports[2], const char *record, const char *score) {
    char folder[1024], output[1024], path[1200];
    rp_score_reader *reader = open_reader();
    make_folder(folder, output, score);
    mkdir(output, 0777);
    snprintf(path, sizeof path, "%s/pages.0.jsonl", output);
    CHECK_INT(rp_new_file_write(path, record, strlen(record), NULL), RP_OK);
    snprintf(path, sizeof path, "%s/%s", output, score);
    CHECK_INT(rp_new_file_write(path, "a score", 7, NULL), RP_OK);
    const rp_score_folder_options options = {.folder = folder, .output = output, .parts = 1};
    for (int run = 0; run < 2 && reader != NULL; run++)
        CHECK_INT(rp_score_read_folder(&reports[run], reader, &options, NULL, NULL), RP_OK);
    rp_score_reader_destroy(reader);
}

TEST(a_line_cut_short_is_read_again) {
    rp_score_folder_report reports[2] = {{0}};
    read_begun(reports,
               "{\"reprise\": 1, \"input\": \"a.png\", \"output\": \"a.musicxml\"}\n"
               "{\"reprise\": 1, \"input\": \"d.png\", \"output\"",
               "a.musicxml");
    CHECK_INT(reports[0].skipped, 1);
    CHECK_INT(reports[0].read, 1);
    CHECK_INT(reports[0].failed, 3);
    CHECK_INT(reports[1].skipped, 2);
}

TEST(a_document_that_was_not_read_whole_is_read_again) {
    rp_score_folder_report reports[2] = {{0}};
    read_begun(reports,
               "{\"reprise\": 1, \"input\": \"d.png\", \"output\": \"d.musicxml\", "
               "\"failed_pages\": 1}\n",
               "d.musicxml");
    CHECK_INT(reports[0].skipped, 0);
    CHECK_INT(reports[0].read, 1);
    CHECK_INT(reports[1].skipped, 1);
}

TEST(a_score_that_is_gone_or_of_another_kind_is_made) {
    char folder[1024], output[1024], path[1200];
    rp_score_folder_report report;
    rp_score_reader *reader = open_reader();
    make_folder(folder, output, "kinds");
    rp_score_folder_options options = {.folder = folder, .output = output, .parts = 1};
    REQUIRE(reader != NULL);
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    snprintf(path, sizeof path, "%s/d.musicxml", output);
    CHECK_INT(remove(path), 0);
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.read, 1);
    CHECK_INT(access(path, R_OK), 0);
    options.lmx = true;
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.read, 1);
    snprintf(path, sizeof path, "%s/d.lmx", output);
    CHECK_INT(access(path, R_OK), 0);
    rp_score_reader_destroy(reader);
}

TEST(parts_share_the_pages_and_another_number_of_parts_goes_on) {
    char folder[1024], output[1024];
    rp_score_folder_report report;
    rp_score_reader *reader = open_reader();
    make_folder(folder, output, "parts");
    rp_score_folder_options options = {.folder = folder, .output = output, .part = 1, .parts = 3};
    REQUIRE(reader != NULL);
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.read + report.failed, 2); /* b.jpg and d.png of a, b, b, c, d in ASCII order */
    options.part = 0;
    options.parts = 1;
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_OK);
    CHECK_INT(report.skipped, 1); /* b.jpg failed and is tried again */
    CHECK_INT(report.read + report.failed, 4);
    options.part = 3;
    CHECK_INT(rp_score_read_folder(&report, reader, &options, NULL, NULL), RP_USAGE);
    rp_score_reader_destroy(reader);
}

TEST(a_folder_without_pages_says_so) {
    char output[1024];
    rp_error error = {0};
    rp_score_folder_report report;
    snprintf(output, sizeof output, "%s/empty", check_scratch());
    const rp_score_folder_options options = {.folder = output, .output = output, .parts = 1};
    CHECK_INT(rp_score_read_folder(&report, NULL, &options, NULL, &error), RP_NO);
    CHECK(strstr(error.text, "holds no") != NULL);
}
