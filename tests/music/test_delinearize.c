/* The Delinearizer: the worked examples, and the published program's vectors byte for byte. */
#include "music/delinearize.h"

#include <stdlib.h>

#include "check.h"
#include "sample_files.h"

/* The document of a line; free it. */
static char *document_of(const char *text, size_t length, bool is_fractional,
                         rp_delinearize_report *report) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line line;
    rp_xml_tree tree;
    rp_xml_node *part = NULL;
    rp_text document = {0};
    const rp_delinearize_options options = {.fractional = is_fractional};
    rp_xml_tree_init(&tree, &arena);
    if (rp_lmx_lex(&line, &words, text, length, NULL) == RP_OK &&
        rp_delinearize(&part, &tree, &line, &options, report, NULL) == RP_OK)
        rp_delinearize_print(&document, &tree, rp_delinearize_wrap(&tree, part));
    rp_arena_clear(&arena);
    return document.data;
}

/* What stands inside the part. */
static void check_music(const char *lmx, const char *expected, size_t messages) {
    rp_delinearize_report report = {0};
    char *document = document_of(lmx, strlen(lmx), false, &report);
    REQUIRE(document != NULL);
    char *begin = strstr(document, "<measure>"), *end = strstr(document, "</measure></part>");
    REQUIRE(begin != NULL && end != NULL);
    *end = 0;
    CHECK_TEXT(begin + strlen("<measure>"), expected);
    CHECK_INT(report.messages, messages);
    free(document);
}

TEST(a_chord_of_tokens_becomes_notes_with_sounding_pitch) {
    check_music(
        "measure key:fifths:1 time beats:3 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 F4 voice:1 "
        "half stem:up staff:1 G4 quarter 3in2 backup half dot rest voice:5 rest:measure staff:2",
        "<attributes><divisions>3</divisions><key><fifths>1</fifths></key><time><beats>3</beats>"
        "<beat-type>4</beat-type></time><staves>2</staves><clef number=\"1\"><sign>G</sign>"
        "<line>2</line></clef><clef number=\"2\"><sign>F</sign><line>4</line></clef></attributes>"
        "<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch>"
        "<duration>6</duration><voice>1</voice><type>half</type><stem>up</stem><staff>1</staff>"
        "</note><note><pitch><step>G</step><octave>4</octave></pitch><duration>2</duration>"
        "<voice>1</voice><type>quarter</type><time-modification><actual-notes>3</actual-notes>"
        "<normal-notes>2</normal-notes></time-modification><stem>up</stem><staff>1</staff></note>"
        "<backup><duration>6</duration></backup><note><rest measure=\"yes\" />"
        "<duration>9</duration><voice>5</voice><staff>2</staff></note>",
        1);
}

TEST(accidentals_last_and_beams_close) {
    check_music(
        "measure C5 quarter sharp slur:start chord E5 quarter D5 eighth stem:down beam:begin C5 "
        "eighth beam:end slur:stop",
        "<attributes><divisions>2</divisions></attributes><note><pitch><step>C</step>"
        "<alter>1</alter><octave>5</octave></pitch><duration>2</duration><type>quarter</type>"
        "<accidental>sharp</accidental><notations><slur type=\"start\" number=\"1\" /></notations>"
        "</note><note><chord /><pitch><step>E</step><octave>5</octave></pitch>"
        "<duration>2</duration><type>quarter</type></note><note><pitch><step>D</step>"
        "<octave>5</octave></pitch><duration>1</duration><type>eighth</type><stem>down</stem>"
        "<beam number=\"1\">begin</beam></note><note><pitch><step>C</step><alter>1</alter>"
        "<octave>5</octave></pitch><duration>1</duration><type>eighth</type><stem>down</stem>"
        "<beam number=\"1\">end</beam><notations><slur type=\"stop\" number=\"1\" /></notations>"
        "</note>",
        0);
}

TEST(damaged_tokens_are_dropped_with_messages) {
    check_music(
        "measure D4 dot quarter stem:up E4 backup staff:2 forward eighth C4 measure",
        "<attributes><divisions>2</divisions></attributes><note><pitch><step>D</step>"
        "<octave>4</octave></pitch><duration>2</duration><type>quarter</type><stem>up</stem>"
        "<staff>2</staff></note><backup><duration>1</duration></backup>",
        3);
}

TEST(where_the_published_program_stops_the_music_goes_on) {
    static const struct {
        const char *lmx;
        rp_delinearize_stop stop;
    } cases[] = {
        {"C4 quarter", RP_DELINEARIZE_BEFORE_MEASURE},
        {"nonsense measure C4 quarter", RP_DELINEARIZE_NO_STOP},
        {"dot", RP_DELINEARIZE_BEFORE_MEASURE},
        {"measure C4 half backup rest:measure backup quarter", RP_DELINEARIZE_MOVE_LENGTH},
        {"measure C4 half backup quarter backup rest:measure", RP_DELINEARIZE_MOVE_LENGTH},
        {"measure rest rest:measure", RP_DELINEARIZE_NO_DURATION},
        {"measure measure", RP_DELINEARIZE_NO_DURATION},
        {"measure", RP_DELINEARIZE_NO_STOP},
        {"", RP_DELINEARIZE_NO_STOP},
    };
    for (size_t i = 0; i < RP_COUNT(cases); i++) {
        rp_delinearize_report report = {0};
        char *document = document_of(cases[i].lmx, strlen(cases[i].lmx), false, &report);
        REQUIRE(document != NULL);
        if (report.stop != cases[i].stop)
            check_failed(__FILE__, __LINE__, "%s: %d", cases[i].lmx, (int)report.stop);
        free(document);
    }
}

TEST(fractions_are_reduced_and_there_are_no_divisions) {
    const char lmx[] = "measure C4 quarter dot D4 quarter 3in2 E4 half";
    char *document = document_of(lmx, strlen(lmx), true, NULL);
    REQUIRE(document != NULL);
    CHECK(strstr(document, "<duration>3/2</duration>") != NULL);
    CHECK(strstr(document, "<duration>2/3</duration>") != NULL);
    CHECK(strstr(document, "<duration>2</duration>") != NULL);
    CHECK(strstr(document, "divisions") == NULL);
    free(document);
}

TEST(thousands_of_dots_and_all_tuplets_at_once_stay_finite) {
    rp_text lmx = {0};
    rp_text_add(&lmx, "measure");
    for (unsigned token = RP_LMX_TM_3IN2; token <= RP_LMX_TM_9IN2; token++) {
        rp_text_format(&lmx, " C4 1024th %s", rp_lmx_text_of(token));
        for (int i = 0; i < 100; i++) rp_text_add(&lmx, " dot");
    }
    rp_delinearize_report report = {0};
    char *document = document_of(lmx.data, lmx.length, false, &report);
    REQUIRE(document != NULL);
    CHECK(strstr(document, "<duration>-") == NULL);
    CHECK(strstr(document, "<duration>0<") == NULL);
    free(document);
    rp_text_clear(&lmx);
}

static void check_vector(const char *path) {
    size_t size = 0;
    char *lmx = sample_files_read(path, &size);
    char *expected_path = sample_files_sibling(path, ".lmx", ".musicxml");
    char *expected = sample_files_read(expected_path, NULL);
    rp_delinearize_report report = {0};
    char *document = document_of(lmx, size, false, &report);
    if (document == NULL) check_failed(__FILE__, __LINE__, "%s: no document", path);
    else if (expected == NULL && report.stop == RP_DELINEARIZE_NO_STOP)
        check_failed(__FILE__, __LINE__, "%s: the published program stops here", path);
    else if (expected != NULL && strcmp(document, expected) != 0)
        check_failed(__FILE__, __LINE__, "%s: another document", path);
    else if (expected != NULL && report.stop != RP_DELINEARIZE_NO_STOP)
        check_failed(__FILE__, __LINE__, "%s: the published program does not stop here", path);
    free(document);
    free(expected);
    free(expected_path);
    free(lmx);
}

TEST(all_vectors_are_equal_byte_for_byte) {
    char *folder = sample_files_data("reference/delinearize", NULL);
    if (folder == NULL) {
        check_skip("reference/delinearize is not here");
        return;
    }
    struct sample_files files = sample_files_list(folder, ".lmx");
    CHECK_INT(files.count, 300);
    for (size_t i = 0; i < files.count; i++) check_vector(files.paths[i]);
    sample_files_clear(&files);
    free(folder);
}

/* cases.json has one key a line: "NNN": { ... "messages": N ... }. */
TEST(the_vectors_give_as_many_messages) {
    char *path = sample_files_data("reference/delinearize", "cases.json");
    char *cases = sample_files_read(path, NULL);
    if (cases == NULL) {
        check_skip("reference/delinearize is not here");
        free(path);
        return;
    }
    int compared = 0;
    for (int number = 1; number <= 300; number++) {
        char key[16], name[16];
        snprintf(key, sizeof key, "\"%03d\": {", number);
        snprintf(name, sizeof name, "%03d.lmx", number);
        char *begin = strstr(cases, key), *end = begin != NULL ? strchr(begin, '}') : NULL;
        REQUIRE(end != NULL);
        *end = 0;
        const char *messages = strstr(begin, "\"messages\": ");
        const bool has_error = strstr(begin, "\"error\": ") != NULL;
        const long expected = messages != NULL ? atol(messages + strlen("\"messages\": ")) : 0;
        *end = '}';
        size_t size = 0;
        char *lmx_path = sample_files_data("reference/delinearize", name);
        char *lmx = sample_files_read(lmx_path, &size);
        rp_delinearize_report report = {0};
        free(document_of(lmx, size, false, &report));
        if (!has_error && report.messages != (size_t)expected)
            check_failed(__FILE__, __LINE__, "%s: %zu messages, not %ld", name, report.messages,
                         expected);
        compared += !has_error;
        free(lmx);
        free(lmx_path);
    }
    CHECK(compared > 250);
    free(cases);
    free(path);
}
