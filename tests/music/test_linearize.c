/* The Linearizer: the published vectors, the development split, whole scores by systems. */
#include <stdlib.h>

#include "check.h"
#include "music/linearize_file.h"
#include "music/music_file.h"
#include "sample_files.h"

/* The text of a MusicXML text, or NULL and the error. */
static char *lmx_of(const char *xml, const rp_music_linearize_options *options, size_t *warnings,
                    rp_error *error) {
    const rp_xml_source source = {"test.musicxml", (const uint8_t *)xml, strlen(xml)};
    rp_text text = {0};
    if (rp_linearize_source(&text, warnings, &source, options, error) == RP_OK) return text.data;
    rp_text_clear(&text);
    return NULL;
}

/* A part of this content, wrapped. */
static char *wrap(const char *content) {
    char *document = NULL;
    if (asprintf(&document,
                 "<score-partwise><part-list><score-part id='P1'><part-name>x</part-name>"
                 "</score-part></part-list><part id='P1'>%s</part></score-partwise>",
                 content) < 0)
        return NULL;
    return document;
}

static void check_line(const char *content, const char *expected) {
    rp_error error = {0};
    char *document = wrap(content);
    char *line = lmx_of(document, NULL, NULL, &error);
    if (line == NULL) check_failed(__FILE__, __LINE__, "%s", error.text);
    else CHECK_TEXT(line, expected);
    free(line);
    free(document);
}

TEST(state_is_said_when_it_changes) {
    check_line(
        "<measure><attributes><divisions>4</divisions><key><fifths>0</fifths></key><time>"
        "<beats>4</beats><beat-type>4</beat-type></time><staves>2</staves>"
        "<clef number='2'><sign>F</sign><line>4</line></clef>"
        "<clef number='1'><sign>G</sign><line>2</line></clef></attributes>"
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>8</duration>"
        "<voice>1</voice><type>half</type><stem>up</stem><staff>1</staff></note>"
        "<note><chord/><pitch><step>E</step><octave>4</octave></pitch><duration>8</duration>"
        "<voice>1</voice><type>half</type><stem>up</stem><staff>1</staff></note>"
        "<note><pitch><step>G</step><octave>4</octave></pitch><duration>8</duration>"
        "<voice>1</voice><type>half</type><stem>down</stem><staff>1</staff></note>"
        "<backup><duration>16</duration></backup>"
        "<note><rest measure='yes'/><duration>16</duration><voice>5</voice><staff>2</staff>"
        "</note></measure>",
        "measure key:fifths:0 time beats:4 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C4 voice:1 "
        "half stem:up staff:1 chord E4 half G4 half stem:down backup whole rest voice:5 "
        "rest:measure staff:2\n");
}

TEST(lengths_that_do_not_divide_are_split_as_published) {
    check_line(
        "<measure><attributes><divisions>24</divisions></attributes>"
        "<forward><duration>64</duration></forward></measure>",
        "measure forward half forward eighth forward 32nd forward 64th\n");
    check_line(
        "<measure><attributes><divisions>24</divisions></attributes>"
        "<forward><duration>2</duration></forward></measure>",
        "measure forward 64th forward 128th forward 256th forward 512th forward 1024th\n");
}

/* As MuseScore 3 writes it in a pick-up of one quarter, and in a measure of 4/4. */
TEST(a_rest_without_a_type_that_fills_its_measure_is_a_measure_rest) {
    check_line(
        "<measure><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4"
        "</beat-type></time><staves>2</staves></attributes>"
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><type>quarter"
        "</type><staff>1</staff></note><backup><duration>1</duration></backup>"
        "<note><rest/><duration>1</duration><voice>5</voice><staff>2</staff></note></measure>"
        "<measure><note><rest/><duration>4</duration><staff>1</staff></note>"
        "<backup><duration>4</duration></backup>"
        "<note><rest measure='yes'/><duration>4</duration><staff>2</staff></note></measure>",
        "measure time beats:4 beat-type:4 C4 quarter staff:1 backup quarter rest voice:5 "
        "rest:measure staff:2 measure rest rest:measure staff:1 backup whole rest rest:measure "
        "staff:2\n");
}

/* One that does not fill it has no length in LMX. */
TEST(a_shorter_rest_without_a_type_is_refused) {
    char *document = wrap(
        "<measure number='3'><attributes><divisions>1</divisions></attributes><note><rest/>"
        "<duration>1</duration></note><note><rest/><duration>3</duration><type>half</type><dot/>"
        "</note></measure>");
    rp_error error = {0};
    CHECK(lmx_of(document, &(rp_music_linearize_options){.is_lenient = true}, NULL, &error) ==
          NULL);
    CHECK_TEXT(error.text, "test.musicxml: line 1, measure 3: a note with a duration needs a type");
    free(document);
}

TEST(what_lmx_cannot_say_is_an_error_with_its_line_or_dropped_when_lenient) {
    char *document = wrap(
        "<measure number='7'><attributes><divisions>1</divisions></attributes>\n"
        "<note><rest/>\n<duration>1</duration><voice>13</voice>"
        "<type>quarter</type></note></measure>");
    rp_error error = {0};
    char *line = lmx_of(document, NULL, NULL, &error);
    CHECK(line == NULL);
    CHECK_INT(error.status, RP_INPUT);
    CHECK_TEXT(error.text, "test.musicxml: line 3, measure 7: LMX has no token for this: 13");
    size_t warnings[RP_LINEARIZE_WARNING_COUNT];
    line = lmx_of(document, &(rp_music_linearize_options){.is_lenient = true}, warnings, NULL);
    CHECK_TEXT(line, "measure rest quarter\n");
    CHECK_INT(warnings[RP_LINEARIZE_TOKEN_DROPPED], 1);
    free(line);
    free(document);
}

TEST(the_piano_is_found_among_the_parts) {
    static const char *const score =
        "<score-partwise><part-list>"
        "<score-part id='P1'><part-name>Voice</part-name><score-instrument id='a'>"
        "<instrument-name>Voice</instrument-name></score-instrument></score-part>"
        "<score-part id='P2'><part-name>Klavier</part-name><score-instrument id='b'>"
        "<instrument-name>%s</instrument-name></score-instrument></score-part></part-list>"
        "<part id='P1'><measure><attributes><key><fifths>1</fifths></key></attributes></measure>"
        "</part><part id='%s'><measure><attributes><key><fifths>2</fifths></key></attributes>"
        "</measure></part></score-partwise>";
    static const struct {
        const char *instrument, *id, *part, *line;
    } cases[] = {
        {"Piano", "P2", NULL, "measure key:fifths:2\n"},
        {"Harpsichord", "P2", NULL, "measure key:fifths:2\n"},
        {"Organ", "P2", NULL, "measure key:fifths:1\n"},
        {"Piano", "P9", NULL, "measure key:fifths:1\n"},
        {"Organ", "P2", "P2", "measure key:fifths:2\n"},
        {"Piano", "P2", "P1", "measure key:fifths:1\n"},
    };
    for (size_t i = 0; i < RP_COUNT(cases); i++) {
        char *document = NULL;
        REQUIRE(asprintf(&document, score, cases[i].instrument, cases[i].id) > 0);
        const rp_music_linearize_options options = {.part = cases[i].part};
        char *line = lmx_of(document, &options, NULL, NULL);
        CHECK_TEXT(line, cases[i].line);
        free(line);
        free(document);
    }
    rp_error error = {0};
    CHECK(lmx_of(score, &(rp_music_linearize_options){.part = "P7"}, NULL, &error) == NULL);
    CHECK(strstr(error.text, "P7") != NULL);
}

TEST(warnings_have_lines_and_names) {
    char *document = wrap(
        "<measure><attributes><divisions>2</divisions></attributes>\n<cat/>\n"
        "<note><rest/><duration>3</duration><type>quarter</type></note>"
        "</measure>");
    size_t warnings[RP_LINEARIZE_WARNING_COUNT];
    free(lmx_of(document, NULL, warnings, NULL));
    CHECK_INT(warnings[RP_LINEARIZE_UNEXPECTED_MEASURE_CHILD], 1);
    CHECK_INT(warnings[RP_LINEARIZE_NOTE_DURATION], 1);
    CHECK_TEXT(rp_linearize_warning_name(RP_LINEARIZE_NOTE_DURATION), "note-duration");
    free(document);
}

/* ---- against the published program ---- */

static void check_file(const char *path, const char *expected, bool by_systems, size_t *warnings) {
    rp_music_file file;
    rp_error error = {0};
    rp_text text = {0};
    const rp_music_linearize_options options = {.by_systems = by_systems};
    if (rp_music_file_open(&file, path, &error) != RP_OK) {
        check_failed(__FILE__, __LINE__, "%s", error.text);
        return;
    }
    const rp_status status = rp_linearize_source(&text, warnings, &file.source, &options, &error);
    if (expected == NULL && status != RP_INPUT)
        check_failed(__FILE__, __LINE__, "%s: the published program stops here", path);
    else if (expected != NULL && status != RP_OK)
        check_failed(__FILE__, __LINE__, "%s", error.text);
    else if (expected != NULL && strcmp(text.data, expected) != 0)
        check_failed(__FILE__, __LINE__, "%s: not the expected tokens", path);
    rp_text_clear(&text);
    rp_music_file_close(&file);
}

static size_t check_folder(const char *folder, const char *ending, const char *expected_ending,
                           bool by_systems) {
    struct sample_files files = sample_files_list(folder, ending);
    const size_t count = files.count;
    for (size_t i = 0; i < count; i++) {
        char *expected_path = sample_files_sibling(files.paths[i], ending, expected_ending);
        char *expected = sample_files_read(expected_path, NULL);
        check_file(files.paths[i], expected, by_systems, NULL);
        free(expected);
        free(expected_path);
    }
    sample_files_clear(&files);
    return count;
}

TEST(all_vectors_give_the_published_line_or_an_error) {
    char *folder = sample_files_data("reference/linearize", NULL);
    if (folder == NULL) check_skip("reference/linearize is not here");
    else CHECK_INT(check_folder(folder, ".musicxml", ".lmx", false), 120);
    free(folder);
}

TEST(the_development_split_gives_its_lines) {
    char *folder = sample_files_unpack("olimpic-synthetic/dev.tgz", "*.*x*");
    if (folder == NULL) check_skip("olimpic-synthetic/dev.tgz is not here");
    else CHECK(check_folder(folder, ".musicxml", ".lmx", false) > 1400);
    free(folder);
}

TEST(whole_scores_split_into_their_printed_systems) {
    char *folder = sample_files_data("reference/whole", NULL);
    if (folder == NULL) {
        check_skip("reference/whole is not here");
        return;
    }
    CHECK_INT(check_folder(folder, ".musicxml", ".systems.tsv", true), 6);
    CHECK_INT(check_folder(folder, ".mxl", ".systems.tsv", true), 1);
    free(folder);
}

/* cases.json: "NNN": { ... "warnings": { "name": count, ... } ... }. */
TEST(the_vectors_warn_as_often) {
    char *path = sample_files_data("reference/linearize", "cases.json");
    char *cases = sample_files_read(path, NULL);
    free(path);
    if (cases == NULL) {
        check_skip("reference/linearize is not here");
        return;
    }
    for (int number = 1; number <= 120; number++) {
        char key[16], name[24];
        snprintf(key, sizeof key, "\"%03d\": {", number);
        snprintf(name, sizeof name, "%03d.musicxml", number);
        char *begin = strstr(cases, key);
        REQUIRE(begin != NULL);
        snprintf(key, sizeof key, "\"%03d\": {", number + 1);
        char *end = strstr(begin, key);
        char *case_text = strndup(begin, end != NULL ? (size_t)(end - begin) : strlen(begin));
        size_t warnings[RP_LINEARIZE_WARNING_COUNT] = {0};
        char *xml_path = sample_files_data("reference/linearize", name);
        char *lmx_path = sample_files_sibling(xml_path, ".musicxml", ".lmx");
        char *expected = sample_files_read(lmx_path, NULL);
        check_file(xml_path, expected, false, warnings);
        for (int w = 0; w < RP_LINEARIZE_TOKEN_DROPPED; w++) {
            char quoted[64];
            snprintf(quoted, sizeof quoted,
                     "\"%s\": ", rp_linearize_warning_name((rp_linearize_warning)w));
            const char *at = strstr(case_text, quoted);
            const size_t published = at != NULL ? (size_t)atol(at + strlen(quoted)) : 0;
            if (warnings[w] != published)
                check_failed(__FILE__, __LINE__, "%s: %zu times %s, not %zu", xml_path, warnings[w],
                             quoted, published);
        }
        free(expected);
        free(lmx_path);
        free(xml_path);
        free(case_text);
    }
    free(cases);
}
