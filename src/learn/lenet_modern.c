/* lenet_modern.c: see lenet_modern.h. Images lie as (B, W, H, C) in the engine; a digit's rows are
 * laid along W, which changes nothing for square kernels. */
#include "learn/lenet_modern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/fold.h"

enum { SIDE = RP_DISTORT_SIDE, KERNEL = 3 };
#define EPS 1e-5 /* of the norms */

#define SMALL_ROWS                                                    \
    4, {                                                              \
        {16, 0, true}, {32, 0, true}, {48, 0, true}, { 64, 0, false } \
    }

#define ALL_OF(views) views, RP_COUNT(views)

static const rp_lenet_view as_is[] = {{0, 0, false}};

/* Of clothes, what was learnt from both sides and a little moved is asked so too. */
static const rp_lenet_view around_both_sides[] = {
    {0, 0, false}, {1, 0, false}, {-1, 0, false}, {0, 1, false}, {0, -1, false},
    {0, 0, true},  {1, 0, true},  {-1, 0, true},  {0, 1, true},  {0, -1, true},
};

static const rp_lenet_shape shapes[] = {
    {"modern", {30, 0.004, 0.01, RP_DISTORT_MODERN}, ALL_OF(as_is), false, SMALL_ROWS},
    {"large",
     {16, 0.004, 0.02, RP_DISTORT_MODERN},
     ALL_OF(as_is),
     true,
     5,
     {{16, 0, true}, {64, 0, false}, {64, 1, true}, {128, 0, false}, {128, 1, false}}},
    {"fashion",
     {20, 0.004, 0.01, RP_DISTORT_FASHION},
     ALL_OF(around_both_sides),
     false,
     SMALL_ROWS},
    {"fashion-large",
     {24, 0.004, 0.05, RP_DISTORT_FASHION},
     ALL_OF(around_both_sides),
     false,
     9,
     {{16, 0, false},
      {32, 0, true},
      {64, 0, false},
      {64, 1, true},
      {128, 0, false},
      {128, 1, false},
      {128, 1, true},
      {160, 0, false},
      {160, 1, false}}},
};

const rp_lenet_shape *rp_lenet_shape_find(const char *name) {
    for (size_t k = 0; k < RP_COUNT(shapes); k++)
        if (strcmp(shapes[k].name, name) == 0) return &shapes[k];
    return NULL;
}

/* -- Parameters ----------------------------------------------------------------------------------
 */

static void add_row(rp_parameters *parameters, const char *format, int row, rp_init init,
                    int64_t count) {
    char name[RP_PARAMETER_NAME_MAX];
    snprintf(name, sizeof name, format, row); /* `format` is one of the literals below */
    rp_parameters_add(parameters, name, init, strstr(format, "running") == NULL, 1, &count);
}

static void add_parameters(rp_parameters *parameters, const rp_lenet_shape *shape) {
    int64_t before = 1, side = SIDE;
    for (int row = 0; row < shape->row_count; row++) {
        const int64_t maps = shape->rows[row].maps, kernel[4] = {maps, KERNEL, KERNEL, before};
        char name[RP_PARAMETER_NAME_MAX];
        snprintf(name, sizeof name, "conv.%d.weight", row);
        rp_parameters_add(parameters, name, RP_INIT_HE, true, 4, kernel);
        add_row(parameters, "norm.%d.gamma", row, RP_INIT_ONES, maps);
        add_row(parameters, "norm.%d.beta", row, RP_INIT_ZEROS, maps);
        add_row(parameters, "norm.%d.running_mean", row, RP_INIT_ZEROS, maps);
        add_row(parameters, "norm.%d.running_var", row, RP_INIT_ONES, maps);
        before = maps;
        if (shape->rows[row].has_pool) side /= 2;
    }
    const int64_t full[2] = {RP_LENET_CLASSES, shape->has_mean ? before : side * side * before},
                  classes = RP_LENET_CLASSES;
    rp_parameters_add(parameters, "full.weight", RP_INIT_GLOROT, true, 2, full);
    rp_parameters_add(parameters, "full.bias", RP_INIT_ZEROS, true, 1, &classes);
}

/* Rows of the folded net: two a layer. */
static void add_folded(rp_parameters *folded, const rp_lenet_shape *shape) {
    int64_t before = 1;
    for (int row = 0; row < shape->row_count; row++) {
        const int64_t maps = shape->rows[row].maps, kernel[4] = {maps, KERNEL, KERNEL, before};
        char name[RP_PARAMETER_NAME_MAX];
        snprintf(name, sizeof name, "conv.%d.weight", row);
        rp_parameters_add(folded, name, RP_INIT_ZEROS, true, 4, kernel);
        snprintf(name, sizeof name, "conv.%d.bias", row);
        rp_parameters_add(folded, name, RP_INIT_ZEROS, true, 1, &maps);
        before = maps;
    }
}

rp_status rp_lenet_modern_init(rp_lenet_modern *net, const rp_lenet_shape *shape, uint64_t seed,
                               rp_lenet_place place, rp_error *error) {
    *net = (rp_lenet_modern){.shape = shape};
    rp_status status = rp_device_create(&net->device, place.device, place.threads, error);
    if (status == RP_OK) status = rp_tape_init(&net->tape, net->device, error);
    if (status == RP_OK) {
        add_parameters(&net->parameters, shape);
        add_folded(&net->folded, shape);
        status = rp_parameters_plan(&net->parameters, seed, true, error);
    }
    if (status == RP_OK) status = rp_parameters_plan(&net->folded, seed, false, error);
    if (status == RP_OK) status = rp_parameters_move(&net->parameters, net->device, error);
    if (status == RP_OK) status = rp_parameters_move(&net->folded, net->device, error);
    if (status == RP_OK) status = rp_pool_create(&net->pool, net->device->threads, error);
    net->asks_tape = !rp_answer_is_possible() || strcmp(place.device, "cpu") != 0;
    if (status != RP_OK) rp_lenet_modern_clear(net);
    return status;
}

void rp_lenet_modern_clear(rp_lenet_modern *net) {
    rp_parameters_clear(&net->parameters);
    rp_parameters_clear(&net->folded);
    rp_answer_clear(&net->answer);
    rp_pool_destroy(net->pool);
    free(net->rooms);
    if (net->tape.device != NULL) rp_tape_clear(&net->tape);
    rp_device_destroy(net->device);
    *net = (rp_lenet_modern){0};
}

/* -- Forward ------------------------------------------------------------------------------------
 */

/* Rows stand in the order of add_parameters: five a layer. */
static rp_tensor *tensor_of(rp_lenet_modern *net, int row, int which) {
    return &net->parameters.rows[row * 5 + which].tensor;
}

static const rp_window half = {.kernel = {2, 2}, .stride = {2, 2}};
static const rp_window around = {{KERNEL, KERNEL}, {1, 1}, {1, 1, 1, 1}};

/* Layer `row` over `x`; `earlier` is what it adds, or NULL. decay < 0: with running statistics. */
static rp_tensor *run_row(rp_lenet_modern *net, rp_tensor *x, rp_tensor *earlier, int row,
                          double decay) {
    const rp_lenet_row *r = &net->shape->rows[row];
    x = rp_tape_conv2d(&net->tape, x, tensor_of(net, row, 0), &around);
    const rp_norm norm = {.gamma = tensor_of(net, row, 1),
                          .beta = tensor_of(net, row, 2),
                          .running_mean = tensor_of(net, row, 3),
                          .running_var = tensor_of(net, row, 4),
                          .residual = earlier,
                          .eps = EPS,
                          .decay = fmax(decay, 0),
                          .relu = true,
                          .training = decay >= 0};
    x = rp_tape_batch_norm(&net->tape, x, &norm);
    return r->has_pool ? rp_tape_max_pool2d(&net->tape, x, &half) : x;
}

/* The same in use, with the norm folded into the convolution. */
static rp_tensor *run_folded(rp_lenet_modern *net, rp_tensor *x, rp_tensor *earlier, int row,
                             double decay) {
    const rp_lenet_row *r = &net->shape->rows[row];
    const rp_filter filter = {.w = &net->folded.rows[row * 2].tensor,
                              .b = &net->folded.rows[row * 2 + 1].tensor,
                              .relu = earlier == NULL};
    (void)decay;
    x = rp_tape_conv2d_bias(&net->tape, x, &filter, &around);
    if (earlier != NULL) x = rp_tape_relu(&net->tape, rp_tape_add(&net->tape, x, earlier));
    return r->has_pool ? rp_tape_max_pool2d(&net->tape, x, &half) : x;
}

typedef rp_tensor *(*run_row_fn)(rp_lenet_modern *net, rp_tensor *x, rp_tensor *earlier, int row,
                                 double decay);

/* The first `rows` layers over f32 images. */
static rp_tensor *run_rows(rp_lenet_modern *net, rp_tensor *images, int rows, run_row_fn run,
                           double decay) {
    rp_tensor *outputs[RP_LENET_ROWS_MAX];
    rp_tensor *x = rp_tape_cast(&net->tape, images, RP_BF16);
    for (int row = 0; row < rows; row++) {
        const int adds = net->shape->rows[row].adds;
        x = outputs[row] = run(net, x, adds > 0 ? outputs[row - adds] : NULL, row, decay);
    }
    return x;
}

static void fold(rp_lenet_modern *net) {
    if (net->is_folded) return;
    for (int row = 0; row < net->shape->row_count; row++) {
        const rp_tensor *weights = tensor_of(net, row, 0);
        const rp_foldable layer = {.weights = weights->data,
                                   .gamma = tensor_of(net, row, 1)->data,
                                   .beta = tensor_of(net, row, 2)->data,
                                   .mean = tensor_of(net, row, 3)->data,
                                   .var = tensor_of(net, row, 4)->data,
                                   .outputs = weights->shape[0],
                                   .inputs = rp_tensor_count(weights) / weights->shape[0],
                                   .eps = EPS};
        rp_fold_norm(net->folded.rows[row * 2].tensor.data,
                     net->folded.rows[row * 2 + 1].tensor.data, &layer);
    }
    net->device->weights_version++; /* packed copies are of the last fold */
    net->is_folded = true;
}

void rp_lenet_modern_changed(rp_lenet_modern *net) {
    net->is_folded = false;
    net->device->weights_version++;
}

static rp_tensor *run_full(rp_lenet_modern *net, rp_tensor *x) {
    rp_tensor *weight = tensor_of(net, net->shape->row_count, 0);
    rp_tensor *bias = tensor_of(net, net->shape->row_count, 1);
    if (x == NULL) return NULL;
    const int32_t side = (int32_t)x->shape[1];
    const rp_window all = {.kernel = {side, side}, .stride = {1, 1}};
    if (net->shape->has_mean) x = rp_tape_avg_pool2d(&net->tape, x, &all);
    const int64_t flat[2] = {x->shape[0], weight->shape[1]};
    x = rp_tape_reshape(&net->tape, x, 2, flat);
    return rp_tape_linear(&net->tape, x, weight, bias, RP_F32);
}

/* The images as a leaf. The tape does not write to it. */
static rp_tensor images_over(const float *x, int count) {
    const int64_t shape[4] = {count, SIDE, SIDE, 1};
    return rp_tensor_over((void *)(uintptr_t)x, RP_F32, 4, shape);
}

static int count_wrong(const float *logits, const int32_t *labels, int count) {
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        int best = 0;
        for (int c = 1; c < RP_LENET_CLASSES; c++)
            if (logits[i * RP_LENET_CLASSES + c] > logits[i * RP_LENET_CLASSES + best]) best = c;
        wrong += best != labels[i];
    }
    return wrong;
}

rp_status rp_lenet_modern_begin(rp_lenet_modern *net, rp_error *error) {
    rp_parameters *parameters = &net->parameters;
    const size_t bytes = (size_t)parameters->trained_count * sizeof(float);
    RP_TRY(rp_device_finish(net->device, error));
    memset(parameters->moment1, 0, bytes);
    memset(parameters->moment2, 0, bytes);
    memcpy(parameters->average, parameters->values, bytes);
    net->step = 0;
    return RP_OK;
}

rp_status rp_lenet_modern_learn(rp_lenet_modern *net, const rp_optimiser *optimiser, const float *x,
                                const int32_t *labels, int count, double totals[2]) {
    const int64_t counts[1] = {count};
    rp_tensor images = images_over(x, count);
    rp_tensor ids = rp_tensor_over((void *)(uintptr_t)labels, RP_I32, 1, counts);
    rp_tape_reset(&net->tape);
    net->tape.recording = true;
    rp_parameters_zero_gradients(&net->parameters);
    const int rows = net->shape->row_count;
    rp_tensor *logits = run_full(net, run_rows(net, &images, rows, run_row, 0.95));
    rp_tensor *loss = rp_tape_cross_entropy(&net->tape, logits, &ids);
    RP_TRY(rp_tape_finish(&net->tape));
    totals[0] += rp_tensor_get(loss, 0) * count;
    totals[1] += count_wrong(logits->data, labels, count);
    net->is_folded = false;
    RP_TRY(rp_tape_backward(&net->tape, loss, false));
    return rp_optimiser_step(optimiser, &net->parameters, net->device, ++net->step, NULL,
                             &net->tape.error);
}

static rp_status run_tape(rp_lenet_modern *net, const float *x, int count, float *logits,
                          rp_error *error) {
    rp_tensor images = images_over(x, count);
    rp_tape_reset(&net->tape); /* waits for the device: the host is about to read weights */
    net->tape.recording = false;
    fold(net);
    rp_tensor *y = run_full(net, run_rows(net, &images, net->shape->row_count, run_folded, -1));
    if (rp_tape_finish(&net->tape) != RP_OK) {
        if (error != NULL) *error = net->tape.error;
        return net->tape.status;
    }
    memcpy(logits, y->data, (size_t)count * RP_LENET_CLASSES * sizeof *logits);
    return RP_OK;
}

/* The folded net in the order of lenet_answer.h, and rooms for its threads. */
static rp_status pack(rp_lenet_modern *net, rp_error *error) {
    if (net->is_folded && net->rooms != NULL) return RP_OK;
    const rp_lenet_shape *shape = net->shape;
    rp_answer_layer layers[RP_LENET_ROWS_MAX];
    fold(net);
    for (int row = 0; row < shape->row_count; row++)
        layers[row] = (rp_answer_layer){.weights = net->folded.rows[row * 2].tensor.data,
                                        .bias = net->folded.rows[row * 2 + 1].tensor.data,
                                        .inputs = row > 0 ? shape->rows[row - 1].maps : 1,
                                        .outputs = shape->rows[row].maps,
                                        .adds = shape->rows[row].adds,
                                        .has_pool = shape->rows[row].has_pool};
    const rp_answer_full full = {tensor_of(net, shape->row_count, 0)->data,
                                 tensor_of(net, shape->row_count, 1)->data, shape->has_mean};
    RP_TRY(rp_answer_pack(&net->answer, layers, shape->row_count, &full, error));
    if (net->rooms == NULL)
        net->rooms =
            calloc(rp_pool_threads(net->pool) * net->answer.room_count, sizeof *net->rooms);
    return net->rooms != NULL ? RP_OK : rp_fail_memory(error, "room for maps");
}

typedef struct asking {
    const rp_lenet_modern *net;
    const float *x;
    float *logits;
} asking;

static void answer_some(void *context, size_t first, size_t last, unsigned thread) {
    const asking *ask = context;
    uint16_t *room = ask->net->rooms + thread * ask->net->answer.room_count;
    for (size_t i = first; i < last; i++)
        rp_answer_image(&ask->net->answer, room, ask->x + i * SIDE * SIDE,
                        ask->logits + i * RP_LENET_CLASSES);
}

rp_status rp_lenet_modern_run(rp_lenet_modern *net, const float *x, int count, float *logits,
                              rp_error *error) {
    if (net->asks_tape) return run_tape(net, x, count, logits, error);
    RP_TRY(pack(net, error));
    asking ask = {net, x, logits};
    rp_pool_run(net->pool, (size_t)count, answer_some, &ask);
    return RP_OK;
}

rp_status rp_lenet_modern_settle(rp_lenet_modern *net, int batches, int count,
                                 rp_lenet_draw_fn draw, void *context, rp_error *error) {
    rp_parameters *parameters = &net->parameters;
    float *x = malloc((size_t)count * SIDE * SIDE * sizeof *x);
    if (x == NULL) return rp_fail_memory(error, "a batch of digits");
    rp_tape_reset(&net->tape); /* waits for the device */
    if (parameters->average != NULL)
        memcpy(parameters->values, parameters->average,
               (size_t)parameters->trained_count * sizeof(float));
    rp_lenet_modern_changed(net);
    for (int batch = 0; batch < batches && net->tape.status == RP_OK; batch++) {
        draw(context, batch, x, count);
        rp_tensor images = images_over(x, count);
        rp_tape_reset(&net->tape);
        net->tape.recording = false;
        /* decay k / (k + 1) makes the running value the plain mean of all batches. */
        run_rows(net, &images, net->shape->row_count, run_row, (double)batch / (batch + 1));
    }
    free(x);
    if (rp_tape_finish(&net->tape) != RP_OK && error != NULL) *error = net->tape.error;
    return net->tape.status;
}

rp_status rp_lenet_modern_maps(rp_lenet_modern *net, const float *x, int row, float *maps,
                               int shape[2], rp_error *error) {
    rp_tensor images = images_over(x, 1);
    rp_tape_reset(&net->tape);
    net->tape.recording = false;
    rp_tensor *y = rp_tape_cast(&net->tape, run_rows(net, &images, row + 1, run_row, -1), RP_F32);
    if (rp_tape_finish(&net->tape) != RP_OK) {
        if (error != NULL) *error = net->tape.error;
        return net->tape.status;
    }
    shape[0] = (int)y->shape[1];
    shape[1] = (int)y->shape[3];
    memcpy(maps, y->data, rp_tensor_bytes(y));
    return RP_OK;
}
