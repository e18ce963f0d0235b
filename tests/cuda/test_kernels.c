/* test_kernels.c: every row of the table on the CUDA device's kernels, run by the emulation,
 * against the plain loops; and once forwards and once backwards through blocks and threads, to the
 * same bits.
 *
 *     cuda_kernels                                   every row
 *     cuda_kernels --row NAME --seed N --size N      what a failure says repeats it */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver.h"
#include "nn/optimiser.h"
#include "tensor/cuda/plugin.h"
#include "tensor/tape.h"

enum { SEEDS = 4, ORDER_SEEDS = 2 };

/* Of the emulation, which is C++; see emulated/tensor/cuda/launch.h. */
void rp_emulation_order(int order);

static bool check_case(const op_case *c, rp_device *device) {
    bool passed = true;
    for (int k = 0; k < 2 && passed; k++) {
        const rp_dtype dtype = k == 0 ? RP_F32 : RP_BF16;
        rp_emulation_order(0);
        passed = driver_compare(c, device, dtype);
        if (passed && c->seed < ORDER_SEEDS)
            passed = driver_same_twice(c, device, dtype, rp_emulation_order);
    }
    return passed;
}

static void check_row(const driver_plan *plan, rp_op op, rp_device *device) {
    bool passed = strcmp(device->implementation[op], "cuda") == 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        for (int size = 0; size < SIZE_COUNT && passed; size++) {
            if (!driver_is_wanted(plan->seed, seed) || !driver_is_wanted(plan->size, size))
                continue;
            const op_case c = op_case_make(op, (uint64_t)seed, size);
            passed = check_case(&c, device);
        }
    }
    driver_report(passed, rp_op_find(op)->name, "kernels as the plain loops, in either order");
}

/* Fewer steps and inputs than in training: the widths stay, which decide how a block shares out its
 * work, and the plain loops take a second instead of ten. */
static void shorten(op_case *c) {
    static const int64_t shorter[][2] = {{272, 5}, {2304, 40}};
    for (int i = 0; i < RP_INS_MAX + RP_OUTS_MAX; i++) {
        slot *s = i < RP_INS_MAX ? &c->in[i] : &c->out[i - RP_INS_MAX];
        for (int axis = 0; axis < s->dims; axis++)
            for (size_t k = 0; k < RP_COUNT(shorter); k++)
                if (s->shape[axis] == shorter[k][0]) s->shape[axis] = shorter[k][1];
    }
}

/* What only large tensors reach: sums in several steps, many threads a block. */
static void check_large(rp_device *device) {
    static const rp_op ops[] = {RP_OP_sum,
                                RP_OP_sum_squares,
                                RP_OP_embedding_backward,
                                RP_OP_batch_norm_backward,
                                RP_OP_lstm,
                                RP_OP_lstm_backward,
                                RP_OP_decoder,
                                RP_OP_decoder_backward};
    for (size_t i = 0; i < RP_COUNT(ops); i++) {
        op_case c = op_case_make(ops[i], 1, SIZE_LARGE);
        shorten(&c);
        rp_emulation_order(0);
        driver_report(driver_compare(&c, device, RP_BF16), rp_op_find(ops[i])->name,
                      "the widths of training");
    }
}

/* A device whose kernels may not read the host's memory: everything is carried over and back. */
static void check_carrying(rp_cuda_plugin plugin) {
    rp_device *device;
    plugin.reads_host = false;
    if (rp_cuda_device_over(&device, &plugin, NULL, NULL) != RP_OK) abort();
    const op_case c = op_case_make(RP_OP_adam, 1, 1);
    driver_report(device->has_own_memory && driver_compare(&c, device, RP_F32), "adam",
                  "what is the host's is carried over and back");
    double sum = 0;
    float *x = device->allocate(device, 3 * sizeof *x), values[3] = {1, 2, 3};
    const int64_t three = 3, one = 1;
    device->copy(device, x, values, sizeof values);
    const rp_tensor in = rp_tensor_over(x, RP_F32, 1, &three);
    rp_tensor out = rp_tensor_over(&sum, RP_F64, 1, &one);
    const rp_args args = {.in = {&in}, .out = {&out}};
    driver_report(rp_device_run(device, RP_OP_sum_squares, &args, NULL) == RP_OK && sum == 14,
                  "sum_squares", "a sum comes back to the stack");
    device->release(device, x);
    double exact[2] = {-1, 2}, y[2] = {0};
    const int64_t two = 2;
    const rp_tensor x64 = rp_tensor_over(exact, RP_F64, 1, &two);
    rp_tensor y64 = rp_tensor_over(y, RP_F64, 1, &two);
    const rp_args relu = {.in = {&x64}, .out = {&y64}};
    driver_report(rp_device_run(device, RP_OP_relu, &relu, NULL) == RP_OK && y[0] == 0 && y[1] == 2,
                  "relu", "f64 goes to the plain loops");
    rp_device_destroy(device);
}

/* One step of training of a small net: values and their average behind it. */
static void learn_step(rp_device *device, rp_parameters *p, rp_tensor *x, rp_tensor *ids) {
    rp_tape tape;
    const rp_window window = {.kernel = {3, 3}, .stride = {2, 2}, .pad = {0, 1, 1, 1}};
    rp_optimiser adam = rp_optimiser_adam(0.01, 10);
    if (rp_tape_init(&tape, device, NULL) != RP_OK) abort();
    rp_parameters_add(p, "conv", RP_INIT_HE, true, 4, (const int64_t[]){6, 3, 3, 1});
    rp_parameters_add(p, "gamma", RP_INIT_ONES, true, 1, (const int64_t[]){6});
    rp_parameters_add(p, "beta", RP_INIT_ZEROS, true, 1, (const int64_t[]){6});
    rp_parameters_add(p, "mean", RP_INIT_ZEROS, false, 1, (const int64_t[]){6});
    rp_parameters_add(p, "var", RP_INIT_ONES, false, 1, (const int64_t[]){6});
    rp_parameters_add(p, "full", RP_INIT_GLOROT, true, 2, (const int64_t[]){5, 4 * 3 * 6});
    if (rp_parameters_plan(p, 7, true, NULL) != RP_OK) abort();
    if (rp_parameters_move(p, device, NULL) != RP_OK) abort();
    rp_parameters_zero_gradients(p);
    const rp_norm norm = {.gamma = &p->rows[1].tensor,
                          .beta = &p->rows[2].tensor,
                          .running_mean = &p->rows[3].tensor,
                          .running_var = &p->rows[4].tensor,
                          .eps = 1e-3,
                          .decay = 0.9,
                          .relu = true,
                          .training = true};
    rp_tensor *y = rp_tape_conv2d(&tape, rp_tape_import(&tape, x), &p->rows[0].tensor, &window);
    y = rp_tape_dropout(&tape, rp_tape_batch_norm(&tape, y, &norm), 0.25, 3, 4);
    y = rp_tape_reshape(&tape, y, 2, (const int64_t[]){2, 4 * 3 * 6});
    y = rp_tape_linear(&tape, y, &p->rows[5].tensor, NULL, RP_F32);
    rp_tape_backward(&tape, rp_tape_cross_entropy(&tape, y, ids), false);
    adam.average = 0.9;
    adam.weight_decay = 0.1;
    adam.clip = 0.5;
    if (rp_optimiser_step(&adam, p, device, 1, NULL, &tape.error) != RP_OK ||
        rp_tape_finish(&tape) != RP_OK)
        abort();
    rp_tape_clear(&tape);
}

/* The same step on the plain loops and on the emulated GPU with memory of its own. */
static void check_learning(rp_cuda_plugin plugin) {
    rp_device *devices[2];
    rp_parameters p[2] = {0};
    float ink[2 * 8 * 5];
    int32_t labels[2] = {3, 1};
    rp_random random = rp_random_make(5, 6);
    for (size_t i = 0; i < RP_COUNT(ink); i++) ink[i] = (float)rp_random_normal(&random);
    rp_tensor x = rp_tensor_over(ink, RP_F32, 4, (const int64_t[]){2, 8, 5, 1});
    rp_tensor ids = rp_tensor_over(labels, RP_I32, 1, (const int64_t[]){2});
    plugin.reads_host = false;
    if (rp_device_create_ref(&devices[0], NULL) != RP_OK ||
        rp_cuda_device_over(&devices[1], &plugin, NULL, NULL) != RP_OK)
        abort();
    bool passed = true;
    for (int k = 0; k < 2; k++) learn_step(devices[k], &p[k], &x, &ids);
    for (int64_t i = 0; i < p[0].trained_count + p[0].state_count; i++)
        passed = passed && fabsf(p[0].values[i] - p[1].values[i]) < 1e-5f;
    for (int64_t i = 0; i < p[0].trained_count; i++)
        passed = passed && fabsf(p[0].average[i] - p[1].average[i]) < 1e-5f;
    driver_report(passed && p[1].device == devices[1], "training", "a step as on the plain loops");
    for (int k = 0; k < 2; k++) {
        rp_parameters_clear(&p[k]);
        rp_device_destroy(devices[k]);
    }
}

int main(int argc, char **argv) {
    driver_plan plan = {.seed = -1, .size = -1};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--row") == 0) plan.row = argv[i + 1];
        if (strcmp(argv[i], "--seed") == 0) plan.seed = atoll(argv[i + 1]);
        if (strcmp(argv[i], "--size") == 0) plan.size = atoll(argv[i + 1]);
    }
    rp_cuda_plugin plugin;
    rp_device *device;
    rp_error error = {0};
    driver_begin("cuda_kernels");
    if (rp_cuda_plugin_open(&plugin, RP_CUDA_PLUGIN_VERSION, &error) != RP_OK ||
        rp_cuda_device_over(&device, &plugin, NULL, &error) != RP_OK) {
        printf("# %s\n", error.text);
        return 4;
    }
    for (int op = 0; op < RP_OP_COUNT; op++)
        if (plan.row == NULL || strcmp(plan.row, rp_op_find((rp_op)op)->name) == 0)
            check_row(&plan, (rp_op)op, device);
    if (plan.row == NULL) check_large(device);
    rp_device_destroy(device);
    if (plan.row == NULL) {
        rp_cuda_plugin second;
        const rp_status other = rp_cuda_plugin_open(&second, RP_CUDA_PLUGIN_VERSION + 1, NULL);
        driver_report(other == RP_SYSTEM, "library", "one of another build is refused");
        if (rp_cuda_plugin_open(&second, RP_CUDA_PLUGIN_VERSION, NULL) != RP_OK) abort();
        check_carrying(second);
        if (rp_cuda_plugin_open(&second, RP_CUDA_PLUGIN_VERSION, NULL) != RP_OK) abort();
        check_learning(second);
    }
    return driver_end();
}
