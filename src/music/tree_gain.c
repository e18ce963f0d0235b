/* tree_gain.c: Zhang and Shasha's algorithm for gains, on flat arrays.
 *
 * H(i, j) is the largest gain between the first nodes up to i of a subtree of a and the first
 * nodes up to j of one of b, in postorder. With "delete" and "insert" taken out of the numbers the
 * recurrence has no additions but one:
 *
 *     H(i, j) = max( H(i-1, j),  H(i, j-1),  H(first(i)-1, first(j)-1) + S(i, j) )
 *
 * S(i, j) is the gain between the whole subtrees at i and j. It is known when i or j is not on the
 * left path of the pair of subtrees in hand; when both are, it is what is computed here, with
 * H(i-1, j-1) + gain(i, j) in place of the last term.
 *
 * What makes it fast, beside that:
 *   - Equal subtrees have one class, and S is a table of classes: the many equal leaves and notes
 *     of music are compared once. The table is small and stays in cache.
 *   - Rows of H are kept per depth, two for each, since first(i)-1 is always the node before the
 *     ancestor of i whose subtree began last: a dozen short rows, all in the first-level cache.
 *   - Gains are unsigned and grow along rows, so that a row is a running maximum. */
#include "music/tree_gain.h"

#include <assert.h>
#include <string.h>

/* A forest with what the runs need. */
struct side {
    const rp_forest *forest;
    uint32_t *classes; /* (count) of the subtree at each node, from 0 */
    uint32_t class_count;
    int16_t *base_depths; /* (count) depth of the node first(i)-1, -1 for the forest's first */
    uint32_t *keyroots;   /* (keyroot_count) rising: nodes with a left sibling, and roots */
    size_t keyroot_count;
};

struct run {
    const struct side *a, *b;
    const rp_gains *gains;
    uint32_t *table;                             /* S: (a's classes, b's classes) */
    uint32_t *rows[2 * RP_FOREST_DEPTH_MAX + 1]; /* [2d], [2d+1]: of depth d; last: all zero */
    uint8_t current[RP_FOREST_DEPTH_MAX];        /* which of the two holds the depth's last row */
    uint32_t a_first;                            /* of the pair in hand */
};

/* ---- classes of equal subtrees ---- */

/* Hash table of pairs (what is known so far, next child's class) to numbers. A subtree is the fold
 * of its label and its children's classes. */
struct pairs {
    uint64_t *keys; /* 0: free, else the pair + 1 */
    uint32_t *numbers;
    size_t capacity;
    uint32_t count;
};

static uint32_t pair_number(struct pairs *pairs, uint32_t left, uint32_t right) {
    const uint64_t key = ((uint64_t)left << 32 | right) + 1;
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (pairs->capacity - 1);
    while (pairs->keys[at] != 0 && pairs->keys[at] != key) at = (at + 1) & (pairs->capacity - 1);
    if (pairs->keys[at] == 0) {
        pairs->keys[at] = key;
        pairs->numbers[at] = pairs->count++;
    }
    return pairs->numbers[at];
}

/* Fills in classes, in the order of first occurrence. The children of node i, from the last one:
 * i-1, then first(i-1)-1, and so on. */
static void find_classes(struct side *side, rp_arena *scratch) {
    const rp_forest *forest = side->forest;
    struct pairs pairs = {.capacity = 64};
    while (pairs.capacity < 4 * forest->count) pairs.capacity *= 2;
    pairs.keys = rp_arena_array(scratch, pairs.capacity, sizeof *pairs.keys);
    pairs.numbers = rp_arena_array(scratch, pairs.capacity, sizeof *pairs.numbers);
    uint32_t *dense = rp_arena_array(scratch, 2 * forest->count + 1, sizeof *dense);
    if (scratch->failed) return;
    for (uint32_t i = 0; i < forest->count; i++) {
        /* The right half tells a label (top bit set) from a child's class. */
        uint32_t number = pair_number(&pairs, UINT32_MAX, forest->labels[i] | 0x80000000u);
        for (uint32_t end = i; end > forest->firsts[i]; end = forest->firsts[end - 1])
            number = pair_number(&pairs, number, side->classes[end - 1]);
        if (dense[number] == 0) dense[number] = ++side->class_count;
        side->classes[i] = dense[number] - 1;
    }
}

/* ---- preparing a side ---- */

static void find_base_depths(struct side *side) {
    const rp_forest *forest = side->forest;
    for (uint32_t i = 0; i < forest->count; i++) {
        const uint32_t first = forest->firsts[i];
        side->base_depths[i] = first == 0 ? -1 : (int16_t)forest->depths[first - 1];
    }
}

/* A keyroot is the highest node of its left path: the last node in postorder with that first.
 * Of equal subtrees one is enough. */
static void find_keyroots(struct side *side, rp_arena *scratch) {
    const rp_forest *forest = side->forest;
    uint8_t *has_first = rp_arena_array(scratch, forest->count + 1, 1);
    uint8_t *has_class = rp_arena_array(scratch, side->class_count + 1u, 1);
    uint8_t *is_keyroot = rp_arena_array(scratch, forest->count + 1, 1);
    if (scratch->failed) return;
    for (size_t i = forest->count; i-- > 0;) {
        is_keyroot[i] = !has_first[forest->firsts[i]];
        has_first[forest->firsts[i]] = 1;
    }
    for (uint32_t i = 0; i < forest->count; i++) {
        if (!is_keyroot[i] || has_class[side->classes[i]]) continue;
        has_class[side->classes[i]] = 1;
        side->keyroots[side->keyroot_count++] = i;
    }
}

static void prepare_side(struct side *side, const rp_forest *forest, rp_arena *scratch) {
    *side = (struct side){.forest = forest};
    side->classes = rp_arena_array(scratch, forest->count, sizeof *side->classes);
    side->base_depths = rp_arena_array(scratch, forest->count, sizeof *side->base_depths);
    side->keyroots = rp_arena_array(scratch, forest->count, sizeof *side->keyroots);
    if (scratch->failed) return;
    find_classes(side, scratch);
    if (scratch->failed) return;
    find_base_depths(side);
    find_keyroots(side, scratch);
}

/* ---- rows ---- */

/* The row of the node first(i)-1, as far as it lies in the run: before its first node, zeros. */
static const uint32_t *base_row(const struct run *run, uint32_t i) {
    const uint32_t first = run->a->forest->firsts[i];
    const int depth = run->a->base_depths[i];
    if (first == run->a_first) return run->rows[2 * RP_FOREST_DEPTH_MAX];
    return run->rows[2 * depth + run->current[depth]];
}

/* One row for a node off the left path. columns: b's nodes `first` .. `last`; out, up and base have
 * their column 0 before the first node. */
static void fill_row(const struct run *run, uint32_t *restrict out, const uint32_t *restrict up,
                     uint32_t i, uint32_t first, uint32_t last) {
    const struct side *a = run->a, *b = run->b;
    const uint32_t *restrict base = base_row(run, i);
    const uint32_t *restrict table_row = run->table + (size_t)a->classes[i] * b->class_count;
    const uint32_t *restrict classes = b->classes, *restrict firsts = b->forest->firsts;
    uint32_t best = 0;
    out[0] = 0;
    for (uint32_t j = first; j <= last; j++) {
        const uint32_t with = base[firsts[j] - first] + table_row[classes[j]];
        const uint32_t without = up[j - first + 1];
        if (without > best) best = without;
        if (with > best) best = with;
        out[j - first + 1] = best;
    }
}

/* One row for a node on the left path: where b's node is on its own left path too, S is found. */
static void fill_left_row(const struct run *run, uint32_t *restrict out,
                          const uint32_t *restrict up, uint32_t i, uint32_t first, uint32_t last) {
    const struct side *b = run->b;
    const uint8_t *gains = run->gains->values + run->a->forest->labels[i] * run->gains->stride;
    uint32_t *table_row = run->table + (size_t)run->a->classes[i] * b->class_count;
    uint32_t best = 0;
    out[0] = 0;
    for (uint32_t j = first; j <= last; j++) {
        const bool is_left = b->forest->firsts[j] == first;
        const uint32_t with =
            is_left ? up[j - first] + gains[b->forest->labels[j]] : table_row[b->classes[j]];
        const uint32_t without = up[j - first + 1];
        if (without > best) best = without;
        if (with > best) best = with;
        out[j - first + 1] = best;
        if (is_left) table_row[b->classes[j]] = best;
    }
}

/* All rows for a's nodes a_first .. a_last against b's b_first .. b_last. `is_table_known`: a run
 * over the whole forests, in which nothing is left to be found. Returns the last number. */
static uint32_t run_pair(struct run *run, uint32_t a_first, uint32_t a_last, uint32_t b_first,
                         uint32_t b_last, bool is_table_known) {
    const struct side *a = run->a;
    const uint32_t *up = run->rows[2 * RP_FOREST_DEPTH_MAX];
    run->a_first = a_first;
    for (uint32_t i = a_first; i <= a_last; i++) {
        const unsigned depth = a->forest->depths[i];
        const bool is_left = a->forest->firsts[i] == a_first;
        uint32_t *out = run->rows[2 * depth + (run->current[depth] ^ 1)];
        if (is_left && !is_table_known) fill_left_row(run, out, up, i, b_first, b_last);
        else fill_row(run, out, up, i, b_first, b_last);
        run->current[depth] ^= 1;
        up = out;
    }
    return up[b_last - b_first + 1];
}

/* ---- public ---- */

/* Rows for the depths that occur, and the zeros. */
static void make_rows(struct run *run, rp_arena *scratch) {
    const size_t columns = run->b->forest->count + 1;
    unsigned depth_max = 0;
    for (size_t i = 0; i < run->a->forest->count; i++)
        if (run->a->forest->depths[i] > depth_max) depth_max = run->a->forest->depths[i];
    assert(depth_max < RP_FOREST_DEPTH_MAX);
    for (unsigned row = 0; row < 2 * (depth_max + 1); row++)
        run->rows[row] = rp_arena_array(scratch, columns, sizeof(uint32_t));
    run->rows[2 * RP_FOREST_DEPTH_MAX] = rp_arena_array(scratch, columns, sizeof(uint32_t));
}

rp_status rp_tree_gain(uint64_t *gain, const rp_forest *a, const rp_forest *b,
                       const rp_gains *gains, rp_arena *scratch, rp_error *error) {
    struct side a_side, b_side;
    struct run run = {.a = &a_side, .b = &b_side, .gains = gains};
    *gain = 0;
    if (a->count == 0 || b->count == 0) return RP_OK;
    prepare_side(&a_side, a, scratch);
    prepare_side(&b_side, b, scratch);
    if (!scratch->failed) make_rows(&run, scratch);
    if (!scratch->failed)
        run.table = rp_arena_array(scratch, (size_t)a_side.class_count * b_side.class_count,
                                   sizeof *run.table);
    if (scratch->failed) return rp_fail_memory(error, "the comparison of two scores");
    for (size_t x = 0; x < a_side.keyroot_count; x++) {
        const uint32_t i = a_side.keyroots[x];
        for (size_t y = 0; y < b_side.keyroot_count; y++) {
            const uint32_t j = b_side.keyroots[y];
            run_pair(&run, a->firsts[i], i, b->firsts[j], j, false);
        }
    }
    *gain = run_pair(&run, 0, (uint32_t)a->count - 1, 0, (uint32_t)b->count - 1, true);
    return RP_OK;
}
