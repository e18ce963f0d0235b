/* random_expression.h: expressions drawn at random, smooth and tame wherever they are evaluated. */
#ifndef RP_TESTS_LEARN_RANDOM_EXPRESSION_H
#define RP_TESTS_LEARN_RANDOM_EXPRESSION_H

#include "base/random.h"
#include "learn/scalar.h"

/* Records `size` operations on the inputs, each used somewhere, and gives the last node. Arguments
 * of log, sqrt, / and ** are kept above 1, so that eight derivatives stay finite. */
rp_value random_expression(rp_scalar_tape *tape, rp_random *random, const rp_value *inputs,
                           uint32_t input_count, uint32_t size);

#endif
