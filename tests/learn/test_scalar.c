/* The scalar engine: values, the sweep backwards, and gradients that are graphs. Exact numbers: the
 * example of micrograd's README differentiated by hand. Near a = -4, b = 2 it is
 * e = 4a + 3b + 3 - 12ab - 12b^3, g = e^2 / 2 + 10 / e^2. */
#include <stdlib.h>

#include "check.h"
#include "learn/scalar.h"

static rp_scalar_tape *make_tape(void) {
    rp_scalar_tape *tape = NULL;
    if (rp_scalar_tape_create(&tape, NULL) != RP_OK) abort();
    return tape;
}

/* c += ... as the README writes it: each line a new node. */
static rp_value record_readme(rp_scalar_tape *t, rp_value a, rp_value b) {
    const rp_value one = rp_scalar_constant(t, 1), two = rp_scalar_constant(t, 2);
    rp_value c = rp_scalar_add(t, a, b);
    rp_value d = rp_scalar_add(t, rp_scalar_multiply(t, a, b),
                               rp_scalar_power(t, b, rp_scalar_constant(t, 3)));
    c = rp_scalar_add(t, c, rp_scalar_add(t, c, one));
    c = rp_scalar_add(t, c, rp_scalar_add(t, rp_scalar_add(t, one, c), rp_scalar_negate(t, a)));
    rp_value relu = rp_scalar_relu(t, rp_scalar_add(t, b, a));
    d = rp_scalar_add(t, d, rp_scalar_add(t, rp_scalar_multiply(t, d, two), relu));
    relu = rp_scalar_relu(t, rp_scalar_subtract(t, b, a));
    const rp_value triple = rp_scalar_multiply(t, rp_scalar_constant(t, 3), d);
    d = rp_scalar_add(t, d, rp_scalar_add(t, triple, relu));
    const rp_value f = rp_scalar_power(t, rp_scalar_subtract(t, c, d), two);
    return rp_scalar_add(t, rp_scalar_divide(t, f, two),
                         rp_scalar_divide(t, rp_scalar_constant(t, 10), f));
}

/* Rounding of some fifty operations on numbers up to 3e4. */
#define CHECK_FRACTION(value, over, under)                           \
    CHECK_NEAR(rp_scalar_number(t, value), (double)(over) / (under), \
               fabs((double)(over) / (under)) * 1e-13)

TEST(the_readme_has_its_value_and_gradient) {
    rp_scalar_tape *t = make_tape();
    const rp_value a = rp_scalar_input(t, -4), b = rp_scalar_input(t, 2);
    const rp_value g = record_readme(t, a, b);
    double *gradients = calloc(g + 1, sizeof *gradients);
    rp_scalar_backward(t, g, gradients);
    CHECK_NEAR(rp_scalar_number(t, g), 2401.0 / 98 + 10.0 / 49, 1e-14 * 25);
    CHECK_NEAR(gradients[a], 47620.0 / 343, 1e-11);
    CHECK_NEAR(gradients[b], 221433.0 / 343, 1e-11);
    free(gradients);
    rp_scalar_tape_destroy(t);
}

TEST(the_readme_has_its_second_third_and_fourth_derivatives) {
    rp_scalar_tape *t = make_tape();
    const rp_value x[2] = {rp_scalar_input(t, -4), rp_scalar_input(t, 2)};
    const rp_value g = record_readme(t, x[0], x[1]);
    rp_value first[2], of_a[2], of_b[2], of_aa[2], of_ab[2], of_bb[2], of_aaa[2];
    CHECK_INT(rp_scalar_gradient(t, g, x, 2, first, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, first[0], x, 2, of_a, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, first[1], x, 2, of_b, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, of_a[0], x, 2, of_aa, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, of_a[1], x, 2, of_ab, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, of_b[1], x, 2, of_bb, NULL), RP_OK);
    CHECK_INT(rp_scalar_gradient(t, of_aa[0], x, 2, of_aaa, NULL), RP_OK);
    CHECK_FRACTION(first[0], 47620, 343);
    CHECK_FRACTION(first[1], 221433, 343);
    CHECK_FRACTION(of_a[0], 984400, 2401);
    CHECK_FRACTION(of_a[1], 4777464, 2401);
    CHECK_FRACTION(of_b[0], 4777464, 2401);
    CHECK_FRACTION(of_b[1], 23685237, 2401);
    CHECK_FRACTION(of_aa[0], -1920000, 16807);
    CHECK_FRACTION(of_aa[1], -659040, 16807);
    CHECK_FRACTION(of_ab[1], 46549224, 16807);
    CHECK_FRACTION(of_bb[1], 507466440, 16807);
    CHECK_FRACTION(of_aaa[0], 192000000, 117649);
    rp_scalar_tape_destroy(t);
}

TEST(micrograds_own_first_test_holds) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, -4), two = rp_scalar_constant(t, 2);
    const rp_value z = rp_scalar_add(t, rp_scalar_add(t, rp_scalar_multiply(t, two, x), two), x);
    const rp_value q = rp_scalar_add(t, rp_scalar_relu(t, z), rp_scalar_multiply(t, z, x));
    const rp_value h = rp_scalar_relu(t, rp_scalar_multiply(t, z, z));
    const rp_value y = rp_scalar_add(t, rp_scalar_add(t, h, q), rp_scalar_multiply(t, q, x));
    double gradients[64];
    REQUIRE(y < 64);
    rp_scalar_backward(t, y, gradients);
    CHECK_NEAR(rp_scalar_number(t, y), -20, 0);
    CHECK_NEAR(gradients[x], 46, 0);
    rp_scalar_tape_destroy(t);
}

TEST(backward_twice_gives_the_same_twice) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 3);
    const rp_value y = rp_scalar_multiply(t, rp_scalar_multiply(t, x, x), x);
    double gradients[8];
    for (int round = 0; round < 2; round++) {
        rp_scalar_backward(t, y, gradients);
        CHECK_NEAR(gradients[x], 27, 0);
    }
    rp_scalar_tape_destroy(t);
}

TEST(a_chain_of_ten_million_nodes_is_no_recursion) {
    enum { LENGTH = 10000000 };
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 1), step = rp_scalar_constant(t, 0.5);
    rp_value sum = x;
    for (int i = 0; i < LENGTH; i++) sum = rp_scalar_add(t, sum, step);
    REQUIRE(rp_scalar_tape_check(t, NULL) == RP_OK);
    CHECK_NEAR(rp_scalar_number(t, sum), 1 + 0.5 * LENGTH, 0);
    double *gradients = malloc(((size_t)sum + 1) * sizeof *gradients);
    REQUIRE(gradients != NULL);
    rp_scalar_backward(t, sum, gradients);
    CHECK_NEAR(gradients[x], 1, 0);
    CHECK_NEAR(gradients[step], LENGTH, 0);
    free(gradients);
    rp_value slope;
    CHECK_INT(rp_scalar_gradient(t, sum, &x, 1, &slope, NULL), RP_OK);
    CHECK_NEAR(rp_scalar_number(t, slope), 1, 0);
    rp_scalar_tape_destroy(t);
}

/* -- Each operation -----------------------------------------------------------------------------
 */

static rp_value record_all(rp_scalar_tape *t, rp_scalar_op op, rp_value a, rp_value b) {
    return rp_scalar_record(t, op, a, rp_scalar_row_of(op)->operands == 2 ? b : a);
}

/* Central difference with h = cbrt(2^-52): error about 1e-10 relative. */
static double slope_by_difference(rp_scalar_tape *t, rp_value input, rp_value y) {
    const double h = 6e-6, at = rp_scalar_number(t, input);
    rp_scalar_set(t, input, at + h);
    rp_scalar_forward(t);
    const double above = rp_scalar_number(t, y);
    rp_scalar_set(t, input, at - h);
    rp_scalar_forward(t);
    const double below = rp_scalar_number(t, y);
    rp_scalar_set(t, input, at);
    rp_scalar_forward(t);
    return (above - below) / (2 * h);
}

TEST(each_operation_agrees_with_differences_in_both_ways_backwards) {
    for (rp_scalar_op op = RP_SCALAR_ADD; op < RP_SCALAR_OP_COUNT; op++) {
        rp_scalar_tape *t = make_tape();
        const rp_value x[2] = {rp_scalar_input(t, 0.7), rp_scalar_input(t, 1.3)};
        const rp_value b = op == RP_SCALAR_POWER_CONSTANT ? rp_scalar_constant(t, 2.5) : x[1];
        const rp_value y = record_all(t, op, x[0], b);
        double gradients[8];
        rp_value graph[2];
        rp_scalar_backward(t, y, gradients);
        CHECK_INT(rp_scalar_gradient(t, y, x, 2, graph, NULL), RP_OK);
        for (int k = 0; k < 2; k++) {
            const double expected = slope_by_difference(t, x[k], y);
            CHECK_NEAR(gradients[x[k]], expected, 1e-8);
            CHECK_NEAR(rp_scalar_number(t, graph[k]), gradients[x[k]], 1e-15);
        }
        rp_scalar_tape_destroy(t);
    }
}

TEST(values_are_those_of_the_c_library) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 0.7), y = rp_scalar_input(t, 1.3);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_add(t, x, y)), 0.7 + 1.3, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_subtract(t, x, y)), 0.7 - 1.3, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_multiply(t, x, y)), 0.7 * 1.3, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_divide(t, x, y)), 0.7 / 1.3, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_power(t, x, y)), pow(0.7, 1.3), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_negate(t, x)), -0.7, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_relu(t, x)), 0.7, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_step(t, x)), 1, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_tanh(t, x)), tanh(0.7), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_exp(t, x)), exp(0.7), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_log(t, x)), log(0.7), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_sqrt(t, x)), sqrt(0.7), 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_sin(t, x)), sin(0.7), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_cos(t, x)), cos(0.7), 2e-16);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_sigmoid(t, x)), 1 / (1 + exp(-0.7)), 1e-16);
    rp_scalar_tape_destroy(t);
}

/* -- Edges ---------------------------------------------------------------------------------------
 */

static double slope_of(rp_scalar_tape *t, rp_value y, rp_value x) {
    rp_value slope;
    if (rp_scalar_gradient(t, y, &x, 1, &slope, NULL) != RP_OK) abort();
    return rp_scalar_number(t, slope);
}

TEST(at_zero_relu_has_slope_zero_and_powers_their_conventions) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 0);
    CHECK_NEAR(slope_of(t, rp_scalar_relu(t, x), x), 0, 0);
    CHECK_NEAR(slope_of(t, rp_scalar_power(t, x, rp_scalar_constant(t, 1)), x), 1, 0);
    CHECK_NEAR(slope_of(t, rp_scalar_power(t, x, rp_scalar_constant(t, 2)), x), 0, 0);
    CHECK_NEAR(slope_of(t, rp_scalar_power(t, x, rp_scalar_constant(t, 0)), x), 0, 0);
    CHECK_NEAR(rp_scalar_number(t, rp_scalar_power(t, x, x)), 1, 0);
    CHECK(isinf(rp_scalar_number(t, rp_scalar_power(t, x, rp_scalar_constant(t, -1)))));
    rp_scalar_tape_destroy(t);
}

TEST(what_the_root_does_not_use_cannot_spoil_a_gradient) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 0);
    const rp_value spoilt = rp_scalar_multiply(t, rp_scalar_log(t, x), x); /* 0 * -inf */
    const rp_value y = rp_scalar_multiply(t, x, rp_scalar_constant(t, 5));
    double gradients[16];
    rp_scalar_backward(t, y, gradients);
    CHECK(isnan(rp_scalar_number(t, spoilt)));
    CHECK_NEAR(gradients[x], 5, 0);
    CHECK_NEAR(slope_of(t, y, x), 5, 0);
    rp_scalar_tape_destroy(t);
}

TEST(an_input_the_root_does_not_use_has_gradient_zero) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 2), y = rp_scalar_multiply(t, x, x);
    const rp_value later = rp_scalar_input(t, 7);
    rp_value gradient[2];
    CHECK_INT(rp_scalar_gradient(t, y, (rp_value[]){later, x}, 2, gradient, NULL), RP_OK);
    CHECK_NEAR(rp_scalar_number(t, gradient[0]), 0, 0);
    CHECK_NEAR(rp_scalar_number(t, gradient[1]), 4, 0);
    rp_scalar_tape_destroy(t);
}

TEST(a_gradient_graph_follows_new_inputs) {
    rp_scalar_tape *t = make_tape();
    const rp_value x = rp_scalar_input(t, 1);
    const rp_value y = rp_scalar_multiply(t, rp_scalar_sin(t, x), x);
    rp_value slope;
    CHECK_INT(rp_scalar_gradient(t, y, &x, 1, &slope, NULL), RP_OK);
    rp_scalar_set(t, x, 2.5);
    rp_scalar_forward(t);
    CHECK_NEAR(rp_scalar_number(t, slope), sin(2.5) + 2.5 * cos(2.5), 1e-15);
    rp_scalar_tape_destroy(t);
}

TEST(a_reset_tape_records_as_a_new_one) {
    rp_scalar_tape *t = make_tape();
    for (int round = 0; round < 3; round++) {
        rp_scalar_tape_reset(t);
        const rp_value x = rp_scalar_input(t, round);
        CHECK_NEAR(slope_of(t, rp_scalar_multiply(t, x, x), x), 2.0 * round, 0);
    }
    rp_scalar_tape_destroy(t);
}

TEST(a_full_tape_says_so_and_stays_safe) {
    rp_scalar_tape *t = make_tape();
    t->arena.limit_bytes = 1 << 20;
    rp_value x = rp_scalar_input(t, 1);
    for (int i = 0; i < 100000; i++) x = rp_scalar_add(t, x, x);
    rp_error error = {0};
    CHECK_INT(rp_scalar_tape_check(t, &error), RP_SYSTEM);
    CHECK(error.text[0] != '\0');
    rp_scalar_tape_destroy(t);
}
