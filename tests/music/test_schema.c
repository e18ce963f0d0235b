/* What is written keeps to the rules of MusicXML: all dev labels as published, joined, repaired and
 * from MIDI; all reference sequences, half of them damaged, joined and repaired. */
#include <stdlib.h>

#include "base/text.h"
#include "check.h"
#include "reprise/music.h"
#include "sample_files.h"
#include "schema.h"

enum { COMPLAINTS_SHOWN = 8 };

static void check_score(const char *musicxml, const char *path,
                        const struct schema_options *options, size_t *wrong) {
    char *complaint = schema_complaint(musicxml, strlen(musicxml), options);
    if (complaint != NULL && (*wrong)++ < COMPLAINTS_SHOWN) printf("# %s: %s\n", path, complaint);
    free(complaint);
}

/* All .lmx files of a folder, written in one way. */
static void check_folder(const char *folder, const rp_music_delinearize_options *how,
                         const struct schema_options *options, const char *what) {
    struct sample_files files = sample_files_list(folder, ".lmx");
    size_t wrong = 0;
    for (size_t i = 0; i < files.count; i++) {
        char *musicxml = NULL;
        CHECK(rp_music_delinearize(&musicxml, files.paths[i], how, NULL, NULL) == RP_OK);
        if (musicxml != NULL) check_score(musicxml, files.paths[i], options, &wrong);
        rp_text_free(musicxml);
    }
    printf("# %s: %zu scores, %zu break a rule\n", what, files.count, wrong);
    CHECK_INT(wrong, 0);
    sample_files_clear(&files);
}

static const rp_music_delinearize_options published = {0}, joined = {.joins = true},
                                          repaired = {.repairs = true};

TEST(dev_labels_are_written_within_the_rules) {
    static const struct schema_options as_published = {.is_published = true}, plain = {0},
                                       adds_up = {.adds_up = true};
    char *folder = sample_files_unpack("olimpic-synthetic/dev.tgz", "*.lmx");
    if (folder == NULL) {
        check_skip("needs the data");
        return;
    }
    check_folder(folder, &published, &as_published, "dev labels as published");
    check_folder(folder, &joined, &plain, "dev labels joined");
    check_folder(folder, &repaired, &adds_up, "dev labels repaired");
    free(folder);
}

TEST(reference_sequences_damaged_or_not_are_written_within_the_rules) {
    static const struct schema_options plain = {0};
    char *folder = sample_files_data("reference/delinearize", NULL);
    if (folder == NULL) {
        check_skip("needs the data");
        return;
    }
    check_folder(folder, &joined, &plain, "reference sequences joined");
    check_folder(folder, &repaired, &plain, "reference sequences repaired");
    free(folder);
}

#define SCORE(part)                                                                             \
    "<score-partwise version='4.0'><part-list><score-part id='P1'><part-name>Piano</part-name>" \
    "</score-part></part-list><part id='P1'><measure number='1'>" part                          \
    "</measure></part>"                                                                         \
    "</score-partwise>"
#define C4 "<pitch><step>C</step><octave>4</octave></pitch>"

/* The checker itself: rules that are broken are found. */
TEST(broken_rules_are_found) {
    static const struct {
        const char *score, *words;
    } rows[] = {
        {SCORE("<note>" C4 "<duration>1</duration></note>"), NULL},
        {SCORE("<note><duration>1</duration>" C4 "</note>"), "note: its children"},
        {SCORE("<note>" C4 "</note>"), "note: its children"},
        {SCORE("<note><grace/>" C4 "<duration>1</duration></note>"), "note: its children"},
        {SCORE("<note>" C4 "<duration>0</duration></note>"), "duration: 0"},
        {SCORE("<note>" C4 "<duration>1</duration><beam number='9'>begin</beam></note>"),
         "beam: 9"},
        {SCORE("<note>" C4 "<duration>1</duration><tie/></note>"), "tie: an attribute is missing"},
        {SCORE("<note odd='1'>" C4 "<duration>1</duration></note>"), "note: it has an attribute"},
        {SCORE("<note>" C4 "<duration>1</duration><type>8th</type></note>"), "type: 8th"},
        {SCORE("<backup><duration>1</duration></backup>"), "backup: it leads before"},
        {SCORE("<note>" C4 "<duration>2</duration></note><backup><duration>1</duration></backup>"
               "<note>" C4 "<duration>1</duration></note>"),
         "voice: it holds two"},
        {SCORE("<note>" C4 "<duration>1</duration></note><note><chord/>" C4
               "<duration>2</duration></note>"),
         "chord: a note is longer"},
        {SCORE("<attributes><time><beats>4</beats><beat-type>4</beat-type></time><key><fifths>0"
               "</fifths></key></attributes>"),
         "attributes: its children"},
        {SCORE("<odd/>"), "measure: its children"},
        {SCORE("") "<", "document: not well-formed"},
    };
    static const struct schema_options options = {0};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        char *complaint = schema_complaint(rows[i].score, strlen(rows[i].score), &options);
        CHECK((complaint == NULL) == (rows[i].words == NULL));
        if (complaint != NULL && rows[i].words != NULL)
            CHECK(strstr(complaint, rows[i].words) != NULL);
        if (check_is_failed()) printf("# %zu: %s\n", i, complaint != NULL ? complaint : "nothing");
        free(complaint);
    }
}
