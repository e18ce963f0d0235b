/* random_expression.c: see random_expression.h. */
#include "random_expression.h"

enum { NODES_MAX = 64 };

/* 1.5 + 0.5 sin(x): between 1 and 2. */
static rp_value tame(rp_scalar_tape *tape, rp_value x) {
    const rp_value half = rp_scalar_constant(tape, 0.5), more = rp_scalar_constant(tape, 1.5);
    return rp_scalar_add(tape, rp_scalar_multiply(tape, rp_scalar_sin(tape, x), half), more);
}

static rp_value record_one(rp_scalar_tape *t, rp_scalar_op op, rp_value a, rp_value b) {
    switch (op) {
        case RP_SCALAR_DIVIDE: return rp_scalar_divide(t, a, tame(t, b));
        case RP_SCALAR_POWER: return rp_scalar_power(t, tame(t, a), rp_scalar_tanh(t, b));
        case RP_SCALAR_POWER_CONSTANT:
            return rp_scalar_power(t, tame(t, a), rp_scalar_constant(t, -1.5));
        case RP_SCALAR_LOG: return rp_scalar_log(t, tame(t, a));
        case RP_SCALAR_SQRT: return rp_scalar_sqrt(t, tame(t, a));
        case RP_SCALAR_EXP: return rp_scalar_exp(t, rp_scalar_tanh(t, a));
        case RP_SCALAR_MULTIPLY: return rp_scalar_multiply(t, rp_scalar_cos(t, a), b);
        case RP_SCALAR_STEP: return rp_scalar_add(t, rp_scalar_step(t, a), b);
        default: return rp_scalar_record(t, op, a, rp_scalar_row_of(op)->operands == 2 ? b : a);
    }
}

rp_value random_expression(rp_scalar_tape *tape, rp_random *random, const rp_value *inputs,
                           uint32_t input_count, uint32_t size) {
    rp_value made[NODES_MAX];
    uint32_t count = 0;
    for (uint32_t k = 0; k < input_count; k++) made[count++] = inputs[k];
    for (uint32_t i = 0; i < size && count < NODES_MAX; i++) {
        const uint32_t kinds = RP_SCALAR_OP_COUNT - RP_SCALAR_ADD;
        const rp_scalar_op op = (rp_scalar_op)(RP_SCALAR_ADD + rp_random_below(random, kinds));
        const rp_value a = made[count - 1]; /* the newest, so that nothing is left out */
        made[count] = record_one(tape, op, a, made[rp_random_below(random, count)]);
        count++;
    }
    return made[count - 1];
}
