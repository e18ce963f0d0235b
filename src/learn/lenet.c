/* lenet.c: training, testing and asking a net, whichever its kind. */
#include "learn/lenet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { PASSES_MAX = 1000, BATCH = 64, ASKED_AT_ONCE = 250, PIXELS = RP_DIGIT_SIDE * RP_DIGIT_SIDE };

/* -- Making --------------------------------------------------------------------------------------
 */

static rp_status create_1998(rp_lenet *lenet, uint64_t seed, rp_error *error) {
    lenet->variant = "1998";
    lenet->net98 = calloc(1, sizeof *lenet->net98);
    if (lenet->net98 == NULL) return rp_fail_memory(error, "a net");
    lenet->net98->loops = rp_lenet98_loops_choose();
    rp_lenet98_codes_draw(&lenet->net98->codes);
    rp_lenet98_draw_weights(&lenet->net98->weights, seed);
    return RP_OK;
}

rp_status rp_lenet_create(rp_lenet **out, const char *variant, uint64_t seed, const char *device,
                          unsigned threads, rp_error *error) {
    const rp_lenet_shape *shape = rp_lenet_shape_find(variant);
    const bool is_1998 = strcmp(variant, "1998") == 0;
    *out = NULL;
    if (!is_1998 && shape == NULL)
        return rp_fail(error, RP_USAGE, -1,
                       "variant %.40s: there are 1998, modern, large, fashion, fashion-large",
                       variant);
    if (is_1998 && strcmp(device, "cpu") != 0)
        return rp_fail(error, RP_USAGE, -1, "variant 1998 learns digit by digit, on a cpu alone");
    rp_lenet *lenet = calloc(1, sizeof *lenet);
    if (lenet == NULL) return rp_fail_memory(error, "a net");
    const rp_lenet_place place = {device, threads};
    rp_status status;
    if (is_1998) status = create_1998(lenet, seed, error);
    else status = rp_lenet_modern_init(&lenet->modern, shape, seed, place, error);
    if (!is_1998) lenet->variant = shape->name;
    if (status == RP_OK) *out = lenet;
    else rp_lenet_destroy(lenet);
    return status;
}

void rp_lenet_destroy(rp_lenet *lenet) {
    if (lenet == NULL) return;
    free(lenet->net98);
    if (lenet->modern.shape != NULL) rp_lenet_modern_clear(&lenet->modern);
    free(lenet);
}

const char *rp_lenet_variant(const rp_lenet *lenet) { return lenet->variant; }

size_t rp_lenet_parameter_count(const rp_lenet *lenet) {
    return lenet->net98 != NULL ? RP_LENET98_TRAINED
                                : (size_t)lenet->modern.parameters.trained_count;
}

/* -- Asking --------------------------------------------------------------------------------------
 */

static void score_1998(rp_lenet98 *net, const uint8_t *pixels, float *scores) {
    rp_lenet98_place(&net->state, pixels);
    net->loops.forward(&net->state, &net->weights, &net->codes);
    for (int c = 0; c < RP_DIGIT_CLASSES; c++) scores[c] = -net->state.y[c];
}

/* Ink of one image as `view` sees it; paper where it was moved from. */
static void take_ink(float *x, const uint8_t *pixels, const rp_lenet_view *view) {
    for (int i = 0; i < PIXELS; i++) {
        const int column = i % RP_DIGIT_SIDE - view->right, row = i / RP_DIGIT_SIDE - view->down;
        const int from = view->is_mirrored ? RP_DIGIT_SIDE - 1 - column : column;
        const bool is_inside = from >= 0 && from < RP_DIGIT_SIDE && row >= 0 && row < RP_DIGIT_SIDE;
        x[i] = is_inside ? pixels[row * RP_DIGIT_SIDE + from] * (1 / 255.0f) : 0;
    }
}

/* The mean of the logits of all views, for at most ASKED_AT_ONCE images; `x` has room for their
 * ink. Added in double, so that the order of the views does not show. */
static rp_status score_views(rp_lenet_modern *net, float *x, const uint8_t *pixels, uint32_t count,
                             float *scores, rp_error *error) {
    float logits[ASKED_AT_ONCE * RP_DIGIT_CLASSES];
    double sums[ASKED_AT_ONCE * RP_DIGIT_CLASSES] = {0};
    const rp_lenet_shape *shape = net->shape;
    for (int view = 0; view < shape->view_count; view++) {
        for (uint32_t i = 0; i < count; i++)
            take_ink(x + i * PIXELS, pixels + i * PIXELS, &shape->views[view]);
        RP_TRY(rp_lenet_modern_run(net, x, (int)count, logits, error));
        for (uint32_t i = 0; i < count * RP_DIGIT_CLASSES; i++) sums[i] += logits[i];
    }
    for (uint32_t i = 0; i < count * RP_DIGIT_CLASSES; i++)
        scores[i] = (float)(sums[i] / shape->view_count);
    return RP_OK;
}

static rp_status score_modern(rp_lenet_modern *net, const uint8_t *pixels, uint32_t count,
                              float *scores, rp_error *error) {
    float *x = malloc((size_t)ASKED_AT_ONCE * PIXELS * sizeof *x);
    rp_status status = x != NULL ? RP_OK : rp_fail_memory(error, "a batch of digits");
    for (uint32_t first = 0; first < count && status == RP_OK; first += ASKED_AT_ONCE) {
        const uint32_t n = count - first < ASKED_AT_ONCE ? count - first : ASKED_AT_ONCE;
        status = score_views(net, x, pixels + (size_t)first * PIXELS, n,
                             scores + (size_t)first * RP_DIGIT_CLASSES, error);
    }
    free(x);
    return status;
}

rp_status rp_lenet_score(rp_lenet *lenet, const uint8_t *pixels, uint32_t count, float *scores,
                         rp_error *error) {
    if (lenet->net98 != NULL) {
        for (uint32_t i = 0; i < count; i++)
            score_1998(lenet->net98, pixels + (size_t)i * PIXELS, scores + i * RP_DIGIT_CLASSES);
        return RP_OK;
    }
    return score_modern(&lenet->modern, pixels, count, scores, error);
}

rp_status rp_lenet_classify(rp_lenet *lenet, const uint8_t pixels[PIXELS],
                            double scores[RP_DIGIT_CLASSES], rp_error *error) {
    float raw[RP_DIGIT_CLASSES];
    RP_TRY(rp_lenet_score(lenet, pixels, 1, raw, error));
    double largest = raw[0], total = 0;
    for (int c = 1; c < RP_DIGIT_CLASSES; c++) largest = fmax(largest, raw[c]);
    for (int c = 0; c < RP_DIGIT_CLASSES; c++) total += scores[c] = exp(raw[c] - largest);
    if (!isfinite(total))
        return rp_fail(error, RP_INPUT, -1, "the weights give scores that are no numbers");
    for (int c = 0; c < RP_DIGIT_CLASSES; c++) scores[c] /= total;
    return RP_OK;
}

static rp_status check_size(const rp_digits *digits, const char *folder, rp_error *error) {
    if (digits->rows == RP_DIGIT_SIDE && digits->columns == RP_DIGIT_SIDE) return RP_OK;
    return rp_fail(error, RP_INPUT, -1, "%s: images of %u x %u pixels, not 28 x 28", folder,
                   digits->columns, digits->rows);
}

static rp_status test_on(rp_lenet *lenet, const rp_digits *digits, rp_lenet_evaluation *evaluation,
                         rp_error *error) {
    float *scores = malloc((size_t)digits->count * RP_DIGIT_CLASSES * sizeof *scores);
    if (scores == NULL) return rp_fail_memory(error, "scores");
    const rp_status status = rp_lenet_score(lenet, digits->pixels, digits->count, scores, error);
    *evaluation = (rp_lenet_evaluation){.count = digits->count};
    for (uint32_t i = 0; i < digits->count && status == RP_OK; i++) {
        const float *of_digit = scores + (size_t)i * RP_DIGIT_CLASSES;
        int best = 0;
        for (int c = 1; c < RP_DIGIT_CLASSES; c++)
            if (of_digit[c] > of_digit[best]) best = c;
        evaluation->confusion[digits->labels[i]][best]++;
        evaluation->wrong += best != digits->labels[i];
    }
    evaluation->test_error = 100.0 * evaluation->wrong / digits->count;
    free(scores);
    return status;
}

rp_status rp_lenet_evaluate(rp_lenet *lenet, const char *folder, rp_lenet_evaluation *evaluation,
                            rp_error *error) {
    rp_digits digits;
    RP_TRY(rp_digits_read(&digits, folder, "t10k", error));
    rp_status status = check_size(&digits, folder, error);
    if (status == RP_OK) status = test_on(lenet, &digits, evaluation, error);
    rp_digits_clear(&digits);
    return status;
}

/* -- Training ------------------------------------------------------------------------------------
 */

static rp_status train_pass(rp_lenet *lenet, rp_lenet_run *run, const rp_digits *test,
                            rp_error *error) {
    const double start = rp_clock_seconds();
    rp_lenet_pass report = {.pass = run->pass + 1};
    rp_lenet_evaluation evaluation = {0};
    rp_random random = rp_random_make(run->training->seed, 1000 + run->pass);
    for (uint32_t i = 0; i < run->digits->count; i++) run->order[i] = i;
    rp_random_shuffle(&random, run->order, run->digits->count);
    if (lenet->net98 != NULL) RP_TRY(rp_lenet98_pass(lenet, run, &report, error));
    else RP_TRY(rp_lenet_modern_pass(lenet, run, &report, error));
    RP_TRY(test_on(lenet, test, &evaluation, error));
    report.test_error = evaluation.test_error;
    report.seconds = rp_clock_seconds() - start;
    if (run->training->on_pass != NULL) run->training->on_pass(run->training->context, &report);
    return RP_OK;
}

static unsigned recipe_passes(const rp_lenet *lenet) {
    return lenet->net98 != NULL ? RP_LENET98_PASSES : lenet->modern.shape->recipe.passes;
}

/* The digits to test on: the test files, or the last training digits, which are then no longer
 * among `digits`. */
static rp_status take_test(rp_digits *test, rp_digits *digits, const rp_lenet_training *training,
                           rp_error *error) {
    const uint32_t held = training->hold_out;
    if (held == 0) {
        RP_TRY(rp_digits_read(test, training->folder, "t10k", error));
        return check_size(test, training->folder, error);
    }
    if (held >= digits->count)
        return rp_fail(error, RP_USAGE, -1, "hold out %u: there are only %u training digits", held,
                       digits->count);
    digits->count -= held;
    *test = (rp_digits){.count = held,
                        .rows = digits->rows,
                        .columns = digits->columns,
                        .pixels = malloc((size_t)held * PIXELS),
                        .labels = malloc(held)};
    if (test->pixels == NULL || test->labels == NULL) return rp_fail_memory(error, "digits");
    memcpy(test->pixels, digits->pixels + (size_t)digits->count * PIXELS, (size_t)held * PIXELS);
    memcpy(test->labels, digits->labels + digits->count, held);
    return RP_OK;
}

rp_status rp_lenet_train(rp_lenet *lenet, const rp_lenet_training *training,
                         const rp_progress *progress, rp_error *error) {
    rp_digits digits = {0}, test = {0};
    rp_lenet_run run = {.training = training, .digits = &digits};
    run.passes = training->passes != 0 ? training->passes : recipe_passes(lenet);
    if (run.passes > PASSES_MAX)
        return rp_fail(error, RP_USAGE, -1, "passes: %u is not in 1 .. %d", run.passes, PASSES_MAX);
    rp_status status = rp_digits_read(&digits, training->folder, "train", error);
    if (status == RP_OK) status = check_size(&digits, training->folder, error);
    if (status == RP_OK) status = take_test(&test, &digits, training, error);
    if (status == RP_OK) run.order = malloc((size_t)digits.count * sizeof *run.order);
    if (status == RP_OK && run.order == NULL) status = rp_fail_memory(error, "an order");
    rp_progress_state state =
        rp_progress_begin(progress, "training", (uint64_t)run.passes * digits.count);
    run.progress = &state;
    if (lenet->net98 == NULL) run.ranges = &lenet->modern.shape->recipe.ranges;
    if (status == RP_OK && lenet->net98 == NULL)
        status = rp_lenet_modern_begin(&lenet->modern, error);
    for (; run.pass < run.passes && status == RP_OK; run.pass++)
        status = train_pass(lenet, &run, &test, error);
    free(run.order);
    rp_digits_clear(&digits);
    rp_digits_clear(&test);
    return status;
}

/* The batches of the modern variants. */
static void draw_digit(const rp_lenet_run *run, uint32_t which, uint64_t stream, float *x) {
    rp_random random = rp_random_make(run->training->seed + 1 + stream, which);
    rp_distort(x, RP_DISTORT_SIDE, run->digits->pixels + (size_t)which * PIXELS, run->ranges,
               &random);
}

/* For the norms' statistics: digits as they are, since near that they will be asked. */
static void draw_plain(void *context, int batch, float *x, int count) {
    static const rp_lenet_view as_is = {0};
    const rp_lenet_run *run = context;
    for (int i = 0; i < count; i++) {
        const uint32_t which =
            run->order[((uint32_t)batch * (uint32_t)count + (uint32_t)i) % run->digits->count];
        take_ink(x + i * PIXELS, run->digits->pixels + (size_t)which * PIXELS, &as_is);
    }
}

rp_status rp_lenet_modern_pass(rp_lenet *lenet, const rp_lenet_run *run, rp_lenet_pass *report,
                               rp_error *error) {
    const rp_lenet_recipe *recipe = &lenet->modern.shape->recipe;
    const uint32_t count = run->digits->count, batches = count / BATCH;
    if (batches == 0)
        return rp_fail(error, RP_INPUT, -1,
                       "%u digits to train on: at least %d, a batch, are needed", count, BATCH);
    rp_optimiser optimiser = rp_optimiser_adam(recipe->rate, (uint64_t)run->passes * batches);
    float *x = malloc((size_t)BATCH * PIXELS * sizeof *x);
    int32_t labels[BATCH];
    double totals[2] = {0};
    rp_status status = x != NULL ? RP_OK : rp_fail_memory(error, "a batch of digits");
    optimiser.schedule.warmup = batches < 200 ? batches : 200;
    optimiser.weight_decay = recipe->decay;
    optimiser.average = 0.999;
    for (uint32_t batch = 0; batch < batches && status == RP_OK; batch++) {
        for (uint32_t i = 0; i < BATCH; i++) {
            const uint32_t which = run->order[batch * BATCH + i];
            draw_digit(run, which, run->pass, x + i * PIXELS);
            labels[i] = run->digits->labels[which];
        }
        status = rp_lenet_modern_learn(&lenet->modern, &optimiser, x, labels, BATCH, totals);
        if (status != RP_OK && error != NULL) *error = lenet->modern.tape.error;
        const uint64_t done = (uint64_t)run->pass * count + (uint64_t)(batch + 1) * BATCH;
        if (status == RP_OK && !rp_progress_update(run->progress, done)) status = RP_NO;
    }
    free(x);
    report->loss = totals[0] / (batches * BATCH);
    report->training_error = 100 * totals[1] / (batches * BATCH);
    if (status == RP_OK && run->pass + 1 == run->passes)
        status = rp_lenet_modern_settle(&lenet->modern, 100, 100, draw_plain,
                                        (void *)(uintptr_t)run, error);
    return status;
}
