/* scalar_fold.c: see scalar_fold.h. */
#include "learn/scalar_fold.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 4096 };

/* -- Sharing --------------------------------------------------------------------------------- */

static uint64_t hash_node(const rp_scalar_tape *tape, rp_value at) {
    const rp_scalar_node node = tape->nodes[at];
    uint64_t key = (uint64_t)node.a << 32 | node.b;
    if (node.op == RP_SCALAR_CONSTANT) memcpy(&key, &tape->values[at], sizeof key);
    key = (key ^ (uint64_t)node.op << 58) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio */
    return key ^ key >> 32;
}

static bool is_same(const rp_scalar_tape *tape, rp_value x, rp_value y) {
    const rp_scalar_node p = tape->nodes[x], q = tape->nodes[y];
    if (p.op != q.op) return false;
    if (p.op == RP_SCALAR_CONSTANT) return memcmp(&tape->values[x], &tape->values[y], 8) == 0;
    return p.a == q.a && p.b == q.b;
}

/* The place that holds the same as `at`: an earlier one, or `at` itself, now entered. */
static rp_value share(rp_scalar_tape *tape, rp_value at) {
    const uint32_t mask = tape->slot_count - 1;
    uint32_t slot = (uint32_t)hash_node(tape, at) & mask;
    for (; tape->slots[slot] != 0; slot = (slot + 1) & mask)
        if (is_same(tape, tape->slots[slot] - 1, at)) return tape->slots[slot] - 1;
    tape->slots[slot] = at + 1;
    return at;
}

/* Enters what was recorded since the last call. At most half of the slots are ever taken. */
static bool share_all(rp_scalar_tape *tape) {
    if (tape->slot_count < 2 * (uint64_t)tape->count) {
        uint32_t wanted = SLOTS_FIRST;
        while (wanted < 2 * (uint64_t)tape->count && wanted < UINT32_MAX / 2) wanted *= 2;
        free(tape->slots);
        tape->slots = calloc(wanted, sizeof *tape->slots);
        tape->slot_count = tape->slots != NULL ? wanted : 0;
        tape->slotted = 0;
        tape->failed = tape->failed || tape->slots == NULL;
    }
    while (!tape->failed && tape->slotted < tape->count) share(tape, tape->slotted++);
    return !tape->failed;
}

/* The last node, or the one that stood already: the new one is then taken back. */
static rp_value settle(rp_scalar_tape *tape, rp_value last) {
    if (!share_all(tape)) return 0;
    const rp_value kept = share(tape, last);
    if (kept != last) tape->count = tape->slotted = last;
    return kept;
}

/* -- Folding --------------------------------------------------------------------------------- */

static bool is_known(const rp_scalar_tape *tape, rp_value at) {
    return tape->nodes[at].op == RP_SCALAR_CONSTANT;
}

static bool is_number(const rp_scalar_tape *tape, rp_value at, double number) {
    return is_known(tape, at) && tape->values[at] == number;
}

rp_value rp_scalar_fold_constant(rp_scalar_tape *tape, double number) {
    return settle(tape, rp_scalar_constant(tape, number));
}

static rp_value make(rp_scalar_tape *tape, rp_scalar_op op, rp_value a, rp_value b) {
    if (is_known(tape, a) && is_known(tape, b))
        return rp_scalar_fold_constant(tape, rp_scalar_value(op, tape->values[a], tape->values[b]));
    return settle(tape, rp_scalar_record(tape, op, a, b));
}

static rp_value negate(rp_scalar_tape *tape, rp_value a) {
    if (tape->nodes[a].op == RP_SCALAR_NEGATE) return tape->nodes[a].a;
    return make(tape, RP_SCALAR_NEGATE, a, a);
}

/* 0 times anything is 0 here, even times infinity: a constant 0 means "does not depend". */
rp_value rp_scalar_fold(rp_scalar_tape *tape, rp_scalar_op op, rp_value a, rp_value b) {
    const bool is_commutative = op == RP_SCALAR_ADD || op == RP_SCALAR_MULTIPLY;
    if (is_commutative && a > b) return rp_scalar_fold(tape, op, b, a);
    switch (op) {
        case RP_SCALAR_ADD:
            if (is_number(tape, a, 0)) return b;
            return is_number(tape, b, 0) ? a : make(tape, op, a, b);
        case RP_SCALAR_SUBTRACT:
            if (is_number(tape, b, 0)) return a;
            return is_number(tape, a, 0) ? negate(tape, b) : make(tape, op, a, b);
        case RP_SCALAR_MULTIPLY:
            if (is_number(tape, a, 0) || is_number(tape, b, 1)) return a;
            if (is_number(tape, b, 0) || is_number(tape, a, 1)) return b;
            return make(tape, op, a, b);
        case RP_SCALAR_SCALE: /* with a constant it is a plain product */
            if (is_known(tape, a) || is_known(tape, b))
                return rp_scalar_fold(tape, RP_SCALAR_MULTIPLY, a, b);
            return make(tape, op, a, b);
        case RP_SCALAR_DIVIDE:
            return is_number(tape, a, 0) || is_number(tape, b, 1) ? a : make(tape, op, a, b);
        case RP_SCALAR_POWER:
            if (is_number(tape, b, 1)) return a;
            if (is_number(tape, b, 0)) return rp_scalar_fold_constant(tape, 1);
            return make(tape, is_known(tape, b) ? RP_SCALAR_POWER_CONSTANT : op, a, b);
        case RP_SCALAR_NEGATE: return negate(tape, a);
        default: return make(tape, op, a, b);
    }
}
