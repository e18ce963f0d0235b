/* scalar_fold.h: recording that folds and shares, for gradients that are graphs.
 *
 * Written naively, the k-th derivative has about 3^k times the nodes of the first. Two habits keep
 * it small: 0 * a, 1 * a and a + 0 are not recorded, and a node that stands already is found by its
 * hash and given again. */
#ifndef RP_LEARN_SCALAR_FOLD_H
#define RP_LEARN_SCALAR_FOLD_H

#include "learn/scalar.h"

/* A node that holds `op` of a and b (a unary one: b = a), new only if need be. POWER with a
 * constant exponent is made POWER_CONSTANT. tape->failed when memory ran out. */
rp_value rp_scalar_fold(rp_scalar_tape *tape, rp_scalar_op op, rp_value a, rp_value b);
rp_value rp_scalar_fold_constant(rp_scalar_tape *tape, double number);

#endif
