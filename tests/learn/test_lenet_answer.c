/* A net in use image by image, against the same net on the tape. */
#include <stdlib.h>

#include "check.h"
#include "learn/lenet_modern.h"
#include "tensor/cpu/cpu.h"

enum { IMAGES = 23, PIXELS = 784, LOGITS = IMAGES * RP_LENET_CLASSES };

/* Every number of the net other than its first: norms that shift and scale, biases, statistics. */
static void stir(rp_lenet_modern *net, rp_random *random) {
    for (int k = 0; k < net->parameters.count; k++) {
        rp_parameter *row = &net->parameters.rows[k];
        float *values = row->tensor.data;
        const bool is_scale =
            strstr(row->name, "gamma") != NULL || strstr(row->name, "var") != NULL;
        for (int64_t i = 0; i < rp_tensor_count(&row->tensor) && row->dims == 1; i++)
            values[i] =
                (float)rp_random_between(random, is_scale ? 0.5 : -0.4, is_scale ? 1.5 : 0.4);
    }
    rp_lenet_modern_changed(net);
}

static void compare(const char *variant, unsigned threads) {
    static float x[IMAGES * PIXELS], ours[LOGITS], tape[LOGITS];
    rp_lenet_modern net;
    rp_error error = {0};
    rp_random random = rp_random_make(7, threads);
    double squares = 0, largest = 0;
    REQUIRE(rp_lenet_modern_init(&net, rp_lenet_shape_find(variant), 5,
                                 (rp_lenet_place){"cpu", threads}, &error) == RP_OK);
    rp_cpu_install_onednn(net.device);        /* convolutions that round as often as the loops do */
    for (int round = 0; round < 2; round++) { /* the second: packed anew for other weights */
        stir(&net, &random);
        for (int i = 0; i < IMAGES * PIXELS; i++)
            x[i] = rp_random_below(&random, 3) > 0 ? 0 : (float)rp_random_uniform(&random);
        net.asks_tape = !rp_answer_is_possible();
        REQUIRE(rp_lenet_modern_run(&net, x, IMAGES, ours, &error) == RP_OK);
        net.asks_tape = true;
        REQUIRE(rp_lenet_modern_run(&net, x, IMAGES, tape, &error) == RP_OK);
        for (int i = 0; i < LOGITS; i++) {
            squares += tape[i] * tape[i] / LOGITS / 2;
            largest = fmax(largest, fabs(ours[i] - tape[i]));
        }
    }
    printf("# %s, %u threads: %.5f of the logits' root mean square apart\n", variant, threads,
           largest / sqrt(squares));
    CHECK(largest < 0.03 * sqrt(squares)); /* some roundings to bf16, 0.004 each */
    rp_lenet_modern_clear(&net);
}

TEST(the_loops_answer_as_the_tape_does) {
    static const char *const variants[] = {"modern", "large", "fashion", "fashion-large"};
    if (!rp_answer_is_possible()) printf("# no dot products of bf16 here: tape against tape\n");
    for (size_t k = 0; k < RP_COUNT(variants); k++)
        for (unsigned threads = 1; threads <= 3; threads += 2) compare(variants[k], threads);
}

/* What an image is answered does not depend on the images beside it nor on the threads. */
TEST(each_image_is_answered_alone) {
    static float x[IMAGES * PIXELS];
    float together[LOGITS], alone[RP_LENET_CLASSES];
    rp_lenet_modern net;
    rp_random random = rp_random_make(8, 1);
    REQUIRE(rp_lenet_modern_init(&net, rp_lenet_shape_find("modern"), 5, (rp_lenet_place){"cpu", 2},
                                 NULL) == RP_OK);
    for (int i = 0; i < IMAGES * PIXELS; i++) x[i] = (float)rp_random_uniform(&random);
    REQUIRE(rp_lenet_modern_run(&net, x, IMAGES, together, NULL) == RP_OK);
    for (int i = 0; i < IMAGES && rp_answer_is_possible(); i++) {
        REQUIRE(rp_lenet_modern_run(&net, x + i * PIXELS, 1, alone, NULL) == RP_OK);
        CHECK(memcmp(alone, together + i * RP_LENET_CLASSES, sizeof alone) == 0);
    }
    rp_lenet_modern_clear(&net);
}
