/* SER: the bit-vector distance against the plain table, and the published figures. */
#include "music/ser.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "music/linearize_file.h"
#include "sample_files.h"

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

/* ---- against the published program ---- */

struct published {
    unsigned long long gold, distance, gold_no_tuplets, distance_no_tuplets;
};

static bool find_published(struct published *published, const char *json, const char *name) {
    char key[32];
    snprintf(key, sizeof key, "\"%s\": {", name);
    const char *at = strstr(json, key);
    return at != NULL && sscanf(at + strlen(key),
                                " \"gold\": %llu, \"distance\": %llu, \"gold_no_tuplets\": %llu, "
                                "\"distance_no_tuplets\": %llu",
                                &published->gold, &published->distance, &published->gold_no_tuplets,
                                &published->distance_no_tuplets) == 4;
}

static void add_pair(rp_ser *ser, const char *gold_path) {
    rp_text gold = {0};
    size_t size = 0;
    char *musicxml = sample_files_read(gold_path, &size);
    char *pred_path = sample_files_sibling(gold_path, ".gold.musicxml", ".pred.lmx");
    char *pred = sample_files_read(pred_path, NULL);
    const rp_xml_source source = {gold_path, (const uint8_t *)musicxml, size};
    REQUIRE(rp_linearize_source(&gold, NULL, &source, NULL, NULL) == RP_OK);
    REQUIRE(pred != NULL);
    add_texts(ser, gold.data, pred);
    rp_text_clear(&gold);
    free(pred);
    free(pred_path);
    free(musicxml);
}

TEST(all_pairs_have_the_published_distances_and_lengths) {
    char *folder = sample_files_data("reference", "tedn");
    if (folder == NULL) return;
    char *json_path = sample_files_data("reference", "tedn/ser.json");
    char *json = sample_files_read(json_path, NULL);
    REQUIRE(json != NULL);
    struct sample_files golds = sample_files_list(folder, ".gold.musicxml");
    rp_ser corpus = {0};
    size_t compared = 0;
    for (size_t i = 0; i < golds.count; i++) {
        struct published published;
        char name[4];
        snprintf(name, sizeof name, "%.3s", strrchr(golds.paths[i], '/') + 1);
        if (!find_published(&published, json, name)) continue;
        rp_ser ser = {0};
        add_pair(&ser, golds.paths[i]);
        add_pair(&corpus, golds.paths[i]);
        CHECK_INT(ser.gold_length, published.gold);
        CHECK_INT(ser.distance, published.distance);
        CHECK_INT(ser.gold_length_without_tuplets, published.gold_no_tuplets);
        CHECK_INT(ser.distance_without_tuplets, published.distance_no_tuplets);
        compared++;
    }
    const char *totals = strstr(json, "\"corpus\":");
    double percent = 0, percent_without_tuplets = 0;
    REQUIRE(totals != NULL && sscanf(totals, "\"corpus\": { \"SER\": %lf, \"SERnotuplets\": %lf",
                                     &percent, &percent_without_tuplets) == 2);
    CHECK_NEAR(rp_ser_percent(&corpus), percent, 1e-12);
    CHECK_NEAR(rp_ser_percent_without_tuplets(&corpus), percent_without_tuplets, 1e-12);
    printf("# %zu of %zu pairs compared\n", compared, golds.count);
    sample_files_clear(&golds);
    free(json);
    free(json_path);
    free(folder);
}

TEST(slurs_are_left_out_on_both_sides_of_their_variant) {
    rp_ser ser = {0};
    add_texts(&ser, "measure C4 quarter slur:start D4 half",
              "measure C4 quarter D4 half slur:stop");
    CHECK_INT(ser.distance, 2);
    CHECK_INT(ser.gold_length, 6);
    CHECK_INT(ser.distance_without_slurs, 0);
    CHECK_INT(ser.gold_length_without_slurs, 5);
    CHECK_NEAR(rp_ser_percent_without_slurs(&ser), 0, 0);
}
