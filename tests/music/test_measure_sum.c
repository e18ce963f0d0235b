/* How long a measure's staffs are, told from its tokens. */
#include "music/measure_sum.h"

#include "base/compiler.h"
#include "base/mapped_file.h"
#include "check.h"

static rp_measure_sum sum_of(const char *text) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line line = {0};
    CHECK_INT(rp_lmx_lex(&line, &words, text, strlen(text), NULL), RP_OK);
    const rp_measure_sum sum = rp_measure_sum_of(line.tokens, line.count);
    rp_arena_clear(&arena);
    return sum;
}

/* length: in sixteenths of a quarter; -1: none. */
static void check_sum(const char *text, bool agrees, int staffs, int length) {
    const rp_measure_sum sum = sum_of(text);
    if (sum.agrees != agrees || sum.staffs != staffs)
        check_failed(__FILE__, __LINE__, "%s: agrees %d, %d staffs", text, sum.agrees, sum.staffs);
    if (length < 0) CHECK(!rp_fraction_is_number(sum.length));
    else CHECK_INT(rp_fraction_compare(sum.length, rp_fraction_make(length, 16)), 0);
}

TEST(staffs_agree_or_they_do_not) {
    check_sum("measure C4 quarter staff:1 D4 half dot backup whole C3 whole staff:2", true, 2, 64);
    check_sum("measure C4 quarter staff:1 backup quarter C3 half staff:2", false, 2, -1);
    check_sum("measure C4 quarter staff:1 backup half C3 quarter staff:2", false, 2, -1);
    check_sum("measure C4 half staff:1", true, 1, 32);
    check_sum("measure", true, 0, -1);
}

TEST(chords_and_grace_notes_take_no_time) {
    check_sum(
        "measure C4 quarter staff:1 chord E4 quarter chord G4 quarter grace A4 eighth B4 "
        "quarter backup half C3 half staff:2",
        true, 2, 32);
}

TEST(tuplets_and_dots_are_exact) {
    check_sum(
        "measure C4 eighth 3in2 staff:1 D4 eighth 3in2 E4 eighth 3in2 F4 eighth dot dot "
        "G4 32nd backup half C3 half staff:2",
        true, 2, 32);
}

TEST(the_longest_voice_of_a_staff_counts_and_lengths_of_moves_add_up) {
    check_sum(
        "measure C4 half dot staff:1 backup half backup quarter C5 quarter staff:1 backup "
        "quarter C3 half dot staff:2",
        true, 2, 48);
    check_sum(
        "measure C4 half dot staff:1 backup half backup quarter forward half C5 quarter "
        "staff:1 backup half backup quarter C3 half dot staff:2",
        true, 2, 48);
}

TEST(a_rest_of_the_whole_measure_is_as_long_as_it_must_be) {
    check_sum("measure rest rest:measure staff:1 backup whole C3 half staff:2", true, 1, 32);
    check_sum("measure rest rest:measure staff:1 backup whole rest rest:measure staff:2", true, 0,
              -1);
}

TEST(a_voice_that_crosses_belongs_to_the_staff_it_began_on) {
    check_sum(
        "measure C4 voice:1 half staff:1 D3 quarter staff:2 E4 quarter staff:1 backup whole rest "
        "voice:5 rest:measure staff:2",
        true, 1, 64);
    check_sum(
        "measure C4 voice:1 half staff:1 D3 half staff:2 backup whole rest voice:5 rest:measure "
        "staff:2",
        true, 1, 64);
    check_sum("measure C4 half staff:1 D3 half staff:2 backup whole C3 whole staff:2", true, 2, 64);
    check_sum("measure C4 half staff:1 D3 half staff:2 backup whole C3 half staff:2", false, 2, -1);
}

TEST(a_time_signature_is_told) {
    const rp_measure_sum sum =
        sum_of("measure key:fifths:1 time beats:6 beat-type:8 clef:G2 staff:1 C4 quarter staff:1");
    CHECK_INT(rp_fraction_compare(sum.time, rp_fraction_make(3, 1)), 0);
    CHECK_INT(sum.staffs, 1);
}

/* Gold measures nearly all add up; those that do not have hidden notes or lengths of their own. */
TEST(measures_of_the_published_examples_agree) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    int measures = 0, agree = 0;
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    for (int file = 1; file <= 120; file++) {
        char path[1024];
        rp_mapped_file text;
        rp_lmx_line line;
        snprintf(path, sizeof path, "%s/reference/linearize/%03d.lmx", check_data(), file);
        if (rp_mapped_file_open(&text, path, NULL) != RP_OK) continue;
        REQUIRE(rp_lmx_lex(&line, &words, (const char *)text.data, text.size, NULL) == RP_OK);
        rp_mapped_file_close(&text);
        for (size_t at = 0; at < line.count;) {
            size_t end = at + 1;
            while (end < line.count && line.tokens[end] != RP_LMX_MEASURE) end++;
            agree += rp_measure_sum_of(line.tokens + at, end - at).agrees;
            measures++;
            at = end;
        }
    }
    printf("# %d of %d measures agree\n", agree, measures);
    if (measures == 0) check_skip("no reference files");
    else CHECK(agree > 0.9 * measures);
    rp_arena_clear(&arena);
}
