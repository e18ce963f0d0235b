/* Confidence that says how often the network is right. */
#include "base/compiler.h"
#include "base/random.h"
#include "check.h"
#include "score/calibration.h"

enum { COUNT = 60000 };
static rp_outcome outcomes[COUNT];

/* How often a token of probability p is right, in four worlds. */
static double as_given(double p) { return p; }
static double boasting(double p) { return p * p; }
static double modest(double p) { return sqrt(p); }
static double with_a_ceiling(double p) { return p < 0.8 ? p : 0.8; }

static void draw(double (*truth)(double), uint64_t seed) {
    rp_random random = rp_random_make(seed, 0);
    for (int i = 0; i < COUNT; i++) {
        const double p = rp_random_uniform(&random);
        outcomes[i] = (rp_outcome){(float)p, rp_random_uniform(&random) < truth(p)};
    }
}

TEST(confidence_is_right_on_tokens_it_was_not_fitted_to) {
    static double (*const truths[])(double) = {as_given, boasting, modest, with_a_ceiling};
    for (size_t t = 0; t < RP_COUNT(truths); t++) {
        draw(truths[t], 2 * t);
        const rp_calibration c = rp_calibration_fit(outcomes, COUNT);
        draw(truths[t], 2 * t + 1);
        const double before = rp_calibration_error(outcomes, COUNT);
        for (int i = 0; i < COUNT; i++) outcomes[i].p = rp_calibration_apply(&c, outcomes[i].p);
        const double after = rp_calibration_error(outcomes, COUNT);
        printf("# calibration error %.2f %%, then %.2f %%\n", 100 * before, 100 * after);
        CHECK(after < 0.015); /* 15 bins of 4,000: by chance alone about 0.6 % */
    }
}

TEST(more_probable_never_means_less_sure) {
    draw(boasting, 9);
    for (int i = 0; i < COUNT; i += 7) outcomes[i].is_right = !outcomes[i].is_right;
    const rp_calibration c = rp_calibration_fit(outcomes, COUNT);
    float last = 0;
    for (int i = 0; i <= 1000; i++) {
        const float confidence = rp_calibration_apply(&c, (float)i / 1000);
        CHECK(confidence >= last && confidence <= 1);
        last = confidence;
    }
}

TEST(the_error_of_boasting_is_its_excess) {
    for (int i = 0; i < 1000; i++) outcomes[i] = (rp_outcome){0.9f, i % 10 < 6};
    CHECK_NEAR(rp_calibration_error(outcomes, 1000), 0.3, 1e-6);
    CHECK_NEAR(rp_calibration_error(outcomes, 0), 0, 0);
    const rp_calibration c = rp_calibration_fit(outcomes, 1000);
    CHECK_NEAR(rp_calibration_apply(&c, 0.9f), 0.6, 1e-6);
}

TEST(points_survive_their_text_and_nonsense_is_none) {
    static const char *const bad[] = {"one", "1",       "1 0.5 0 0.6", "1 0.5 2 0.4",
                                      "1 2", "nan 0.5", "1 0.5 2"};
    rp_arena arena = {0};
    draw(modest, 3);
    const rp_calibration c = rp_calibration_fit(outcomes, COUNT);
    const rp_calibration again = rp_calibration_read(rp_calibration_print(&c, &arena));
    CHECK(c.count > 10);
    CHECK_INT(again.count, c.count);
    for (float p = 0; p <= 1; p += 0.01f)
        CHECK_NEAR(rp_calibration_apply(&again, p), rp_calibration_apply(&c, p), 1e-4);
    for (size_t i = 0; i < RP_COUNT(bad); i++) CHECK_INT(rp_calibration_read(bad[i]).count, 0);
    const rp_calibration none = {0};
    CHECK_TEXT(rp_calibration_print(&none, &arena), "");
    CHECK_NEAR(rp_calibration_apply(&none, 0.3f), 0.3, 1e-7);
    CHECK_INT(rp_calibration_fit(outcomes, 99).count, 0);
    rp_arena_clear(&arena);
}
