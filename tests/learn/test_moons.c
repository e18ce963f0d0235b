/* The moons demo, beside the numbers of the published notebook where they are at hand. */
#include <stdlib.h>

#include "check.h"
#include "learn/mt19937.h"
#include "reprise/learn.h"

static rp_moons *make_moons(void) {
    const rp_moons_options options = RP_MOONS_OPTIONS_INIT;
    rp_moons *moons = NULL;
    if (rp_moons_create(&moons, &options, NULL) != RP_OK) abort();
    return moons;
}

static FILE *open_facts(const char *name) {
    char path[1200];
    if (check_data() == NULL) return NULL;
    snprintf(path, sizeof path, "%s/facts/micrograd-moons/%s", check_data(), name);
    return fopen(path, "r");
}

/* Losses printed by the notebook (karpathy/micrograd, demo.ipynb). */
TEST(the_notebooks_losses_are_met) {
    static const struct {
        uint32_t step;
        double loss, accuracy;
    } printed[] = {
        {0, 0.8958441028683222, 0.5}, {1, 1.7235905336972022, 0.81}, {2, 0.7429006313851131, 0.77},
        {50, 0.0987511, 0.96},        {99, 0.010978370, 1},
    };
    rp_moons *moons = make_moons();
    CHECK_INT(rp_moons_parameter_count(moons), 337);
    CHECK_INT(rp_moons_node_count(moons), 65818);
    size_t row = 0;
    for (uint32_t step = 0; step < 100; step++) {
        const rp_moons_round round = rp_moons_step(moons);
        if (printed[row].step != step) continue;
        CHECK_NEAR(round.loss, printed[row].loss, step < 3 ? 1e-13 : 5e-8); /* digits printed */
        CHECK_NEAR(round.accuracy, printed[row].accuracy, 1e-12);
        row++;
    }
    rp_moons_destroy(moons);
}

TEST(all_hundred_losses_agree_to_1e_12) {
    FILE *file = open_facts("trace.tsv");
    rp_moons *moons = make_moons();
    if (file == NULL) check_skip("no micrograd-moons/trace.tsv");
    for (uint32_t step = 0; file != NULL && step < 100; step++) {
        unsigned number;
        double loss, accuracy;
        REQUIRE(fscanf(file, "%u %lf %lf", &number, &loss, &accuracy) == 3);
        const rp_moons_round round = rp_moons_step(moons);
        CHECK_NEAR(round.loss, loss, 1e-12 * loss);
        CHECK_NEAR(round.accuracy, accuracy, 1e-12);
    }
    if (file != NULL) fclose(file);
    rp_moons_destroy(moons);
}

TEST(points_weights_and_first_gradient_agree) {
    FILE *points = open_facts("moons.tsv"), *gradient = open_facts("grad0.tsv");
    FILE *weights = open_facts("weights.tsv");
    rp_moons *moons = make_moons();
    if (points == NULL || gradient == NULL || weights == NULL) {
        check_skip("no micrograd-moons");
        rp_moons_destroy(moons);
        return;
    }
    for (size_t i = 0; i < 100; i++) {
        double x0, x1, label;
        const rp_moons_point *point = &rp_moons_points(moons)[i];
        REQUIRE(fscanf(points, "%lf %lf %lf", &x0, &x1, &label) == 3);
        CHECK_NEAR(point->x[0], x0, 1e-15);
        CHECK_NEAR(point->x[1], x1, 1e-15);
        CHECK_NEAR(point->label, label, 0);
    }
    const double *parameter = rp_moons_parameters(moons);
    for (int neuron = 0; neuron < 33; neuron++) {
        const int count = neuron < 16 ? 3 : 17;
        REQUIRE(fscanf(weights, "%*d %*d") == 0);
        for (int k = 0; k < count; k++) {
            double expected;
            REQUIRE(fscanf(weights, "%lf", &expected) == 1);
            CHECK_NEAR(*parameter++, expected, 0);
        }
    }
    rp_moons_step(moons);
    for (size_t k = 0; k < 337; k++) {
        double expected;
        REQUIRE(fscanf(gradient, "%lf", &expected) == 1);
        CHECK_NEAR(rp_moons_gradient(moons)[k], expected, 1e-14);
    }
    fclose(points);
    fclose(gradient);
    fclose(weights);
    rp_moons_destroy(moons);
}

TEST(the_trained_network_scores_its_points_as_its_steps_do) {
    rp_moons *moons = make_moons();
    for (int step = 0; step < 100; step++) rp_moons_step(moons);
    for (size_t i = 0; i < rp_moons_point_count(moons); i++) {
        const rp_moons_point *point = &rp_moons_points(moons)[i];
        CHECK((rp_moons_score(moons, point->x[0], point->x[1]) > 0) == (point->label > 0));
    }
    rp_moons_destroy(moons);
}

static long size_of(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return -1;
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    fclose(file);
    return size;
}

TEST(pictures_are_written_and_a_missing_folder_is_told) {
    rp_moons *moons = make_moons();
    rp_moons_round rounds[3];
    char path[600];
    rp_error error = {0};
    for (int step = 0; step < 3; step++) rounds[step] = rp_moons_step(moons);
    snprintf(path, sizeof path, "%s/boundary.png", check_scratch());
    CHECK_INT(rp_moons_draw_boundary(moons, path, &error), RP_OK);
    CHECK(size_of(path) > 5000);
    snprintf(path, sizeof path, "%s/curve.png", check_scratch());
    CHECK_INT(rp_moons_draw_curve(rounds, 3, path, &error), RP_OK);
    CHECK(size_of(path) > 2000);
    CHECK_INT(rp_moons_draw_curve(rounds, 3, "/nowhere/curve.png", &error), RP_SYSTEM);
    CHECK(strstr(error.text, "/nowhere/curve.png") != NULL);
    rp_moons_destroy(moons);
}

TEST(options_out_of_range_are_refused) {
    const rp_moons_options bad[] = {
        {1, 1, 0.1, 10}, {1, 20000, 0.1, 10}, {1, 10, -1, 10}, {1, 10, NAN, 10}, {1, 10, 0.1, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rp_moons *moons = NULL;
        CHECK_INT(rp_moons_create(&moons, &bad[i], NULL), RP_USAGE);
        CHECK(moons == NULL);
    }
}

/* The first numbers of the generator for the seed 5489 and for the key 1: Matsumoto and Nishimura's
 * published output, and `random.seed(1); random.random()` of Python. */
TEST(the_mersenne_twister_gives_its_published_numbers) {
    rp_mt19937 seeded = rp_mt19937_seeded(5489), keyed = rp_mt19937_keyed(1);
    CHECK_INT(rp_mt19937_u32(&seeded), 3499211612u);
    CHECK_INT(rp_mt19937_u32(&seeded), 581869302u);
    for (int i = 2; i < 9999; i++) rp_mt19937_u32(&seeded);
    CHECK_INT(rp_mt19937_u32(&seeded), 4123659995u);
    CHECK_NEAR(rp_mt19937_uniform(&keyed), 0.13436424411240122, 0);
    CHECK_NEAR(rp_mt19937_uniform(&keyed), 0.8474337369372327, 0);
}
