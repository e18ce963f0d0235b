/* fraction.c: see fraction.h. Reducing before multiplying keeps the numbers as small as their
 * result allows (Knuth, TAOCP 2, 4.5.1). */
#include "music/fraction.h"

#include <assert.h>
#include <stddef.h>

static const rp_fraction no_number = {0, 0};

int64_t rp_gcd(int64_t a, int64_t b) {
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
    uint64_t y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (y != 0) {
        const uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return (int64_t)x;
}

bool rp_multiply_checked(int64_t *product, int64_t a, int64_t b) {
    if (a == 0 || b == 0) {
        *product = 0;
        return true;
    }
    if (a == INT64_MIN || b == INT64_MIN) return false;
    const int64_t a_size = a < 0 ? -a : a, b_size = b < 0 ? -b : b;
    if (a_size > INT64_MAX / b_size) return false;
    *product = a * b;
    return true;
}

rp_fraction rp_fraction_make(int64_t numerator, int64_t denominator) {
    if (denominator == 0 || numerator == INT64_MIN || denominator == INT64_MIN) return no_number;
    const int64_t divisor = rp_gcd(numerator, denominator);
    const int64_t sign = denominator < 0 ? -1 : 1;
    return (rp_fraction){sign * (numerator / divisor), sign * (denominator / divisor)};
}

rp_fraction rp_fraction_multiply(rp_fraction a, rp_fraction b) {
    if (a.denominator == 0 || b.denominator == 0) return no_number;
    const int64_t first = rp_gcd(a.numerator, b.denominator);
    const int64_t second = rp_gcd(b.numerator, a.denominator);
    rp_fraction product;
    if (!rp_multiply_checked(&product.numerator, a.numerator / first, b.numerator / second) ||
        !rp_multiply_checked(&product.denominator, a.denominator / second, b.denominator / first))
        return no_number;
    return product;
}

rp_fraction rp_fraction_divide(rp_fraction a, rp_fraction b) {
    if (b.denominator == 0 || b.numerator == 0) return no_number;
    const int64_t sign = b.numerator < 0 ? -1 : 1;
    return rp_fraction_multiply(a, (rp_fraction){sign * b.denominator, sign * b.numerator});
}

rp_fraction rp_fraction_add(rp_fraction a, rp_fraction b) {
    if (a.denominator == 0 || b.denominator == 0) return no_number;
    const int64_t divisor = rp_gcd(a.denominator, b.denominator);
    int64_t left, right, denominator;
    if (!rp_multiply_checked(&left, a.numerator, b.denominator / divisor) ||
        !rp_multiply_checked(&right, b.numerator, a.denominator / divisor) ||
        !rp_multiply_checked(&denominator, a.denominator, b.denominator / divisor))
        return no_number;
    if ((right > 0 && left > INT64_MAX - right) || (right < 0 && left < -INT64_MAX - right))
        return no_number;
    return rp_fraction_make(left + right, denominator);
}

rp_fraction rp_fraction_subtract(rp_fraction a, rp_fraction b) {
    return rp_fraction_add(a, (rp_fraction){-b.numerator, b.denominator});
}

/* The whole part, rounded down, and what is left over. */
static int64_t floor_divide(int64_t numerator, int64_t denominator, int64_t *rest) {
    int64_t whole = numerator / denominator;
    *rest = numerator % denominator;
    if (*rest < 0) {
        *rest += denominator;
        whole--;
    }
    return whole;
}

int rp_fraction_compare(rp_fraction a, rp_fraction b) {
    if (a.denominator == 0 || b.denominator == 0)
        return (a.denominator == 0) - (b.denominator == 0);
    if (a.denominator == b.denominator)
        return (a.numerator > b.numerator) - (a.numerator < b.numerator);
    /* Continued fractions: compare whole parts; if equal, the reciprocals of the rests, which
     * turn the order round. */
    for (int sign = 1;; sign = -sign) {
        int64_t a_rest, b_rest;
        const int64_t a_whole = floor_divide(a.numerator, a.denominator, &a_rest);
        const int64_t b_whole = floor_divide(b.numerator, b.denominator, &b_rest);
        if (a_whole != b_whole) return a_whole > b_whole ? sign : -sign;
        if (a_rest == 0 || b_rest == 0) return sign * ((a_rest > 0) - (b_rest > 0));
        a = (rp_fraction){a.denominator, a_rest};
        b = (rp_fraction){b.denominator, b_rest};
    }
}

rp_fraction rp_fraction_power_of_two(int exponent) {
    assert(exponent >= -40 && exponent <= 40);
    if (exponent >= 0) return (rp_fraction){(int64_t)1 << exponent, 1};
    return (rp_fraction){1, (int64_t)1 << -exponent};
}
