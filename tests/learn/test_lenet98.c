/* LeNet-5, 1998: tables, counts, and every gradient against the scalar engine, in which the whole
 * net is built anew, neuron by neuron. */
#include <stdlib.h>

#include "check.h"
#include "learn/lenet98.h"
#include "learn/scalar.h"

typedef struct net98 {
    rp_lenet98_state state;
    rp_lenet98_weights weights, gradient;
    rp_lenet98_codes codes;
    rp_lenet98_loops loops;
    rp_lenet98_pattern pattern;
} net98;

/* A net with a drawn digit in it; weights as large as after training. */
static net98 *make_net(void) {
    net98 *net = aligned_alloc(64, (sizeof *net + 63) / 64 * 64);
    uint8_t pixels[784] = {0};
    if (net == NULL) abort();
    memset(net, 0, sizeof *net);
    for (int i = 0; i < 784; i++)
        if (i % 28 > 9 && i % 28 < 20 && i / 28 > 5 && (i / 28 < 8 || i % 28 > 16))
            pixels[i] = (uint8_t)(155 + i % 100);
    net->loops = rp_lenet98_loops_choose();
    rp_lenet98_codes_draw(&net->codes);
    rp_lenet98_draw_weights(&net->weights, 5);
    rp_lenet98_place(&net->state, pixels);
    net->pattern = (rp_lenet98_pattern){&net->codes, 7, 60};
    return net;
}

TEST(the_table_of_c3_is_that_of_the_paper) {
    static const char *const rows[6] = {"X...XXX..XXXX.XX", "XX...XXX..XXXX.X", "XXX...XXX..X.XXX",
                                        ".XXX..XXXX..X.XX", "..XXX..XXXX.XX.X", "...XXX..XXXX.XXX"};
    int kernels = 0;
    for (int map = 0; map < 16; map++) {
        bool reads[6] = {false};
        for (int k = rp_lenet98_first[map]; k < rp_lenet98_first[map + 1]; k++)
            reads[rp_lenet98_from[k]] = true;
        for (int from = 0; from < 6; from++) {
            CHECK((rows[from][map] == 'X') == reads[from]);
            kernels += reads[from];
        }
    }
    CHECK_INT(kernels, RP_LENET98_KERNELS);
}

TEST(the_codes_have_the_known_numbers_of_pixels_and_distances) {
    static const int inked[10] = {35, 27, 33, 32, 41, 35, 39, 25, 43, 39};
    rp_lenet98_codes codes;
    int least = 84, most = 0;
    rp_lenet98_codes_draw(&codes);
    for (int a = 0; a < 10; a++) {
        int count = 0;
        for (int i = 0; i < 84; i++) count += codes.pixels[a][i] > 0;
        CHECK_INT(count, inked[a]);
        for (int b = 0; b < a; b++) {
            int apart = 0;
            for (int i = 0; i < 84; i++) apart += codes.pixels[a][i] != codes.pixels[b][i];
            least = apart < least ? apart : least;
            most = apart > most ? apart : most;
        }
    }
    CHECK_INT(least, 12);
    CHECK_INT(most, 50);
}

TEST(there_are_sixty_thousand_trained_parameters) {
    const int padding = 84 * 8; /* of F6 */
    CHECK_INT(RP_LENET98_FLOATS - padding, RP_LENET98_TRAINED);
}

/* -- The scalar engine vouches -------------------------------------------------------------------
 */

typedef struct scalar_net {
    rp_scalar_tape *tape;
    rp_value first; /* of the weights: node first + i holds float i of rp_lenet98_weights */
    rp_value x1[6][28][28], x2[6][14][14], x3[16][10][10], x4[400], x5[120], x6[84];
} scalar_net;

static rp_value weight_at(const scalar_net *net, size_t offset_bytes) {
    return net->first + (rp_value)(offset_bytes / sizeof(float));
}
#define WEIGHT(net, member) weight_at(net, offsetof(rp_lenet98_weights, member))

static rp_value plus_product(scalar_net *net, rp_value sum, rp_value weight, rp_value x) {
    return rp_scalar_add(net->tape, sum, rp_scalar_multiply(net->tape, weight, x));
}

/* 1.7159 tanh(2a / 3) */
static rp_value squash(scalar_net *net, rp_value a) {
    rp_scalar_tape *t = net->tape;
    const rp_value inner = rp_scalar_multiply(t, a, rp_scalar_constant(t, 2.0 / 3));
    return rp_scalar_multiply(t, rp_scalar_tanh(t, inner), rp_scalar_constant(t, 1.7159));
}

static void record_c1_s2(scalar_net *net, const rp_lenet98_state *state) {
    rp_value x0[32][32];
    for (int i = 0; i < 1024; i++)
        x0[i / 32][i % 32] = rp_scalar_constant(net->tape, state->x0[i / 32][i % 32]);
    for (int i = 0; i < 6 * 784; i++) {
        const int m = i / 784, row = i / 28 % 28, column = i % 28;
        rp_value sum = WEIGHT(net, c1_bias[0]) + (rp_value)m;
        for (int k = 0; k < 25; k++)
            sum = plus_product(net, sum, WEIGHT(net, c1[0][0]) + (rp_value)(m * 25 + k),
                               x0[row + k / 5][column + k % 5]);
        net->x1[m][row][column] = squash(net, sum);
    }
    for (int i = 0; i < 6 * 196; i++) {
        const int m = i / 196, row = i / 14 % 14, column = i % 14;
        rp_value sum = WEIGHT(net, s2_bias[0]) + (rp_value)m;
        for (int q = 0; q < 4; q++)
            sum = plus_product(net, sum, WEIGHT(net, s2[0]) + (rp_value)m,
                               net->x1[m][2 * row + q / 2][2 * column + q % 2]);
        net->x2[m][row][column] = squash(net, sum);
    }
}

static void record_c3_s4(scalar_net *net) {
    for (int i = 0; i < 16 * 100; i++) {
        const int m = i / 100, row = i / 10 % 10, column = i % 10;
        rp_value sum = WEIGHT(net, c3_bias[0]) + (rp_value)m;
        for (int k = rp_lenet98_first[m]; k < rp_lenet98_first[m + 1]; k++)
            for (int q = 0; q < 25; q++)
                sum = plus_product(net, sum, WEIGHT(net, c3[0][0]) + (rp_value)(k * 25 + q),
                                   net->x2[rp_lenet98_from[k]][row + q / 5][column + q % 5]);
        net->x3[m][row][column] = squash(net, sum);
    }
    for (int i = 0; i < 400; i++) {
        const int m = i / 25, row = i % 25 / 5, column = i % 5;
        rp_value sum = WEIGHT(net, s4_bias[0]) + (rp_value)m;
        for (int q = 0; q < 4; q++)
            sum = plus_product(net, sum, WEIGHT(net, s4[0]) + (rp_value)m,
                               net->x3[m][2 * row + q / 2][2 * column + q % 2]);
        net->x4[i] = squash(net, sum);
    }
}

static void record_c5_f6(scalar_net *net) {
    for (int o = 0; o < 120; o++) {
        rp_value sum = WEIGHT(net, c5_bias[0]) + (rp_value)o;
        for (int i = 0; i < 400; i++)
            sum =
                plus_product(net, sum, WEIGHT(net, c5[0][0]) + (rp_value)(o * 400 + i), net->x4[i]);
        net->x5[o] = squash(net, sum);
    }
    for (int o = 0; o < 84; o++) {
        rp_value sum = WEIGHT(net, f6_bias[0]) + (rp_value)o;
        for (int i = 0; i < 120; i++)
            sum =
                plus_product(net, sum, WEIGHT(net, f6[0][0]) + (rp_value)(o * 128 + i), net->x5[i]);
        net->x6[o] = squash(net, sum);
    }
}

/* Equation 9: y_D + log(e^-j + sum of e^-y_i). */
static rp_value record_loss(scalar_net *net, const rp_lenet98_pattern *pattern) {
    rp_scalar_tape *t = net->tape;
    rp_value total = rp_scalar_constant(t, exp(-pattern->j)), own = 0;
    for (int c = 0; c < 10; c++) {
        rp_value y = rp_scalar_constant(t, 0);
        for (int i = 0; i < 84; i++) {
            const rp_value code = rp_scalar_constant(t, pattern->codes->pixels[c][i]);
            const rp_value apart = rp_scalar_subtract(t, net->x6[i], code);
            y = rp_scalar_add(t, y, rp_scalar_multiply(t, apart, apart));
        }
        if (c == pattern->label) own = y;
        total = rp_scalar_add(t, total, rp_scalar_exp(t, rp_scalar_negate(t, y)));
    }
    return rp_scalar_add(t, own, rp_scalar_log(t, total));
}

/* The largest gradient of its layer sets the scale: tanh in floats is good to 2e-7, and the first
 * outputs of F6 are near 0.01. */
static void compare_layer(const float *actual, const double *expected, size_t count,
                          const char *name) {
    double largest = 0, worst = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(expected[i]));
        worst = fmax(worst, fabs(actual[i] - expected[i]));
    }
    printf("# %s: gradients up to %.3g, worst difference %.2g\n", name, largest, worst);
    CHECK(largest > 1e-6);
    CHECK(worst <= 1e-4 * largest);
}
#define COMPARE(net, gradients, member)                                               \
    compare_layer((const float *)&(net)->gradient.member,                             \
                  (gradients) + offsetof(rp_lenet98_weights, member) / sizeof(float), \
                  sizeof(net)->gradient.member / sizeof(float), #member)

TEST(all_sixty_thousand_gradients_agree_with_the_scalar_engine) {
    net98 *net = make_net();
    scalar_net *scalar = calloc(1, sizeof *scalar);
    REQUIRE(scalar != NULL && rp_scalar_tape_create(&scalar->tape, NULL) == RP_OK);
    net->loops.forward(&net->state, &net->weights, &net->codes);
    const float loss =
        net->loops.backward(&net->state, &net->weights, &net->pattern, &net->gradient);
    scalar->first = rp_scalar_tape_count(scalar->tape);
    for (int i = 0; i < RP_LENET98_FLOATS; i++)
        rp_scalar_input(scalar->tape, (&net->weights.c1[0][0])[i]);
    record_c1_s2(scalar, &net->state);
    record_c3_s4(scalar);
    record_c5_f6(scalar);
    const rp_value root = record_loss(scalar, &net->pattern);
    REQUIRE(rp_scalar_tape_check(scalar->tape, NULL) == RP_OK);
    double *gradients = calloc((size_t)root + 1, sizeof *gradients);
    REQUIRE(gradients != NULL);
    rp_scalar_backward(scalar->tape, root, gradients);
    CHECK_NEAR(loss, rp_scalar_number(scalar->tape, root), 1e-4);
    const double *of_weights = gradients + scalar->first;
    COMPARE(net, of_weights, c1);
    COMPARE(net, of_weights, c1_bias);
    COMPARE(net, of_weights, s2);
    COMPARE(net, of_weights, s2_bias);
    COMPARE(net, of_weights, c3);
    COMPARE(net, of_weights, c3_bias);
    COMPARE(net, of_weights, s4);
    COMPARE(net, of_weights, s4_bias);
    COMPARE(net, of_weights, c5);
    COMPARE(net, of_weights, c5_bias);
    COMPARE(net, of_weights, f6);
    COMPARE(net, of_weights, f6_bias);
    free(gradients);
    rp_scalar_tape_destroy(scalar->tape);
    free(scalar);
    free(net);
}

TEST(learning_is_a_step_of_the_gradient) {
    net98 *net = make_net();
    rp_lenet98_weights *steps = calloc(1, sizeof *steps), *moved = calloc(1, sizeof *moved);
    REQUIRE(steps != NULL && moved != NULL);
    for (int i = 0; i < RP_LENET98_FLOATS; i++) (&steps->c1[0][0])[i] = 1e-3f * (float)(1 + i % 7);
    *moved = net->weights;
    net->loops.forward(&net->state, &net->weights, &net->codes);
    net->loops.backward(&net->state, &net->weights, &net->pattern, &net->gradient);
    net->loops.learn(&net->state, moved, steps, &net->pattern);
    for (int i = 0; i < RP_LENET98_FLOATS; i++) {
        const float before = (&net->weights.c1[0][0])[i], g = (&net->gradient.c1[0][0])[i];
        CHECK_NEAR((&moved->c1[0][0])[i], before - (&steps->c1[0][0])[i] * g,
                   1e-6 * fmax(1, fabs(before)));
    }
    free(steps);
    free(moved);
    free(net);
}

/* Appendix C by its definition, for units whose sums are short. */
TEST(second_derivatives_follow_appendix_c) {
    net98 *net = make_net();
    rp_lenet98_weights *second = calloc(1, sizeof *second);
    double h6[84];
    REQUIRE(second != NULL);
    net->loops.forward(&net->state, &net->weights, &net->codes);
    net->loops.curvature(&net->state, &net->weights, second);
    for (int o = 0; o < 84; o++) {
        const double x = net->state.x6[o], slope = 2.0 / 3 / 1.7159 * (1.7159 * 1.7159 - x * x);
        h6[o] = 2 * slope * slope;
        CHECK_NEAR(second->f6_bias[o], h6[o], 1e-5);
        CHECK_NEAR(second->f6[o][17], h6[o] * net->state.x5[17] * net->state.x5[17], 1e-5);
    }
    for (int o = 0; o < 120; o++) {
        const double x = net->state.x5[o], slope = 2.0 / 3 / 1.7159 * (1.7159 * 1.7159 - x * x);
        double h5 = 0;
        for (int k = 0; k < 84; k++) h5 += pow(net->weights.f6[k][o], 2) * h6[k];
        CHECK_NEAR(second->c5_bias[o], h5 * slope * slope, 1e-5 * fmax(1, h5));
    }
    for (int i = 0; i < RP_LENET98_FLOATS; i++) CHECK((&second->c1[0][0])[i] >= 0);
    free(second);
    free(net);
}

TEST(rates_and_steps_are_the_papers) {
    rp_lenet98_weights *second = calloc(1, sizeof *second), *steps = calloc(1, sizeof *steps);
    REQUIRE(second != NULL && steps != NULL);
    CHECK_NEAR(rp_lenet98_rate(0), 0.0005, 0);
    CHECK_NEAR(rp_lenet98_rate(1), 0.0005, 0);
    CHECK_NEAR(rp_lenet98_rate(4), 0.0002, 0);
    CHECK_NEAR(rp_lenet98_rate(7), 0.0001, 0);
    CHECK_NEAR(rp_lenet98_rate(11), 0.00005, 0);
    CHECK_NEAR(rp_lenet98_rate(19), 0.00001, 0);
    second->c1[0][0] = 500 * 0.48f;
    rp_lenet98_steps(steps, second, 500, 0.0005);
    CHECK_NEAR(steps->c1[0][0], 0.0005 / 0.5, 1e-9);
    CHECK_NEAR(steps->c1[0][1], 0.0005 / 0.02, 1e-9);
    CHECK_NEAR(steps->f6[3][125], 0, 0);
    free(second);
    free(steps);
}
