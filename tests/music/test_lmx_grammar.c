/* The grammar automaton: what it accepts, what it refuses, and that it never gets stuck. */
#include "music/lmx_grammar.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "sample_files.h"

static bool is_accepted(const char *text) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line line = {0};
    const bool is_cut = rp_lmx_lex(&line, &words, text, strlen(text), NULL) == RP_OK;
    const bool is_whole = is_cut && rp_lmx_grammar_accepts(line.tokens, line.count) == line.count;
    rp_arena_clear(&arena);
    return is_whole;
}

static const char *const accepted[] = {
    "measure C4 quarter",
    "measure key:fifths:0 time beats:4 beat-type:4 clef:G2 staff:1 clef:F4 staff:2 C4 voice:1 half "
    "stem:up staff:1 chord E4 half G4 half stem:down backup whole rest voice:5 rest:measure "
    "staff:2",
    "measure A4 voice:1 eighth 3in2 stem:up beam:begin tuplet:start B4 eighth 3in2 flat A4 eighth "
    "3in2 beam:end tuplet:stop staccato",
    "measure forward half forward eighth forward 32nd forward 64th C5 voice:2 eighth 3in2",
    "measure grace grace:slash G5 voice:1 16th stem:up F5 quarter dot sharp stem:down tied:stop "
    "tied:start slur:start",
    "measure C4 quarter clef:G2 D4 quarter clef:F4 staff:2 measure rest whole",
    "measure C4 quarter 3in2 dot chord C4 quarter 3in2 dot sharp tremolo:single tremolo:3 "
    "trill-mark",
    "measure grace C4 eighth grace chord E4 eighth D4 half",
    "measure C4 half forward half backup whole backup half D4 whole",
    "measure print-object:no rest quarter print-object:no grace C4 eighth",
};

static const char *const refused[] = {
    "C4 quarter",
    "measure",
    "measure measure C4 quarter",
    "measure C4",
    "measure C4 voice:1",
    "measure C4 voice:1 quarter D4 voice:1 quarter",
    "measure C4 quarter stem:up D4 quarter stem:up",
    "measure C4 quarter staff:1 D4 quarter staff:1",
    "measure C4 quarter stem:up dot",
    "measure C4 quarter dot dot dot dot dot",
    "measure chord C4 quarter",
    "measure C4 quarter chord B3 quarter",
    "measure C4 quarter chord E4 half",
    "measure C4 quarter dot chord E4 quarter",
    "measure C4 quarter 3in2 chord E4 quarter",
    "measure C4 quarter 3in2 chord E4 quarter 5in4",
    "measure C4 quarter chord E4 quarter dot",
    "measure C4 quarter chord rest quarter",
    "measure C4 quarter chord E4 voice:2 quarter",
    "measure C4 quarter chord E4 quarter beam:begin",
    "measure C4 quarter grace chord E4 quarter",
    "measure rest quarter chord E4 quarter",
    "measure C4 quarter backup quarter chord E4 quarter",
    "measure rest quarter sharp",
    "measure rest quarter stem:up",
    "measure rest quarter tied:start",
    "measure grace rest quarter",
    "measure rest rest:measure dot",
    "measure C4 rest:measure",
    "measure C4 quarter rest rest:measure",
    "measure backup quarter C4 quarter",
    "measure C4 quarter backup quarter backup quarter D4 quarter",
    "measure C4 quarter backup 1024th backup 1024th",
    "measure C4 quarter tied:start tied:stop",
    "measure C4 quarter tied:stop tied:stop",
    "measure C4 quarter tremolo:3",
    "measure C4 quarter tremolo:single D4 quarter",
    "measure time beats:4 C4 quarter",
    "measure time beat-type:4 beats:4 C4 quarter",
    "measure key:fifths:0 key:fifths:1 C4 quarter",
    "measure clef:G2 key:fifths:0 C4 quarter",
    "measure clef:G2 staff:2 clef:F4 staff:1 C4 quarter",
    "measure clef:G2 clef:F4 C4 quarter",
    "measure clef:G2 staff:1 clef:F4 C4 quarter",
    "measure C4 quarter nonsense",
};

TEST(music_is_accepted) {
    for (size_t i = 0; i < RP_COUNT(accepted); i++)
        if (!is_accepted(accepted[i])) check_failed(__FILE__, __LINE__, "refused: %s", accepted[i]);
}

TEST(what_is_no_music_is_refused) {
    for (size_t i = 0; i < RP_COUNT(refused); i++)
        if (is_accepted(refused[i])) check_failed(__FILE__, __LINE__, "accepted: %s", refused[i]);
}

TEST(voice_stem_and_staff_may_be_named_again_after_a_backup) {
    CHECK(
        is_accepted("measure C4 voice:1 quarter stem:up staff:1 backup quarter D4 voice:1 quarter "
                    "stem:up staff:1 measure E4 voice:1 quarter stem:up staff:1"));
}

/* Random walks: there is always a way on, the sets agree with advance, and every walk that ends
 * is accepted as a line. */
TEST(random_walks_never_get_stuck) {
    rp_random random = rp_random_make(5, 0);
    for (int walk = 0; walk < 500; walk++) {
        rp_lmx_grammar grammar = rp_lmx_grammar_start();
        uint16_t tokens[400];
        size_t count = 0;
        while (count < RP_COUNT(tokens)) {
            rp_lmx_set set;
            rp_lmx_grammar_allowed(&grammar, &set);
            unsigned choices[225], choice_count = 0;
            for (unsigned t = 0; t <= RP_LMX_END; t++)
                if (rp_lmx_set_has(&set, t)) choices[choice_count++] = t;
            REQUIRE(choice_count > 0);
            rp_lmx_grammar copy = grammar;
            const unsigned other = rp_random_below(&random, 225);
            CHECK(rp_lmx_grammar_advance(&copy, other) == rp_lmx_set_has(&set, other));
            const unsigned token = choices[rp_random_below(&random, choice_count)];
            REQUIRE(rp_lmx_grammar_advance(&grammar, token));
            if (token == RP_LMX_END) break;
            tokens[count++] = (uint16_t)token;
        }
        if (count < RP_COUNT(tokens)) CHECK_INT(rp_lmx_grammar_accepts(tokens, count), count);
    }
}

TEST(nothing_follows_the_end_but_the_end) {
    rp_lmx_grammar grammar = rp_lmx_grammar_start();
    static const uint16_t tokens[] = {RP_LMX_MEASURE, RP_LMX_REST, RP_LMX_TYPE_WHOLE, RP_LMX_END};
    for (size_t i = 0; i < RP_COUNT(tokens); i++)
        REQUIRE(rp_lmx_grammar_advance(&grammar, tokens[i]));
    CHECK(!rp_lmx_grammar_advance(&grammar, RP_LMX_MEASURE));
    CHECK(rp_lmx_grammar_advance(&grammar, RP_LMX_END));
    CHECK(!rp_lmx_grammar_advance(&grammar, RP_LMX_UNKNOWN));
}

/* The lines of the development split are what the reader has to be able to say. */
TEST(the_lines_of_real_scores_are_accepted) {
    char *folder = sample_files_unpack("olimpic-synthetic/dev.tgz", "*.lmx");
    if (folder == NULL) {
        check_skip("olimpic-synthetic/dev.tgz is not here");
        return;
    }
    struct sample_files files = sample_files_list(folder, ".lmx");
    size_t refusals = 0;
    for (size_t i = 0; i < files.count; i++) {
        char *text = sample_files_read(files.paths[i], NULL);
        if (text == NULL || !is_accepted(text)) {
            refusals++;
            printf("# refused: %s\n", files.paths[i]);
        }
        free(text);
    }
    CHECK(files.count > 1000);
    CHECK(refusals * 1000 <= files.count);
    sample_files_clear(&files);
    free(folder);
}
