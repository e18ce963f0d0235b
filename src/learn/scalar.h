/* scalar.h: the tape behind reprise/learn.h, open for the rooms' own loops.
 *
 *     nodes   [op a b][op a b][op a b] ...     12 bytes each; a and b are earlier places
 *     values  [double][double][double] ...     beside them
 *
 * A tape is already in topological order: forward is a loop, backward the same loop from the end.
 * A unary node has b = a, a leaf a = b = itself, so that "depends on" needs no cases.
 * Refused: nodes on the heap with pointers (three times the bytes, a sort before each sweep, and
 * recursion that ends at some depth). */
#ifndef RP_LEARN_SCALAR_H
#define RP_LEARN_SCALAR_H

#include <math.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "reprise/learn.h"

typedef enum rp_scalar_op {
#define LEAF(name, word) RP_SCALAR_##name,
#define UNARY(name, word, value, to_a) RP_SCALAR_##name,
#define BINARY(name, word, value, to_a, to_b) RP_SCALAR_##name,
#include "learn/scalar.def"
    RP_SCALAR_OP_COUNT
} rp_scalar_op;

typedef struct rp_scalar_node {
    rp_scalar_op op;
    rp_value a, b;
} rp_scalar_node;

struct rp_scalar_tape {
    rp_scalar_node *nodes;
    double *values;
    uint32_t count, capacity; /* capacity is at least 1 */
    bool failed;              /* memory ran out: sticky until reset */
    rp_arena arena;           /* holds both arrays; doubled arrays leave their halves behind */
    uint32_t *slots;          /* owned: hash table of nodes, place + 1; built when first asked */
    uint32_t slot_count, slotted; /* a power of two or 0; nodes 0 .. slotted - 1 are in it */
};

/* A row a operation: its word in drawings and traces, and how many operands it has. */
typedef struct rp_scalar_row {
    const char *word;
    unsigned operands;
} rp_scalar_row;
const rp_scalar_row *rp_scalar_row_of(rp_scalar_op op);

/* Makes room for one more node; false when memory ran out. */
bool rp_scalar_tape_grow(rp_scalar_tape *tape);

/* The value of one operation. */
RP_INLINE double rp_scalar_value(rp_scalar_op op, double A, double B) {
    switch (op) {
/* clang-format off */
#define LEAF(name, word)
#define UNARY(name, word, value, to_a) case RP_SCALAR_##name: return value;
#define BINARY(name, word, value, to_a, to_b) case RP_SCALAR_##name: return value;
#include "learn/scalar.def"
            /* clang-format on */
        default: return A;
    }
}

/* One step of the sweep backwards: gradients[at] flows on to the operands of `node`. */
void rp_scalar_give(double *gradients, rp_scalar_node node, const double *values, rp_value at);

/* Appends a node. After a failure it gives place 0, which is always there, and tape->failed. */
RP_INLINE rp_value rp_scalar_append(rp_scalar_tape *tape, rp_scalar_op op, rp_value a, rp_value b,
                                    double value) {
    if (tape->count == tape->capacity && !rp_scalar_tape_grow(tape)) return 0;
    const rp_value at = tape->count++;
    tape->nodes[at] = (rp_scalar_node){op, a, b};
    tape->values[at] = value;
    return at;
}

/* Records one operation on earlier nodes. `op` should be a literal: the switch then vanishes. */
RP_INLINE rp_value rp_scalar_record(rp_scalar_tape *tape, rp_scalar_op op, rp_value a, rp_value b) {
    const double value = rp_scalar_value(op, tape->values[a], tape->values[b]);
    return rp_scalar_append(tape, op, a, b, value);
}

RP_INLINE rp_value rp_scalar_leaf(rp_scalar_tape *tape, rp_scalar_op op, double number) {
    return rp_scalar_append(tape, op, tape->count, tape->count, number);
}

#endif
