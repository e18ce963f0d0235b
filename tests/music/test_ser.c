/* SER: the bit-vector distance against the plain table, and the published figures. */
#include "music/ser.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"

static size_t plain_distance(const uint16_t *a, size_t n, const uint16_t *b, size_t m) {
    size_t *row = malloc((m + 1) * sizeof *row);
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    const size_t distance = row[m];
    free(row);
    return distance;
}

TEST(bit_vectors_give_the_distance_of_the_plain_table) {
    rp_random random = rp_random_make(11, 0);
    for (int round = 0; round < 300; round++) {
        uint16_t a[300], b[300];
        const uint32_t letters = 1 + rp_random_below(&random, 9);
        const size_t n = rp_random_below(&random, 300), m = rp_random_below(&random, 300);
        for (size_t i = 0; i < n; i++) a[i] = (uint16_t)rp_random_below(&random, letters);
        for (size_t i = 0; i < m; i++) b[i] = (uint16_t)rp_random_below(&random, letters);
        CHECK_INT(rp_ser_distance(a, n, b, m), plain_distance(a, n, b, m));
    }
}

TEST(lengths_at_the_edges_of_words_are_exact) {
    static const size_t lengths[] = {0, 1, 63, 64, 65, 127, 128, 129, 192};
    uint16_t a[192], b[192];
    for (size_t i = 0; i < 192; i++) a[i] = (uint16_t)(i % 7), b[i] = (uint16_t)((i * i) % 7);
    for (size_t i = 0; i < RP_COUNT(lengths); i++)
        for (size_t j = 0; j < RP_COUNT(lengths); j++)
            CHECK_INT(rp_ser_distance(a, lengths[i], b, lengths[j]),
                      plain_distance(a, lengths[i], b, lengths[j]));
}

static void add_texts(rp_ser *ser, const char *gold, const char *predicted) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line gold_line, predicted_line;
    REQUIRE(rp_lmx_lex(&gold_line, &words, gold, strlen(gold), NULL) == RP_OK);
    REQUIRE(rp_lmx_lex(&predicted_line, &words, predicted, strlen(predicted), NULL) == RP_OK);
    CHECK(rp_ser_add(ser, &gold_line, &predicted_line, NULL) == RP_OK);
    rp_arena_clear(&arena);
}

TEST(rates_are_over_the_corpus_and_tuplets_can_be_left_out) {
    rp_ser ser = {0};
    add_texts(&ser, "measure C4 quarter 3in2 tuplet:start", "measure C4 quarter 5in4");
    add_texts(&ser, "measure rest whole", "measure rest half 99in98");
    CHECK_INT(ser.distance, 2 + 2);
    CHECK_INT(ser.gold_length, 8);
    CHECK_INT(ser.distance_without_tuplets, 1);
    CHECK_INT(ser.gold_length_without_tuplets, 6);
    CHECK_NEAR(rp_ser_percent(&ser), 50.0, 1e-12);
    CHECK_NEAR(rp_ser_percent_without_tuplets(&ser), 100.0 / 6, 1e-12);
}

TEST(an_empty_gold_line_counts_insertions) {
    rp_ser ser = {0};
    CHECK_NEAR(rp_ser_percent(&ser), 0.0, 0);
    add_texts(&ser, "", "measure nonsense nonsense");
    CHECK_INT(ser.distance, 3);
    CHECK(isinf(rp_ser_percent(&ser)));
}
