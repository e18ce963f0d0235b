/* Comparing two files: figures, and the list of differences. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/music.h"

static void write_file(char *path, size_t size, const char *name, const char *text) {
    snprintf(path, size, "%s/%s", check_scratch(), name);
    CHECK(rp_new_file_write(path, text, strlen(text), NULL) == RP_OK);
}

/* Compares two lines; the result is the caller's to clear. */
static rp_music_comparison compare(const char *gold, const char *predicted) {
    char gold_path[512], predicted_path[512];
    rp_music_comparison found = {0};
    rp_error error = {0};
    write_file(gold_path, sizeof gold_path, "gold.lmx", gold);
    write_file(predicted_path, sizeof predicted_path, "predicted.lmx", predicted);
    if (rp_music_compare(&found, gold_path, predicted_path, RP_MUSIC_FULL, &error) != RP_OK)
        check_failed(__FILE__, __LINE__, "%s", error.text);
    return found;
}

TEST(equal_scores_have_no_differences) {
    const char *line = "measure key:fifths:1 F4 voice:1 half grace G4 eighth chord A4 half\n";
    rp_music_comparison found = compare(line, line);
    CHECK_INT(found.difference_count, 0);
    CHECK_NEAR(found.note_f1, 1, 0);
    CHECK_NEAR(found.onset_f1, 1, 0);
    CHECK_NEAR(found.ser, 0, 0);
    rp_music_comparison_clear(&found);
}

TEST(differences_name_measure_onset_staff_and_note) {
    static const char *const expected[] = {
        "measure 1, at 1, staff 1: D4 1/2 reads D4 1",
        "measure 2, at 0, staff 1: E4 1 reads F4 1",
        "measure 2, at 1, staff 1: G4 1 is missing",
        "measure 3 is missing",
    };
    rp_music_comparison found = compare(
        "measure C4 voice:1 quarter D4 eighth measure E4 quarter G4 quarter measure A4 half",
        "measure C4 voice:1 quarter D4 quarter measure F4 quarter");
    CHECK_INT(found.difference_count, RP_COUNT(expected));
    for (size_t i = 0; i < RP_COUNT(expected) && i < found.difference_count; i++)
        CHECK_TEXT(found.differences[i], expected[i]);
    CHECK_NEAR(found.onset_f1, 2.0 * 2 / (5 + 3), 1e-12);
    CHECK_NEAR(found.note_f1, 2.0 * 1 / (5 + 3), 1e-12);
    rp_music_comparison_clear(&found);
}

TEST(a_measure_too_many_does_not_spoil_what_follows) {
    rp_music_comparison found = compare("measure C4 quarter measure D4 quarter measure E4 quarter",
                                        "measure C4 quarter measure G5 half measure D4 quarter "
                                        "measure E4 quarter");
    CHECK_INT(found.difference_count, 1);
    if (found.difference_count == 1)
        CHECK_TEXT(found.differences[0], "measure 2 of the prediction is one too many");
    CHECK_NEAR(found.note_f1, 2.0 * 3 / 7, 1e-12);
    rp_music_comparison_clear(&found);
}

TEST(sounding_alterations_count) {
    rp_music_comparison found = compare("measure key:fifths:1 F4 quarter", "measure F4 quarter");
    CHECK_NEAR(found.onset_f1, 0, 0);
    CHECK_INT(found.difference_count, 1);
    if (found.difference_count == 1)
        CHECK_TEXT(found.differences[0], "measure 1, at 0, staff 1: F#4 1 reads F4 1");
    rp_music_comparison_clear(&found);
}

TEST(musicxml_mxl_and_lmx_of_one_score_agree) {
    char lmx_path[512], xml_path[512], mxl_path[512];
    const char *line = "measure clef:G2 C4 voice:1 quarter stem:up D4 quarter stem:down\n";
    char *xml;
    write_file(lmx_path, sizeof lmx_path, "one.lmx", line);
    REQUIRE(rp_music_delinearize(&xml, lmx_path, NULL, NULL, NULL) == RP_OK);
    snprintf(xml_path, sizeof xml_path, "%s/one.musicxml", check_scratch());
    snprintf(mxl_path, sizeof mxl_path, "%s/one.mxl", check_scratch());
    CHECK(rp_music_write(xml_path, xml, NULL) == RP_OK);
    CHECK(rp_music_write(mxl_path, xml, NULL) == RP_OK);
    const char *const paths[] = {lmx_path, xml_path, mxl_path};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            rp_music_comparison found;
            REQUIRE(rp_music_compare(&found, paths[i], paths[j], RP_MUSIC_LMX_ONLY, NULL) == RP_OK);
            CHECK_NEAR(found.ser, 0, 0);
            CHECK_INT(found.edit_cost, 0);
            rp_music_comparison_clear(&found);
        }
    char *lmx;
    REQUIRE(rp_music_linearize(&lmx, mxl_path, NULL, NULL) == RP_OK);
    CHECK_TEXT(lmx, line);
    rp_text_free(lmx);
    rp_text_free(xml);
}

TEST(bad_files_are_named) {
    char path[512], good[512];
    rp_music_comparison found;
    write_file(good, sizeof good, "good.lmx", "measure C4 quarter");
    static const struct {
        const char *name, *text, *words;
    } cases[] = {
        {"a.musicxml", "<score-timewise/>", "timewise"},
        {"b.musicxml", "<score-partwise>", "b.musicxml: line 1"},
        {"c.musicxml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "DOCTYPE"},
        {"d.musicxml", "<a>\n< default-x='1'/></a>", "line 2: an element without a name"},
        {"e.musicxml", "<a>\xff</a>", "UTF-8"},
        {"f.mxl", "PK\3\4 and no more", "not a whole .mxl"},
        {"g.mid", "MThd", "give .musicxml"},
        {"h.musicxml", "<html/>", "not MusicXML"},
    };
    for (size_t i = 0; i < RP_COUNT(cases); i++) {
        rp_error error = {0};
        write_file(path, sizeof path, cases[i].name, cases[i].text);
        CHECK_INT(rp_music_compare(&found, path, good, RP_MUSIC_FULL, &error), RP_INPUT);
        if (strstr(error.text, cases[i].words) == NULL)
            check_failed(__FILE__, __LINE__, "%s: %s", cases[i].name, error.text);
    }
}

TEST(deep_nesting_is_refused) {
    rp_error error = {0};
    char path[512], *lmx;
    char text[2048] = "";
    for (int i = 0; i < 100; i++) strcat(text, "<a>");
    write_file(path, sizeof path, "deep.musicxml", text);
    CHECK_INT(rp_music_linearize(&lmx, path, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "64 deep") != NULL);
}

/* Each row: what a program in MuseScore's place does (its words: -f -r 110 -o TO FROM ...), and
 * what is said of it. Whatever it does, the folder it works in is gone afterwards. */
TEST(a_picture_that_cannot_be_engraved_says_why_and_leaves_nothing) {
    static const struct {
        const char *script, *words;
    } rows[] = {
        {"echo no picture > \"$5\"", "page 1 of good.lmx as MuseScore drew it"},
        {"cp ${0%mscore3}page.png \"$5\"", "MuseScore drew no page 2 of good.lmx"},
        {"echo cannot draw >&2", "MuseScore wrote nothing for"},
    };
    static const uint8_t page[] = {
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
        0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00, 0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78,
        0x9C, 0x63, 0xF8, 0x0F, 0x00, 0x01, 0x01, 0x01, 0x00, 0xB1, 0x38, 0xF6, 0x14, 0x00,
        0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82}; /* one white dot */
    char program[512], said[512], text[1024], good[512], to[512];
    char *old_path = strdup(getenv("PATH"));
    write_file(good, sizeof good, "good.lmx",
               "measure C4 quarter measure measure measure measure D4 quarter");
    snprintf(to, sizeof to, "%s/page.png", check_scratch());
    CHECK(rp_new_file_write(to, page, sizeof page, NULL) == RP_OK);
    snprintf(to, sizeof to, "%s/both.png", check_scratch());
    snprintf(said, sizeof said, "%s/where.txt", check_scratch());
    snprintf(text, sizeof text, "%s:/usr/bin:/bin", check_scratch());
    setenv("PATH", text, 1);
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_error error = {0};
        snprintf(text, sizeof text, "#!/bin/sh\ndirname \"$6\" > '%s'\n%s\n", said, rows[i].script);
        write_file(program, sizeof program, "mscore3", text);
        CHECK_INT(chmod(program, 0700), 0);
        CHECK_INT(rp_music_picture(to, good, good, 0, &error), RP_SYSTEM);
        if (strstr(error.text, rows[i].words) == NULL)
            check_failed(__FILE__, __LINE__, "%s: %s", rows[i].script, error.text);
        CHECK(access(to, F_OK) != 0);
        FILE *where = fopen(said, "r");
        REQUIRE(where != NULL && fgets(text, sizeof text, where) != NULL);
        fclose(where);
        text[strcspn(text, "\n")] = 0;
        CHECK(access(text, F_OK) != 0);
    }
    setenv("PATH", old_path, 1);
    free(old_path);
}
