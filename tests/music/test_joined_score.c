/* Joining systems, making measures add up, and the rules of the schema. */
#include "music/joined_score.h"

#include <stdlib.h>

#include "check.h"
#include "music/finish.h"
#include "music/lmx_join.h"
#include "music/measure_repair.h"

static rp_lmx_line cut(rp_arena *arena, const char *text) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line = {0};
    rp_lmx_lex(&line, &words, text, strlen(text), NULL);
    return line;
}

static void check_joined(const char *const *texts, size_t count, const char *expected) {
    rp_arena arena = {0};
    rp_lmx_line lines[8], joined;
    rp_text text = {0};
    for (size_t i = 0; i < count; i++) lines[i] = cut(&arena, texts[i]);
    REQUIRE(rp_lmx_join(&joined, &arena, lines, count, NULL) == RP_OK);
    rp_lmx_print(&text, joined.tokens, joined.count);
    CHECK_TEXT(text.data, expected);
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}

TEST(what_holds_is_not_said_again_in_the_next_system) {
    static const char *const texts[] = {
        ("measure key:fifths:2 time beats:3 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C4 quarter "
         "clef:G2 staff:2"),
        "measure key:fifths:2 clef:G2 staff:1 clef:G2 staff:2 D4 quarter",
        "",
        "measure key:fifths:1 clef:F4 staff:1 clef:G2 staff:2 E4 quarter key:fifths:1",
        "clef:F4 staff:1 F4 nonsense quarter",
    };
    check_joined(texts, RP_COUNT(texts),
                 "measure key:fifths:2 time beats:3 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C4 "
                 "quarter clef:G2 staff:2 measure D4 quarter measure key:fifths:1 clef:F4 staff:1 "
                 "E4 quarter key:fifths:1 measure F4 quarter");
}

static void check_repair(const char *text, const char *expected, size_t repairs_expected) {
    rp_arena arena = {0};
    rp_lmx_line line = cut(&arena, text), repaired;
    rp_measure_repairs repairs;
    rp_text printed = {0};
    REQUIRE(rp_measure_repair(&repaired, &repairs, &arena, &line, NULL) == RP_OK);
    rp_lmx_print(&printed, repaired.tokens, repaired.count);
    CHECK_TEXT(printed.data, expected);
    CHECK_INT(repairs.count, repairs_expected);
    rp_text_clear(&printed);
    rp_arena_clear(&arena);
}

#define TIME "measure time beats:4 beat-type:4 "

TEST(measures_that_add_up_stay_as_they_are) {
    static const char *const texts[] = {
        TIME "C4 voice:1 whole staff:1 backup whole C3 voice:5 half dot staff:2 D3 quarter",
        TIME
        "C4 voice:1 half staff:1 D4 half backup half E4 voice:2 half staff:1 backup whole rest "
        "voice:5 rest:measure staff:2",
        /* a pick-up */
        TIME "C4 voice:1 quarter staff:1 backup quarter C3 voice:5 quarter staff:2",
        /* both staffs agree on a shorter measure */
        TIME
        "C4 voice:1 whole staff:1 backup whole C3 voice:5 whole staff:2 measure C4 voice:1 half "
        "staff:1 backup half C3 voice:5 half staff:2",
        /* no time at all, one measure */
        "measure C4 voice:1 half staff:1",
    };
    for (size_t i = 0; i < RP_COUNT(texts); i++) check_repair(texts[i], texts[i], 0);
}

TEST(a_single_edit_makes_a_measure_fit) {
    /* the dot is missing, and the backup is as long as the measure really is */
    check_repair(
        TIME "C4 voice:1 half staff:1 D4 quarter backup whole C3 voice:5 whole staff:2",
        TIME "C4 voice:1 half dot staff:1 D4 quarter backup whole C3 voice:5 whole staff:2", 1);
    /* a triplet was not seen */
    check_repair(TIME
                 "C4 voice:1 half dot staff:1 D4 eighth E4 eighth F4 eighth backup whole C3 "
                 "voice:5 whole staff:2",
                 TIME
                 "C4 voice:1 half dot staff:1 D4 eighth 3in2 E4 eighth 3in2 F4 eighth 3in2 "
                 "backup whole C3 voice:5 whole staff:2",
                 1);
    /* a quarter was read as an eighth; the chord goes with it */
    check_repair(TIME
                 "C4 voice:1 half dot staff:1 D4 eighth chord F4 eighth backup whole C3 voice:5 "
                 "whole staff:2",
                 TIME
                 "C4 voice:1 half dot staff:1 D4 quarter chord F4 quarter backup whole C3 "
                 "voice:5 whole staff:2",
                 1);
}

TEST(moves_back_are_set_right) {
    check_repair(TIME "C4 voice:1 whole staff:1 backup half C3 voice:5 whole staff:2",
                 TIME "C4 voice:1 whole staff:1 backup whole C3 voice:5 whole staff:2", 1);
    check_repair(TIME "C4 voice:1 whole staff:1 backup breve C3 voice:5 whole staff:2",
                 TIME "C4 voice:1 whole staff:1 backup whole C3 voice:5 whole staff:2", 1);
}

TEST(a_measure_rest_is_as_long_as_its_measure) {
    static const char *const texts[] = {
        TIME "rest voice:1 rest:measure staff:1 backup whole C3 voice:5 whole staff:2",
        TIME "rest voice:1 rest:measure staff:1 backup quarter C3 voice:5 quarter staff:2",
    };
    for (size_t i = 0; i < RP_COUNT(texts); i++) check_repair(texts[i], texts[i], 0);
    check_repair(TIME "rest voice:1 rest:measure staff:1 backup half C3 voice:5 whole staff:2",
                 texts[0], 1);
}

TEST(the_end_is_cut_or_filled_where_no_single_edit_fits) {
    check_repair(TIME "C4 voice:1 64th staff:1 backup whole C3 voice:5 whole staff:2",
                 TIME
                 "C4 voice:1 64th staff:1 forward half forward quarter forward eighth forward "
                 "16th forward 32nd forward 64th backup whole C3 voice:5 whole staff:2",
                 1);
}

TEST(what_a_dropped_note_said_is_said_by_the_next) {
    check_repair(TIME "rest voice:2 16th staff:1 C4 whole backup whole C3 voice:5 whole staff:2",
                 TIME "C4 voice:2 whole staff:1 backup whole C3 voice:5 whole staff:2", 1);
}

TEST(without_a_time_the_usual_length_counts) {
    check_repair(
        "measure C4 voice:1 half staff:1 measure C4 voice:1 half staff:1 measure C4 voice:1 "
        "quarter staff:1",
        "measure C4 voice:1 half staff:1 measure C4 voice:1 half staff:1 measure C4 voice:1 "
        "half staff:1",
        1);
}

/* ---- the whole way ---- */

static char *score_of(const char *const *texts, size_t count, bool repairs,
                      rp_joined_score_report *report) {
    rp_arena arena = {0};
    rp_lmx_line lines[8];
    rp_text text = {0};
    const rp_joined_score_options options = {.repairs = repairs};
    for (size_t i = 0; i < count; i++) lines[i] = cut(&arena, texts[i]);
    const rp_status status = rp_joined_score(&text, lines, count, &options, report, NULL);
    if (status != RP_OK) rp_text_clear(&text);
    rp_arena_clear(&arena);
    return text.data;
}

TEST(measure_numbers_begin_with_the_pick_up_as_0) {
    static const char *const texts[] = {
        TIME "clef:G2 C4 voice:1 quarter tied:start measure C4 whole tied:stop slur:start",
        "measure clef:G2 D4 whole slur:stop",
    };
    rp_joined_score_report report;
    char *score = score_of(texts, 2, true, &report);
    REQUIRE(score != NULL);
    CHECK_INT(report.measures, 3);
    CHECK_INT(report.repaired, 0);
    CHECK(strstr(score, "<measure number=\"0\" implicit=\"yes\">") != NULL);
    CHECK(strstr(score, "<measure number=\"1\"><note>") != NULL);
    CHECK(strstr(score, "<measure number=\"2\"><note>") != NULL);
    CHECK(strstr(score, "<slur type=\"stop\" number=\"1\" />") != NULL);
    free(score);
}

TEST(repaired_measures_are_marked) {
    static const char *const texts[] = {
        TIME "C4 voice:1 whole measure C4 voice:1 half dot measure C4 voice:1 whole"};
    rp_joined_score_report report;
    char *score = score_of(texts, 1, true, &report);
    REQUIRE(score != NULL);
    CHECK_INT(report.repaired, 1);
    CHECK(strstr(score,
                 "<measure number=\"2\"><direction placement=\"above\"><direction-type>"
                 "<words>[?]</words></direction-type></direction><note>") != NULL);
    free(score);
}

TEST(what_the_schema_forbids_is_put_right) {
    static const char *const texts[] = {
        "measure clef:G2 key:fifths:1 quarter grace quarter chord C4 quarter chord rest half "
        "backup "
        "rest:measure backup maxima rest rest:measure clef:F4 key:fifths:2 C4 half staff:3 "
        "beam:begin beam:begin beam:begin beam:begin beam:begin beam:begin beam:begin beam:begin "
        "beam:begin slur:start slur:start slur:start slur:start slur:start slur:start slur:start "
        "slur:start slur:start slur:start slur:start slur:start slur:start slur:start slur:start "
        "slur:start slur:start"};
    char *score = score_of(texts, 1, false, NULL);
    REQUIRE(score != NULL);
    CHECK(strstr(score, "<backup />") == NULL);
    CHECK(strstr(score, "<staves>3</staves>") != NULL);
    CHECK(strstr(score, "<attributes><key><fifths>2</fifths></key><clef>") != NULL);
    CHECK(strstr(score, "<beam") == NULL);
    CHECK(strstr(score, "<slur") == NULL);
    CHECK(strstr(score, "<note><rest /><duration>") != NULL);
    CHECK(strstr(score, "<grace /><rest />") == NULL);
    CHECK(strstr(score, "<chord /><rest") == NULL);
    free(score);
}

TEST(a_measure_rest_beside_a_short_measure_is_short) {
    static const char *const texts[] = {
        TIME "rest voice:1 rest:measure staff:1 backup quarter C3 voice:5 quarter staff:2"};
    for (int repairs = 0; repairs < 2; repairs++) {
        char *score = score_of(texts, 1, repairs != 0, NULL);
        REQUIRE(score != NULL);
        CHECK(strstr(score, "<rest measure=\"yes\" /><duration>1</duration>") != NULL);
        CHECK(strstr(score, "<backup><duration>1</duration></backup>") != NULL);
        free(score);
    }
}

/* Tokens, what their score holds, and what it does not (NULL: nothing). */
struct score_row {
    const char *tokens, *held, *not_held;
};

static void check_rows(const struct score_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *score = score_of(&rows[i].tokens, 1, false, NULL);
        REQUIRE(score != NULL);
        CHECK(strstr(score, rows[i].held) != NULL);
        CHECK(rows[i].not_held == NULL || strstr(score, rows[i].not_held) == NULL);
        if (check_is_failed()) printf("# %s\n# %s", rows[i].tokens, score);
        free(score);
    }
}

TEST(what_comes_in_pairs_is_whole) {
    static const struct score_row rows[] = {
        /* a tie to nothing; one to the next note of its pitch */
        {"measure C4 quarter tied:start D4 quarter", "<step>C</step>", "tie"},
        {"measure C4 quarter tied:start C4 quarter tied:stop", "<tied type=\"stop\" />", NULL},
        {"measure C4 quarter sharp tied:start C4 quarter natural", "<step>C</step>", "tie"},
        /* slurs of two voices: each stop belongs to the start of its voice */
        {"measure C4 voice:1 half slur:start backup half E4 voice:2 half slur:start measure C4 "
         "voice:1 half slur:stop backup half E4 voice:2 half slur:stop",
         "<slur type=\"stop\" number=\"1\" /></notations></note><backup>", NULL},
        {"measure C4 half slur:stop C4 half slur:start", "<step>C</step>", "slur"},
        /* beams that begin only, break off, or lead over a quarter */
        {"measure C4 eighth beam:begin C4 quarter", "<step>C</step>", "beam"},
        {"measure C4 eighth beam:begin D4 16th E4 half", "end</beam>", "continue"},
        {"measure C4 16th beam:begin beam:begin D4 eighth beam:end", "forward hook", NULL},
        /* tuplets: whole ones are marked, those that were not shown stay hidden */
        {"measure C4 eighth 3in2 D4 eighth 3in2 E4 eighth 3in2", "show-number=\"none\"", NULL},
        {"measure C4 eighth 3in2 tuplet:start D4 eighth 3in2 E4 eighth 3in2",
         "<tuplet type=\"stop\" />", "show-number"},
        {"measure C4 eighth 3in2 D4 quarter", "<actual-notes>3</actual-notes>", "<tuplet"},
        {"measure C4 half backup half E4 voice:2 eighth 3in2",
         "<rest /><duration>2</duration><voice>2</voice><type>quarter</type>", NULL},
        {"measure C4 quarter 3in2 dot", "<type>quarter</type>", "time-modification"},
        /* a tremolo without its other end */
        {"measure C4 half tremolo:start tremolo:3", "<tremolo type=\"single\">", NULL},
    };
    check_rows(rows, RP_COUNT(rows));
}

/* Counts lines, and keeps the last. */
struct heard {
    size_t count;
    char last[128];
};

static void hear(void *context, int level, const char *line) {
    struct heard *heard = context;
    (void)level;
    heard->count++;
    snprintf(heard->last, sizeof heard->last, "%s", line);
}

static size_t count_of(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word)) count++;
    return count;
}

TEST(no_note_is_lost_to_a_tuplet_or_without_a_word) {
    static const struct {
        const char *tokens, *marks; /* type and number of each, in order */
        size_t notes;
        const char *said; /* NULL: nothing */
    } rows[] = {
        {"measure C4 half 3in2 tuplet:start D4 quarter 9in4 tuplet:start E4 quarter 9in4 F4 "
         "quarter 9in4 tuplet:stop G4 half 3in2 tuplet:stop",
         "start start2 stop2 stop ", 5, NULL},
        {"measure C4 quarter 9in4 tuplet:start D4 quarter 9in4 E4 quarter 9in4 tuplet:stop G4 half "
         "3in2 A4 half 3in2 tuplet:stop",
         "start stop ", 5, NULL},
        {"measure C4 quarter 3in2 tuplet:start chord E4 quarter 3in2 D4 quarter 6in4 F4 quarter "
         "3in2 tuplet:stop",
         "start stop ", 4, NULL},
        {"measure C4 eighth 3in2 tuplet:start print-object:no rest eighth 3in2 D4 eighth 3in2 "
         "tuplet:stop",
         "start stop ", 2, NULL},
        /* A hidden rest that is a move forward has lost its length: 16th and 32nd. */
        {"measure C4 eighth 3in2 tuplet:start forward 16th forward 32nd D4 eighth 3in2 tuplet:stop "
         "E4 half",
         "start stop ", 3, "measure 1 of the score: a tuplet is not whole"},
        {"measure C4 half measure C4 eighth 3in2 tuplet:start E4 quarter D4 eighth 3in2 "
         "tuplet:stop F4 eighth",
         "", 5, "measure 2 of the score: a tuplet is not whole"},
        {"measure C4 quarter D4 eighth 4in6 tuplet:start E4 quarter", "", 3,
         "measure 1 of the score: a tuplet is not whole"},
        /* A whole one within a group that is not: its number stays its own. */
        {"measure B3 eighth 7in4 tuplet:start D4 eighth 7in4 G3 64th 3in2 tuplet:start D3 64th "
         "3in2 B2 64th 3in2 tuplet:stop C4 eighth 7in4 tuplet:stop rest eighth",
         "start start2 stop2 stop ", 6, "measure 1 of the score: a tuplet is not whole"},
        {"measure C4 voice:1 half backup half C4 voice:2 half backup half C4 voice:3 half backup "
         "half C4 voice:4 half backup half C5 voice:5 half chord E5 half",
         "", 4, "measure 1 of the score: 2 notes have no place and are left out"},
        {"measure C4 rest:measure", "", 0,
         "measure 1 of the score: 1 note has no place and is left out"},
    };
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_arena arena = {0};
        rp_text text = {0};
        struct heard heard = {0};
        const rp_log log = {.write = hear, .context = &heard};
        const rp_lmx_line line = cut(&arena, rows[i].tokens);
        const rp_joined_score_options options = {.log = &log};
        rp_joined_score_report report;
        REQUIRE(rp_joined_score(&text, &line, 1, &options, &report, NULL) == RP_OK);
        CHECK((report.left_out > 0) == (strstr(heard.last, "left out") != NULL));
        CHECK_INT(count_of(text.data, "<pitch>"), rows[i].notes);
        CHECK((heard.count > 0) == (rows[i].said != NULL));
        CHECK_TEXT(heard.last, rows[i].said != NULL ? rows[i].said : "");
        rp_text marks = {0};
        for (const char *at = text.data; (at = strstr(at, "<tuplet type=\"")) != NULL; at++) {
            const char *type = at + strlen("<tuplet type=\"");
            const char *number = strstr(type, "number=\""), *end = strstr(type, "/>");
            const bool has_number = number != NULL && number < end;
            rp_text_format(&marks, "%s%.*s ", strncmp(type, "start", 5) == 0 ? "start" : "stop",
                           has_number, has_number ? number + strlen("number=\"") : "");
        }
        CHECK_TEXT(marks.data != NULL ? marks.data : "", rows[i].marks);
        if (check_is_failed()) printf("# %s\n# %s", rows[i].tokens, text.data);
        rp_text_clear(&marks);
        rp_text_clear(&text);
        rp_arena_clear(&arena);
    }
}

TEST(a_voice_holds_one_thing_at_a_time) {
    static const char *const texts[] = {
        "measure clef:G2 staff:1 C4 voice:1 half staff:1 backup half chord E4 quarter",
        "measure clef:G2 staff:1 clef:F4 staff:2 C4 voice:1 half staff:1 backup half C3 half "
        "staff:2",
    };
    static const char *const voices[] = {"<voice>2</voice>", "<voice>5</voice>"};
    for (size_t i = 0; i < RP_COUNT(texts); i++) {
        char *score = score_of(texts + i, 1, false, NULL);
        REQUIRE(score != NULL);
        CHECK(strstr(score, voices[i]) != NULL);
        free(score);
    }
}

TEST(a_chord_is_of_one_length_and_voice) {
    static const char *const texts[] = {
        "measure C4 voice:1 half chord E4 voice:2 quarter dot 3in2"};
    char *score = score_of(texts, 1, false, NULL);
    REQUIRE(score != NULL);
    CHECK(strstr(score, "quarter") == NULL && strstr(score, "<dot") == NULL);
    CHECK(strstr(score, "time-modification") == NULL);
    CHECK(strstr(score, "<voice>2</voice>") == NULL);
    free(score);
}

/* MuseScore had something to say about each of these. */
TEST(voices_and_rests_are_such_as_musescore_takes) {
    static const struct score_row rows[] = {
        /* a pitch cannot last a measure without a type, least of all one of 5/8 */
        {"measure time beats:5 beat-type:8 C4 rest:measure",
         "<rest measure=\"yes\" /><duration>5</duration>", "<pitch>"},
        {"measure rest:measure chord C4 rest:measure", "<rest measure=\"yes\" />", "<pitch>"},
        /* a note that goes to another voice takes along no chord of the note before it */
        {"measure forward quarter D5 voice:1 half backup half backup quarter E4 quarter chord G4 "
         "quarter F4 quarter",
         "<step>G</step><octave>4</octave></pitch><duration>1</duration><voice>1</voice>", NULL},
        /* grace notes in a voice that has nothing else */
        {"measure grace C4 eighth", "<measure", "<grace"},
        {"measure D4 voice:1 half grace C4 voice:2 eighth", "<step>D</step>", "<grace"},
        /* the fifth voice is of the other staff by a note of a tuplet that is not whole */
        {"measure clef:G2 staff:1 clef:F4 staff:2 C4 voice:1 eighth staff:1 C4 eighth backup "
         "quarter D4 voice:2 eighth staff:1 D4 eighth backup quarter E4 voice:3 eighth staff:1 E4 "
         "eighth backup quarter F4 voice:4 eighth staff:1 F4 eighth backup quarter C3 voice:5 "
         "eighth 3in2 staff:2 D3 quarter staff:2 G4 quarter staff:1",
         "<octave>3</octave></pitch><duration>2</duration><voice>5</voice>", "<forward>"},
    };
    check_rows(rows, RP_COUNT(rows));
}

TEST(clefs_that_nobody_uses_become_usual_ones_and_the_last_of_two_counts) {
    static const char *const texts[] = {"measure clef:G5 clef:F1 C4 half"};
    char *score = score_of(texts, 1, false, NULL);
    REQUIRE(score != NULL);
    CHECK(strstr(score, "<sign>F</sign><line>4</line>") != NULL);
    CHECK(strstr(score, "<sign>G</sign>") == NULL);
    free(score);
}

TEST(no_tokens_at_all_are_one_measure_of_rest) {
    static const char *const texts[] = {"", "nonsense"};
    for (size_t i = 0; i < RP_COUNT(texts); i++) {
        rp_joined_score_report report;
        char *score = score_of(texts + i, 1, true, &report);
        REQUIRE(score != NULL);
        CHECK_INT(report.measures, 1);
        CHECK(strstr(score,
                     "<measure number=\"1\"><attributes><divisions>1</divisions>"
                     "</attributes><note><rest measure=\"yes\" /><duration>4</duration>") != NULL);
        free(score);
    }
}
