/* What was read against its label: nothing wrong gives perfect figures, one wrong note the known
 * ones, and threads change nothing. */
#include "check.h"
#include "score/judgement.h"

enum { SAMPLES = 7 };

static const char label[] =
    "measure key:fifths:0 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C5 voice:1 "
    "quarter stem:down staff:1 D5 quarter slur:start backup half C3 voice:5 half stem:up staff:2 "
    "measure E5 voice:1 half stem:down staff:1 slur:stop backup half G3 voice:5 half stem:up "
    "staff:2";

static rp_lmx_line line_of(rp_arena *arena, const char *text) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line = {0};
    CHECK_INT(rp_lmx_lex(&line, &words, text, strlen(text), NULL), RP_OK);
    return line;
}

static rp_sample sample_of(rp_arena *arena) {
    const rp_lmx_line line = line_of(arena, label);
    return (rp_sample){.name = "s", .tokens = line.tokens, .token_count = (int32_t)line.count};
}

TEST(what_is_read_without_error_has_perfect_figures) {
    rp_arena arena = {0}, scratch = {0};
    rp_judgement j;
    const rp_sample sample = sample_of(&arena);
    const rp_lmx_line read = line_of(&arena, label);
    REQUIRE(rp_judge(&j, NULL, &sample, &read, &scratch, NULL) == RP_OK);
    CHECK_NEAR(rp_ser_percent(&j.ser), 0, 0);
    CHECK_INT(j.full.edit, j.lmx.edit); /* gold's own bookkeeping of durations, no music */
    CHECK_INT(j.gold_notes, 5);
    CHECK_INT(j.onsets, 5);
    CHECK_INT(j.notes, 5);
    CHECK_INT(j.repaired_onsets, 5);
    CHECK_INT(j.without_music, 1);
    rp_arena_clear(&arena);
    rp_arena_clear(&scratch);
}

TEST(one_wrong_pitch_is_one_edit_and_one_note) {
    rp_arena arena = {0}, scratch = {0};
    rp_judgement right, j;
    const rp_sample sample = sample_of(&arena);
    rp_lmx_line read = line_of(&arena, label);
    REQUIRE(rp_judge(&right, NULL, &sample, &read, &scratch, NULL) == RP_OK);
    for (size_t i = 0; i < read.count; i++)
        if (read.tokens[i] == RP_LMX_E5) read.tokens[i] = RP_LMX_F5;
    bool is_right[64];
    REQUIRE(read.count <= RP_COUNT(is_right));
    REQUIRE(rp_judge(&j, is_right, &sample, &read, &scratch, NULL) == RP_OK);
    for (size_t i = 0; i < read.count; i++) CHECK_INT(is_right[i], read.tokens[i] != RP_LMX_F5);
    CHECK_INT(j.ser.distance, 1);
    CHECK_INT(j.causes[RP_CAUSE_PITCHES].changed, 1);
    CHECK_INT(j.onsets, 4);
    CHECK_NEAR(rp_judgement_f1(j.onsets, j.gold_notes, j.read_notes), 0.8, 1e-12);
    CHECK_INT(j.lmx.edit, right.lmx.edit + 1);
    rp_arena_clear(&arena);
    rp_arena_clear(&scratch);
}

TEST(a_note_too_long_shifts_the_next_until_it_is_repaired) {
    rp_arena arena = {0}, scratch = {0};
    rp_judgement j;
    const rp_sample sample = sample_of(&arena);
    rp_lmx_line read = line_of(&arena, label);
    for (size_t i = 0; i < read.count; i++) /* the first C5 */
        if (read.tokens[i] == RP_LMX_TYPE_QUARTER) {
            read.tokens[i] = RP_LMX_TYPE_HALF;
            break;
        }
    REQUIRE(rp_judge(&j, NULL, &sample, &read, &scratch, NULL) == RP_OK);
    CHECK(j.onsets < 5);
    CHECK_INT(j.repaired_onsets, 5);
    rp_arena_clear(&arena);
    rp_arena_clear(&scratch);
}

TEST(threads_change_no_figure) {
    rp_arena arena = {0};
    rp_sample samples[SAMPLES];
    rp_lmx_line read[SAMPLES];
    rp_judgement one[SAMPLES], many[SAMPLES], sum = {0};
    const rp_dataset set = {.samples = samples, .count = SAMPLES};
    rp_pool *pool;
    REQUIRE(rp_pool_create(&pool, 3, NULL) == RP_OK);
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = sample_of(&arena);
        read[i] = line_of(&arena, label);
        read[i].count -= (size_t)i;
    }
    CHECK_INT(rp_judge_all(one, NULL, &set, read, NULL, NULL), RP_OK);
    CHECK_INT(rp_judge_all(many, NULL, &set, read, pool, NULL), RP_OK);
    for (int i = 0; i < SAMPLES; i++) {
        CHECK_INT(many[i].ser.distance, one[i].ser.distance);
        CHECK_INT(many[i].full.edit, one[i].full.edit);
        CHECK_INT(many[i].onsets, one[i].onsets);
        CHECK_INT(one[i].ser.distance, i);
        rp_judgement_add(&sum, &one[i]);
    }
    CHECK_INT(sum.ser.distance, 21);
    CHECK_INT(sum.gold_notes, 35);
    rp_pool_destroy(pool);
    rp_arena_clear(&arena);
}

TEST(damaged_music_names_its_sample) {
    rp_arena arena = {0};
    rp_error error = {0};
    rp_judgement j;
    rp_sample sample = sample_of(&arena);
    const rp_lmx_line read = line_of(&arena, label);
    const rp_dataset set = {.samples = &sample, .count = 1};
    sample.name = "samples/1/p1-s1";
    sample.music = (const uint8_t *)"<score";
    sample.music_size = 6;
    CHECK_INT(rp_judge_all(&j, NULL, &set, &read, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "samples/1/p1-s1") != NULL);
    rp_arena_clear(&arena);
}
