/* ops.c: the rows of ops.def as data. */
#include "tensor/ops.h"

#include <assert.h>

static const rp_op_row rows[] = {
#define RP_OP(name, ins, outs, f32, bf16, shapes, formula) \
    {#name, shapes, formula, ins, outs, f32, bf16, offsetof(rp_ops, name)},
#include "tensor/ops.def"
#undef RP_OP
};
_Static_assert(sizeof rows / sizeof rows[0] == RP_OP_COUNT, "one row an operation");

const rp_op_row *rp_op_find(rp_op op) {
    assert(op >= 0 && op < RP_OP_COUNT);
    return &rows[op];
}
