/* TEDn: the worked examples, the published program's vectors, and the tree distance against a
 * plain recursion. */
#include "music/tedn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "check.h"
#include "sample_files.h"

static rp_status cost_of(rp_tedn_cost *cost, const char *gold_xml, size_t gold_size,
                         const char *line, size_t length, rp_tedn_flavor flavor) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line tokens;
    const rp_xml_source gold = {"gold.musicxml", (const uint8_t *)gold_xml, gold_size};
    rp_error error = {0};
    rp_status status = rp_lmx_lex(&tokens, &words, line, length, &error);
    if (status == RP_OK) status = rp_tedn_line(cost, &gold, &tokens, flavor, &error);
    if (status != RP_OK) printf("# %s\n", error.text);
    rp_arena_clear(&arena);
    return status;
}

/* The gold file of a line: what the Delinearizer writes for it. */
static char *gold_of(const char *line) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line tokens;
    rp_xml_tree tree;
    rp_xml_node *part = NULL;
    rp_text text = {0};
    rp_xml_tree_init(&tree, &arena);
    if (rp_lmx_lex(&tokens, &words, line, strlen(line), NULL) == RP_OK &&
        rp_delinearize(&part, &tree, &tokens, NULL, NULL, NULL) == RP_OK)
        rp_delinearize_print(&text, &tree, rp_delinearize_wrap(&tree, part));
    rp_arena_clear(&arena);
    return text.data;
}

TEST(the_worked_examples_cost_what_is_published) {
    static const struct {
        const char *gold, *predicted;
        int edit, gold_cost;
    } cases[] = {
        {"measure C4 voice:1 quarter stem:up D4 quarter",
         "measure C4 voice:1 eighth stem:up D4 quarter", 2, 12},
        {"measure C4 voice:1 quarter stem:up D4 quarter", "measure C4 voice:1 quarter stem:up", 6,
         12},
        {"measure C4 voice:1 quarter stem:up", "measure C4 voice:1 quarter stem:up D4 quarter", 2,
         7},
        {"measure C4 voice:1 quarter", "measure C4 voice:11 quarter", 2, 7},
        {"measure C4 voice:1 quarter stem:up", "measure key:fifths:1", 7, 7},
        {"measure C4 quarter measure D4 half", "C4 quarter measure D4 half", 13, 13},
        {"measure C4 voice:1 quarter stem:up dot", "", 8, 8},
    };
    for (size_t i = 0; i < RP_COUNT(cases); i++) {
        char *gold = gold_of(cases[i].gold);
        REQUIRE(gold != NULL);
        rp_tedn_cost cost = {0};
        const char *line = cases[i].predicted;
        CHECK(cost_of(&cost, gold, strlen(gold), line, strlen(line), RP_TEDN_FULL) == RP_OK);
        CHECK_INT(cost.edit, cases[i].edit);
        CHECK_INT(cost.gold, cases[i].gold_cost);
        free(gold);
    }
}

/* expected.json: "NNN": {"full": {"gold_cost": N, "edit_cost": N, "seconds": S}, "lmx": {...}}. */
static double number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    return at != NULL ? atof(at + strlen(key)) : -1;
}

static void check_pair(int number, const char *expected, double *published_s, double *ours_s) {
    char gold_name[24], line_name[24];
    snprintf(gold_name, sizeof gold_name, "%03d.gold.musicxml", number);
    snprintf(line_name, sizeof line_name, "%03d.pred.lmx", number);
    char *gold_path = sample_files_data("reference/tedn", gold_name);
    char *line_path = sample_files_data("reference/tedn", line_name);
    size_t gold_size = 0, line_size = 0;
    char *gold = sample_files_read(gold_path, &gold_size);
    char *line = sample_files_read(line_path, &line_size);
    REQUIRE(gold != NULL && line != NULL);
    static const char *const names[] = {"\"full\": {", "\"lmx\": {"};
    for (int flavor = 0; flavor < 2; flavor++) {
        const char *at = strstr(expected, names[flavor]);
        REQUIRE(at != NULL);
        rp_tedn_cost cost = {-1, -1};
        const double began = rp_clock_seconds();
        CHECK(cost_of(&cost, gold, gold_size, line, line_size, (rp_tedn_flavor)flavor) == RP_OK);
        *ours_s += rp_clock_seconds() - began;
        *published_s += number_after(at, "\"seconds\": ");
        const int64_t edit = (int64_t)number_after(at, "\"edit_cost\": ");
        const int64_t gold_cost = (int64_t)number_after(at, "\"gold_cost\": ");
        if (cost.edit != edit || cost.gold != gold_cost)
            check_failed(__FILE__, __LINE__, "%s %s: %lld of %lld, not %lld of %lld", gold_name,
                         names[flavor], (long long)cost.edit, (long long)cost.gold, (long long)edit,
                         (long long)gold_cost);
    }
    free(gold);
    free(line);
    free(gold_path);
    free(line_path);
}

TEST(all_vectors_cost_the_same_integers) {
    char *path = sample_files_data("reference/tedn", "expected.json");
    char *expected = sample_files_read(path, NULL);
    free(path);
    if (expected == NULL) {
        check_skip("reference/tedn is not here");
        return;
    }
    int pairs = 0;
    double published_s = 0, ours_s = 0;
    for (int number = 1; number < 1000; number++) {
        char key[16];
        snprintf(key, sizeof key, "\"%03d\": {", number);
        const char *at = strstr(expected, key);
        if (at == NULL) break;
        check_pair(number, at, &published_s, &ours_s);
        pairs++;
    }
    CHECK_INT(pairs, 86);
    printf("# %d pairs in both flavours: %.3f s; published %.1f s: %.0f times\n", pairs, ours_s,
           published_s, published_s / ours_s);
    free(expected);
}
