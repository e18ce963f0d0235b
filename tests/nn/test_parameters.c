#include "check.h"
#include "nn/parameters.h"

#include "nn/optimiser.h"

static void two_rows(rp_parameters *p, uint64_t seed) {
    rp_parameters_add(p, "w", RP_INIT_ORTHOGONAL, true, 2, (const int64_t[]){12, 6});
    rp_parameters_add(p, "mean", RP_INIT_ZEROS, false, 1, (const int64_t[]){5});
    rp_parameters_add(p, "b", RP_INIT_LSTM_BIAS, true, 1, (const int64_t[]){8});
    CHECK_INT(rp_parameters_plan(p, seed, true, NULL), RP_OK);
}

TEST(rows_share_one_block_and_find_their_gradients) {
    rp_parameters p = {0};
    two_rows(&p, 1);
    CHECK_INT(p.trained_count, 80);
    CHECK_INT(p.state_count, 5);
    const rp_parameter *b = rp_parameters_find(&p, "b");
    REQUIRE(b != NULL);
    CHECK(b->tensor.data == p.values + 72 && b->gradient.data == p.gradients + 72);
    CHECK(rp_parameters_find(&p, "mean")->tensor.data == p.values + 80);
    CHECK(rp_parameters_find(&p, "none") == NULL);
    const float *bias = b->tensor.data; /* input, forget, candidate, output: two each */
    for (int i = 0; i < 8; i++) CHECK(bias[i] == (i == 2 || i == 3 ? 1 : 0));
    rp_parameters_clear(&p);
}

TEST(orthogonal_blocks_are_orthogonal_and_a_seed_gives_the_same_bits) {
    rp_parameters p = {0}, q = {0};
    two_rows(&p, 7);
    two_rows(&q, 7);
    CHECK(memcmp(p.values, q.values, 85 * sizeof(float)) == 0);
    const float *w = p.values;
    for (int block = 0; block < 2; block++) {
        for (int i = 0; i < 6; i++) {
            for (int j = 0; j < 6; j++) {
                double product = 0;
                for (int k = 0; k < 6; k++)
                    product += (double)w[(block * 6 + i) * 6 + k] * w[(block * 6 + j) * 6 + k];
                CHECK_NEAR(product, i == j, 1e-5);
            }
        }
    }
    rp_parameters_clear(&p);
    rp_parameters_clear(&q);
}

TEST(schedules_warm_up_and_fall) {
    const rp_schedule cosine = {.kind = RP_SCHEDULE_COSINE, .rate = 2, .warmup = 10, .steps = 110};
    CHECK_NEAR(rp_schedule_rate(&cosine, 5), 1, 1e-12);
    CHECK_NEAR(rp_schedule_rate(&cosine, 10), 2, 1e-12);
    CHECK_NEAR(rp_schedule_rate(&cosine, 60), 1, 1e-12);
    CHECK_NEAR(rp_schedule_rate(&cosine, 110), 0, 1e-12);
    const rp_schedule step = {.kind = RP_SCHEDULE_STEP, .rate = 1, .factor = 0.5, .every = 3};
    CHECK_NEAR(rp_schedule_rate(&step, 7), 0.25, 1e-12);
}

TEST(adams_decay_shrinks_weights_but_neither_biases_nor_norms) {
    rp_parameters p = {0};
    rp_device *device;
    const int64_t matrix[2] = {2, 3}, vector[1] = {4};
    const int w = rp_parameters_add(&p, "w", RP_INIT_ONES, true, 2, matrix);
    const int b = rp_parameters_add(&p, "b", RP_INIT_ONES, true, 1, vector);
    REQUIRE(rp_parameters_plan(&p, 1, true, NULL) == RP_OK);
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    rp_optimiser adam = rp_optimiser_adam(0.01, 1000);
    adam.weight_decay = 0.5;
    rp_parameters_zero_gradients(&p);
    CHECK_INT(rp_optimiser_step(&adam, &p, device, 1, NULL, NULL), RP_OK);
    const double rate = rp_schedule_rate(&adam.schedule, 1);
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(rp_tensor_get(&p.rows[w].tensor, i), 1 - rate * 0.5, 1e-7);
    for (int i = 0; i < 4; i++) CHECK_NEAR(rp_tensor_get(&p.rows[b].tensor, i), 1, 0);
    rp_device_destroy(device);
    rp_parameters_clear(&p);
}

/* One step on the block from gradients of 1 (after clipping to norm 2: 2 / sqrt(80) each). */
TEST(adam_moves_by_the_rate_and_refuses_what_is_not_finite) {
    rp_parameters p = {0};
    rp_device *device;
    rp_error error = {0};
    two_rows(&p, 1);
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    rp_optimiser adam = rp_optimiser_adam(0.01, 1000);
    adam.clip = 2;
    const float before = p.values[0];
    double norm;
    for (int i = 0; i < 80; i++) p.gradients[i] = 1;
    CHECK_INT(rp_optimiser_step(&adam, &p, device, 1, &norm, &error), RP_OK);
    CHECK_NEAR(norm, sqrt(80), 1e-6);
    CHECK_NEAR(before - p.values[0], 0.01, 1e-5); /* m / sqrt(v) is 1 at the first step */
    CHECK_NEAR(p.moment1[0], 0.1 * 2 / sqrt(80), 1e-6);
    p.gradients[3] = NAN;
    const float kept = p.values[3];
    CHECK_INT(rp_optimiser_step(&adam, &p, device, 2, &norm, &error), RP_NO);
    CHECK(p.values[3] == kept && strstr(error.text, "not finite") != NULL);
    rp_device_destroy(device);
    rp_parameters_clear(&p);
}
