/* Derivatives of any order, against Taylor mode, which shares nothing with them but the tape. */
#include <stdlib.h>

#include "check.h"
#include "random_expression.h"

enum { INPUTS = 3, ORDER = 8, EXPRESSIONS = 200 };

static rp_scalar_tape *make_tape(void) {
    rp_scalar_tape *tape = NULL;
    if (rp_scalar_tape_create(&tape, NULL) != RP_OK) abort();
    return tape;
}

/* The derivative of y along the direction, as a graph. */
static rp_value along(rp_scalar_tape *t, rp_value y, const rp_scalar_direction *v) {
    rp_value gradient[INPUTS], sum = rp_scalar_constant(t, 0);
    if (rp_scalar_gradient(t, y, v->inputs, v->count, gradient, NULL) != RP_OK) abort();
    for (size_t k = 0; k < v->count; k++) {
        const rp_value part =
            rp_scalar_multiply(t, gradient[k], rp_scalar_constant(t, v->along[k]));
        sum = rp_scalar_add(t, sum, part);
    }
    return sum;
}

TEST(orders_up_to_eight_agree_with_taylor_mode_on_random_expressions) {
    for (uint64_t seed = 0; seed < EXPRESSIONS; seed++) {
        rp_random random = rp_random_make(1337, seed);
        rp_scalar_tape *t = make_tape();
        rp_value x[INPUTS];
        double v[INPUTS], coefficients[ORDER + 1];
        for (int k = 0; k < INPUTS; k++) {
            x[k] = rp_scalar_input(t, rp_random_between(&random, -1, 1));
            v[k] = rp_random_between(&random, -0.7, 0.7);
        }
        const rp_scalar_direction direction = {x, v, INPUTS};
        const rp_value y = random_expression(t, &random, x, INPUTS, 3 + (uint32_t)(seed % 3));
        REQUIRE(rp_scalar_taylor(t, y, &direction, ORDER, coefficients, NULL) == RP_OK);
        rp_value derivative = y;
        double factorial = 1, scale = 1;
        for (unsigned k = 0; k <= ORDER && rp_scalar_tape_count(t) < 400000; k++) {
            const double expected = factorial * coefficients[k];
            /* Each order cancels a few digits more; terms are as large as the largest so far. */
            scale = fmax(scale, fabs(expected)) * 4;
            CHECK_NEAR(rp_scalar_number(t, derivative), expected, 1e-13 * scale);
            if (check_is_failed()) printf("# seed %d order %u\n", (int)seed, k);
            if (check_is_failed()) break;
            if (k < ORDER) derivative = along(t, derivative, &direction);
            factorial *= k + 1;
        }
        rp_scalar_tape_destroy(t);
        if (check_is_failed()) return;
    }
}

TEST(sharing_keeps_the_eighth_derivative_of_tanh_small) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 0.3);
    rp_value y = rp_scalar_tanh(t, x);
    for (int order = 0; order < 8; order++)
        REQUIRE(rp_scalar_gradient(t, y, &x, 1, &y, NULL) == RP_OK);
    CHECK(rp_scalar_tape_count(t) < 6000); /* 3^8 = 6,561 without */
    rp_scalar_tape_destroy(t);
}

TEST(a_polynomial_of_degree_five_ends_after_five_derivatives) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 1.7);
    rp_value y = rp_scalar_power(t, x, rp_scalar_constant(t, 5));
    const double expected[] = {
        5 * pow(1.7, 4), 20 * pow(1.7, 3), 60 * 1.7 * 1.7, 120 * 1.7, 120, 0};
    for (int order = 0; order < 6; order++) {
        REQUIRE(rp_scalar_gradient(t, y, &x, 1, &y, NULL) == RP_OK);
        CHECK_NEAR(rp_scalar_number(t, y), expected[order], 1e-12);
    }
    rp_scalar_tape_destroy(t);
}

/* x^n at x = 0: n (n - 1) ... x^(n - k) ends where a factor is 0, though x^(n - k) is infinite. The
 * exponent is a constant in text, even when reckoned, or an input like the base. */
TEST(powers_have_their_derivatives_at_base_zero) {
    static const struct {
        const char *text;
        double n, expected[4]; /* orders 1 to 4 by x */
    } rows[] = {{"x^0", 0, {0, 0, 0, 0}},
                {"x^(3 - 2)", 0, {1, 0, 0, 0}},
                {"x^(1 + 1)", 0, {0, 2, 0, 0}},
                {"x^3", 0, {0, 0, 6, 0}},
                {"x^n", 0, {0, 0, 0, 0}},
                {"x^n", 1, {1, 0, 0, 0}},
                {"x^n", 2, {0, 2, 0, 0}},
                {"x^n", 3, {0, 0, 6, 0}},
                {"x^1.5", 0, {0, INFINITY, -INFINITY, INFINITY}},
                {"x^n", 0.5, {INFINITY, -INFINITY, INFINITY, -INFINITY}}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_scalar_tape *t = make_tape();
        const rp_value x = rp_scalar_input(t, 0), n = rp_scalar_input(t, rows[i].n);
        const rp_scalar_name called[] = {{x, "x"}, {n, "n"}};
        const rp_scalar_names names = {called, 2};
        rp_value y;
        double gradients[16];
        REQUIRE(rp_scalar_parse(t, rows[i].text, &names, &y, NULL) == RP_OK);
        rp_scalar_backward(t, y, gradients);
        CHECK(gradients[x] == rows[i].expected[0]);
        for (int order = 0; order < 4; order++) {
            REQUIRE(rp_scalar_gradient(t, y, &x, 1, &y, NULL) == RP_OK);
            CHECK(rp_scalar_number(t, y) == rows[i].expected[order]);
        }
        rp_scalar_tape_destroy(t);
    }
}

/* 0^n is 0 for all n about 2, so that its slopes by n are 0, though log 0 is not finite. */
TEST(a_power_of_zero_does_not_change_with_its_exponent) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 0), n = rp_scalar_input(t, 2);
    rp_value y = rp_scalar_power(t, x, n), mixed;
    double gradients[3];
    rp_scalar_backward(t, y, gradients);
    CHECK(gradients[n] == 0);
    REQUIRE(rp_scalar_gradient(t, y, &x, 1, &mixed, NULL) == RP_OK);
    REQUIRE(rp_scalar_gradient(t, mixed, &n, 1, &mixed, NULL) == RP_OK);
    CHECK(rp_scalar_number(t, mixed) == 0);
    for (int order = 1; order <= 3; order++) {
        REQUIRE(rp_scalar_gradient(t, y, &n, 1, &y, NULL) == RP_OK);
        CHECK(rp_scalar_number(t, y) == 0);
    }
    rp_scalar_tape_destroy(t);
}

TEST(mixed_derivatives_do_not_depend_on_their_order) {
    rp_random random = rp_random_make(7, 0);
    rp_scalar_tape *t = make_tape();
    rp_value x[INPUTS], first[INPUTS], of_0[INPUTS], of_2[INPUTS];
    for (int k = 0; k < INPUTS; k++) x[k] = rp_scalar_input(t, rp_random_between(&random, -1, 1));
    const rp_value y = random_expression(t, &random, x, INPUTS, 8);
    REQUIRE(rp_scalar_gradient(t, y, x, INPUTS, first, NULL) == RP_OK);
    REQUIRE(rp_scalar_gradient(t, first[0], x, INPUTS, of_0, NULL) == RP_OK);
    REQUIRE(rp_scalar_gradient(t, first[2], x, INPUTS, of_2, NULL) == RP_OK);
    CHECK_NEAR(rp_scalar_number(t, of_0[2]), rp_scalar_number(t, of_2[0]), 1e-13);
    rp_scalar_tape_destroy(t);
}

TEST(hessian_vector_products_agree_with_the_whole_hessian_and_with_differences) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        rp_random random = rp_random_make(99, seed);
        rp_scalar_tape *t = make_tape();
        rp_value x[INPUTS], first[INPUTS], row[INPUTS];
        double v[INPUTS], product[INPUTS];
        for (int k = 0; k < INPUTS; k++) {
            x[k] = rp_scalar_input(t, rp_random_between(&random, -1, 1));
            v[k] = rp_random_between(&random, -1, 1);
        }
        const rp_scalar_direction direction = {x, v, INPUTS};
        const rp_value y = random_expression(t, &random, x, INPUTS, 6);
        REQUIRE(rp_scalar_hessian_vector(t, y, &direction, product, NULL) == RP_OK);
        REQUIRE(rp_scalar_gradient(t, y, x, INPUTS, first, NULL) == RP_OK);
        for (int i = 0; i < INPUTS; i++) {
            double expected = 0;
            REQUIRE(rp_scalar_gradient(t, first[i], x, INPUTS, row, NULL) == RP_OK);
            for (int k = 0; k < INPUTS; k++) expected += rp_scalar_number(t, row[k]) * v[k];
            CHECK_NEAR(product[i], expected, 1e-12 * fmax(1, fabs(expected)));
        }
        const double h = 1e-5; /* (g(x + h v) - g(x - h v)) / 2h */
        double above[INPUTS];
        for (int side = 1; side >= -1; side -= 2) {
            for (int k = 0; k < INPUTS; k++)
                rp_scalar_set(t, x[k], rp_scalar_number(t, x[k]) + (side > 0 ? 1 : -2) * h * v[k]);
            rp_scalar_forward(t);
            for (int k = 0; k < INPUTS; k++)
                if (side > 0) above[k] = rp_scalar_number(t, first[k]);
                else
                    CHECK_NEAR((above[k] - rp_scalar_number(t, first[k])) / (2 * h), product[k],
                               1e-6 * fmax(1, fabs(product[k])));
        }
        rp_scalar_tape_destroy(t);
        if (check_is_failed()) return;
    }
}
