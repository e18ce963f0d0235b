/* driver.c: one driver over all rows of the table of operations.
 *
 *     ops_driver                                     devices against the plain loops, gradients
 *     ops_driver --time [--row NAME] [--device NAME]
 *     ops_driver --row NAME --seed N --size N        what a failure says repeats it */
#include <stdio.h>
#include <stdlib.h>

#include "driver.h"
#include "tensor/cpu/cpu.h"

enum { SEEDS = 6, GRADIENT_SEEDS = 5, DEVICES_MAX = 6, THREAD_SEEDS = 2, THREADS = 2 };

/* The plain loops, the CPU device, the CPU device with the loops of each lesser level, and a GPU
 * where there is one. */
typedef struct device_list {
    rp_device *at[DEVICES_MAX];
    int count;
} device_list;

/* Does the row have a maker that uses the slots the table counts, and no other? */
static bool check_maker(rp_op op) {
    const rp_op_row *row = rp_op_find(op);
    if (op_maker_find(op) == NULL) return false;
    const op_case c = op_case_make(op, 1, 1);
    for (int i = row->ins; i < RP_INS_MAX; i++)
        if (c.in[i].kind != SLOT_NULL) return false;
    for (int i = row->outs; i < RP_OUTS_MAX; i++)
        if (c.out[i].kind != SLOT_NULL) return false;
    return true;
}

static bool check_device(const driver_plan *plan, rp_op op, rp_device *device, rp_dtype dtype) {
    bool passed = true;
    for (int seed = 0; seed < SEEDS && passed; seed++) {
        for (int size = 0; size < SIZE_COUNT && passed; size++) {
            if (!driver_is_wanted(plan->seed, seed) || !driver_is_wanted(plan->size, size))
                continue;
            const op_case c = op_case_make(op, (uint64_t)seed, size);
            passed = driver_compare(&c, device, dtype);
        }
    }
    return passed;
}

static void check_gradients(const driver_plan *plan, rp_op op, rp_device *ref) {
    bool passed = true;
    const op_case first = op_case_make(op, 0, SIZE_SMALL);
    if (!driver_has_gradient(&first)) return;
    for (int n = 0; n < 2 * GRADIENT_SEEDS && passed; n++) {
        const int seed = n / 2, size = n % 2;
        if (!driver_is_wanted(plan->seed, seed) || !driver_is_wanted(plan->size, size)) continue;
        const op_case c = op_case_make(op, (uint64_t)seed, size);
        passed = driver_gradient(&c, ref);
    }
    driver_report(passed, rp_op_find(op)->name, "gradient against finite differences, f64");
}

/* oneDNN sums the gradient of a convolution's weights over as many parts as there are threads: same
 * bits for the same number of threads, not for another. */
static bool depends_on_threads(rp_op op) { return op == RP_OP_conv2d_backward_weights; }

static void check_threads(const driver_plan *plan, rp_op op) {
    bool passed = true;
    if (depends_on_threads(op)) return;
    for (int n = 0; n < THREAD_SEEDS * SIZE_COUNT && passed; n++) {
        const int seed = n / SIZE_COUNT, size = n % SIZE_COUNT;
        if (!driver_is_wanted(plan->seed, seed) || !driver_is_wanted(plan->size, size)) continue;
        const op_case c = op_case_make(op, (uint64_t)seed, size);
        passed = driver_same_bits(&c, THREADS, RP_F32) && driver_same_bits(&c, THREADS, RP_BF16);
    }
    driver_report(passed, rp_op_find(op)->name, "same bits with one thread and with two");
}

/* On a GPU no sum may hang on which block came first. */
static void check_twice(const driver_plan *plan, rp_op op, rp_device *device) {
    bool passed = true;
    for (int n = 0; n < THREAD_SEEDS * SIZE_COUNT && passed; n++) {
        const int seed = n / SIZE_COUNT, size = n % SIZE_COUNT;
        if (!driver_is_wanted(plan->seed, seed) || !driver_is_wanted(plan->size, size)) continue;
        const op_case c = op_case_make(op, (uint64_t)seed, size);
        passed = driver_same_twice(&c, device, RP_F32, NULL) &&
                 driver_same_twice(&c, device, RP_BF16, NULL);
    }
    driver_report(passed, rp_op_find(op)->name, "same bits in two runs on the GPU");
}

static void check_row(const driver_plan *plan, rp_op op, const device_list *devices) {
    const char *name = rp_op_find(op)->name;
    driver_report(check_maker(op), name, "has cases for the slots of the table");
    for (int d = 0; d < devices->count; d++) {
        char check[64];
        if (plan->device != NULL && strcmp(plan->device, devices->at[d]->name) != 0) continue;
        snprintf(check, sizeof check, "%s against the plain loops, f32", devices->at[d]->name);
        driver_report(check_device(plan, op, devices->at[d], RP_F32), name, check);
        snprintf(check, sizeof check, "%s against the plain loops, bf16", devices->at[d]->name);
        driver_report(check_device(plan, op, devices->at[d], RP_BF16), name, check);
        if (strcmp(devices->at[d]->name, "cuda") == 0) check_twice(plan, op, devices->at[d]);
    }
    check_gradients(plan, op, devices->at[0]);
    check_threads(plan, op);
}

static void time_row(const driver_plan *plan, rp_op op, const device_list *devices) {
    for (int d = 0; d < devices->count; d++) {
        if (plan->device != NULL && strcmp(plan->device, devices->at[d]->name) != 0) continue;
        driver_time(op, devices->at[d], RP_F32);
        driver_time(op, devices->at[d], RP_BF16);
    }
}

static bool open_devices(device_list *devices) {
    static const char *const names[] = {"cpu", "cpu-2", "cpu-3"}; /* best level first */
    if (rp_device_create_ref(&devices->at[devices->count++], NULL) != RP_OK) return false;
    int found = 0;
    for (int level = 0; rp_cpu_level_name(level) != NULL && found < (int)RP_COUNT(names); level++) {
        rp_device *device;
        if (rp_device_create_cpu(&device, THREADS, NULL) != RP_OK) return false;
        if (!rp_cpu_install_level(device, level)) {
            rp_device_destroy(device);
            continue;
        }
        device->name = names[found++];
        devices->at[devices->count++] = device;
    }
    rp_error error = {0};
    rp_device *gpu;
    if (rp_device_create_cuda(&gpu, &error) == RP_OK) devices->at[devices->count++] = gpu;
    else printf("# %s\n", error.text);
    return found > 0;
}

static int usage(void) {
    fprintf(stderr, "usage: driver [--time] [--row NAME] [--device NAME] [--seed N] [--size N]\n");
    return 2;
}

/* 0, or the exit status of a wrong command line. */
static int read_options(int argc, char **argv, driver_plan *plan, bool *is_timing) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--time") == 0) {
            *is_timing = true;
            continue;
        }
        if (i + 1 == argc) return usage();
        if (strcmp(argv[i], "--row") == 0) plan->row = argv[++i];
        else if (strcmp(argv[i], "--device") == 0) plan->device = argv[++i];
        else if (strcmp(argv[i], "--seed") == 0) plan->seed = atoll(argv[++i]);
        else if (strcmp(argv[i], "--size") == 0) plan->size = atoll(argv[++i]);
        else return usage();
    }
    return 0;
}

int main(int argc, char **argv) {
    driver_plan plan = {.seed = -1, .size = -1};
    bool is_timing = false;
    device_list devices = {0};
    const int wrong = read_options(argc, argv, &plan, &is_timing);
    if (wrong != 0) return wrong;
    driver_begin("ops_driver");
    if (!open_devices(&devices)) return 4;
    for (int op = 0; op < RP_OP_COUNT; op++) {
        if (plan.row != NULL && strcmp(plan.row, rp_op_find((rp_op)op)->name) != 0) continue;
        if (is_timing) time_row(&plan, (rp_op)op, &devices);
        else check_row(&plan, (rp_op)op, &devices);
    }
    for (int d = 0; d < devices.count; d++) rp_device_destroy(devices.at[d]);
    return is_timing ? 0 : driver_end();
}
