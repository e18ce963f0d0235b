/* A program made of a tape gives the tape's values bit for bit, and its gradients. */
#include <stdlib.h>

#include "check.h"
#include "random_expression.h"

enum { INPUTS = 4 };

TEST(programs_agree_with_tapes_on_random_expressions) {
    for (uint64_t seed = 0; seed < 300; seed++) {
        rp_random random = rp_random_make(5, seed);
        rp_scalar_tape *t = NULL;
        rp_scalar_program *program = NULL;
        REQUIRE(rp_scalar_tape_create(&t, NULL) == RP_OK);
        rp_value x[INPUTS], outputs[3];
        double at[INPUTS], values[3], gradient[INPUTS];
        for (int k = 0; k < INPUTS; k++)
            x[k] = rp_scalar_input(t, rp_random_between(&random, -1, 1));
        for (int k = 2; k >= 0; k--) outputs[k] = random_expression(t, &random, x, INPUTS, 12);
        const rp_scalar_plan plan = {outputs, 3, x, INPUTS};
        REQUIRE(rp_scalar_program_create(&program, t, &plan, NULL) == RP_OK);
        double *gradients = calloc(rp_scalar_tape_count(t), sizeof *gradients);
        for (int round = 0; round < 2; round++) {
            for (int k = 0; k < INPUTS; k++) {
                at[k] = rp_random_between(&random, -1, 1);
                rp_scalar_set(t, x[k], at[k]);
            }
            rp_scalar_forward(t);
            rp_scalar_backward(t, outputs[0], gradients);
            const double y = rp_scalar_program_run(program, at, values, gradient);
            CHECK(y == rp_scalar_number(t, outputs[0]));
            for (int k = 0; k < 3; k++) CHECK(values[k] == rp_scalar_number(t, outputs[k]));
            for (int k = 0; k < INPUTS; k++)
                CHECK_NEAR(gradient[k], gradients[x[k]], 1e-13 * fmax(1, fabs(gradients[x[k]])));
        }
        free(gradients);
        rp_scalar_program_destroy(program);
        rp_scalar_tape_destroy(t);
        if (check_is_failed()) printf("# seed %d\n", (int)seed);
        if (check_is_failed()) return;
    }
}

/* Sums of products whose links are read elsewhere, squared factors, plain summands. */
TEST(links_that_others_read_are_not_swallowed) {
    rp_scalar_tape *t = NULL;
    rp_scalar_program *program = NULL;
    REQUIRE(rp_scalar_tape_create(&t, NULL) == RP_OK);
    const rp_value x = rp_scalar_input(t, 2), y = rp_scalar_input(t, 3);
    const rp_value square = rp_scalar_multiply(t, x, x);
    const rp_value link = rp_scalar_add(t, y, square);                               /* 7 */
    const rp_value sum = rp_scalar_add(t, link, rp_scalar_multiply(t, x, y));        /* 13 */
    const rp_value more = rp_scalar_add(t, rp_scalar_add(t, sum, y), y);             /* 19 */
    const rp_value root = rp_scalar_multiply(t, rp_scalar_add(t, more, link), link); /* 182 */
    const rp_value inputs[] = {x, y};
    const rp_scalar_plan plan = {&root, 1, inputs, 2};
    REQUIRE(rp_scalar_program_create(&program, t, &plan, NULL) == RP_OK);
    double gradient[2], gradients[32];
    CHECK_NEAR(rp_scalar_program_run(program, (double[]){2, 3}, NULL, gradient), 182, 0);
    rp_scalar_backward(t, root, gradients);
    CHECK_NEAR(gradient[0], gradients[x], 0);
    CHECK_NEAR(gradient[1], gradients[y], 0);
    rp_scalar_program_destroy(program);
    rp_scalar_tape_destroy(t);
}

TEST(an_input_may_be_its_own_output) {
    rp_scalar_tape *t = NULL;
    rp_scalar_program *program = NULL;
    REQUIRE(rp_scalar_tape_create(&t, NULL) == RP_OK);
    const rp_value x = rp_scalar_input(t, 2);
    const rp_scalar_plan plan = {&x, 1, &x, 1};
    REQUIRE(rp_scalar_program_create(&program, t, &plan, NULL) == RP_OK);
    double gradient;
    CHECK_NEAR(rp_scalar_program_run(program, (double[]){9}, NULL, &gradient), 9, 0);
    CHECK_NEAR(gradient, 1, 0);
    rp_scalar_program_destroy(program);
    rp_scalar_tape_destroy(t);
}
