/* scalar_words.h: nodes in words, for drawings, traces and errors. */
#ifndef RP_LEARN_SCALAR_WORDS_H
#define RP_LEARN_SCALAR_WORDS_H

#include "base/text.h"
#include "learn/scalar.h"

/* Adds a number to six digits; a NaN without the sign that it may have. */
void rp_scalar_add_number(rp_text *text, double number);

/* Adds the node's name; else its number if it is a leaf; else "n" and its place. */
void rp_scalar_add_name(rp_text *text, const rp_scalar_tape *tape, rp_value at,
                        const rp_scalar_names *names);

/* Adds "a * b", "relu(a)", or the number of a leaf. */
void rp_scalar_add_formula(rp_text *text, const rp_scalar_tape *tape, rp_value at,
                           const rp_scalar_names *names);

/* The name itself, or NULL. */
const char *rp_scalar_find_name(const rp_scalar_names *names, rp_value at);

/* wanted[i] becomes true for the nodes `root` is made of; root + 1 flags, yours. Gives their
 * count. */
uint32_t rp_scalar_mark_parts(const rp_scalar_tape *tape, rp_value root, bool *wanted);

#endif
