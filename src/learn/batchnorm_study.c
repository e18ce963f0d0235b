/* batchnorm_study.c: what batch norm does, to five numbers and to a deep sigmoid network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/random.h"
#include "learn/idx.h"
#include "learn/plot.h"
#include "nn/optimiser.h"
#include "tensor/tape.h"

enum {
    HIDDEN = 3,
    UNITS = 100,
    BATCH = 60,
    CLASSES = 10,
    PIXELS = RP_DIGIT_SIDE * RP_DIGIT_SIDE,
    TESTED_AT_ONCE = 500,
    STEPS_MAX = 1000000,
};

/* -- Five numbers --------------------------------------------------------------------------------
 */

rp_status rp_normalise(rp_normalised *result, const double *numbers, size_t count,
                       rp_error *error) {
    const double m = (double)count;
    double sum = 0, squares = 0;
    *result = (rp_normalised){0};
    if (count < 2 || count > RP_SCORES_MAX)
        return rp_fail(error, RP_INPUT, -1, "%zu numbers; give 2 to %d", count, RP_SCORES_MAX);
    for (size_t i = 0; i < count; i++) sum += numbers[i];
    result->mean = sum / m;
    for (size_t i = 0; i < count; i++)
        squares += (numbers[i] - result->mean) * (numbers[i] - result->mean);
    if (!isfinite(squares)) return rp_fail(error, RP_INPUT, -1, "the numbers are not all finite");
    if (squares == 0)
        return rp_fail(error, RP_INPUT, -1, "the numbers are all equal: nothing to scale by");
    result->variance = squares / m;
    result->unbiased = squares / (m - 1);
    result->deviation = sqrt(result->variance);
    for (size_t i = 0; i < count; i++)
        result->x[i] = (numbers[i] - result->mean) / result->deviation;
    /* inv (g - mean g - xhat mean(g xhat)) with g = (1, 0, 0, ...) */
    for (size_t i = 0; i < count; i++)
        result->gradient[i] =
            ((i == 0) - 1 / m - result->x[i] * result->x[0] / m) / result->deviation;
    return RP_OK;
}

/* -- The network ---------------------------------------------------------------------------------
 */

/* Rows of the parameters: a layer has weight, then bias, or gamma, beta and the running values. */
typedef struct sigmoid_net {
    bool has_norm;
    rp_device *device; /* owned */
    rp_tape tape;
    rp_parameters parameters;
    uint64_t step;
} sigmoid_net;

static void net_clear(sigmoid_net *net) {
    rp_parameters_clear(&net->parameters);
    if (net->tape.device != NULL) rp_tape_clear(&net->tape);
    rp_device_destroy(net->device);
}

static void add_vector(rp_parameters *parameters, const char *name, rp_init init, bool is_trained,
                       int64_t count) {
    rp_parameters_add(parameters, name, init, is_trained, 1, &count);
}

static rp_status net_init(sigmoid_net *net, const rp_batchnorm_study *study, bool has_norm,
                          rp_error *error) {
    *net = (sigmoid_net){.has_norm = has_norm};
    RP_TRY(rp_device_create_cpu(&net->device, study->threads, error));
    RP_TRY(rp_tape_init(&net->tape, net->device, error));
    rp_parameters *parameters = &net->parameters;
    for (int layer = 0; layer <= HIDDEN; layer++) {
        const int64_t outputs = layer < HIDDEN ? UNITS : CLASSES;
        const int64_t shape[2] = {outputs, layer == 0 ? PIXELS : UNITS};
        const int row = rp_parameters_add(parameters, "weight", RP_INIT_UNIFORM, true, 2, shape);
        if (parameters->status != RP_OK) return rp_fail_memory(error, "a network");
        parameters->rows[row].scale = 0.1;                            /* small, as in the paper */
        add_vector(parameters, "beta", RP_INIT_ZEROS, true, outputs); /* the bias, without norm */
        if (!has_norm || layer == HIDDEN) continue;
        add_vector(parameters, "gamma", RP_INIT_ONES, true, outputs);
        add_vector(parameters, "running_mean", RP_INIT_ZEROS, false, outputs);
        add_vector(parameters, "running_var", RP_INIT_ONES, false, outputs);
    }
    return rp_parameters_plan(parameters, study->seed, true, error);
}

static rp_tensor *run_layer(sigmoid_net *net, rp_tensor *x, int layer, bool is_training) {
    rp_parameter *row = &net->parameters.rows[layer * (net->has_norm ? 5 : 2)];
    const bool is_normed = net->has_norm && layer < HIDDEN;
    x = rp_tape_linear(&net->tape, x, &row[0].tensor, is_normed ? NULL : &row[1].tensor, RP_F32);
    if (x != NULL && is_normed) {
        const int64_t wide[4] = {x->shape[0], 1, 1, UNITS}, flat[2] = {x->shape[0], UNITS};
        const rp_norm norm = {.gamma = &row[2].tensor,
                              .beta = &row[1].tensor,
                              .running_mean = &row[3].tensor,
                              .running_var = &row[4].tensor,
                              .eps = 1e-5,
                              .decay = 0.9,
                              .training = is_training};
        x = rp_tape_reshape(&net->tape, x, 4, wide);
        x = rp_tape_reshape(&net->tape, rp_tape_batch_norm(&net->tape, x, &norm), 2, flat);
    }
    return layer < HIDDEN ? rp_tape_sigmoid(&net->tape, x) : x;
}

static rp_tensor *run_net(sigmoid_net *net, float *x, int64_t count, bool is_training,
                          rp_tensor *images) {
    const int64_t shape[2] = {count, PIXELS};
    *images = rp_tensor_over(x, RP_F32, 2, shape);
    rp_tensor *y = images;
    rp_tape_reset(&net->tape);
    net->tape.recording = is_training;
    for (int layer = 0; layer <= HIDDEN; layer++) y = run_layer(net, y, layer, is_training);
    return y;
}

static rp_status net_learn(sigmoid_net *net, double rate, float *x, int32_t *labels,
                           rp_error *error) {
    const rp_optimiser optimiser = {.kind = RP_OPTIMISER_SGD,
                                    .schedule = {.kind = RP_SCHEDULE_CONSTANT, .rate = rate}};
    const int64_t counts[1] = {BATCH};
    rp_tensor images, ids = rp_tensor_over(labels, RP_I32, 1, counts);
    rp_parameters_zero_gradients(&net->parameters);
    rp_tensor *logits = run_net(net, x, BATCH, true, &images);
    rp_tensor *loss = rp_tape_cross_entropy(&net->tape, logits, &ids);
    rp_status status = net->tape.status;
    if (status == RP_OK) status = rp_tape_backward(&net->tape, loss, false);
    if (status != RP_OK && error != NULL) *error = net->tape.error;
    if (status != RP_OK) return status;
    return rp_optimiser_step(&optimiser, &net->parameters, net->device, ++net->step, NULL, error);
}

static rp_status net_test(sigmoid_net *net, const rp_digits *digits, float *x, double *accuracy,
                          rp_error *error) {
    uint32_t right = 0;
    for (uint32_t first = 0; first < digits->count; first += TESTED_AT_ONCE) {
        const uint32_t left = digits->count - first;
        const uint32_t count = left < TESTED_AT_ONCE ? left : TESTED_AT_ONCE;
        rp_tensor images;
        for (size_t i = 0; i < (size_t)count * PIXELS; i++)
            x[i] = digits->pixels[(size_t)first * PIXELS + i] * (1 / 255.0f);
        const rp_tensor *logits = run_net(net, x, count, false, &images);
        if (net->tape.status != RP_OK && error != NULL) *error = net->tape.error;
        if (net->tape.status != RP_OK) return net->tape.status;
        for (uint32_t i = 0; i < count; i++) {
            const float *of_digit = (const float *)logits->data + i * CLASSES;
            int best = 0;
            for (int c = 1; c < CLASSES; c++)
                if (of_digit[c] > of_digit[best]) best = c;
            right += best == digits->labels[first + i];
        }
    }
    *accuracy = (double)right / digits->count;
    return RP_OK;
}

/* -- The study -----------------------------------------------------------------------------------
 */

typedef struct study_run {
    const rp_batchnorm_study *study;
    rp_digits digits, test;
    float *x; /* TESTED_AT_ONCE images */
    rp_progress_state progress;
} study_run;

/* Both nets see the same digits: batch s is a function of seed and s. */
static void draw_batch(const study_run *run, uint32_t step, int32_t labels[BATCH]) {
    rp_random random = rp_random_make(run->study->seed, step);
    for (int i = 0; i < BATCH; i++) {
        const uint32_t which = rp_random_below(&random, run->digits.count);
        for (int p = 0; p < PIXELS; p++)
            run->x[i * PIXELS + p] = run->digits.pixels[(size_t)which * PIXELS + p] * (1 / 255.0f);
        labels[i] = run->digits.labels[which];
    }
}

static rp_status train_one(study_run *run, bool has_norm, rp_batchnorm_point *points,
                           rp_error *error) {
    const uint32_t steps = run->study->steps, every = run->study->every;
    sigmoid_net net;
    int32_t labels[BATCH];
    rp_status status = net_init(&net, run->study, has_norm, error);
    for (uint32_t step = 1; step <= steps && status == RP_OK; step++) {
        draw_batch(run, step, labels);
        status = net_learn(&net, run->study->rate, run->x, labels, error);
        if (status == RP_OK && step % every == 0) {
            points[step / every - 1].step = step;
            status = net_test(&net, &run->test, run->x,
                              &points[step / every - 1].accuracy[has_norm], error);
        }
        if (status == RP_OK && !rp_progress_update(&run->progress, has_norm * steps + step))
            status = RP_NO;
    }
    net_clear(&net);
    return status;
}

rp_status rp_batchnorm_run(const rp_batchnorm_study *study, rp_batchnorm_point *points,
                           const rp_progress *progress, rp_error *error) {
    study_run run = {.study = study};
    if (study->steps < 1 || study->steps > STEPS_MAX || study->every < 1 ||
        study->every > study->steps)
        return rp_fail(error, RP_USAGE, -1, "steps: %u, tested every %u: not in 1 .. %d",
                       study->steps, study->every, STEPS_MAX);
    if (!(study->rate > 0 && isfinite(study->rate)))
        return rp_fail(error, RP_USAGE, -1, "a rate of %g: not above 0", study->rate);
    rp_status status = rp_digits_read(&run.digits, study->folder, "train", error);
    if (status == RP_OK) status = rp_digits_read(&run.test, study->folder, "t10k", error);
    if (status == RP_OK && (run.digits.rows * run.digits.columns != PIXELS ||
                            run.test.rows * run.test.columns != PIXELS))
        status = rp_fail(error, RP_INPUT, -1, "%s: images are not 28 x 28", study->folder);
    if (status == RP_OK) run.x = malloc((size_t)TESTED_AT_ONCE * PIXELS * sizeof *run.x);
    if (status == RP_OK && run.x == NULL) status = rp_fail_memory(error, "a batch of digits");
    run.progress = rp_progress_begin(progress, "training twice", 2 * (uint64_t)study->steps);
    for (int has_norm = 0; has_norm < 2 && status == RP_OK; has_norm++)
        status = train_one(&run, has_norm != 0, points, error);
    free(run.x);
    rp_digits_clear(&run.digits);
    rp_digits_clear(&run.test);
    return status;
}

rp_batchnorm_verdict rp_batchnorm_judge(const rp_batchnorm_point *points, size_t count) {
    rp_batchnorm_verdict verdict = {0};
    for (size_t i = 0; i < count; i++) {
        if (points[i].accuracy[0] <= verdict.best_without) continue;
        verdict.best_without = points[i].accuracy[0];
        verdict.step_without = points[i].step;
    }
    for (size_t i = count; i-- > 0;)
        if (points[i].accuracy[1] >= verdict.best_without) verdict.step_with = points[i].step;
    if (verdict.step_without > 0) verdict.share = verdict.step_with / (double)verdict.step_without;
    return verdict;
}

rp_status rp_batchnorm_draw(const rp_batchnorm_point *points, size_t count, const char *png_path,
                            rp_error *error) {
    double *values = malloc((2 * count + 1) * sizeof *values);
    if (values == NULL) return rp_fail_memory(error, "curves");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 2; k++) values[k * count + i] = points[i].accuracy[k];
    const double first = count > 0 ? points[0].step : 0,
                 step = count > 1 ? points[1].step - first : 1;
    const rp_plot_curve curves[] = {
        {"without batch norm", values, count, {0.8, 0.1, 0.1}, first, step},
        {"with batch norm", values + count, count, {0.1, 0.4, 0.8}, first, step}};
    const rp_plot_words words = {"Three hidden layers of 100 sigmoids", "steps of 60 digits",
                                 "accuracy"};
    const rp_status status = rp_plot_curves(curves, 2, &words, png_path, error);
    free(values);
    return status;
}
