/* The vocabulary and the cutting of lines. */
#include "music/lmx.h"

#include "check.h"

TEST(every_token_is_found_by_its_word) {
    for (unsigned token = 0; token < RP_LMX_COUNT; token++) {
        const char *text = rp_lmx_text_of(token);
        CHECK_INT(rp_lmx_token_of(text, strlen(text)), token);
    }
    CHECK(rp_lmx_text_of(RP_LMX_END) == NULL);
}

TEST(numbers_in_the_rows_agree_with_the_words) {
    for (unsigned token = 0; token < RP_LMX_COUNT; token++) {
        const rp_lmx_row *row = rp_lmx_row_of(token);
        char text[32] = "";
        if (row->kind == RP_LMX_KIND_KEY) snprintf(text, sizeof text, "key:fifths:%d", row->a);
        if (row->kind == RP_LMX_KIND_BEATS) snprintf(text, sizeof text, "beats:%d", row->a);
        if (row->kind == RP_LMX_KIND_BEAT_TYPE) snprintf(text, sizeof text, "beat-type:%d", row->a);
        if (row->kind == RP_LMX_KIND_CLEF) snprintf(text, sizeof text, "clef:%c%d", row->a, row->b);
        if (row->kind == RP_LMX_KIND_PITCH)
            snprintf(text, sizeof text, "%c%d", "CDEFGAB"[row->a], row -> b);
        if (row->kind == RP_LMX_KIND_VOICE) snprintf(text, sizeof text, "voice:%d", row->a);
        if (row->kind == RP_LMX_KIND_STAFF) snprintf(text, sizeof text, "staff:%d", row->a);
        if (row->kind == RP_LMX_KIND_TIME_MODIFICATION)
            snprintf(text, sizeof text, "%din%d", row->a, row->b);
        if (row->kind == RP_LMX_KIND_TREMOLO_MARKS)
            snprintf(text, sizeof text, "tremolo:%d", row->a);
        if (text[0] != 0) CHECK_TEXT(row->text, text);
    }
    CHECK_INT(rp_lmx_row_of(RP_LMX_TYPE_1024TH)->a, -8);
    CHECK_INT(rp_lmx_row_of(RP_LMX_TYPE_QUARTER)->a, 0);
    CHECK_INT(rp_lmx_row_of(RP_LMX_TYPE_MAXIMA)->a, 5);
}

TEST(roles_have_the_published_sizes) {
    int counts[4] = {0};
    for (unsigned token = 0; token < RP_LMX_COUNT; token++) counts[rp_lmx_role_of(token)]++;
    CHECK_INT(counts[RP_LMX_ROLE_MEASURE], 1);
    CHECK_INT(counts[RP_LMX_ROLE_PREFIX], 89);
    CHECK_INT(counts[RP_LMX_ROLE_ROOT], 15 + 15 + 1 + 15);
    CHECK_INT(counts[RP_LMX_ROLE_SUFFIX], 68 + 20);
}

TEST(words_that_almost_fit_are_unknown) {
    static const char *const words[] = {"",       "c4",       "C",   "C44",
                                        "measur", "measures", "3in", "\xC2\xA0x"};
    for (size_t i = 0; i < RP_COUNT(words); i++)
        CHECK_INT(rp_lmx_token_of(words[i], strlen(words[i])), RP_LMX_UNKNOWN);
    CHECK_INT(rp_lmx_token_of("C4\0", 3), RP_LMX_UNKNOWN);
}

TEST(lines_are_cut_at_any_white_space_and_printed_with_blanks) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line line;
    const char text[] =
        "\t measure\xC2\xA0"
        "what C4\r\n\xE2\x80\x89quarter what huh\x1C";
    REQUIRE(rp_lmx_lex(&line, &words, text, sizeof text - 1, NULL) == RP_OK);
    REQUIRE(line.count == 6);
    CHECK_INT(line.unknown, 3);
    CHECK_INT(line.tokens[1], RP_LMX_UNKNOWN);
    CHECK_INT(line.tokens[4], RP_LMX_UNKNOWN);
    CHECK_INT(line.tokens[5], RP_LMX_UNKNOWN + 1);
    rp_text printed = {0};
    rp_lmx_print(&printed, line.tokens, line.count);
    CHECK_TEXT(printed.data, "measure C4 quarter");
    rp_text_clear(&printed);
    rp_arena_clear(&arena);
}

TEST(unknown_words_keep_their_numbers_over_many) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_text text = {0};
    for (int i = 0; i < 40000; i++) rp_text_format(&text, "w%d %din7 ", i % 20000, 100 + i % 50);
    rp_lmx_line line;
    REQUIRE(rp_lmx_lex(&line, &words, text.data, text.length, NULL) == RP_OK);
    CHECK_INT(line.count, 80000);
    CHECK_INT(line.unknown, 80000);
    CHECK_INT(words.count, 20050);
    for (size_t i = 0; i < 40000; i++) {
        CHECK(line.tokens[i] == line.tokens[i + 40000]);
        CHECK(line.tokens[2 * i] < RP_LMX_UNKNOWN_TUPLET);
        CHECK(line.tokens[2 * i + 1] >= RP_LMX_UNKNOWN_TUPLET);
    }
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}
