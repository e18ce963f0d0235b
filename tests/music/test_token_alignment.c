/* Which read token stands for which gold one: as few edits as SER counts, and causes that add up.
 */
#include "music/token_alignment.h"

#include "base/random.h"
#include "check.h"
#include "music/ser.h"

/* Cuts a text that holds words of the vocabulary only. */
static rp_lmx_line line_of(rp_arena *arena, const char *text) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line = {0};
    CHECK_INT(rp_lmx_lex(&line, &words, text, strlen(text), NULL), RP_OK);
    return line;
}

static uint64_t errors_in(const rp_cause_row *table) {
    uint64_t sum = 0;
    for (int c = 0; c < RP_CAUSE_COUNT; c++)
        sum += table[c].changed + table[c].missing + table[c].extra;
    return sum;
}

TEST(errors_are_told_by_what_they_are_about) {
    rp_arena arena = {0};
    rp_token_alignment a;
    rp_cause_row table[RP_CAUSE_COUNT] = {0};
    const rp_lmx_line gold =
        line_of(&arena, "measure C4 voice:1 quarter stem:up D4 half slur:start");
    const rp_lmx_line read = line_of(&arena, "measure E4 voice:1 quarter dot stem:up D4 half");
    REQUIRE(rp_token_align(&a, &arena, &gold, &read, NULL) == RP_OK);
    rp_cause_add(table, &a, &gold, &read);
    CHECK_INT(a.distance, 3);
    CHECK_INT(table[RP_CAUSE_PITCHES].changed, 1);
    CHECK_INT(table[RP_CAUSE_PITCHES].gold, 2);
    CHECK_INT(table[RP_CAUSE_NOTE_VALUES].extra, 1);
    CHECK_INT(table[RP_CAUSE_SLURS].missing, 1);
    CHECK_INT(errors_in(table), 3);
    CHECK_INT(a.gold_of[4], RP_ALIGNMENT_NONE);
    CHECK_INT(a.read_of[7], RP_ALIGNMENT_NONE);
    rp_arena_clear(&arena);
}

TEST(a_pitch_is_changed_for_a_pitch_where_it_costs_no_more) {
    rp_arena arena = {0};
    rp_token_alignment a;
    const rp_lmx_line gold = line_of(&arena, "measure C4 quarter stem:up");
    const rp_lmx_line read = line_of(&arena, "measure D4 stem:up");
    REQUIRE(rp_token_align(&a, &arena, &gold, &read, NULL) == RP_OK);
    CHECK_INT(a.distance, 2);
    CHECK_INT(a.read_of[1], 1); /* and not the quarter for the pitch */
    CHECK_INT(a.read_of[2], RP_ALIGNMENT_NONE);
    rp_arena_clear(&arena);
}

TEST(the_edits_are_those_of_the_symbol_error_rate) {
    rp_random random = rp_random_make(3, 0);
    rp_arena arena = {0};
    for (int round = 0; round < 300; round++) {
        uint16_t tokens[2][120];
        rp_lmx_line lines[2];
        const uint32_t letters = 2 + rp_random_below(&random, RP_LMX_COUNT - 2);
        for (int side = 0; side < 2; side++) {
            lines[side] = (rp_lmx_line){tokens[side], rp_random_below(&random, 120), 0};
            for (size_t i = 0; i < lines[side].count; i++)
                tokens[side][i] = (uint16_t)rp_random_below(&random, letters);
        }
        rp_token_alignment a;
        rp_cause_row table[RP_CAUSE_COUNT] = {0};
        rp_arena_reset(&arena);
        REQUIRE(rp_token_align(&a, &arena, &lines[0], &lines[1], NULL) == RP_OK);
        rp_cause_add(table, &a, &lines[0], &lines[1]);
        CHECK_INT(a.distance,
                  rp_ser_distance(tokens[0], lines[0].count, tokens[1], lines[1].count));
        CHECK_INT(errors_in(table), a.distance);
        int32_t before = -1; /* both sides rise, and each names the other */
        for (size_t i = 0; i < lines[0].count; i++) {
            if (a.read_of[i] == RP_ALIGNMENT_NONE) continue;
            CHECK(a.read_of[i] > before);
            before = a.read_of[i];
            CHECK_INT(a.gold_of[before], i);
        }
    }
    rp_arena_clear(&arena);
}
