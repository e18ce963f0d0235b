/* Pieces made of others' hands: what is parted, what is made of it, and that it is music. */
#include "music/recomposition.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "check.h"
#include "music/hand_variation.h"
#include "music/lmx_grammar.h"
#include "music/measure_sum.h"
#include "schema.h"

/* Two scores of ours. Chords, two voices on a staff, ties and slurs over bar lines, a tuplet, a
 * grace note, a rest of a whole measure, a gap, accidentals. */
static const char *const march[] = {
    "measure key:fifths:1 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 G4 voice:1 "
    "eighth staff:1 beam:begin slur:start A4 eighth beam:end B4 quarter tied:start backup half G3 "
    "voice:5 quarter staff:2 chord B3 quarter chord D4 quarter F3 quarter natural "
    "measure B4 voice:1 quarter staff:1 tied:stop C5 quarter sharp slur:stop backup half G4 "
    "voice:2 half staff:1 backup half E3 voice:5 half staff:2 arpeggiate chord G3 half arpeggiate "
    "measure C5 voice:1 eighth 3in2 staff:1 beam:begin tuplet:start B4 eighth 3in2 A4 eighth 3in2 "
    "beam:end tuplet:stop G4 quarter staccato backup half rest voice:5 rest:measure staff:2 "
    "measure grace grace:slash F4 voice:1 16th staff:1 G4 half backup half C3 voice:5 quarter "
    "staff:2 rest quarter backup half forward quarter G3 voice:6 quarter staff:2",
    "measure key:fifths:1 clef:G2 staff:1 clef:F4 staff:2 D5 voice:1 half staff:1 backup half G2 "
    "voice:5 half staff:2 "
    "measure D5 voice:1 quarter staff:1 E5 quarter backup half C4 voice:5 half staff:2",
};
static const char *const barcarole[] = {
    "measure key:fifths:-2 time beats:6 beat-type:8 clef:G2 staff:1 clef:F4 staff:2 rest voice:1 "
    "quarter dot staff:1 D5 quarter E5 eighth flat backup half backup quarter B2 voice:5 eighth "
    "staff:2 beam:begin F3 eighth B3 eighth beam:end B2 eighth beam:begin F3 eighth B3 eighth "
    "beam:end "
    "measure C5 voice:1 half dot staff:1 backup half backup quarter F2 voice:5 half dot staff:2 "
    "measure B4 voice:1 half dot staff:1 backup half backup quarter B1 voice:5 half dot staff:2",
};

/* Measures to be taken whole: a voice that crosses, a clef within (the next measure begins under
 * it), a counted rest that is not printed, a voice from the middle. */
static const char *const whole_measures[] = {
    "G3 voice:1 eighth staff:2 beam:begin C4 eighth E4 eighth staff:1 G4 eighth beam:end backup "
    "half C3 voice:5 half staff:2",
    "G4 voice:1 half staff:1 backup half C3 voice:5 quarter staff:2 clef:G2 staff:2 E4 quarter "
    "chord G4 quarter",
    "G4 voice:1 half staff:1 backup half print-object:no rest voice:2 quarter staff:1 E4 quarter "
    "backup half C4 voice:5 half staff:2",
    "G4 voice:1 half staff:1 backup quarter E4 voice:2 quarter staff:1 backup half C4 voice:5 "
    "half staff:2",
};
static const rp_hands_held in_two_quarters = {.clefs = {RP_LMX_CLEF_G2, RP_LMX_CLEF_F4},
                                              .beats = RP_LMX_BEATS_2,
                                              .beat_type = RP_LMX_BEAT_TYPE_4};

enum { PARTED = 9, WHOLE = 4 }; /* measures of ours */

static rp_lmx_line cut(rp_arena *arena, const char *text) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line = {0};
    CHECK(rp_lmx_lex(&line, &words, text, strlen(text), NULL) == RP_OK);
    return line;
}

static void add(rp_hand_pool *pool, rp_arena *arena, const char *const *texts, size_t count) {
    rp_lmx_line lines[4];
    for (size_t i = 0; i < count; i++) lines[i] = cut(arena, texts[i]);
    CHECK_INT(rp_hand_pool_add(pool, lines, count, NULL), RP_OK);
}

/* One score of one system. */
static void add_whole_measures(rp_hand_pool *pool, rp_arena *arena) {
    rp_text text = {0};
    rp_text_add(&text,
                "measure key:fifths:0 time beats:2 beat-type:4 clef:G2 staff:1 clef:F4 "
                "staff:2 ");
    for (size_t i = 0; i < RP_COUNT(whole_measures); i++) {
        if (i > 0) rp_text_add(&text, " measure ");
        rp_text_add(&text, whole_measures[i]);
    }
    const rp_lmx_line line = cut(arena, text.data);
    CHECK_INT(rp_hand_pool_add(pool, &line, 1, NULL), RP_OK);
    rp_text_clear(&text);
}

static void fill(rp_hand_pool *pool, rp_arena *arena) {
    add(pool, arena, march, RP_COUNT(march));
    add(pool, arena, barcarole, RP_COUNT(barcarole));
    add_whole_measures(pool, arena);
    CHECK_INT(rp_hand_pool_seal(pool, NULL), RP_OK);
}

/* What the hands of one measure are when written again; NULL: they cannot be parted. */
static const char *again(rp_text *text, const char *measure) {
    rp_arena arena = {0};
    const rp_lmx_line line = cut(&arena, measure);
    rp_hands_held held = in_two_quarters;
    rp_hands hands;
    rp_text_reset(text);
    const bool is_parted = rp_hands_part(&hands, &held, &arena, line.tokens, line.count);
    if (is_parted) {
        const rp_fraction whole = rp_fraction_make(2, 1);
        rp_fraction end;
        rp_lmx_line written = {.tokens = rp_arena_array(&arena,
                                                        rp_hand_tokens_max(&hands.hands[0]) +
                                                            rp_hand_tokens_max(&hands.hands[1]),
                                                        sizeof(uint16_t))};
        rp_hand_write(&written, &hands.hands[0], 0, 1, whole, &end);
        rp_hands_write_backup(&written, end);
        rp_hand_write(&written, &hands.hands[1], 0, 2, whole, &end);
        rp_lmx_print(text, written.tokens, written.count);
    }
    rp_arena_clear(&arena);
    return is_parted ? text->data : NULL;
}

TEST(hands_are_parted_and_written_again) {
    static const char *const measures[] = {
        "G4 voice:1 eighth staff:1 beam:begin slur:start A4 eighth beam:end B4 quarter tied:start "
        "backup half G3 voice:5 quarter staff:2 chord B3 quarter chord D4 quarter F3 quarter "
        "natural",
        "grace grace:slash F4 voice:1 16th staff:1 G4 half backup half C3 voice:5 quarter staff:2 "
        "rest quarter backup half forward quarter G3 voice:6 quarter staff:2",
        "C5 voice:1 eighth 3in2 staff:1 tuplet:start B4 eighth 3in2 A4 eighth 3in2 tuplet:stop G4 "
        "quarter backup half rest voice:5 rest:measure staff:2",
    };
    rp_text text = {0};
    for (size_t i = 0; i < RP_COUNT(measures); i++)
        CHECK_TEXT(again(&text, measures[i]), measures[i]);
    CHECK_TEXT(again(&text,
                     "G4 voice:1 half sharp stem:up staff:1 backup half rest voice:5 "
                     "rest:measure staff:2"),
               "G4 voice:1 half sharp staff:1 backup half rest voice:5 rest:measure staff:2");
    rp_text_clear(&text);
}

TEST(measures_whose_hands_cannot_stand_alone_are_left) {
    static const char *const measures[] = {
        "G4 voice:1 half staff:1",                                           /* one hand */
        "G4 voice:1 half staff:2 backup half G3 voice:5 half staff:2",       /* crosses */
        "G4 voice:1 quarter staff:1 backup quarter G3 voice:5 half staff:2", /* too short */
        "G4 voice:1 whole staff:1 backup whole G3 voice:5 half staff:2",     /* too long */
        "G4 voice:1 half staff:1 backup quarter G3 voice:5 quarter staff:2", /* from its middle */
        "G4 voice:1 half staff:1 backup quarter forward eighth G3 voice:5 eighth staff:2",
        "G4 voice:1 half staff:1 clef:G2 staff:2 backup half G3 voice:5 half staff:2",
        "print-object:no G4 voice:1 half staff:1 backup half G3 voice:5 half staff:2",
        "G3 voice:5 half staff:2 backup half G4 voice:1 half staff:1", /* the lower one first */
        "chord",
        "grace",
        "backup half",
        "forward",
    };
    rp_text text = {0};
    for (size_t i = 0; i < RP_COUNT(measures); i++)
        if (again(&text, measures[i]) != NULL)
            check_failed(__FILE__, __LINE__, "parted: %s", measures[i]);
    rp_text_clear(&text);
}

/* ---- whole measures ---- */

TEST(whole_measures_are_written_again) {
    rp_arena arena = {0};
    for (size_t i = 0; i < RP_COUNT(whole_measures); i++) {
        const rp_lmx_line line = cut(&arena, whole_measures[i]);
        rp_whole_measure whole;
        rp_text text = {0};
        REQUIRE(rp_whole_measure_take(&whole, in_two_quarters, &arena, line.tokens, line.count));
        rp_lmx_line written = {
            .tokens =
                rp_arena_array(&arena, rp_whole_measure_tokens_max(&whole.both), sizeof(uint16_t))};
        rp_whole_measure_write(&written, &whole.both, 0);
        rp_lmx_print(&text, written.tokens, written.count);
        CHECK_TEXT(text.data, whole_measures[i]);
        CHECK_INT(whole.held.clefs[1], RP_LMX_CLEF_F4);
        CHECK_INT(whole.clefs[1], i == 1 ? RP_LMX_CLEF_G2 : RP_LMX_CLEF_F4);
        rp_text_clear(&text);
    }
    rp_arena_clear(&arena);
}

TEST(staves_are_known_in_a_whole_measure) {
    rp_arena arena = {0};
    rp_whole_measure whole;
    rp_lmx_line line = cut(&arena, whole_measures[0]);
    REQUIRE(rp_whole_measure_take(&whole, in_two_quarters, &arena, line.tokens, line.count));
    CHECK_INT(whole.both.items[1].staff, 1);
    CHECK_INT(whole.both.items[2].staff, 0);
    line = cut(&arena, whole_measures[1]);
    REQUIRE(rp_whole_measure_take(&whole, in_two_quarters, &arena, line.tokens, line.count));
    CHECK_INT(whole.both.items[2].middle, 22); /* D3 */
    CHECK_INT(whole.both.items[4].middle, 34); /* B4, behind the clef */
    CHECK(whole.both.items[2].begins_voice && !whole.both.items[4].begins_voice);
    rp_arena_clear(&arena);
}

TEST(what_is_no_measure_for_two_staves_is_not_taken_whole) {
    static const char *const measures[] = {
        "G4 voice:1 quarter staff:1 backup quarter G3 voice:5 half staff:2", /* do not agree */
        "G4 voice:1 whole staff:1 backup whole G3 voice:5 whole staff:2",    /* too long */
        "G4 voice:1 half staff:1 backup half G3 voice:5 half staff:3",       /* a third staff */
        "G4 voice:1 half staff:1 clef:G1 staff:2 backup half G3 voice:5 half staff:2",
        "G4 voice:1 half staff:1 clef:G2 backup half G3 voice:5 half staff:2", /* for no staff */
        "G4 voice:1 half staff:1 key:fifths:1 backup half G3 voice:5 half staff:2",
        "",
    };
    rp_arena arena = {0};
    rp_whole_measure whole;
    for (size_t i = 0; i < RP_COUNT(measures); i++) {
        const rp_lmx_line line = cut(&arena, measures[i]);
        if (rp_whole_measure_take(&whole, in_two_quarters, &arena, line.tokens, line.count))
            check_failed(__FILE__, __LINE__, "taken: %s", measures[i]);
    }
    const rp_lmx_line line = cut(&arena, whole_measures[0]);
    CHECK(!rp_whole_measure_take(&whole, (rp_hands_held){0}, &arena, line.tokens, line.count));
    rp_arena_clear(&arena);
}

/* ---- pieces ---- */

enum { PIECES = 60 };

static void check_measure(const rp_lmx_line *line, rp_fraction *time) {
    const rp_measure_sum sum = rp_measure_sum_of(line->tokens, line->count);
    if (rp_fraction_is_number(sum.time)) *time = sum.time;
    CHECK(sum.agrees);
    if (rp_fraction_is_number(sum.length)) CHECK(rp_fraction_compare(sum.length, *time) == 0);
}

TEST(every_measure_of_a_piece_adds_up_and_is_lmx) {
    rp_arena arena = {0};
    rp_hand_pool pool = {0};
    fill(&pool, &arena);
    CHECK_INT(pool.count, PARTED);
    CHECK_INT(pool.whole_count, WHOLE);
    CHECK_INT(pool.time_count, 2);
    for (uint64_t piece = 0; piece < PIECES; piece++) {
        rp_lmx_line *lines;
        size_t count;
        rp_fraction time = {0, 0};
        REQUIRE(rp_recompose_lines(&lines, &count, &arena, &pool, 7, piece, NULL) == RP_OK);
        CHECK(count >= 45 && count <= 81);
        for (size_t i = 0; i < count; i++) {
            check_measure(&lines[i], &time);
            const size_t accepted = rp_lmx_grammar_accepts(lines[i].tokens, lines[i].count);
            if (accepted == lines[i].count) continue;
            rp_text text = {0};
            rp_lmx_print(&text, lines[i].tokens, lines[i].count);
            check_failed(__FILE__, __LINE__, "token %zu of: %s", accepted, text.data);
            rp_text_clear(&text);
        }
    }
    rp_hand_pool_clear(&pool);
    rp_arena_clear(&arena);
}

TEST(pieces_cross_and_change_clefs_within) {
    static const char *const signs[] = {"print-object:no", "staff:2 clef:G2 staff:2"};
    rp_arena arena = {0};
    rp_hand_pool pool = {0};
    rp_text text = {0};
    fill(&pool, &arena);
    for (uint64_t piece = 0; piece < PIECES; piece++) {
        rp_lmx_line *lines;
        size_t count;
        REQUIRE(rp_recompose_lines(&lines, &count, &arena, &pool, 5, piece, NULL) == RP_OK);
        for (size_t i = 0; i < count; i++) {
            rp_lmx_print(&text, lines[i].tokens, lines[i].count);
            rp_text_add(&text, " ");
        }
    }
    for (size_t i = 0; i < RP_COUNT(signs); i++) CHECK(strstr(text.data, signs[i]) != NULL);
    rp_text_clear(&text);
    rp_hand_pool_clear(&pool);
    rp_arena_clear(&arena);
}

TEST(the_same_seed_gives_the_same_piece_and_another_another) {
    rp_arena arena = {0};
    rp_hand_pool pool = {0};
    rp_text texts[3] = {0};
    static const uint64_t seeds[3] = {1, 1, 2};
    fill(&pool, &arena);
    for (int i = 0; i < 3; i++) CHECK_INT(rp_recompose(&texts[i], &pool, seeds[i], 5, NULL), RP_OK);
    CHECK_TEXT(texts[0].data, texts[1].data);
    CHECK(strcmp(texts[0].data, texts[2].data) != 0);
    for (int i = 0; i < 3; i++) rp_text_clear(&texts[i]);
    rp_hand_pool_clear(&pool);
    rp_arena_clear(&arena);
}

TEST(pieces_are_musicxml_with_what_stands_around_music) {
    static const char *const dress[] = {"<lyric", "show-number=\"none\"", "<dynamics", "<pedal",
                                        "<words", "<millimeters"};
    rp_arena arena = {0};
    rp_hand_pool pool = {0};
    int seen[RP_COUNT(dress)] = {0};
    fill(&pool, &arena);
    for (uint64_t piece = 0; piece < PIECES; piece++) {
        rp_text text = {0};
        const struct schema_options options = {.adds_up = true};
        REQUIRE(rp_recompose(&text, &pool, 3, piece, NULL) == RP_OK);
        char *complaint = schema_complaint(text.data, text.length, &options);
        if (complaint != NULL) check_failed(__FILE__, __LINE__, "%s", complaint);
        free(complaint);
        for (size_t i = 0; i < RP_COUNT(dress); i++) seen[i] += strstr(text.data, dress[i]) != NULL;
        rp_text_clear(&text);
    }
    for (size_t i = 0; i < RP_COUNT(dress); i++) CHECK(seen[i] > 0);
    CHECK(seen[0] < PIECES && seen[1] < PIECES); /* some are not sung, some print all digits */
    rp_hand_pool_clear(&pool);
    rp_arena_clear(&arena);
}

/* ---- what is changed in a hand ---- */

static rp_hand hand_of(rp_arena *arena, const char *measure, int which) {
    rp_hands hands = {0};
    rp_hands_held held = in_two_quarters;
    const rp_lmx_line line = cut(arena, measure);
    CHECK(rp_hands_part(&hands, &held, arena, line.tokens, line.count));
    return hands.hands[which];
}

TEST(every_accidental_says_something) {
    static const uint8_t signs[3] = {RP_LMX_FLAT, RP_LMX_NATURAL, RP_LMX_SHARP};
    for (uint64_t seed = 0; seed < 200; seed++) {
        rp_arena arena = {0};
        rp_random random = rp_random_make(seed, 0);
        const int fifths = (int)(seed % 13) - 6;
        int held[70];
        rp_hand hand = hand_of(&arena,
                               "G4 voice:1 16th sharp staff:1 A4 16th natural G4 16th natural A4 "
                               "16th flat B4 16th B4 16th flat G4 16th C5 16th sharp backup half "
                               "rest voice:5 rest:measure staff:2",
                               0);
        rp_hand_vary(&hand, fifths, &random);
        for (int p = 0; p < 70; p++) held[p] = rp_key_alter(fifths, p % 7);
        for (size_t i = 0; i < hand.count; i++) {
            for (int s = 0; s < 3; s++) {
                if (!rp_hand_item_has(&hand.items[i], signs[s])) continue;
                CHECK(held[hand.items[i].pitch] != s - 1);
                held[hand.items[i].pitch] = s - 1;
            }
        }
        rp_arena_clear(&arena);
    }
}

TEST(a_key_alters_its_steps) {
    CHECK_INT(rp_key_alter(0, 3), 0);
    CHECK_INT(rp_key_alter(1, 3), 1); /* F sharp in G major */
    CHECK_INT(rp_key_alter(1, 0), 0);
    CHECK_INT(rp_key_alter(2, 0), 1);   /* C sharp in D major */
    CHECK_INT(rp_key_alter(-1, 6), -1); /* B flat in F major */
    CHECK_INT(rp_key_alter(-1, 2), 0);
    CHECK_INT(rp_key_alter(-2, 2), -1); /* E flat */
    CHECK_INT(rp_key_alter(-6, 0), -1); /* C flat in G flat major */
    CHECK_INT(rp_key_alter(-6, 3), 0);
}

TEST(ties_lead_to_the_pitch_they_come_from_and_chords_rise) {
    for (uint64_t seed = 0; seed < 200; seed++) {
        rp_arena arena = {0};
        rp_random random = rp_random_make(seed, 1);
        rp_hand hand = hand_of(
            &arena,
            "C4 voice:1 quarter staff:1 tied:stop chord E4 quarter chord G4 quarter tied:start C4 "
            "quarter chord F4 quarter tied:start chord G4 quarter tied:stop backup half rest "
            "voice:5 rest:measure staff:2",
            0);
        int begun = 0, ended = 0;
        rp_hand_vary(&hand, 0, &random);
        for (size_t i = 0; i < hand.count; i++) {
            if (rp_hand_item_has(&hand.items[i], RP_LMX_TIED_START)) begun = hand.items[i].pitch;
            if (rp_hand_item_has(&hand.items[i], RP_LMX_TIED_STOP)) ended = hand.items[i].pitch;
            if (rp_hand_item_has(&hand.items[i], RP_LMX_CHORD))
                CHECK(hand.items[i].pitch > hand.items[i - 1].pitch);
        }
        if (hand.count == 6) CHECK(begun == ended && begun != 0); /* no note met another */
        rp_arena_clear(&arena);
    }
}

TEST(any_tokens_are_taken_without_harm) {
    rp_random random = rp_random_make(11, 0);
    for (int round = 0; round < 2000; round++) {
        rp_arena arena = {0};
        rp_hand_pool pool = {0};
        uint16_t tokens[80];
        const rp_lmx_line line = {.tokens = tokens, .count = rp_random_below(&random, 80)};
        for (size_t i = 0; i < line.count; i++)
            tokens[i] = (uint16_t)rp_random_below(&random, i % 8 == 0 ? 40000 : RP_LMX_COUNT);
        CHECK_INT(rp_hand_pool_add(&pool, &line, 1, NULL), RP_OK);
        rp_hand_pool_clear(&pool);
        rp_arena_clear(&arena);
    }
    rp_hand_pool empty = {0};
    CHECK_INT(rp_hand_pool_seal(&empty, NULL), RP_INPUT);
}
