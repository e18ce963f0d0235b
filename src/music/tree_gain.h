/* tree_gain.h: the edit distance of ordered trees, as the most that matching can save.
 *
 * Every edit script deletes some nodes of a, inserts some of b and matches the others, keeping
 * order and ancestry. Start from "delete all of a, insert all of b"; each match (x, y) saves
 *     gain(x, y) = delete(x) + insert(y) - change(x, y).
 * So distance = (sum of delete) + (sum of insert) - (largest sum of gains over all mappings), and
 * gains below 0 can be taken as 0: such a pair is better not matched. */
#ifndef RP_MUSIC_TREE_GAIN_H
#define RP_MUSIC_TREE_GAIN_H

#include "base/arena.h"
#include "base/error.h"

/* A forest in postorder: a node stands behind all that is below it. */
typedef struct rp_forest {
    size_t count;
    uint32_t *labels; /* (count) */
    uint32_t *firsts; /* (count) index of the first node (the leftmost leaf) below it, or itself */
    uint32_t *depths; /* (count) 0 for the roots */
} rp_forest;

enum { RP_FOREST_DEPTH_MAX = 128 };

/* gain(x, y) by labels: (labels of a, labels of b), row-major, `stride` a row; borrowed. */
typedef struct rp_gains {
    const uint8_t *values;
    size_t stride;
} rp_gains;

/* The largest sum of gains. Depths are below RP_FOREST_DEPTH_MAX. Memory: 4 bytes times (different
 * subtrees of a) times (different subtrees of b), from `scratch`, at most `scratch->limit_bytes`.
 * RP_SYSTEM: no memory. Source: K. Zhang, D. Shasha, "Simple fast algorithms for the editing
 * distance between trees", SIAM J. Comput. 18(6), 1989; what is done to make it fast stands in
 * tree_gain.c. */
rp_status rp_tree_gain(uint64_t *gain, const rp_forest *a, const rp_forest *b,
                       const rp_gains *gains, rp_arena *scratch, rp_error *error);

#endif
