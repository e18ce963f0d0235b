/* fraction.h: exact fractions for lengths and times in music, in quarters. */
#ifndef RP_MUSIC_FRACTION_H
#define RP_MUSIC_FRACTION_H

#include <stdbool.h>
#include <stdint.h>

/* Always reduced, denominator positive. A result that does not fit 64 bits has denominator 0, "no
 * number", and so has everything computed from it. {0, 0} is therefore not zero: use
 * rp_fraction_make(0, 1). */
typedef struct rp_fraction {
    int64_t numerator, denominator;
} rp_fraction;

/* denominator not 0; either sign. */
rp_fraction rp_fraction_make(int64_t numerator, int64_t denominator);
static inline bool rp_fraction_is_number(rp_fraction a) { return a.denominator != 0; }

rp_fraction rp_fraction_add(rp_fraction a, rp_fraction b);
rp_fraction rp_fraction_subtract(rp_fraction a, rp_fraction b);
rp_fraction rp_fraction_multiply(rp_fraction a, rp_fraction b);
rp_fraction rp_fraction_divide(rp_fraction a, rp_fraction b); /* b zero: no number */

/* Negative, zero, positive as a is less than, equal to, greater than b; never overflows. "No
 * number" is equal to itself and greater than all numbers. */
int rp_fraction_compare(rp_fraction a, rp_fraction b);

/* a * b, or false when it does not fit 64 bits. */
bool rp_multiply_checked(int64_t *product, int64_t a, int64_t b);

/* Greatest common divisor of the absolute values; 0 and 0 give 0. */
int64_t rp_gcd(int64_t a, int64_t b);

/* 2 to the power of `exponent`, -40 .. 40. */
rp_fraction rp_fraction_power_of_two(int exponent);

#endif
