/* test_tape.c: the walk back: accumulation, second derivatives, refusals, memory. */
#include "tensor/tape.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"

enum { LEAVES_MAX = 3, NUMBERS_MAX = 256 };

/* ---- a tape over the plain loops, and leaves with random numbers ---- */

typedef struct bench {
    rp_device *device;
    rp_tape tape;
} bench;

static bench open_bench(void) {
    bench b = {0};
    if (rp_device_create_ref(&b.device, NULL) != RP_OK) abort();
    if (rp_tape_init(&b.tape, b.device, NULL) != RP_OK) abort();
    return b;
}

static void close_bench(bench *b) {
    rp_tape_clear(&b->tape);
    rp_device_destroy(b->device);
}

typedef struct leaf {
    rp_tensor tensor;
    double values[NUMBERS_MAX];
} leaf;

static void fill_leaf(leaf *l, int dims, const int64_t *shape, uint64_t seed) {
    rp_random random = rp_random_make(seed, 5);
    l->tensor = rp_tensor_over(l->values, RP_F64, dims, shape);
    l->tensor.needs_grad = true;
    for (int64_t i = 0; i < rp_tensor_count(&l->tensor); i++)
        l->values[i] = rp_random_between(&random, 0.3, 1.7); /* positive: log and power too */
}

static double grad_of(const leaf *l, int64_t i) { return rp_tensor_get(l->tensor.grad, i); }

/* ---- first derivatives ---- */

TEST(a_tensor_used_twice_gathers_both_gradients) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){5}, 1);
    rp_tensor *square = rp_tape_mul(&b.tape, &x.tensor, &x.tensor);
    rp_tensor *y = rp_tape_add(&b.tape, rp_tape_add(&b.tape, square, &x.tensor), square);
    rp_tensor *loss = rp_tape_sum(&b.tape, y, 0, NULL);
    CHECK(rp_tape_backward(&b.tape, loss, false) == RP_OK);
    for (int i = 0; i < 5; i++) CHECK_NEAR(grad_of(&x, i), 4 * x.values[i] + 1, 1e-12);
    close_bench(&b);
}

TEST(adding_a_tensor_to_itself_doubles_its_gradient) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){3}, 1);
    rp_tensor *loss = rp_tape_sum(&b.tape, rp_tape_add(&b.tape, &x.tensor, &x.tensor), 0, NULL);
    CHECK(rp_tape_backward(&b.tape, loss, false) == RP_OK);
    for (int i = 0; i < 3; i++) CHECK_NEAR(grad_of(&x, i), 2, 0);
    close_bench(&b);
}

/* add passes its own gradient on to the wide summand, and a sum of it to the narrow one. */
TEST(a_gradient_passed_on_whole_outlives_the_node_that_passed_it) {
    bench b = open_bench();
    leaf x, bias;
    fill_leaf(&x, 2, (const int64_t[]){3, 2}, 1);
    fill_leaf(&bias, 1, &(const int64_t){2}, 2);
    rp_tensor *y = rp_tape_exp(&b.tape, &x.tensor);
    y = rp_tape_scale(&b.tape, rp_tape_add(&b.tape, y, &bias.tensor), 2, 0);
    CHECK(rp_tape_backward(&b.tape, rp_tape_sum(&b.tape, y, 0, NULL), false) == RP_OK);
    for (int i = 0; i < 6; i++) CHECK_NEAR(grad_of(&x, i), 2 * exp(x.values[i]), 1e-12);
    for (int i = 0; i < 2; i++) CHECK_NEAR(grad_of(&bias, i), 6, 1e-12);
    close_bench(&b);
}

TEST(a_gradient_bound_by_the_caller_is_added_to_and_survives_the_reset) {
    bench b = open_bench();
    leaf x;
    double sums[4] = {10, 20, 30, 40};
    fill_leaf(&x, 1, &(const int64_t){4}, 2);
    rp_tensor bound = rp_tensor_over(sums, RP_F64, 1, &(const int64_t){4});
    x.tensor.grad = &bound;
    for (int round = 0; round < 3; round++) {
        rp_tensor *y = rp_tape_scale(&b.tape, &x.tensor, 3, 1);
        CHECK(rp_tape_backward(&b.tape, rp_tape_sum(&b.tape, y, 0, NULL), false) == RP_OK);
        rp_tape_reset(&b.tape);
        CHECK(x.tensor.grad == &bound);
    }
    for (int i = 0; i < 4; i++) CHECK_NEAR(sums[i], 10 * (i + 1) + 9, 1e-12);
    close_bench(&b);
}

TEST(a_gradient_of_the_tape_is_forgotten_by_the_reset) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){4}, 2);
    for (int round = 0; round < 2; round++) {
        rp_tensor *y = rp_tape_scale(&b.tape, &x.tensor, 3, 1);
        CHECK(rp_tape_backward(&b.tape, rp_tape_sum(&b.tape, y, 0, NULL), false) == RP_OK);
        CHECK_NEAR(grad_of(&x, 0), 3, 1e-12);
        rp_tape_reset(&b.tape);
        CHECK(x.tensor.grad == NULL);
    }
    close_bench(&b);
}

TEST(a_second_loss_of_the_same_tape_adds_to_the_leaves) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){4}, 3);
    rp_tensor *first = rp_tape_sum(&b.tape, rp_tape_scale(&b.tape, &x.tensor, 3, 0), 0, NULL);
    CHECK(rp_tape_backward(&b.tape, first, false) == RP_OK);
    rp_tensor *second = rp_tape_sum(&b.tape, rp_tape_exp(&b.tape, &x.tensor), 0, NULL);
    CHECK(rp_tape_backward(&b.tape, second, false) == RP_OK);
    for (int i = 0; i < 4; i++) CHECK_NEAR(grad_of(&x, i), 3 + exp(x.values[i]), 1e-12);
    close_bench(&b);
}

TEST(another_shape_passes_gradients_through_and_leaves_the_upstream_tensor_alone) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 2, (const int64_t[]){2, 3}, 3);
    double upstream[6] = {1, 2, 3, 4, 5, 6};
    rp_tensor gy = rp_tensor_over(upstream, RP_F64, 1, &(const int64_t){6});
    rp_tensor *y = rp_tape_reshape(&b.tape, &x.tensor, 1, &(const int64_t){6});
    CHECK(rp_tape_backward_from(&b.tape, y, &gy, false) == RP_OK);
    CHECK_INT(gy.dims, 1);
    REQUIRE(x.tensor.grad != NULL);
    CHECK_INT(x.tensor.grad->dims, 2);
    for (int i = 0; i < 6; i++) CHECK_NEAR(grad_of(&x, i), i + 1, 0);
    close_bench(&b);
}

TEST(dropout_drops_in_the_gradient_what_it_dropped_in_the_value) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){200}, 4);
    rp_tensor *y = rp_tape_dropout(&b.tape, &x.tensor, 0.3, 11, 12);
    double values[200];
    int dropped = 0;
    for (int i = 0; i < 200; i++) values[i] = rp_tensor_get(y, i);
    CHECK(rp_tape_backward(&b.tape, rp_tape_sum(&b.tape, y, 0, NULL), false) == RP_OK);
    for (int i = 0; i < 200; i++) {
        dropped += values[i] == 0;
        CHECK_NEAR(grad_of(&x, i), values[i] / x.values[i], 1e-12);
    }
    CHECK(dropped > 35 && dropped < 85); /* 60, four deviations of 6.5 */
    CHECK(rp_tape_dropout(&b.tape, &x.tensor, 0, 1, 1) == &x.tensor);
    b.tape.recording = false;
    CHECK(rp_tape_dropout(&b.tape, &x.tensor, 0.5, 1, 1) == &x.tensor);
    close_bench(&b);
}

TEST(a_tape_that_does_not_record_has_no_gradients) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){4}, 4);
    b.tape.recording = false;
    rp_tensor *y = rp_tape_sum(&b.tape, rp_tape_exp(&b.tape, &x.tensor), 0, NULL);
    CHECK_INT(b.tape.node_count, 0);
    CHECK(!y->needs_grad);
    CHECK(rp_tape_backward(&b.tape, y, false) == RP_OK);
    CHECK(x.tensor.grad == NULL);
    close_bench(&b);
}

TEST(gradients_of_bf16_activations_reach_f32_parameters) {
    bench b = open_bench();
    float weights[6] = {1, -2, 3, 0.5f, 0.25f, -1};
    uint16_t inputs[4];
    for (int i = 0; i < 4; i++) inputs[i] = rp_f32_to_bf16((float)(i + 1));
    rp_tensor w = rp_tensor_over(weights, RP_F32, 2, (const int64_t[]){3, 2});
    rp_tensor x = rp_tensor_over(inputs, RP_BF16, 2, (const int64_t[]){2, 2});
    w.needs_grad = x.needs_grad = true;
    rp_tensor *y = rp_tape_linear(&b.tape, &x, &w, NULL, RP_BF16);
    rp_tensor *loss = rp_tape_sum(&b.tape, rp_tape_cast(&b.tape, y, RP_F32), 0, NULL);
    CHECK(rp_tape_backward(&b.tape, loss, false) == RP_OK);
    REQUIRE(w.grad != NULL && x.grad != NULL);
    CHECK(w.grad->dtype == RP_F32 && x.grad->dtype == RP_BF16);
    for (int i = 0; i < 6; i++) CHECK_NEAR(rp_tensor_get(w.grad, i), i % 2 == 0 ? 4 : 6, 0);
    CHECK_NEAR(rp_tensor_get(x.grad, 0), 1 + 3 + 0.25, 0);
    CHECK_NEAR(rp_tensor_get(x.grad, 1), -2 + 0.5 - 1, 0);
    close_bench(&b);
}

/* ---- second derivatives ---- */

typedef struct builder {
    const char *name;
    rp_tensor *(*build)(rp_tape *tape, rp_tensor **leaves);
    int leaves;
    int dims[LEAVES_MAX];
    int64_t shape[LEAVES_MAX][RP_DIMS_MAX];
} builder;

static rp_tensor *build_elementwise(rp_tape *t, rp_tensor **x) {
    rp_tensor *a = rp_tape_tanh(t, rp_tape_mul(t, x[0], x[1]));
    rp_tensor *b = rp_tape_sigmoid(t, rp_tape_add(t, x[0], x[2])); /* x[2] is broadcast */
    rp_tensor *c = rp_tape_exp(t, rp_tape_scale(t, x[1], -0.5, 0.2));
    return rp_tape_mul(t, rp_tape_add(t, a, b), c);
}
static rp_tensor *build_powers(rp_tape *t, rp_tensor **x) {
    rp_tensor *a = rp_tape_log(t, rp_tape_mul(t, x[0], x[0]));
    return rp_tape_mul(t, rp_tape_power(t, x[0], 2.5),
                       rp_tape_add(t, a, rp_tape_power(t, x[1], -1)));
}
static rp_tensor *build_relu(rp_tape *t, rp_tensor **x) {
    rp_tensor *a = rp_tape_relu(t, rp_tape_scale(t, x[0], 1, -1));
    return rp_tape_mul(t, a, rp_tape_mul(t, a, x[1]));
}
static rp_tensor *build_matmul(rp_tape *t, rp_tensor **x) {
    rp_tensor *product = rp_tape_matmul(t, x[0], x[1], false, false);
    return rp_tape_mul(t, product, product);
}
static rp_tensor *build_matmul_transposed(rp_tape *t, rp_tensor **x) {
    return rp_tape_tanh(t, rp_tape_matmul(t, x[0], x[1], true, true));
}
static rp_tensor *build_reductions(rp_tape *t, rp_tensor **x) {
    const int64_t row = x[0]->shape[1], all[2] = {x[0]->shape[0], x[0]->shape[1]};
    rp_tensor *column = rp_tape_sum(t, rp_tape_mul(t, x[0], x[0]), 1, &row);
    rp_tensor *wide = rp_tape_expand(t, column, 2, all);
    rp_tensor *last = rp_tape_sum_last(t, rp_tape_exp(t, x[0]));
    return rp_tape_mul(t, wide, rp_tape_mul(t, rp_tape_expand_last(t, last, row), x[0]));
}
static rp_tensor *build_softmax(rp_tape *t, rp_tensor **x) {
    return rp_tape_mul(t, rp_tape_softmax(t, rp_tape_mul(t, x[0], x[1])), x[1]);
}
static rp_tensor *build_linear(rp_tape *t, rp_tensor **x) {
    return rp_tape_tanh(t, rp_tape_linear(t, x[0], x[1], x[2], RP_F64));
}
static rp_tensor *build_convolution(rp_tape *t, rp_tensor **x) {
    static const rp_window window = {.stride = {2, 1}, .pad = {0, 1, 1, 1}};
    return rp_tape_tanh(t, rp_tape_scale(t, rp_tape_conv2d(t, x[0], x[1], &window), 0.2, -1));
}
static rp_tensor *build_views(rp_tape *t, rp_tensor **x) {
    const int64_t flat = rp_tensor_count(x[0]);
    rp_tensor *y = rp_tape_reshape(t, rp_tape_exp(t, x[0]), 1, &flat);
    return rp_tape_mul(t, y, y);
}

static const builder builders[] = {
    {"elementwise", build_elementwise, 3, {2, 2, 1}, {{3, 4}, {3, 4}, {4}}},
    {"log and power", build_powers, 2, {1, 1}, {{6}, {6}}},
    {"relu", build_relu, 2, {1, 1}, {{9}, {9}}},
    {"matmul", build_matmul, 2, {2, 2}, {{2, 3}, {3, 4}}},
    {"matmul, transposed", build_matmul_transposed, 2, {2, 2}, {{3, 2}, {4, 3}}},
    {"reductions", build_reductions, 1, {2}, {{3, 4}}},
    {"softmax", build_softmax, 2, {2, 2}, {{3, 5}, {3, 5}}},
    {"linear", build_linear, 3, {3, 2, 1}, {{2, 3, 4}, {5, 4}, {5}}},
    {"convolution", build_convolution, 2, {4, 4}, {{2, 5, 3, 2}, {3, 3, 3, 2}}},
    {"views", build_views, 1, {2}, {{3, 4}}},
};

/* Number i of the fixed weights that make one number of many. */
static double mix(int64_t i) { return sin(1.0 + 1.7 * (double)i); }

/* S = sum over leaves of mix . (gradient of mix . y). With `graph` S as a tensor of the tape. */
static double first_gradients(bench *b, const builder *f, leaf *leaves, rp_tensor **graph) {
    rp_tensor *x[LEAVES_MAX] = {&leaves[0].tensor, &leaves[1].tensor, &leaves[2].tensor};
    rp_tape *t = &b->tape;
    rp_tensor *y = f->build(t, x);
    rp_tensor *gy = rp_tape_zeros(t, RP_F64, y->dims, y->shape);
    for (int64_t i = 0; i < rp_tensor_count(gy); i++) rp_tensor_set(gy, i, mix(i));
    if (rp_tape_backward_from(t, y, gy, graph != NULL) != RP_OK) abort();
    double sum = 0;
    for (int n = 0; n < f->leaves; n++) {
        rp_tensor *g = leaves[n].tensor.grad;
        leaves[n].tensor.grad = NULL;
        rp_tensor *u = rp_tape_zeros(t, RP_F64, g->dims, g->shape);
        for (int64_t i = 0; i < rp_tensor_count(g); i++) {
            rp_tensor_set(u, i, mix(i + 100));
            sum += mix(i + 100) * rp_tensor_get(g, i);
        }
        if (graph == NULL) continue;
        rp_tensor *part = rp_tape_sum(t, rp_tape_mul(t, g, u), 0, NULL);
        *graph = *graph == NULL ? part : rp_tape_add(t, *graph, part);
    }
    return sum;
}

static double difference(bench *b, const builder *f, leaf *leaves, double *x) {
    static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
    const double kept = *x, h = 1e-3;
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        *x = kept + at[i] * h;
        rp_tape_reset(&b->tape);
        sum += weight[i] * first_gradients(b, f, leaves, NULL);
    }
    *x = kept;
    return sum / (12 * h);
}

static void check_second(const builder *f) {
    bench b = open_bench(), other = open_bench();
    leaf leaves[LEAVES_MAX] = {0};
    for (int n = 0; n < f->leaves; n++)
        fill_leaf(&leaves[n], f->dims[n], f->shape[n], (uint64_t)n + 7);
    rp_tensor *s = NULL;
    first_gradients(&b, f, leaves, &s);
    if (rp_tape_backward(&b.tape, s, false) != RP_OK)
        check_failed(__FILE__, __LINE__, "%s: %s", f->name, b.tape.error.text);
    const rp_tensor *seconds[LEAVES_MAX] = {0};
    for (int n = 0; n < f->leaves; n++) {
        seconds[n] = leaves[n].tensor.grad;
        leaves[n].tensor.grad = NULL;
    }
    for (int n = 0; n < f->leaves; n++) {
        const rp_tensor *second = seconds[n];
        const int64_t count = rp_tensor_count(&leaves[n].tensor);
        for (int64_t i = 0; i < count; i++) {
            const double expected = difference(&other, f, leaves, &leaves[n].values[i]);
            const double found = second == NULL ? 0 : rp_tensor_get(second, i);
            if (!(fabs(found - expected) <= 1e-6 * (1 + fabs(expected))))
                check_failed(__FILE__, __LINE__, "%s, leaf %d [%d]: %.10g, differences %.10g",
                             f->name, n, (int)i, found, expected);
        }
    }
    close_bench(&b);
    close_bench(&other);
}

TEST(second_derivatives_agree_with_differences_of_the_first) {
    for (size_t i = 0; i < RP_COUNT(builders); i++) check_second(&builders[i]);
}

TEST(the_third_derivative_of_x_to_the_fourth_is_24_x) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){1}, 9);
    rp_tensor *y = rp_tape_mul(&b.tape, &x.tensor, &x.tensor);
    y = rp_tape_mul(&b.tape, y, y);
    for (int order = 0; order < 3; order++) {
        REQUIRE(rp_tape_backward(&b.tape, y, true) == RP_OK);
        y = x.tensor.grad;
        x.tensor.grad = NULL;
    }
    CHECK_NEAR(rp_tensor_get(y, 0), 24 * x.values[0], 1e-12);
    close_bench(&b);
}

TEST(a_bound_gradient_stays_the_callers_when_gradients_are_recorded) {
    bench b = open_bench();
    leaf x;
    double sum = 1;
    fill_leaf(&x, 1, &(const int64_t){1}, 9);
    rp_tensor bound = rp_tensor_over(&sum, RP_F64, 1, &(const int64_t){1});
    x.tensor.grad = &bound;
    rp_tensor *y = rp_tape_mul(&b.tape, &x.tensor, &x.tensor);
    REQUIRE(rp_tape_backward(&b.tape, y, true) == RP_OK);
    CHECK_NEAR(sum, 1 + 2 * x.values[0], 1e-12);
    rp_tape_reset(&b.tape);
    CHECK(x.tensor.grad == &bound);
    close_bench(&b);
}

TEST(two_leaves_that_are_given_one_gradient_have_one_each) {
    bench b = open_bench();
    leaf x, y;
    fill_leaf(&x, 1, &(const int64_t){1}, 1);
    fill_leaf(&y, 1, &(const int64_t){1}, 2);
    rp_tensor *sum = rp_tape_add(&b.tape, &x.tensor, &y.tensor);
    REQUIRE(rp_tape_backward(&b.tape, sum, true) == RP_OK);
    rp_tensor *more = rp_tape_scale(&b.tape, &x.tensor, 10, 0);
    REQUIRE(rp_tape_backward(&b.tape, more, false) == RP_OK);
    CHECK_NEAR(rp_tensor_get(x.tensor.grad, 0), 11, 0);
    CHECK_NEAR(rp_tensor_get(y.tensor.grad, 0), 1, 0);
    close_bench(&b);
}

/* ---- what cannot be done is said ---- */

TEST(a_window_larger_than_its_image_is_refused) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 4, (const int64_t[]){1, 2, 2, 1}, 4);
    const rp_window window = {.kernel = {5, 5}, .stride = {1, 1}};
    CHECK(rp_tape_max_pool2d(&b.tape, &x.tensor, &window) == NULL);
    CHECK(b.tape.status == RP_USAGE);
    close_bench(&b);
}

static rp_tensor *fuse_cross_entropy(rp_tape *t, rp_tensor *x) {
    static int32_t ids[2] = {1, 0};
    static rp_tensor tensor;
    tensor = rp_tensor_over(ids, RP_I32, 1, &(const int64_t){2});
    return rp_tape_cross_entropy(t, rp_tape_reshape(t, x, 2, (const int64_t[]){2, 8}), &tensor);
}
static rp_tensor *fuse_binary(rp_tape *t, rp_tensor *x) {
    rp_tensor *target = rp_tape_zeros(t, RP_F64, 4, x->shape);
    return rp_tape_binary_cross_entropy(t, x, target, rp_tape_exp(t, target));
}
static rp_tensor *fuse_max_pool(rp_tape *t, rp_tensor *x) {
    return rp_tape_max_pool2d(t, x, &(rp_window){.kernel = {2, 2}, .stride = {2, 2}});
}
static rp_tensor *fuse_batch_norm(rp_tape *t, rp_tensor *x) {
    rp_tensor *channel[4];
    for (int i = 0; i < 4; i++) channel[i] = rp_tape_zeros(t, RP_F64, 1, &(const int64_t){2});
    return rp_tape_batch_norm(t, x,
                              &(rp_norm){.gamma = channel[0],
                                         .beta = channel[1],
                                         .running_mean = channel[2],
                                         .running_var = channel[3],
                                         .eps = 1e-5,
                                         .training = true});
}
static rp_tensor *fuse_lstm(rp_tape *t, rp_tensor *x) {
    rp_tensor *y = rp_tape_reshape(t, x, 3, (const int64_t[]){2, 4, 2});
    return rp_tape_lstm(t, y,
                        &(rp_lstm){.wx = rp_tape_zeros(t, RP_F64, 3, (const int64_t[]){1, 12, 2}),
                                   .wh = rp_tape_zeros(t, RP_F64, 3, (const int64_t[]){1, 12, 3}),
                                   .b = rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){1, 12})});
}

TEST(a_fused_operation_refuses_a_second_derivative_by_name) {
    static const struct {
        const char *name;
        rp_tensor *(*build)(rp_tape *tape, rp_tensor *x);
    } fused[] = {{"cross_entropy", fuse_cross_entropy},
                 {"binary_cross_entropy", fuse_binary},
                 {"max_pool2d", fuse_max_pool},
                 {"batch_norm", fuse_batch_norm},
                 {"lstm", fuse_lstm}};
    for (size_t i = 0; i < RP_COUNT(fused); i++) {
        bench b = open_bench();
        leaf x;
        fill_leaf(&x, 4, (const int64_t[]){2, 2, 2, 2}, 4);
        rp_tensor *y = fused[i].build(&b.tape, &x.tensor);
        rp_tensor *loss = rp_tape_sum(&b.tape, y, 0, NULL);
        CHECK(rp_tape_backward(&b.tape, loss, true) != RP_OK);
        CHECK(strncmp(b.tape.error.text, fused[i].name, strlen(fused[i].name)) == 0);
        CHECK(rp_tape_add(&b.tape, y, y) == NULL); /* the failure stays */
        close_bench(&b);
    }
}

/* One step, one column, everything 1 wide. */
static rp_tensor *one_step(rp_tape *t, rp_tensor *enc, bool goes_on) {
    static int32_t span_numbers[3] = {0, 0, 1}, id;
    static rp_tensor spans, ids;
    spans = rp_tensor_over(span_numbers, RP_I32, 2, (const int64_t[]){1, 3});
    ids = rp_tensor_over(&id, RP_I32, 2, (const int64_t[]){1, 1});
    const rp_decoder d = {
        .spans = &spans,
        .ids = &ids,
        .e = rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){1, 1}),
        .wq = rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){1, 2}),
        .bq = rp_tape_zeros(t, RP_F64, 1, (const int64_t[]){1}),
        .v = rp_tape_zeros(t, RP_F64, 1, (const int64_t[]){2}),
        .wx = rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){4, 2}),
        .wh = rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){4, 1}),
        .b = rp_tape_zeros(t, RP_F64, 1, (const int64_t[]){4}),
        .h0 = goes_on ? rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){1, 1}) : NULL,
        .c0 = goes_on ? rp_tape_zeros(t, RP_F64, 2, (const int64_t[]){1, 1}) : NULL,
        .span_max = 1};
    return rp_tape_decoder(t, enc, enc, &d).h;
}

TEST(a_decoder_that_goes_on_from_a_state_refuses_gradients) {
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        bench b = open_bench();
        leaf enc;
        fill_leaf(&enc, 3, (const int64_t[]){1, 1, 1}, 4);
        rp_tensor *loss =
            rp_tape_sum(&b.tape, one_step(&b.tape, &enc.tensor, goes_on == 1), 0, NULL);
        CHECK((rp_tape_backward(&b.tape, loss, false) == RP_OK) == (goes_on == 0));
        close_bench(&b);
    }
}

TEST(a_failed_tape_takes_null_and_works_again_after_the_reset) {
    bench b = open_bench();
    leaf x;
    fill_leaf(&x, 1, &(const int64_t){4}, 4);
    b.tape.status = RP_SYSTEM;
    rp_tensor *y = rp_tape_add(&b.tape, rp_tape_exp(&b.tape, &x.tensor), NULL);
    CHECK(y == NULL && rp_tape_softmax(&b.tape, y) == NULL);
    CHECK(rp_tape_sum(&b.tape, y, 0, NULL) == NULL);
    CHECK(rp_tape_backward(&b.tape, y, false) == RP_SYSTEM);
    rp_tape_reset(&b.tape);
    CHECK(rp_tape_exp(&b.tape, &x.tensor) != NULL);
    close_bench(&b);
}

/* ---- memory ---- */

static void train_round(bench *b, leaf *leaves, bool create_graph) {
    rp_tensor *x = &leaves[0].tensor, *w = &leaves[1].tensor;
    rp_tensor *y = rp_tape_tanh(&b->tape, rp_tape_matmul(&b->tape, x, w, false, false));
    rp_tensor *loss = rp_tape_sum(&b->tape, rp_tape_mul(&b->tape, y, y), 0, NULL);
    CHECK(rp_tape_backward(&b->tape, loss, create_graph) == RP_OK);
    rp_tape_reset(&b->tape);
}

TEST(after_the_first_round_of_a_loop_nothing_is_allocated) {
    for (int graph = 0; graph < 2; graph++) {
        bench b = open_bench();
        leaf leaves[2];
        fill_leaf(&leaves[0], 2, (const int64_t[]){9, 7}, 1);
        fill_leaf(&leaves[1], 2, (const int64_t[]){7, 13}, 2);
        train_round(&b, leaves, graph == 1);
        const uint64_t allocations = rp_store_allocations(b.tape.store);
        const size_t bytes = rp_store_bytes(b.tape.store), arena = b.tape.arena.total_bytes;
        for (int round = 0; round < 20; round++) train_round(&b, leaves, graph == 1);
        CHECK_INT(rp_store_allocations(b.tape.store), allocations);
        CHECK_INT(rp_store_bytes(b.tape.store), bytes);
        CHECK_INT(b.tape.arena.total_bytes, arena);
        close_bench(&b);
    }
}

/* A chain of a hundred results, each given back once the next is made, needs the room of two; where
 * the way back is recorded they all stay. */
TEST(a_released_result_makes_room_unless_the_way_back_needs_it) {
    enum { LINKS = 100 };
    const int64_t count = 1000;
    for (int recording = 0; recording < 2; recording++) {
        bench b = open_bench();
        b.tape.recording = recording;
        rp_tensor *x = rp_tape_zeros(&b.tape, RP_F32, 1, &count);
        for (int i = 0; i < LINKS; i++) {
            rp_tensor *y = rp_tape_scale(&b.tape, x, 1, 1);
            rp_tape_release(&b.tape, x);
            x = y;
        }
        REQUIRE(x != NULL);
        CHECK(rp_tensor_get(x, count - 1) == LINKS);
        CHECK_INT(rp_store_allocations(b.tape.store), recording ? LINKS + 1 : 2);
        close_bench(&b);
    }
}

TEST(the_store_gives_back_what_fits_and_aligns_to_64) {
    rp_device *device;
    rp_store *store;
    REQUIRE(rp_device_create_ref(&device, NULL) == RP_OK);
    REQUIRE(rp_store_create(&store, device, NULL) == RP_OK);
    rp_random random = rp_random_make(1, 1);
    for (int i = 0; i < 500; i++) {
        const size_t bytes = rp_random_below(&random, 1u << (4 + i % 16));
        unsigned char *data = rp_store_take(store, bytes);
        REQUIRE(data != NULL);
        CHECK((uintptr_t)data % 64 == 0);
        memset(data, 0x5A, bytes); /* the sanitizer sees if that is too much */
        rp_store_give(store, data);
        CHECK(rp_store_take(store, bytes) == data);
        rp_store_give(store, data);
    }
    CHECK(rp_store_allocations(store) < 160); /* of 500: few sizes are new */
    rp_store_destroy(store);
    rp_device_destroy(device);
}
