/* test_cpu.c: what the CPU device keeps between calls. That each row is right: tests/ops. */
#include <stdlib.h>

#include "check.h"
#include "tensor/cpu/cpu.h"
#include "tensor/tape.h"

enum { INPUTS = 5, OUTPUTS = 3 };

/* y = x w' + b for one row of x that is all ones: the sums of the rows of w. */
static void run_linear(rp_device *device, rp_tensor *w, float y[OUTPUTS]) {
    float x[INPUTS] = {1, 1, 1, 1, 1};
    const rp_tensor in = rp_tensor_over(x, RP_F32, 2, (const int64_t[]){1, INPUTS});
    rp_tensor out = rp_tensor_over(y, RP_F32, 2, (const int64_t[]){1, OUTPUTS});
    const rp_args args = {.in = {&in, w}, .out = {&out}};
    CHECK(rp_device_run(device, RP_OP_linear, &args, NULL) == RP_OK);
}

static void set_all(float *w, float value) {
    for (int i = 0; i < OUTPUTS * INPUTS; i++) w[i] = value;
}

TEST(new_weights_are_seen_once_their_version_says_so) {
    rp_device *device;
    float w[OUTPUTS * INPUTS], y[OUTPUTS];
    rp_tensor weights = rp_tensor_over(w, RP_F32, 2, (const int64_t[]){OUTPUTS, INPUTS});
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    for (uint64_t version = 1; version < 5; version++) {
        device->weights_version = version;
        set_all(w, (float)version);
        for (int again = 0; again < 2; again++) {
            run_linear(device, &weights, y);
            CHECK_NEAR(y[0], (double)version * INPUTS, 0);
        }
    }
    rp_device_destroy(device);
}

/* gx = gy w beside y = x w': of a square w both packed copies have one layout. */
TEST(a_square_weight_is_kept_both_ways_round) {
    enum { SIDE = 64, ROWS = 2 };
    rp_device *device;
    static float w[SIDE * SIDE], x[ROWS * SIDE], y[ROWS * SIDE], gx[ROWS * SIDE];
    const rp_tensor weights = rp_tensor_over(w, RP_F32, 2, (const int64_t[]){SIDE, SIDE});
    const rp_tensor in = rp_tensor_over(x, RP_F32, 2, (const int64_t[]){ROWS, SIDE});
    rp_tensor out = rp_tensor_over(y, RP_F32, 2, (const int64_t[]){ROWS, SIDE});
    rp_tensor back = rp_tensor_over(gx, RP_F32, 2, (const int64_t[]){ROWS, SIDE});
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    device->weights_version = 1;
    for (int i = 0; i < SIDE * SIDE; i++) w[i] = (float)(i / SIDE); /* a row has its number */
    x[0] = x[SIDE + 1] = 1;
    const rp_args forward = {.in = {&in, &weights}, .out = {&out}};
    const rp_args backward = {.in = {&in, &in, &weights}, .out = {&back}};
    for (int again = 0; again < 2; again++) {
        REQUIRE(rp_device_run(device, RP_OP_linear, &forward, NULL) == RP_OK);
        REQUIRE(rp_device_run(device, RP_OP_linear_backward, &backward, NULL) == RP_OK);
        CHECK(y[7] == 7 && y[SIDE + 7] == 7);   /* a column of w */
        CHECK(gx[7] == 0 && gx[SIDE + 7] == 1); /* a row of w */
    }
    rp_device_destroy(device);
}

/* A tape's tensor has the memory of another one of the round before. */
TEST(weights_in_a_tapes_memory_are_never_taken_for_older_ones) {
    rp_device *device;
    rp_tape tape;
    float y[OUTPUTS];
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    REQUIRE(rp_tape_init(&tape, device, NULL) == RP_OK);
    device->weights_version = 7;
    for (int round = 1; round < 4; round++) {
        rp_tensor *w = rp_tape_tensor(&tape, RP_F32, 2, (const int64_t[]){OUTPUTS, INPUTS});
        REQUIRE(w != NULL);
        set_all(w->data, (float)round);
        run_linear(device, w, y);
        CHECK_NEAR(y[0], round * INPUTS, 0);
        rp_tape_reset(&tape);
    }
    rp_tape_clear(&tape);
    rp_device_destroy(device);
}

/* More parameters than the table of packed ones has room for; each is right, old ones too. */
TEST(a_full_table_of_packed_weights_gives_up_old_ones_only) {
    enum { MANY = RP_CPU_PACKED_MAX + 40 };
    rp_device *device;
    static float w[MANY][OUTPUTS * INPUTS];
    float y[OUTPUTS];
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    device->weights_version = 1;
    for (int k = 0; k < 2 * MANY; k++) {
        const int which = k % MANY;
        rp_tensor weights = rp_tensor_over(w[which], RP_F32, 2, (const int64_t[]){OUTPUTS, INPUTS});
        set_all(w[which], (float)which);
        run_linear(device, &weights, y);
        CHECK_NEAR(y[OUTPUTS - 1], which * INPUTS, 0);
    }
    /* Panels asked for one after the other must all live: as in one call of the decoder. */
    const float *panels[8];
    for (int k = 0; k < 8; k++) {
        const rp_tensor weights = rp_tensor_over(w[k], RP_F32, 2, (const int64_t[]){3, INPUTS});
        panels[k] = rp_cpu_pack_transposed(device, &weights, 0, INPUTS);
        REQUIRE(panels[k] != NULL);
    }
    for (int k = 0; k < 8; k++) CHECK_NEAR(panels[k][0], k, 0);
    rp_device_destroy(device);
}

TEST(more_shapes_than_the_table_of_primitives_holds_are_computed) {
    rp_device *device;
    float w[4] = {1, 2, 3, 4};
    static float x[2 * RP_CPU_PRIMITIVES_MAX], y[2 * RP_CPU_PRIMITIVES_MAX];
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    for (int i = 0; i < 2 * RP_CPU_PRIMITIVES_MAX; i++) x[i] = 1;
    const rp_tensor weights = rp_tensor_over(w, RP_F32, 2, (const int64_t[]){2, 2});
    for (int64_t rows = 1; rows <= RP_CPU_PRIMITIVES_MAX; rows++) {
        const rp_tensor in = rp_tensor_over(x, RP_F32, 2, (const int64_t[]){rows, 2});
        rp_tensor out = rp_tensor_over(y, RP_F32, 2, (const int64_t[]){rows, 2});
        const rp_args args = {.in = {&in, &weights}, .out = {&out}};
        REQUIRE(rp_device_run(device, RP_OP_linear, &args, NULL) == RP_OK);
        CHECK(y[2 * rows - 2] == 3 && y[2 * rows - 1] == 7);
    }
    rp_device_destroy(device);
}

static void keep_line(void *context, int level, const char *line) {
    (void)level;
    snprintf(context, 256, "%s", line);
}

TEST(a_trace_names_the_row_what_ran_it_its_shapes_and_its_time) {
    rp_device *device;
    char line[256] = "";
    float w[OUTPUTS * INPUTS] = {0}, y[OUTPUTS];
    rp_tensor weights = rp_tensor_over(w, RP_F32, 2, (const int64_t[]){OUTPUTS, INPUTS});
    REQUIRE(rp_device_create_cpu(&device, 1, NULL) == RP_OK);
    const rp_log log = {.write = keep_line, .context = line};
    device->trace = &log;
    run_linear(device, &weights, y);
    CHECK(strncmp(line, "linear onednn (1,5,1,1)f32 (3,5,1,1)f32 - -> (1,3,1,1)f32 ", 58) == 0);
    CHECK(strcmp(line + strlen(line) - 3, " ms") == 0);
    rp_device_destroy(device);
}
