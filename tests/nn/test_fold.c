/* A norm folded into the convolution before it gives what both give. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "nn/fold.h"
#include "tensor/tape.h"

enum { BATCH = 2, SIDE = 9, INPUTS = 5, OUTPUTS = 7, TAPS = 9, WEIGHTS = OUTPUTS * TAPS * INPUTS };

/* Numbers of each: image, weights, and seven rows of channels. */
typedef struct fold_case {
    float x[BATCH * SIDE * SIDE * INPUTS], w[WEIGHTS], folded[WEIGHTS];
    float gamma[OUTPUTS], beta[OUTPUTS], mean[OUTPUTS], var[OUTPUTS], bias[OUTPUTS];
} fold_case;

static void fill(float *numbers, int count, rp_random *random, double least) {
    for (int i = 0; i < count; i++) {
        const double value = rp_random_normal(random);
        numbers[i] = (float)(least > 0 ? least + fabs(value) : value);
    }
}

static fold_case *make_case(uint64_t seed) {
    fold_case *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    rp_random random = rp_random_make(seed, 0);
    fill(c->x, BATCH * SIDE * SIDE * INPUTS, &random, 0);
    fill(c->w, WEIGHTS, &random, 0);
    fill(c->gamma, OUTPUTS, &random, 0);
    fill(c->beta, OUTPUTS, &random, 0);
    fill(c->mean, OUTPUTS, &random, 0);
    fill(c->var, OUTPUTS, &random, 0.1);
    return c;
}

static rp_foldable layer_of(const fold_case *c) {
    return (rp_foldable){.weights = c->w,
                         .gamma = c->gamma,
                         .beta = c->beta,
                         .mean = c->mean,
                         .var = c->var,
                         .outputs = OUTPUTS,
                         .inputs = TAPS * INPUTS,
                         .eps = 1e-5};
}

/* Worst difference of both ways, relative to the largest number; with padding and relu. */
static double compare(rp_device *device, fold_case *c, bool relu) {
    static const rp_window window = {{3, 3}, {1, 1}, {1, 1, 1, 1}};
    const int64_t channels[1] = {OUTPUTS};
    rp_tape tape;
    if (rp_tape_init(&tape, device, NULL) != RP_OK) abort();
    tape.recording = false;
    rp_tensor x = rp_tensor_over(c->x, RP_F32, 4, (int64_t[]){BATCH, SIDE, SIDE, INPUTS});
    rp_tensor w = rp_tensor_over(c->w, RP_F32, 4, (int64_t[]){OUTPUTS, 3, 3, INPUTS});
    rp_tensor folded = rp_tensor_over(c->folded, RP_F32, 4, (int64_t[]){OUTPUTS, 3, 3, INPUTS});
    float *const rows[5] = {c->gamma, c->beta, c->mean, c->var, c->bias};
    rp_tensor of[5];
    for (int k = 0; k < 5; k++) of[k] = rp_tensor_over(rows[k], RP_F32, 1, channels);
    const rp_norm norm = {.gamma = &of[0],
                          .beta = &of[1],
                          .running_mean = &of[2],
                          .running_var = &of[3],
                          .eps = 1e-5,
                          .relu = relu};
    const rp_filter filter = {.w = &folded, .b = &of[4], .relu = relu};
    const rp_foldable layer = layer_of(c);
    CHECK_INT(rp_fold_norm(c->folded, c->bias, &layer), 0);
    const rp_tensor *two = rp_tape_batch_norm(&tape, rp_tape_conv2d(&tape, &x, &w, &window), &norm);
    const rp_tensor *one = rp_tape_conv2d_bias(&tape, &x, &filter, &window);
    double worst = 0, largest = 0;
    for (int64_t i = 0; two != NULL && one != NULL && i < rp_tensor_count(two); i++) {
        worst = fmax(worst, fabs(rp_tensor_get(one, i) - rp_tensor_get(two, i)));
        largest = fmax(largest, fabs(rp_tensor_get(two, i)));
    }
    CHECK(largest > 1);
    rp_tape_clear(&tape);
    return worst / largest;
}

TEST(folded_and_unfolded_agree_to_a_few_millionths_on_both_devices) {
    for (int which = 0; which < 2; which++) {
        rp_device *device;
        double worst = 0;
        REQUIRE((which == 0 ? rp_device_create_ref(&device, NULL)
                            : rp_device_create_cpu(&device, 1, NULL)) == RP_OK);
        for (uint64_t seed = 0; seed < 10; seed++) {
            fold_case *c = make_case(seed);
            worst = fmax(worst, compare(device, c, seed % 2 == 1));
            free(c);
        }
        printf("# %s: folded and unfolded differ by %.1e of the largest\n", device->name, worst);
        CHECK(worst < 3e-6);
        rp_device_destroy(device);
    }
}

TEST(a_bias_before_the_norm_goes_into_the_folded_bias) {
    fold_case *c = make_case(3);
    float before[OUTPUTS];
    rp_foldable layer = layer_of(c);
    for (int o = 0; o < OUTPUTS; o++) before[o] = c->mean[o];
    layer.bias = before; /* takes the mean away again: what is left is beta */
    rp_fold_norm(c->folded, c->bias, &layer);
    for (int o = 0; o < OUTPUTS; o++) CHECK_NEAR(c->bias[o], c->beta[o], 1e-6);
    free(c);
}

TEST(dead_channels_are_counted) {
    fold_case *c = make_case(4);
    c->var[2] = 0;
    c->var[5] = 1e-6f;
    const rp_foldable layer = layer_of(c);
    CHECK_INT(rp_fold_norm(c->folded, c->bias, &layer), 2);
    free(c);
}
