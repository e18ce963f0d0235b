/* test_batch_norm.c: what batch norm must do beside having the right gradient (tests/ops). */
#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "tensor/device.h"
#include "tensor/tape.h"

enum { NUMBERS_MAX = 4096, CHANNELS_MAX = 8 };

/* One norm over x (shape), with its arrays, all f64. */
typedef struct norm_case {
    rp_device *device;
    rp_tensor x, y, gx;
    rp_tensor channel[8]; /* gamma, beta, mean, inv, running mean, running var, ggamma, gbeta */
    double numbers[3][NUMBERS_MAX], channels[8][CHANNELS_MAX];
    rp_attr attr;
} norm_case;

static norm_case *open_case(int dims, const int64_t *shape) {
    norm_case *n = calloc(1, sizeof *n);
    if (n == NULL || rp_device_create_ref(&n->device, NULL) != RP_OK) abort();
    rp_tensor *const tensors[3] = {&n->x, &n->y, &n->gx};
    for (int i = 0; i < 3; i++) *tensors[i] = rp_tensor_over(n->numbers[i], RP_F64, dims, shape);
    for (int i = 0; i < 8; i++)
        n->channel[i] = rp_tensor_over(n->channels[i], RP_F64, 1, &shape[dims - 1]);
    for (int c = 0; c < CHANNELS_MAX; c++) n->channels[0][c] = n->channels[5][c] = 1;
    n->attr = (rp_attr){.eps = 1e-5, .decay = {0.9}, .training = true};
    return n;
}

static void close_case(norm_case *n) {
    rp_device_destroy(n->device);
    free(n);
}

static void forward(norm_case *n, const rp_tensor *lengths) {
    const rp_args args = {
        .in = {&n->x, &n->channel[0], &n->channel[1], NULL, lengths},
        .out = {&n->y, &n->channel[2], &n->channel[3], &n->channel[4], &n->channel[5]},
        .attr = n->attr};
    CHECK(rp_device_run(n->device, RP_OP_batch_norm, &args, NULL) == RP_OK);
}

static void backward(norm_case *n, const rp_tensor *gy) {
    const rp_args args = {.in = {gy, &n->x, &n->y, &n->channel[0], &n->channel[2], &n->channel[3]},
                          .out = {&n->gx, &n->channel[6], &n->channel[7]},
                          .attr = n->attr};
    CHECK(rp_device_run(n->device, RP_OP_batch_norm_backward, &args, NULL) == RP_OK);
}

static const double scores[5] = {90, 70, 50, 60, 80};

static norm_case *open_scores(void) {
    norm_case *n = open_case(2, (const int64_t[]){5, 1});
    memcpy(n->x.data, scores, sizeof scores);
    n->attr.eps = 0;
    return n;
}

TEST(five_scores_are_normalised_as_by_hand) {
    static const double expected[5] = {3.8284271247, 1, -1.8284271247, -0.4142135624, 2.4142135624};
    norm_case *n = open_scores();
    n->channels[0][0] = 2;
    n->channels[1][0] = 1;
    forward(n, NULL);
    for (int i = 0; i < 5; i++) CHECK_NEAR(n->numbers[1][i], expected[i], 1e-9);
    CHECK_NEAR(n->channels[2][0], 70, 1e-12);
    CHECK_NEAR(n->channels[3][0], 1 / sqrt(200), 1e-15);
    CHECK_NEAR(n->channels[4][0], 7, 1e-12);    /* 0.9 0 + 0.1 70 */
    CHECK_NEAR(n->channels[5][0], 25.9, 1e-12); /* 0.9 1 + 0.1 250: the unbiased variance */
    close_case(n);
}

TEST(the_gradient_of_the_first_score_is_as_by_hand) {
    static const double expected[5] = {0.0282842712, -0.0141421356, 0.0141421356, 0, -0.0282842712};
    double upstream[5] = {1, 0, 0, 0, 0};
    const rp_tensor gy = rp_tensor_over(upstream, RP_F64, 2, (const int64_t[]){5, 1});
    norm_case *n = open_scores();
    forward(n, NULL);
    backward(n, &gy);
    for (int i = 0; i < 5; i++) CHECK_NEAR(n->numbers[2][i], expected[i], 1e-9);
    CHECK_NEAR(n->channels[6][0], sqrt(2), 1e-12);
    CHECK_NEAR(n->channels[7][0], 1, 1e-12);
    close_case(n);
}

TEST(the_gradient_to_x_sums_to_0_and_has_no_part_along_xhat) {
    norm_case *n = open_case(2, (const int64_t[]){40, 3});
    rp_random random = rp_random_make(3, 1);
    double upstream[120];
    const rp_tensor gy = rp_tensor_over(upstream, RP_F64, 2, (const int64_t[]){40, 3});
    for (int i = 0; i < 120; i++) n->numbers[0][i] = rp_random_normal(&random);
    for (int i = 0; i < 120; i++) upstream[i] = rp_random_normal(&random);
    n->attr.eps = 0;
    forward(n, NULL);
    backward(n, &gy);
    for (int c = 0; c < 3; c++) {
        double sum = 0, along = 0;
        for (int r = 0; r < 40; r++) {
            sum += n->numbers[2][r * 3 + c];
            along += n->numbers[2][r * 3 + c] * n->numbers[1][r * 3 + c];
        }
        CHECK_NEAR(sum, 0, 1e-12);
        CHECK_NEAR(along, 0, 1e-12);
    }
    close_case(n);
}

/* The same numbers far from 0 normalise to the same, on the plain loops in f32. */
TEST(a_mean_of_ten_thousand_deviations_keeps_the_digits_that_f32_has) {
    enum { COUNT = 4000 };
    norm_case *n = open_case(2, (const int64_t[]){COUNT, 1});
    static float near[COUNT], far[COUNT], y[COUNT];
    rp_random random = rp_random_make(3, 1);
    for (int i = 0; i < COUNT; i++) {
        /* Steps of 2^-8 are exact at 10,000 in f32 too. */
        near[i] = (float)(round(rp_random_normal(&random) * 256) / 256);
        far[i] = near[i] + 10000;
        n->numbers[0][i] = near[i];
    }
    forward(n, NULL);
    const double mean = n->channels[2][0], inv = n->channels[3][0];
    n->x = rp_tensor_over(far, RP_F32, 2, (const int64_t[]){COUNT, 1});
    static double first[COUNT];
    memcpy(first, n->numbers[1], sizeof first);
    n->y = rp_tensor_over(y, RP_F32, 2, (const int64_t[]){COUNT, 1});
    forward(n, NULL);
    CHECK_NEAR(n->channels[2][0], mean + 10000, 1e-9);
    CHECK_NEAR(n->channels[3][0] / inv, 1, 1e-9);
    for (int i = 0; i < COUNT; i++) CHECK_NEAR(y[i], first[i], 1e-6);
    close_case(n);
}

/* The loops of the CPU sum once over what lies near the first number, and lose no more. */
TEST(the_fast_loops_keep_them_too) {
    enum { COUNT = 4000 };
    norm_case *n = open_case(2, (const int64_t[]){COUNT, 1});
    static float far[COUNT], y[COUNT];
    float channels[6] = {1, 0, 0, 0, 0, 1};
    rp_device *cpu;
    REQUIRE(rp_device_create_cpu(&cpu, 1, NULL) == RP_OK);
    rp_random random = rp_random_make(3, 2);
    for (int i = 0; i < COUNT; i++) {
        far[i] = (float)(round(rp_random_normal(&random) * 256) / 256) + 10000;
        n->numbers[0][i] = far[i];
    }
    forward(n, NULL);
    const int64_t shape[2] = {COUNT, 1};
    const rp_tensor x = rp_tensor_over(far, RP_F32, 2, shape);
    rp_tensor out = rp_tensor_over(y, RP_F32, 2, shape), of[6];
    for (int k = 0; k < 6; k++) of[k] = rp_tensor_over(&channels[k], RP_F32, 1, &shape[1]);
    const rp_args args = {
        .in = {&x, &of[0], &of[1]}, .out = {&out, &of[2], &of[3], &of[4], &of[5]}, .attr = n->attr};
    REQUIRE(rp_device_run(cpu, RP_OP_batch_norm, &args, NULL) == RP_OK);
    CHECK_NEAR(channels[3] / n->channels[3][0], 1, 1e-5);
    double worst = 0;
    for (int i = 0; i < COUNT; i++) worst = fmax(worst, fabs(y[i] - n->numbers[1][i]));
    printf("# mean 10,000 deviations away: off by at most %.1e deviations\n", worst);
    CHECK(worst < 2e-3); /* half a unit of f32 at 10,000 is 5e-4 */
    rp_device_destroy(cpu);
    close_case(n);
}

/* Five scores, from running values 0 and 1, keeping 0.9. */
TEST(both_conventions_of_the_running_variance_are_to_be_had) {
    for (int biased = 0; biased < 2; biased++) {
        norm_case *n = open_scores();
        n->attr.biased = biased == 1;
        forward(n, NULL);
        CHECK_NEAR(n->channels[4][0], 7, 1e-12);
        CHECK_NEAR(n->channels[5][0], biased ? 20.9 : 25.9, 1e-12);
        close_case(n);
    }
}

TEST(one_position_gives_beta_no_gradient_and_keeps_the_running_values) {
    norm_case *n = open_case(2, (const int64_t[]){1, 2});
    double upstream[2] = {3, -4};
    const rp_tensor gy = rp_tensor_over(upstream, RP_F64, 2, (const int64_t[]){1, 2});
    n->numbers[0][0] = 5;
    n->numbers[0][1] = -7;
    n->channels[1][0] = 0.25;
    forward(n, NULL);
    backward(n, &gy);
    CHECK_NEAR(n->numbers[1][0], 0.25, 0);
    CHECK_NEAR(n->numbers[1][1], 0, 0);
    for (int c = 0; c < 2; c++) {
        CHECK_NEAR(n->numbers[2][c], 0, 1e-12);
        CHECK_NEAR(n->channels[4][c], 0, 0);
        CHECK_NEAR(n->channels[5][c], 1, 0);
    }
    close_case(n);
}

/* A sample of width 5 alone, and beside one of width 9: the same numbers, and 0 in the padding. */
TEST(a_sample_is_treated_the_same_alone_and_in_a_padded_batch) {
    enum { NARROW = 5, WIDE = 9, HEIGHT = 3, CHANNELS = 2, COLUMN = HEIGHT * CHANNELS };
    norm_case *alone = open_case(4, (const int64_t[]){1, NARROW, HEIGHT, CHANNELS});
    norm_case *both = open_case(4, (const int64_t[]){2, WIDE, HEIGHT, CHANNELS});
    int32_t lengths[2] = {NARROW, WIDE};
    const rp_tensor masks = rp_tensor_over(lengths, RP_I32, 1, &(const int64_t){2});
    rp_random random = rp_random_make(4, 1);
    for (int i = 0; i < 2 * WIDE * COLUMN; i++) both->numbers[0][i] = rp_random_normal(&random);
    memcpy(alone->x.data, both->x.data, NARROW * COLUMN * sizeof(double));
    for (int c = 0; c < CHANNELS; c++) alone->channels[1][c] = both->channels[1][c] = 0.5;
    alone->attr.training = both->attr.training = false;
    forward(alone, NULL);
    forward(both, &masks);
    for (int i = 0; i < NARROW * COLUMN; i++)
        CHECK_NEAR(both->numbers[1][i], alone->numbers[1][i], 0);
    for (int i = NARROW * COLUMN; i < WIDE * COLUMN; i++) CHECK_NEAR(both->numbers[1][i], 0, 0);
    close_case(alone);
    close_case(both);
}

TEST(what_stands_in_the_padding_changes_no_statistic) {
    norm_case *n = open_case(3, (const int64_t[]){2, 6, 2});
    int32_t lengths[2] = {3, 6};
    const rp_tensor masks = rp_tensor_over(lengths, RP_I32, 1, &(const int64_t){2});
    rp_random random = rp_random_make(5, 1);
    for (int i = 0; i < 24; i++) n->numbers[0][i] = rp_random_normal(&random);
    forward(n, &masks);
    double before[24];
    memcpy(before, n->numbers[1], sizeof before);
    const double mean = n->channels[2][1], inv = n->channels[3][1];
    for (int i = 6; i < 12; i++) n->numbers[0][i] = 1e6; /* the padding of sample 0 */
    forward(n, &masks);
    CHECK_NEAR(n->channels[2][1], mean, 0);
    CHECK_NEAR(n->channels[3][1], inv, 0);
    for (int i = 0; i < 24; i++) CHECK_NEAR(n->numbers[1][i], before[i], 0);
    close_case(n);
}
