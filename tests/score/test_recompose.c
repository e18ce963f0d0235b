/* New pieces of a data set's labels, called from C. */
#include "check.h"
#include "reprise/score.h"

#include <sys/stat.h>

#include "base/new_file.h"

static void write_text(const char *folder, const char *name, const char *words) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_INT(rp_new_file_write(path, words, strlen(words), NULL), RP_OK);
}

/* One system of two measures, as the split `train`. */
static const char *make_set(void) {
    static char folder[512];
    char samples[600];
    snprintf(folder, sizeof folder, "%s/labels", check_scratch());
    snprintf(samples, sizeof samples, "%s/a", folder);
    mkdir(folder, 0777);
    mkdir(samples, 0777);
    write_text(folder, "samples.train.txt", "a/p1-s1\n");
    write_text(samples, "p1-s1.lmx",
               "measure key:fifths:0 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 "
               "C5 voice:1 half stem:down staff:1 backup half C3 voice:5 half stem:up staff:2 "
               "measure E5 voice:1 half stem:down staff:1 backup half G3 voice:5 half stem:down "
               "staff:2\n");
    return folder;
}

TEST(what_is_not_said_of_a_recomposition_is_as_the_header_says) {
    char output[600], path[700];
    rp_score_recompose_report report;
    rp_error error = {0};
    struct stat last;
    snprintf(output, sizeof output, "%s/pieces", check_scratch());
    REQUIRE(rp_score_recompose(&report, output, make_set(), NULL, NULL, &error) == RP_OK);
    CHECK_INT(report.pieces, 100);
    snprintf(path, sizeof path, "%s/r1-00100.musicxml", output);
    CHECK(stat(path, &last) == 0);
    const rp_score_recompose_options two = {.pieces = 2, .seed = 7}; /* of no named split */
    CHECK_INT(rp_score_recompose(&report, output, make_set(), &two, NULL, &error), RP_OK);
    CHECK_INT(report.systems, 1);
    const rp_score_recompose_options none = {.split = "train"};
    CHECK_INT(rp_score_recompose(&report, output, make_set(), &none, NULL, &error), RP_USAGE);
}
