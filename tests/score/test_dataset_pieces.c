/* test_dataset_pieces.c: the parts of the data set's builder, each by itself. */
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"
#include "engraved_sample.h"
#include "score/build/build_record.h"
#include "score/build/engraved_page.h"
#include "score/build/engraving_style.h"
#include "score/build/sample_cut.h"
#include "score/build/score_list.h"
#include "score/build/system_labels.h"
#include "score/build/verovio.h"

static rp_xml_source source_of(const char *text) {
    return (rp_xml_source){"sample", (const uint8_t *)text, strlen(text)};
}

TEST(a_brace_over_two_staves_marks_the_piano_system) {
    rp_arena arena = {0};
    rp_engraved_page page;
    const rp_xml_source svg = source_of(rp_engraved_sample_svg);
    REQUIRE(rp_engraved_page_read(&page, &svg, &arena, NULL) == RP_OK);
    CHECK_NEAR(page.width, 1200, 0);
    REQUIRE(page.system_count == 1);
    CHECK_NEAR(page.systems[0].left, 120, 0);
    CHECK_NEAR(page.systems[0].top, 200, 0);
    CHECK_NEAR(page.systems[0].right, 1080, 0);
    CHECK_NEAR(page.systems[0].bottom, 360, 0);
    rp_arena_clear(&arena);
}

TEST(every_prefix_of_a_page_fails_cleanly) {
    for (size_t length = 0; length + 8 < strlen(rp_engraved_sample_svg); length += 7) {
        rp_arena arena = {0};
        rp_engraved_page page;
        const rp_xml_source svg = {"cut", (const uint8_t *)rp_engraved_sample_svg, length};
        CHECK(rp_engraved_page_read(&page, &svg, &arena, NULL) == RP_INPUT);
        rp_arena_clear(&arena);
    }
}

TEST(edges_are_those_of_the_measures_in_the_scaled_crop) {
    rp_arena arena = {0};
    rp_engraved_measures measures;
    const rp_xml_source mpos = source_of(rp_engraved_sample_mpos);
    rp_text edges = {0};
    REQUIRE(rp_engraved_measures_read(&measures, &mpos, &arena, NULL) == RP_OK);
    CHECK_INT(measures.count, 2);
    /* Staves of 200 x 100 px: 50 px of margin, 200 px high in all, so that 256 px are 1.28 each. */
    const rp_engraved_box staves = {100, 150, 900, 250};
    const rp_page_image page = {.width = 1000, .height = 600};
    const rp_page_box crop = rp_sample_cut_box(&staves, &page);
    CHECK_INT(crop.left, 50);
    CHECK_INT(crop.top, 100);
    CHECK_INT(crop.right, 950);
    CHECK_INT(crop.bottom, 300);
    CHECK_INT(rp_sample_edges(&edges, &measures, 1, &staves, crop), 2);
    CHECK_TEXT(edges.data, "64.0 576.0 1088.0");
    rp_text_reset(&edges);
    CHECK_INT(rp_sample_edges(&edges, &measures, 2, &staves, crop), 0);
    const rp_engraved_box high = {20, 10, 990, 110};
    CHECK_INT(rp_sample_cut_box(&high, &page).left, 0); /* cut at the page */
    CHECK_INT(rp_sample_cut_box(&high, &page).top, 0);
    CHECK_INT(rp_sample_cut_box(&high, &page).right, 1000);
    rp_text_clear(&edges);
    rp_arena_clear(&arena);
}

static uint8_t *copy_of(const char *text) {
    return (uint8_t *)strdup(text); /* the labels' maker mends in place */
}

TEST(labels_mend_what_this_musescore_writes_wrongly) {
    rp_arena arena = {0};
    rp_system_labels labels;
    uint8_t *bytes = copy_of(rp_engraved_sample_musicxml);
    rp_error error = {0};
    REQUIRE(rp_system_labels_make(&labels, bytes, strlen(rp_engraved_sample_musicxml), "sample",
                                  &arena, &error) == RP_OK);
    REQUIRE(labels.count == 1);
    CHECK_INT(labels.labels[0].measures, 2);
    CHECK(labels.labels[0].problem == NULL);
    CHECK_TEXT(labels.labels[0].lmx,
               "measure key:fifths:-1 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 "
               "F4 voice:1 half stem:up staff:1 backup half rest voice:5 rest:measure staff:2 "
               "measure G4 voice:1 half stem:up staff:1 backup half rest voice:5 rest:measure "
               "staff:2\n");
    CHECK(strstr(labels.labels[0].musicxml, "<rest measure=\"yes\" />") != NULL);
    CHECK(strstr(labels.labels[0].musicxml, "default-x=\"7.5\"") != NULL); /* nothing is lost */
    free(bytes);
    rp_arena_clear(&arena);
}

TEST(a_printed_break_parts_systems_that_keep_clef_and_key) {
    static const char music[] =
        "<score-partwise><part-list><score-part id=\"P1\"><score-instrument><instrument-name>Piano"
        "</instrument-name></score-instrument></score-part></part-list><part id=\"P1\"><measure>"
        "<attributes><divisions>1</divisions><key><fifths>2</fifths></key><time><beats>1</beats>"
        "<beat-type>4</beat-type></time><clef><sign>C</sign><line>3</line></clef></attributes>"
        "<note><rest/><duration>1</duration><type>quarter</type></note></measure><measure>"
        "<print new-page=\"yes\"/><note><rest/><duration>1</duration><type>quarter</type></note>"
        "</measure><measure><print new-system=\"yes\"/><note><rest/><duration>1</duration>"
        "<type>gigantic</type></note></measure></part></score-partwise>";
    rp_arena arena = {0};
    rp_system_labels labels;
    uint8_t *bytes = copy_of(music);
    REQUIRE(rp_system_labels_make(&labels, bytes, sizeof music - 1, "music", &arena, NULL) ==
            RP_OK);
    REQUIRE(labels.count == 3);
    CHECK_INT(labels.labels[1].page, 2);
    CHECK_INT(labels.labels[1].system, 1);
    CHECK_TEXT(labels.labels[1].lmx, "measure key:fifths:2 clef:C3 rest quarter\n");
    CHECK(labels.labels[2].problem != NULL); /* LMX has no such type; the others stand */
    free(bytes);
    rp_arena_clear(&arena);
}

TEST(a_score_without_a_piano_is_refused) {
    static const char music[] =
        "<score-partwise><part-list><score-part id=\"P1\"><part-name>Flute</part-name></score-part>"
        "</part-list><part id=\"P1\"><measure/></part></score-partwise>";
    rp_arena arena = {0};
    rp_system_labels labels;
    rp_error error = {0};
    uint8_t *bytes = copy_of(music);
    CHECK(rp_system_labels_make(&labels, bytes, sizeof music - 1, "flute.mscx", &arena, &error) ==
          RP_INPUT);
    CHECK_TEXT(error.text, "flute.mscx: no piano part");
    free(bytes);
    rp_arena_clear(&arena);
}

TEST(a_style_is_a_function_of_seed_and_score) {
    const rp_engraving_style style = {.fonts = "Gonville", .seed = 3, .is_varied = true};
    rp_engraving_style other = style;
    rp_text texts[4] = {0};
    other.seed = 4;
    rp_engraving_style_draw(&texts[0], &style, "a");
    rp_engraving_style_draw(&texts[1], &style, "a");
    rp_engraving_style_draw(&texts[2], &style, "b");
    rp_engraving_style_draw(&texts[3], &other, "a");
    CHECK_TEXT(texts[0].data, texts[1].data);
    CHECK(strcmp(texts[0].data, texts[2].data) != 0);
    CHECK(strcmp(texts[0].data, texts[3].data) != 0);
    CHECK(strstr(texts[0].data, "<musicalSymbolFont>Gonville</musicalSymbolFont>") != NULL);
    for (size_t i = 0; i < 4; i++) rp_text_clear(&texts[i]);
    const rp_engraving_style unknown = {.fonts = "Gonville,Petrucci"};
    CHECK(rp_engraving_style_check(&style, NULL) == RP_OK);
    CHECK(rp_engraving_style_check(&unknown, NULL) == RP_USAGE);
}

TEST(a_style_overrules_what_the_score_says) {
    static const char with[] = "<museScore><Score><Style><a>1</a></Style><x/></Score></museScore>";
    static const char without[] = "<museScore><Score><x/></Score></museScore>";
    rp_text out = {0};
    CHECK(rp_engraving_style_apply(&out, (const uint8_t *)with, sizeof with - 1, "<a>2</a>", "x",
                                   NULL) == RP_OK);
    CHECK_TEXT(out.data,
               "<museScore><Score><Style><a>1</a><a>2</a></Style><x/></Score></museScore>");
    rp_text_reset(&out);
    CHECK(rp_engraving_style_apply(&out, (const uint8_t *)without, sizeof without - 1, "<a>2</a>",
                                   "x", NULL) == RP_OK);
    CHECK_TEXT(out.data, "<museScore><Score><Style><a>2</a></Style><x/></Score></museScore>");
    CHECK(rp_engraving_style_apply(&out, (const uint8_t *)"no", 2, "", "x", NULL) == RP_INPUT);
    rp_text_clear(&out);
}

TEST(a_record_is_read_as_it_was_written_or_not_at_all) {
    rp_text text = {0};
    rp_arena arena = {0};
    rp_build_record record;
    bool has_token[RP_LMX_COUNT] = {[0] = true, [7] = true, [RP_LMX_COUNT - 1] = true};
    char path[1024];
    snprintf(path, sizeof path, "%s/record.txt", check_scratch());
    rp_build_record_begin(&text, "height=256");
    rp_build_record_add_sample(&text, &(rp_build_sample){"p1-s1", 900, 42, "1.0 2.5"});
    rp_build_record_add_sample(&text, &(rp_build_sample){"p1-s2", 901, 43, ""});
    rp_build_record_add_problem(&text, "page 2 left out: 3 of 4\nand more");
    rp_build_record_end(&text, has_token);
    REQUIRE(rp_new_file_write(path, text.data, text.length, NULL) == RP_OK);
    REQUIRE(rp_build_record_read(&record, path, "height=256", &arena));
    CHECK_INT(record.sample_count, 2);
    CHECK_TEXT(record.samples[0].edges, "1.0 2.5");
    CHECK_TEXT(record.samples[1].edges, "");
    CHECK_INT(record.samples[1].tokens, 43);
    CHECK_INT(record.problem_count, 1);
    CHECK(memcmp(record.has_token, has_token, sizeof has_token) == 0);
    CHECK(!rp_build_record_read(&record, path, "height=128", &arena));
    for (size_t length = 0; length + 1 < text.length; length++) {
        REQUIRE(rp_new_file_write(path, text.data, length, NULL) == RP_OK);
        CHECK(!rp_build_record_read(&record, path, "height=256", &arena));
    }
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}

static rp_status read_list_text(const char *text, rp_error *error) {
    rp_arena arena = {0};
    rp_score_list list;
    char path[1024];
    snprintf(path, sizeof path, "%s/list.txt", check_scratch());
    if (rp_new_file_write(path, text, strlen(text), NULL) != RP_OK) return RP_SYSTEM;
    const rp_status status = rp_score_list_read(&list, "scores", path, &arena, error);
    if (status == RP_OK) CHECK_TEXT(list.entries[0].path, "scores/d/it's \"ü\", 1.mscx");
    rp_arena_clear(&arena);
    return status;
}

TEST(a_list_holds_ids_and_paths_of_any_kind) {
    rp_error error = {0};
    CHECK(read_list_text("7\td/it's \"ü\", 1.mscx\r\n\n8\tx.mscx", &error) == RP_OK);
    CHECK(read_list_text("7 x.mscx\n", &error) == RP_INPUT);
    CHECK(strstr(error.text, "line 1") != NULL);
    CHECK(read_list_text("../7\tx.mscx\n", &error) == RP_INPUT);
    CHECK(read_list_text("7\tx.mscx\n7\ty.mscx\n", &error) == RP_INPUT);
    CHECK(strstr(error.text, "named 7") != NULL);
    CHECK(read_list_text("", &error) == RP_INPUT);
}

TEST(without_a_list_every_score_below_the_folder_is_found) {
    rp_arena arena = {0};
    rp_score_list list;
    char folder[1024], path[2048];
    snprintf(folder, sizeof folder, "%s/tree", check_scratch());
    snprintf(path, sizeof path, "%s/a b", folder);
    REQUIRE(mkdir(folder, 0777) == 0 && mkdir(path, 0777) == 0);
    static const char *const names[] = {"a b/x.mxl", "readme.txt", "y.MSCX"};
    for (size_t i = 0; i < RP_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        REQUIRE(rp_new_file_write(path, "x", 1, NULL) == RP_OK);
    }
    REQUIRE(rp_score_list_read(&list, folder, NULL, &arena, NULL) == RP_OK);
    REQUIRE(list.count == 2);
    CHECK_TEXT(list.entries[0].id, "a_b_x");
    CHECK_TEXT(list.entries[1].id, "y");
    rp_arena_clear(&arena);
}

#define LINES(y, x1, x2)                                                                          \
    "<path d=\"M" #x1 " " #y "0 L" #x2 " " #y "0\"/><path d=\"M" #x1 " " #y "1 L" #x2 " " #y      \
    "1\"/><path d=\"M" #x1 " " #y "2 L" #x2 " " #y "2\"/><path d=\"M" #x1 " " #y "3 L" #x2 " " #y \
    "3\"/><path d=\"M" #x1 " " #y "4 L" #x2 " " #y "4\"/>"
#define STAFF(y, x1, x2) "<g class=\"staff\">" LINES(y, x1, x2) "</g>"
#define MEASURE(x1, x2) "<g class=\"measure\">" STAFF(2, x1, x2) STAFF(4, x1, x2) "</g>"

TEST(verovio_says_where_systems_and_measures_stand_and_where_it_broke_them) {
    static const char text[] =
        "<svg width=\"2100px\"><svg class=\"definition-scale\" viewBox=\"0 0 210 297\">"
        "<g class=\"page-margin\" transform=\"translate(5, 7)\"><g class=\"system\">" MEASURE(10,
                                                                                              90)
            MEASURE(90, 190) "</g><g class=\"system\">" MEASURE(10, 190) "</g></g></svg></svg>";
    static rp_engraved_measure measures[RP_VEROVIO_MEASURES_MAX];
    static uint32_t firsts[RP_VEROVIO_MEASURES_MAX];
    static bool opens_page[RP_VEROVIO_MEASURES_MAX];
    rp_engraved_box systems[RP_VEROVIO_SYSTEMS_MAX];
    rp_engraved_page page = {.systems = systems};
    rp_verovio_music music = {.measures = {.measures = measures},
                              .breaks = {.firsts = firsts, .opens_page = opens_page}};
    const rp_xml_source svg = source_of(text);
    REQUIRE(rp_verovio_page_read(&page, &music, &svg, 1, 254, NULL) == RP_OK);
    REQUIRE(page.system_count == 2 && music.measures.count == 3 && music.breaks.count == 2);
    CHECK_NEAR(systems[0].left, 15, 0);
    CHECK_NEAR(systems[0].top, 27, 0);
    CHECK_NEAR(systems[0].right, 195, 0);
    CHECK_NEAR(systems[0].bottom, 51, 0);
    CHECK_NEAR(measures[0].box.right, 950, 1e-9); /* 210 mm at 254 dpi: ten px a unit */
    CHECK_INT(firsts[1], 2);
    CHECK(opens_page[0] && !opens_page[1]);
    const rp_xml_source cut = {"cut", (const uint8_t *)text, sizeof text / 2};
    CHECK(rp_verovio_page_read(&page, &music, &cut, 1, 254, NULL) == RP_INPUT);
    const rp_engraving_style unknown = {.fonts = "Leland,Emmentaler"};
    CHECK(rp_verovio_check(&unknown, NULL) == RP_USAGE);
}

TEST(an_engravers_own_breaks_take_the_place_of_the_scores) {
    static const char measure[] =
        "<measure><print new-system=\"yes\"/><note><rest/><duration>1</duration>"
        "<type>quarter</type></note></measure>";
    char music[2048];
    rp_arena arena = {0};
    rp_system_labels labels;
    uint32_t firsts[] = {0, 2};
    bool opens_page[] = {true, true};
    const rp_system_breaks breaks = {firsts, opens_page, 2};
    snprintf(music, sizeof music,
             "<score-partwise><part-list><score-part id=\"P1\"><score-instrument>"
             "<instrument-name>Piano</instrument-name></score-instrument></score-part></part-list>"
             "<part id=\"P1\"><measure><attributes><divisions>1</divisions></attributes></measure>"
             "%s%s%s</part></score-partwise>",
             measure, measure, measure);
    const rp_xml_source source = source_of(music);
    REQUIRE(rp_system_labels_make_broken(&labels, &source, &breaks, &arena, NULL) == RP_OK);
    REQUIRE(labels.count == 2);
    CHECK_INT(labels.labels[0].measures, 2);
    CHECK_INT(labels.labels[1].page, 2);
    CHECK_INT(labels.labels[1].measures, 2);
    rp_arena_clear(&arena);
}
