/* The tree distance against the recursion it is defined by, on small random forests. */
#include "music/tree_gain.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"

enum { NODES_MAX = 9, LABELS = 4 };

struct forest {
    uint32_t labels[NODES_MAX], firsts[NODES_MAX], depths[NODES_MAX];
    size_t count;
};

/* A random forest: each node takes the last few trees as its children. */
static struct forest make_forest(rp_random *random) {
    struct forest forest = {.count = rp_random_below(random, NODES_MAX + 1)};
    for (size_t i = 0; i < forest.count; i++) {
        forest.labels[i] = rp_random_below(random, LABELS);
        forest.firsts[i] = (uint32_t)i;
        while (forest.firsts[i] > 0 && rp_random_below(random, 2) == 0)
            forest.firsts[i] = forest.firsts[forest.firsts[i] - 1];
    }
    for (size_t i = 0; i < forest.count; i++)
        for (size_t above = i + 1; above < forest.count; above++)
            forest.depths[i] += forest.firsts[above] <= i;
    return forest;
}

static rp_forest view(struct forest *forest) {
    return (rp_forest){forest->count, forest->labels, forest->firsts, forest->depths};
}

struct range {
    const struct forest *forest;
    size_t begin, end; /* nodes begin .. end - 1 */
};

/* The gain between two ranges: drop the last root of either, or match them. */
static unsigned plain_gain(struct range a, struct range b, const uint8_t *gains) {
    if (a.begin == a.end || b.begin == b.end) return 0;
    const size_t i = a.end - 1, j = b.end - 1;
    const struct range a_less = {a.forest, a.begin, i}, b_less = {b.forest, b.begin, j};
    unsigned best = plain_gain(a_less, b, gains);
    const unsigned other = plain_gain(a, b_less, gains);
    if (other > best) best = other;
    const size_t a_first = a.forest->firsts[i], b_first = b.forest->firsts[j];
    const unsigned match = plain_gain((struct range){a.forest, a.begin, a_first},
                                      (struct range){b.forest, b.begin, b_first}, gains) +
                           plain_gain((struct range){a.forest, a_first, i},
                                      (struct range){b.forest, b_first, j}, gains) +
                           gains[a.forest->labels[i] * LABELS + b.forest->labels[j]];
    return match > best ? match : best;
}

TEST(gains_are_those_of_the_plain_recursion) {
    rp_random random = rp_random_make(17, 3);
    rp_arena scratch = {0};
    for (int round = 0; round < 400; round++) {
        struct forest a = make_forest(&random), b = make_forest(&random);
        if (a.count > 7 && b.count > 7) b.count = 0; /* the recursion is exponential */
        uint8_t gains[LABELS * LABELS];
        for (size_t i = 0; i < sizeof gains; i++) gains[i] = (uint8_t)rp_random_below(&random, 6);
        const rp_forest a_view = view(&a), b_view = view(&b);
        uint64_t gain = 0;
        rp_arena_reset(&scratch);
        REQUIRE(rp_tree_gain(&gain, &a_view, &b_view, &(rp_gains){gains, LABELS}, &scratch, NULL) ==
                RP_OK);
        CHECK_INT(gain, plain_gain((struct range){&a, 0, a.count}, (struct range){&b, 0, b.count},
                                   gains));
    }
    rp_arena_clear(&scratch);
}

TEST(equal_forests_gain_all) {
    rp_random random = rp_random_make(18, 0);
    rp_arena scratch = {0};
    uint8_t gains[LABELS * LABELS] = {0};
    for (size_t i = 0; i < LABELS; i++) gains[i * LABELS + i] = 2;
    for (int round = 0; round < 50; round++) {
        struct forest a = make_forest(&random);
        const rp_forest a_view = view(&a);
        uint64_t gain = 0;
        REQUIRE(rp_tree_gain(&gain, &a_view, &a_view, &(rp_gains){gains, LABELS}, &scratch, NULL) ==
                RP_OK);
        CHECK_INT(gain, 2 * a.count);
    }
    rp_arena_clear(&scratch);
}

TEST(too_little_memory_is_an_error) {
    rp_arena scratch = {.limit_bytes = 100};
    struct forest a = {{0}, {0}, {0}, 1};
    const rp_forest a_view = view(&a);
    const uint8_t gains[1] = {2};
    uint64_t gain = 0;
    rp_error error = {0};
    CHECK(rp_tree_gain(&gain, &a_view, &a_view, &(rp_gains){gains, 1}, &scratch, &error) ==
          RP_SYSTEM);
    rp_arena_clear(&scratch);
}
