/* scalar.c: recording and the two sweeps over numbers. See scalar.h for the tape and scalar.def for
 * the mathematics; this file only walks. Gradients that are graphs: scalar_gradient.c. */
#include "learn/scalar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1024, CAPACITY_MAX = 1u << 30 }; /* in nodes */

static const rp_scalar_row rows[] = {
#define LEAF(name, word) [RP_SCALAR_##name] = {word, 0},
#define UNARY(name, word, value, to_a) [RP_SCALAR_##name] = {word, 1},
#define BINARY(name, word, value, to_a, to_b) [RP_SCALAR_##name] = {word, 2},
#include "learn/scalar.def"
};

const rp_scalar_row *rp_scalar_row_of(rp_scalar_op op) { return &rows[op]; }

/* -- The tape -------------------------------------------------------------------------------- */

bool rp_scalar_tape_grow(rp_scalar_tape *tape) {
    const uint32_t capacity = tape->capacity == 0 ? CAPACITY_FIRST : 2 * tape->capacity;
    rp_scalar_node *nodes = NULL;
    double *values = NULL;
    if (capacity <= CAPACITY_MAX && !tape->failed) {
        nodes = rp_arena_alloc_raw(&tape->arena, capacity * sizeof *nodes);
        values = rp_arena_alloc_raw(&tape->arena, capacity * sizeof *values);
    }
    if (nodes == NULL || values == NULL) {
        tape->failed = true;
        return false;
    }
    if (tape->count > 0) {
        memcpy(nodes, tape->nodes, tape->count * sizeof *nodes);
        memcpy(values, tape->values, tape->count * sizeof *values);
    }
    tape->nodes = nodes;
    tape->values = values;
    tape->capacity = capacity;
    return true;
}

rp_status rp_scalar_tape_create(rp_scalar_tape **tape, rp_error *error) {
    *tape = calloc(1, sizeof **tape);
    if (*tape != NULL && rp_scalar_tape_grow(*tape)) return RP_OK;
    rp_scalar_tape_destroy(*tape);
    *tape = NULL;
    return rp_fail_memory(error, "a tape");
}

void rp_scalar_tape_destroy(rp_scalar_tape *tape) {
    if (tape == NULL) return;
    rp_arena_clear(&tape->arena);
    free(tape->slots);
    free(tape);
}

void rp_scalar_tape_reset(rp_scalar_tape *tape) {
    tape->count = tape->slotted = 0;
    tape->failed = false;
    if (tape->slots != NULL) memset(tape->slots, 0, tape->slot_count * sizeof *tape->slots);
}

uint32_t rp_scalar_tape_count(const rp_scalar_tape *tape) { return tape->count; }

rp_status rp_scalar_tape_check(const rp_scalar_tape *tape, rp_error *error) {
    return tape->failed ? rp_fail_memory(error, "the nodes of a tape") : RP_OK;
}

/* -- Recording ------------------------------------------------------------------------------- */

rp_value rp_scalar_input(rp_scalar_tape *tape, double number) {
    return rp_scalar_leaf(tape, RP_SCALAR_INPUT, number);
}

rp_value rp_scalar_constant(rp_scalar_tape *tape, double number) {
    return rp_scalar_leaf(tape, RP_SCALAR_CONSTANT, number);
}

rp_value rp_scalar_power(rp_scalar_tape *tape, rp_value a, rp_value b) {
    const bool is_constant = tape->nodes[b].op == RP_SCALAR_CONSTANT;
    return rp_scalar_record(tape, is_constant ? RP_SCALAR_POWER_CONSTANT : RP_SCALAR_POWER, a, b);
}

#define RECORD_2(verb, op)                                                    \
    rp_value rp_scalar_##verb(rp_scalar_tape *tape, rp_value a, rp_value b) { \
        assert((a < tape->count && b < tape->count) || tape->failed);         \
        return rp_scalar_record(tape, op, a, b);                              \
    }
#define RECORD_1(verb, op)                                        \
    rp_value rp_scalar_##verb(rp_scalar_tape *tape, rp_value a) { \
        assert(a < tape->count || tape->failed);                  \
        return rp_scalar_record(tape, op, a, a);                  \
    }
RECORD_2(add, RP_SCALAR_ADD)
RECORD_2(subtract, RP_SCALAR_SUBTRACT)
RECORD_2(multiply, RP_SCALAR_MULTIPLY)
RECORD_2(divide, RP_SCALAR_DIVIDE)
RECORD_1(negate, RP_SCALAR_NEGATE)
RECORD_1(relu, RP_SCALAR_RELU)
RECORD_1(step, RP_SCALAR_STEP)
RECORD_1(tanh, RP_SCALAR_TANH)
RECORD_1(exp, RP_SCALAR_EXP)
RECORD_1(log, RP_SCALAR_LOG)
RECORD_1(sqrt, RP_SCALAR_SQRT)
RECORD_1(sin, RP_SCALAR_SIN)
RECORD_1(cos, RP_SCALAR_COS)
RECORD_1(sigmoid, RP_SCALAR_SIGMOID)

double rp_scalar_number(const rp_scalar_tape *tape, rp_value value) { return tape->values[value]; }

void rp_scalar_set(rp_scalar_tape *tape, rp_value input, double number) {
    assert(tape->nodes[input].op == RP_SCALAR_INPUT);
    tape->values[input] = number;
}

void rp_scalar_forward(rp_scalar_tape *tape) {
    double *values = tape->values;
    for (uint32_t i = 0; i < tape->count; i++) {
        const rp_scalar_node node = tape->nodes[i];
        values[i] = rp_scalar_value(node.op, values[node.a], values[node.b]);
    }
}

/* -- The sweep backwards, on numbers ---------------------------------------------------------- */

#define ADD(x, y) ((x) + (y))
#define SUB(x, y) ((x) - (y))
#define MUL(x, y) ((x) * (y))
#define SCALE(x, y) ((x) == 0 ? 0.0 : (x) * (y))
#define DIV(x, y) ((x) / (y))
#define NEG(x) (-(x))
#define POW(x, y) pow(x, y)
#define STEP(x) ((x) > 0 ? 1.0 : 0.0)
#define LOG(x) log(x)
#define SIN(x) sin(x)
#define COS(x) cos(x)
#define ONE 1.0
#define NOTHING 0.0

/* The chain rule at one node. A and B are its operands' values, W its own, G its gradient. */
RP_INLINE void give(double *gradients, rp_scalar_node node, const double *values, rp_value at) {
    const double A = values[node.a], B = values[node.b], W = values[at], G = gradients[at];
    (void)A, (void)B, (void)W; /* few rules need all */
    switch (node.op) {
/* clang-format off */
#define LEAF(name, word)
#define UNARY(name, word, value, to_a) \
        case RP_SCALAR_##name: gradients[node.a] += to_a; break;
#define BINARY(name, word, value, to_a, to_b) \
        case RP_SCALAR_##name: gradients[node.a] += to_a; gradients[node.b] += to_b; break;
#include "learn/scalar.def"
            /* clang-format on */
        default: break;
    }
}

void rp_scalar_give(double *gradients, rp_scalar_node node, const double *values, rp_value at) {
    give(gradients, node, values, at);
}

void rp_scalar_backward(const rp_scalar_tape *tape, rp_value root, double *gradients) {
    memset(gradients, 0, ((size_t)root + 1) * sizeof *gradients);
    gradients[root] = 1;
    for (rp_value i = root + 1; i-- > 0;)
        if (gradients[i] != 0) /* what is not reached must not leak in as 0 * inf */
            give(gradients, tape->nodes[i], tape->values, i);
}
