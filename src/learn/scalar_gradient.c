/* scalar_gradient.c: gradients made of nodes, hence derivatives of any order: the rules of
 * scalar.def read a second time, now with each ADD, MUL, ... giving a node. */
#include <stdlib.h>

#include "learn/scalar_fold.h"

#define ABSENT UINT32_MAX

#define ADD(x, y) rp_scalar_fold(tape, RP_SCALAR_ADD, x, y)
#define SUB(x, y) rp_scalar_fold(tape, RP_SCALAR_SUBTRACT, x, y)
#define MUL(x, y) rp_scalar_fold(tape, RP_SCALAR_MULTIPLY, x, y)
#define SCALE(x, y) rp_scalar_fold(tape, RP_SCALAR_SCALE, x, y)
#define DIV(x, y) rp_scalar_fold(tape, RP_SCALAR_DIVIDE, x, y)
#define NEG(x) rp_scalar_fold(tape, RP_SCALAR_NEGATE, x, x)
#define POW(x, y) rp_scalar_fold(tape, RP_SCALAR_POWER, x, y)
#define STEP(x) rp_scalar_fold(tape, RP_SCALAR_STEP, x, x)
#define LOG(x) rp_scalar_fold(tape, RP_SCALAR_LOG, x, x)
#define SIN(x) rp_scalar_fold(tape, RP_SCALAR_SIN, x, x)
#define COS(x) rp_scalar_fold(tape, RP_SCALAR_COS, x, x)
#define ONE rp_scalar_fold_constant(tape, 1)
#define NOTHING rp_scalar_fold_constant(tape, 0)

/* What node W gives to its operand a, or to b, when G arrives. */
static rp_value term(rp_scalar_tape *tape, rp_value W, rp_value G, bool is_b) {
    const rp_scalar_node node = tape->nodes[W];
    const rp_value A = node.a, B = node.b;
    switch (node.op) {
/* clang-format off */
#define LEAF(name, word)
#define UNARY(name, word, value, to_a) case RP_SCALAR_##name: return to_a;
#define BINARY(name, word, value, to_a, to_b) case RP_SCALAR_##name: return is_b ? to_b : to_a;
#include "learn/scalar.def"
            /* clang-format on */
        default: return NOTHING;
    }
}

static void give(rp_scalar_tape *tape, rp_value *adjoint, rp_value gained) {
    *adjoint = *adjoint == ABSENT ? gained : ADD(*adjoint, gained);
}

rp_status rp_scalar_gradient(rp_scalar_tape *tape, rp_value root, const rp_value *inputs,
                             size_t count, rp_value *gradient, rp_error *error) {
    const size_t nodes = (size_t)root + 1;
    rp_value *adjoints = malloc(nodes * sizeof *adjoints); /* place of d root / d i, or ABSENT */
    bool *depends = calloc(nodes, sizeof *depends);        /* does node i depend on an input? */
    if (adjoints == NULL || depends == NULL) tape->failed = true;
    for (size_t k = 0; k < count && !tape->failed; k++)
        if (inputs[k] <= root) depends[inputs[k]] = true;
    for (size_t i = 0; i < nodes && !tape->failed; i++) {
        const rp_scalar_node node = tape->nodes[i];
        depends[i] = depends[i] || depends[node.a] || depends[node.b];
        adjoints[i] = ABSENT;
    }
    if (!tape->failed) adjoints[root] = ONE;
    for (rp_value i = root + 1; i-- > 0 && !tape->failed;) {
        const rp_scalar_node node = tape->nodes[i];
        const rp_value G = adjoints[i];
        const unsigned operands = rp_scalar_row_of(node.op)->operands;
        if (G == ABSENT || !depends[i]) continue;
        if (operands > 0 && depends[node.a]) give(tape, &adjoints[node.a], term(tape, i, G, false));
        if (operands > 1 && depends[node.b]) give(tape, &adjoints[node.b], term(tape, i, G, true));
    }
    for (size_t k = 0; k < count && !tape->failed; k++) {
        const bool is_reached = inputs[k] <= root && adjoints[inputs[k]] != ABSENT;
        gradient[k] = is_reached ? adjoints[inputs[k]] : NOTHING;
    }
    free(adjoints);
    free(depends);
    return rp_scalar_tape_check(tape, error);
}
