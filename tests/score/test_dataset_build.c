/* test_dataset_build.c: whole builds: with a stand-in for MuseScore whose failures can be chosen
 * (fake_musescore.sh), and with MuseScore itself on a piece of ours where it is installed. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "check.h"
#include "engraved_sample.h"
#include "reprise/score.h"
#include "score/dataset.h"

typedef struct place {
    char scores[512], output[512], old_path[4096];
} place;

/* A folder of scores whose names are odd and whose contents are one word: what the stand-in does.
 */
static bool make_place(place *at, const char *name, const char *const (*scores)[2], size_t count) {
    char path[1024], bin[512], fake[PATH_MAX];
    const char *scratch = check_scratch();
    snprintf(at->scores, sizeof at->scores, "%s/%s-scores", scratch, name);
    snprintf(at->output, sizeof at->output, "%s/%s-out", scratch, name);
    snprintf(bin, sizeof bin, "%s/%s-bin", scratch, name);
    if (mkdir(at->scores, 0777) != 0 || mkdir(bin, 0777) != 0) return false;
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s.mscx", at->scores, scores[i][0]);
        if (rp_new_file_write(path, scores[i][1], strlen(scores[i][1]), NULL) != RP_OK)
            return false;
    }
    snprintf(path, sizeof path, "%s/tests/score/fake_musescore.sh", check_source());
    if (realpath(path, fake) == NULL) return false;
    snprintf(path, sizeof path, "%s/mscore3", bin);
    if (symlink(fake, path) != 0 || !rp_engraved_sample_write(bin)) return false;
    snprintf(at->old_path, sizeof at->old_path, "%s", getenv("PATH"));
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", bin);
    setenv("PATH", path, 1);
    setenv("FAKE_OUTPUTS", bin, 1);
    return true;
}

static bool file_holds(const place *at, const char *name, const char *words) {
    char path[1024];
    rp_mapped_file file;
    snprintf(path, sizeof path, "%s/%s", at->output, name);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return false;
    const bool holds = memmem(file.data, file.size, words, strlen(words)) != NULL;
    rp_mapped_file_close(&file);
    return holds;
}

TEST(one_broken_score_does_not_stop_the_rest) {
    static const char *const scores[][2] = {
        {"crash", "crash\n"},           {"hang", "hang\n"}, {"it's \"grün\", 1", "good\n"},
        {"nopiano", "nopiano\n"},       {"odd", "odd\n"},   {"silent", "silent\n"},
        {"unreadable", "unreadable\n"}, {"zz", "good\n"},
    };
    place at;
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    rp_error error = {0};
    REQUIRE(make_place(&at, "broken", scores, RP_COUNT(scores)));
    options.seconds_max = 2;
    options.jobs = 2;
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, &options, NULL, NULL, &error) ==
          RP_NO);
    CHECK_INT(report.scores, 8);
    CHECK_INT(report.failed, 5);
    CHECK_INT(report.built, 3); /* of `odd` nothing but a page that is left out */
    CHECK_INT(report.systems, 2);
    CHECK_INT(report.without_edges, 0);
    const char *const said[] = {"MuseScore crashed (signal 11)",
                                "MuseScore took longer than 2 s",
                                "no piano part",
                                "MuseScore wrote nothing",
                                "cannot read it: Not a score at all",
                                "odd\tpage 1 left out: 0 piano "};
    for (size_t i = 0; i < RP_COUNT(said); i++)
        CHECK(file_holds(&at, "problems.train.txt", said[i]));
    CHECK(file_holds(&at, "samples.train.txt", "samples/it's_\"grün\",_1/p1-s1\n"));
    CHECK(file_holds(&at, "measures.train.txt", "samples/zz/p1-s1 64."));
    CHECK(strstr(report.json, "\"failed\": 5") != NULL ||
          strstr(report.json, "\"failed\":5") != NULL);
    rp_score_dataset_report_clear(&report);

    /* The set is one that the training reads. */
    rp_dataset set;
    const rp_dataset_options load = {.split = "train", .height = 128};
    REQUIRE(rp_dataset_load(&set, at.output, &load, &error) == RP_OK);
    CHECK_INT(set.count, 2);
    CHECK(set.samples[0].edges != NULL);
    CHECK_INT(set.samples[0].measure_count, 2);
    rp_dataset_clear(&set);
    setenv("PATH", at.old_path, 1);
}

TEST(a_build_goes_on_where_it_was_ended) {
    static const char *const scores[][2] = {{"a", "good\n"}, {"b", "good\n"}};
    place at;
    char path[1024];
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    REQUIRE(make_place(&at, "resumed", scores, RP_COUNT(scores)));
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, &options, NULL, NULL, NULL) ==
          RP_OK);
    CHECK_INT(report.built, 2);
    rp_score_dataset_report_clear(&report);
    snprintf(path, sizeof path, "%s/built/b.txt", at.output); /* as a kill leaves it */
    REQUIRE(truncate(path, 60) == 0);
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, &options, NULL, NULL, NULL) ==
          RP_OK);
    CHECK_INT(report.built, 1);
    CHECK_INT(report.resumed, 1);
    CHECK_INT(report.systems, 2);
    rp_score_dataset_report_clear(&report);
    options.height = 128; /* other samples: all are made anew */
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, &options, NULL, NULL, NULL) ==
          RP_OK);
    CHECK_INT(report.built, 2);
    rp_score_dataset_report_clear(&report);
    setenv("PATH", at.old_path, 1);
}

TEST(a_missing_musescore_or_disk_stops_the_build_with_its_reason) {
    static const char *const scores[][2] = {{"a", "good\n"}, {"b", "good\n"}};
    place at;
    rp_score_dataset_report report;
    rp_error error = {0};
    REQUIRE(make_place(&at, "stopped", scores, RP_COUNT(scores)));
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    const struct rlimit small = {.rlim_cur = 1500, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN); /* a full disk: no file grows beyond 1,500 bytes */
    setrlimit(RLIMIT_FSIZE, &small);
    const rp_status full =
        rp_score_dataset_build(&report, at.output, at.scores, NULL, NULL, NULL, &error);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK(full != RP_OK);
    rp_score_dataset_report_clear(&report);
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, NULL, NULL, NULL, &error) == RP_OK);
    CHECK_INT(report.systems, 2); /* with room again, the same command makes it whole */
    rp_score_dataset_report_clear(&report);
    char path[4096]; /* a folder that cannot be written to stops the whole build */
    snprintf(path, sizeof path, "rm -rf '%s'/built/a.txt '%s'/samples/a && : > '%s'/samples/a",
             at.output, at.output, at.output);
    REQUIRE(system(path) == 0);
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, NULL, NULL, NULL, &error) ==
          RP_SYSTEM);
    CHECK(strstr(error.text, "samples/a") != NULL);
    rp_score_dataset_report_clear(&report);
    setenv("PATH", "/nonexistent", 1);
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, NULL, NULL, NULL, &error) ==
          RP_SYSTEM);
    CHECK(strstr(error.text, "is not installed; apt-get install musescore3") != NULL);
    rp_score_dataset_report_clear(&report);
    setenv("PATH", at.old_path, 1);
    CHECK(rp_score_dataset_build(&report, at.output, "/nonexistent", NULL, NULL, NULL, &error) ==
          RP_INPUT);
    rp_score_dataset_report_clear(&report);
}

TEST(a_missing_verovio_is_said_with_the_command_that_installs_it) {
    static const char *const scores[][2] = {{"a", "good\n"}};
    place at;
    char command[4096];
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    rp_error error = {0};
    REQUIRE(make_place(&at, "verovio", scores, RP_COUNT(scores)));
    snprintf(command, sizeof command,
             "printf '#!/bin/sh\\nexit 4\\n' > '%s/node' && chmod +x '%s/node' && "
             "mv '%s/a.mscx' '%s/a.musicxml' && echo '<x/>' > '%s/a.musicxml'",
             getenv("FAKE_OUTPUTS"), getenv("FAKE_OUTPUTS"), at.scores, at.scores, at.scores);
    REQUIRE(system(command) == 0);
    options.is_verovio = true;
    CHECK(rp_score_dataset_build(&report, at.output, at.scores, &options, NULL, NULL, &error) ==
          RP_SYSTEM);
    CHECK(strstr(error.text, "npm install verovio") != NULL);
    rp_score_dataset_report_clear(&report);
    setenv("PATH", at.old_path, 1);
}

/* Bytes of a file that the build left; 0: it left none. */
static size_t read_built(uint8_t *bytes, size_t room, const char *output, const char *name) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", output, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    const size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

TEST(musescore_engraves_a_piece_of_ours_in_another_hand) {
    static uint8_t images[2][1 << 20];
    char output[512], score[1024];
    rp_score_dataset_report report;
    rp_error error = {0};
    rp_score_dataset_options options = rp_score_dataset_defaults();
    if (access("/usr/bin/mscore3", X_OK) != 0) {
        check_skip("MuseScore 3 is not installed");
        return;
    }
    snprintf(output, sizeof output, "%s/real-out", check_scratch());
    snprintf(score, sizeof score, "%s/examples/pages/small-march.musicxml", check_source());
    options.dpi = 150;
    const rp_status plain =
        rp_score_dataset_build(&report, output, score, &options, NULL, NULL, &error);
    if (plain != RP_OK) check_failed(__FILE__, __LINE__, "%s", error.text);
    rp_score_dataset_report_clear(&report);
    const char *const name = "samples/small-march/p1-s1.png";
    const size_t size = read_built(images[0], sizeof images[0], output, name);
    CHECK(size > 0);
    options.fonts = "Gonville";
    options.is_varied = true;
    options.keeps_pages = true;
    const rp_status status =
        rp_score_dataset_build(&report, output, score, &options, NULL, NULL, &error);
    if (status != RP_OK) check_failed(__FILE__, __LINE__, "%s", error.text);
    CHECK(report.systems >= 2);
    CHECK_INT(report.without_edges, 0);
    CHECK_INT(report.problems, 0);
    snprintf(score, sizeof score, "%s/pages/small-march-1.txt", output);
    CHECK(access(score, R_OK) == 0);
    const size_t other_size = read_built(images[1], sizeof images[1], output, name);
    CHECK(other_size > 0 && (other_size != size || memcmp(images[0], images[1], size) != 0));
    rp_score_dataset_report_clear(&report);
}

TEST(scanned_pages_are_paired_with_the_music_by_its_breaks) {
    char output[512], pages[1024], labels[1024];
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    rp_error error = {0};
    snprintf(output, sizeof output, "%s/scanned-out", check_scratch());
    snprintf(pages, sizeof pages, "%s/examples/pages/boat-song-print.png", check_source());
    snprintf(labels, sizeof labels, "%s/examples/pages/boat-song.musicxml", check_source());
    options.is_previewed = true;
    REQUIRE(rp_score_dataset_scanned(&report, output, pages, labels, &options, NULL, &error) ==
            RP_OK);
    CHECK_INT(report.systems, 4);
    rp_score_dataset_report_clear(&report);

    /* Another page does not come out even, and says so; what was there stays. */
    snprintf(labels, sizeof labels, "%s/examples/pages/rain.musicxml", check_source());
    CHECK(rp_score_dataset_scanned(&report, output, pages, labels, &options, NULL, &error) ==
          RP_NO);
    CHECK_INT(report.problems, 1);
    CHECK_INT(report.systems, 4);
    rp_score_dataset_report_clear(&report);
    place here = {.output = {0}};
    snprintf(here.output, sizeof here.output, "%s", output);
    CHECK(file_holds(&here, "problems.train.txt", "rain\tpage 1 left out: 4 piano systems found"));
    CHECK(file_holds(&here, "preview.train.html", "src=\"samples/boat-song/p1-s1.png\""));
    CHECK(rp_score_dataset_scanned(&report, output, "/nonexistent", labels, NULL, NULL, &error) ==
          RP_INPUT);
}

TEST(a_damaged_page_does_not_keep_the_others_from_being_paired) {
    char folder[512], output[512], labels[1024], command[4096];
    rp_score_dataset_report report;
    rp_score_dataset_options options = rp_score_dataset_defaults();
    rp_error error = {0};
    snprintf(folder, sizeof folder, "%s/some-pages", check_scratch());
    snprintf(output, sizeof output, "%s/some-out", check_scratch());
    snprintf(labels, sizeof labels, "%s/examples/pages/boat-song.musicxml", check_source());
    snprintf(command, sizeof command,
             "mkdir -p '%s' && cp '%s'/examples/pages/boat-song-print.png '%s/1.png' && "
             "head -c 5000 '%s/1.png' > '%s/2.png'",
             folder, check_source(), folder, folder, folder);
    REQUIRE(system(command) == 0);
    CHECK_INT(rp_score_dataset_scanned(&report, output, folder, labels, NULL, NULL, &error), RP_NO);
    CHECK_INT(report.systems, 4);
    CHECK_INT(report.problems, 1);
    rp_score_dataset_report_clear(&report);
    options.split = NULL;
    CHECK_INT(rp_score_dataset_scanned(&report, output, folder, labels, &options, NULL, &error),
              RP_USAGE);
    CHECK_INT(rp_score_dataset_build(&report, output, folder, &options, NULL, NULL, &error),
              RP_USAGE);
}

TEST(a_sample_may_be_a_jpeg_as_in_grandstaff) {
    char folder[512], command[4096];
    rp_dataset set;
    rp_error error = {0};
    snprintf(folder, sizeof folder, "%s/grandstaff", check_scratch());
    snprintf(
        command, sizeof command,
        "mkdir -p '%s/chopin/op1' && cp '%s'/fuzz/corpus/jpeg/gray.jpg '%s/chopin/op1/m-0-5.jpg' "
        "&& echo measure C4 quarter > '%s/chopin/op1/m-0-5.lmx' "
        "&& echo chopin/op1/m-0-5 > '%s/samples.train.txt'",
        folder, check_source(), folder, folder, folder);
    REQUIRE(system(command) == 0);
    const rp_dataset_options load = {.split = "train", .height = 64};
    const rp_status status = rp_dataset_load(&set, folder, &load, &error);
    if (status != RP_OK) check_failed(__FILE__, __LINE__, "%s", error.text);
    CHECK_INT(set.count, 1);
    CHECK(set.samples != NULL && set.samples[0].width > 0);
    rp_dataset_clear(&set);
}
