/* Five scores and their facts; the verdict on two curves. */
#include <stdlib.h>

#include "check.h"
#include "reprise/learn.h"

TEST(five_scores_are_normalised_as_by_hand) {
    const double scores[] = {90, 70, 50, 60, 80}, unit = 1.4142135623730951;
    const double expected[] = {unit, 0, -unit, -unit / 2, unit / 2};
    const double gradient[] = {0.0282843, -0.0141421, 0.0141421, 0, -0.0282843};
    rp_normalised result;
    double sum = 0;
    REQUIRE(rp_normalise(&result, scores, 5, NULL) == RP_OK);
    CHECK_NEAR(result.mean, 70, 0);
    CHECK_NEAR(result.variance, 200, 0);
    CHECK_NEAR(result.unbiased, 250, 0);
    CHECK_NEAR(result.deviation, 14.142136, 5e-7);
    for (int i = 0; i < 5; i++) {
        CHECK_NEAR(result.x[i], expected[i], 1e-15);
        CHECK_NEAR(result.gradient[i], gradient[i], 5e-8);
        sum += result.gradient[i];
    }
    CHECK_NEAR(sum, 0, 1e-16);
}

TEST(a_large_mean_costs_no_digits) {
    const double scores[] = {1e4 + 1, 1e4 - 1, 1e4 + 1, 1e4 - 1};
    rp_normalised result;
    REQUIRE(rp_normalise(&result, scores, 4, NULL) == RP_OK);
    CHECK_NEAR(result.variance, 1, 1e-15);
}

TEST(equal_single_and_infinite_numbers_are_refused) {
    rp_normalised result;
    CHECK_INT(rp_normalise(&result, (double[]){3, 3, 3}, 3, NULL), RP_INPUT);
    CHECK_INT(rp_normalise(&result, (double[]){3}, 1, NULL), RP_INPUT);
    CHECK_INT(rp_normalise(&result, (double[]){3, INFINITY}, 2, NULL), RP_INPUT);
}

TEST(the_verdict_finds_the_first_step_with_the_others_best) {
    const rp_batchnorm_point points[] = {
        {10, {0.1, 0.5}}, {20, {0.2, 0.8}}, {30, {0.7, 0.9}}, {40, {0.6, 0.9}}};
    const rp_batchnorm_verdict verdict = rp_batchnorm_judge(points, 4);
    CHECK_NEAR(verdict.best_without, 0.7, 0);
    CHECK_INT(verdict.step_without, 30);
    CHECK_INT(verdict.step_with, 20);
    CHECK_NEAR(verdict.share, 20 / 30.0, 1e-12);
    CHECK_INT(rp_batchnorm_judge(points, 1).step_with, 10);
}

/* Reduced by default; REPRISE_STUDY=10000 runs the whole study. In few steps the net without norm
 * stays at chance, which it has from its first test on; so the steps it was given are counted. */
TEST(with_it_the_others_best_is_reached_in_a_fifth_of_the_steps) {
    char folder[600];
    const char *wanted = getenv("REPRISE_STUDY");
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    snprintf(folder, sizeof folder, "%s/mnist", check_data());
    rp_batchnorm_study study = RP_BATCHNORM_STUDY_INIT;
    study.folder = folder;
    study.steps = wanted != NULL ? (uint32_t)atoi(wanted) : 300;
    study.every = study.steps < 60 ? 1 : study.steps < 3000 ? study.steps / 60 : 50;
    study.threads = 1;
    rp_batchnorm_point *points = calloc(study.steps / study.every, sizeof *points);
    REQUIRE(points != NULL);
    REQUIRE(rp_batchnorm_run(&study, points, NULL, NULL) == RP_OK);
    const rp_batchnorm_verdict verdict = rp_batchnorm_judge(points, study.steps / study.every);
    printf(
        "# %u steps: best without %.2f %% at step %u; with it at step %u, in %.3f of the steps\n",
        study.steps, 100 * verdict.best_without, verdict.step_without, verdict.step_with,
        verdict.share);
    const double *last = points[study.steps / study.every - 1].accuracy;
    printf("# at the end %.2f %% without and %.2f %% with it\n", 100 * last[0], 100 * last[1]);
    CHECK(last[1] >= 0.8); /* it has learnt: 0.89 measured, 0.1 is chance */
    CHECK(verdict.step_with > 0 && verdict.step_with * 5 <= study.steps);
    if (verdict.best_without > 0.2) CHECK(verdict.share <= 0.2);
    free(points);
}

TEST(missing_data_and_steps_out_of_range_are_told) {
    rp_batchnorm_study study = RP_BATCHNORM_STUDY_INIT;
    rp_batchnorm_point points[60];
    study.folder = "/nowhere";
    CHECK_INT(rp_batchnorm_run(&study, points, NULL, NULL), RP_INPUT);
    study.every = 0;
    CHECK_INT(rp_batchnorm_run(&study, points, NULL, NULL), RP_USAGE);
}
