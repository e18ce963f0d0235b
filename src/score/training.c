/* training.c: rp_score_train. One step: a batch, forward, backward, Adam. All
 * memory is there after the widest batch has been seen; the run's randomness is (seed, step). */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "nn/checkpoint.h"
#include "nn/group.h"
#include "nn/optimiser.h"
#include "reprise/score.h"
#include "score/batch.h"
#include "score/curve.h"
#include "score/evaluation.h"

static const double edge_loss_weight = 0.5;     /* found in short runs; see docs/experiments.md */
static const double presence_loss_weight = 4.0; /* of a mean over 224 ids, most of them absent */
static const double clip_norm = 2.0;

/* What the run's seed is mixed with, so that no two of its users draw the same numbers: the batches
 * (order, spans, augmentation) have the seed itself. */
static const uint64_t token_stream = 0x746f6b656e;       /* "token" */
static const uint64_t dropout_stream = 0x64726f706f7574; /* "dropout" */

typedef struct trainer {
    const rp_score_train_options *options;
    const rp_log *log;
    const rp_progress *progress;
    rp_dataset train, dev;
    rp_model model;
    rp_group group;
    rp_device *device;
    int32_t first; /* place of this member's first image in the batch */
    rp_tape tape;
    rp_batches *batches;
    rp_page_augment_list augment;
    rp_optimiser optimiser;
    rp_dtype dtype;
    uint64_t step, steps, per_epoch;
    bool has_agreed; /* all members know of the end: none is left waiting */
    double started_s, evaluated_s, saved_s, reported_s;
    double loss, edge_loss, presence_loss, norm; /* running means since the last report */
    uint64_t reported_step;
    FILE *lines;        /* log.jsonl */
    char path[3][4096]; /* checkpoint, weights, curve */
} trainer;

static const char default_configuration[] = "measure";

rp_score_train_options rp_score_train_defaults(void) {
    return (rp_score_train_options){.augment = "published",
                                    .epochs = 12,
                                    .rate = 2e-3,
                                    .batch = 16,
                                    .evaluate_limit = 160,
                                    .evaluate_minutes = 10,
                                    .checkpoint_minutes = 3,
                                    .measures_max = 1,
                                    .token_dropout = 0.1,
                                    .device = "cpu",
                                    .seed = 42};
}

/* ---- one step ----------------------------------------------------------------------------------
 */

/* Hides a share of the decoder's inputs (as the start mark), so that it must look at the page.
 * Each image has its own stream of random numbers. */
static void drop_tokens(const trainer *t, const rp_batch *batch) {
    const rp_score_train_options *o = t->options;
    const int64_t spans = batch->inputs.shape[0], steps = batch->inputs.shape[1];
    const int32_t *span = batch->spans.data;
    rp_random random = {0};
    for (int64_t n = 0; n < spans; n++) {
        const int32_t image = span[3 * n];
        if (n == 0 || image != span[3 * (n - 1)])
            random = rp_random_make(o->seed ^ token_stream,
                                    t->step * (uint64_t)o->batch + (uint64_t)(t->first + image));
        int32_t *ids = (int32_t *)batch->inputs.data + n * steps;
        for (int64_t l = 1; l < steps && ids[l] >= 0; l++)
            if (ids[l] > 0 && rp_random_uniform(&random) < o->token_dropout)
                ids[l] = RP_MODEL_END_ID;
    }
}

/* What the means of the losses are over, and whether to stop: numbers to be added up over all. */
enum { TOKENS, EDGES, PRESENCE, STOP, WEIGHTS };

static double sum_of(const rp_tensor *t) {
    double sum = 0;
    for (int64_t i = 0; i < rp_tensor_count(t); i++) sum += ((const float *)t->data)[i];
    return sum;
}

/* Weighs this member's batch; share[] is its part of the whole. */
static void weigh(trainer *t, const rp_batch *batch, bool *stop, double share[WEIGHTS]) {
    double own[WEIGHTS] = {[EDGES] = sum_of(&batch->edge_weights),
                           [PRESENCE] = sum_of(&batch->presence_weights),
                           [STOP] = *stop};
    double all[WEIGHTS];
    for (int64_t i = 0; i < rp_tensor_count(&batch->targets); i++)
        own[TOKENS] += ((const int32_t *)batch->targets.data)[i] >= 0;
    memcpy(all, own, sizeof all);
    rp_group_sum(&t->group, all, WEIGHTS);
    for (int i = 0; i < WEIGHTS; i++) share[i] = all[i] > 0 ? own[i] / all[i] : 1;
    *stop = all[STOP] > 0;
}

/* This member's part of a mean over the whole batch: the parts add up to it. */
static rp_tensor *part(rp_tape *tape, rp_tensor *mean, double share) {
    return share == 1 ? mean : rp_tape_scale(tape, mean, share, 0);
}

typedef struct losses {
    rp_tensor *token, *edge, *presence; /* this member's parts; edge and presence may be NULL */
} losses;

/* Adds the whole batch's losses to the running means. */
static void add_losses(trainer *t, const losses *losses) {
    double values[3] = {rp_tensor_get(losses->token, 0),
                        losses->edge != NULL ? rp_tensor_get(losses->edge, 0) : 0,
                        losses->presence != NULL ? rp_tensor_get(losses->presence, 0) : 0};
    rp_group_sum(&t->group, values, 3);
    t->loss += values[0];
    t->edge_loss += values[1];
    t->presence_loss += values[2];
}

static rp_tensor *total_loss(trainer *t, const rp_batch *batch, const double share[WEIGHTS],
                             losses *losses) {
    rp_tape *tape = &t->tape;
    rp_batch *b = rp_arena_alloc(&tape->arena, sizeof *b); /* the tape holds on to its tensors */
    if (b == NULL) return NULL;
    *b = *batch;
    const rp_model_run run = {.training = true,
                              .seed = t->options->seed ^ dropout_stream,
                              .step = t->step,
                              .first = (uint64_t)t->first};
    rp_tensor *images = rp_tape_import(tape, &b->images);
    if (images == NULL) return NULL;
    const rp_encoding encoding = rp_model_encode(&t->model, tape, images, b->lengths, &run);
    if (encoding.enc == NULL) return NULL;
    const rp_spans decoder = {
        .spans = &b->spans, .ids = &b->inputs, .rows = &b->rows, .span_max = b->span_max};
    const rp_decoding decoding = rp_model_decode(&t->model, tape, &encoding, &decoder);
    losses->token =
        part(tape, rp_tape_cross_entropy(tape, decoding.logits, &b->targets), share[TOKENS]);
    if (encoding.edges == NULL) return losses->token;
    losses->edge =
        part(tape, rp_tape_binary_cross_entropy(tape, encoding.edges, &b->edges, &b->edge_weights),
             share[EDGES]);
    rp_tensor *present = rp_tape_window_pool(tape, encoding.presence, &b->spans);
    losses->presence =
        part(tape, rp_tape_binary_cross_entropy(tape, present, &b->presence, &b->presence_weights),
             share[PRESENCE]);
    rp_tensor *sum =
        rp_tape_add(tape, losses->token, rp_tape_scale(tape, losses->edge, edge_loss_weight, 0));
    return rp_tape_add(tape, sum, rp_tape_scale(tape, losses->presence, presence_loss_weight, 0));
}

/* Is this row one of those that --freeze names? "encoder" names "encoder.1.conv1.weight". */
static bool is_frozen(const trainer *t, const rp_parameter *row) {
    const char *frozen = t->options->freeze;
    const size_t length = frozen != NULL ? strlen(frozen) : 0;
    return length > 0 && row->trained && strncmp(row->name, frozen, length) == 0 &&
           row->name[length] == '.';
}

/* Clears the frozen rows' part of a block over all trained numbers. */
static void clear_frozen(const trainer *t, float *block) {
    const rp_parameters *p = &t->model.parameters;
    for (int i = 0; i < p->count; i++)
        if (is_frozen(t, &p->rows[i]))
            t->device->clear(t->device, block + p->rows[i].offset,
                             rp_tensor_bytes(&p->rows[i].gradient));
}

/* A weight with neither gradient nor moments stays as it is. A checkpoint of a run that did not
 * freeze brings moments. */
static rp_status begin_freeze(const trainer *t, rp_error *error) {
    const rp_parameters *p = &t->model.parameters;
    int count = 0;
    for (int i = 0; i < p->count; i++) count += is_frozen(t, &p->rows[i]);
    if (t->options->freeze != NULL && count == 0)
        return rp_fail(error, RP_USAGE, -1, "no part is called '%s'; freeze encoder or decoder",
                       t->options->freeze);
    clear_frozen(t, p->moment1);
    clear_frozen(t, p->moment2);
    return RP_OK;
}

/* `stop`: this member wants an end; receives whether any does. */
static rp_status train_step(trainer *t, bool *stop, rp_error *error) {
    const rp_batch *batch;
    losses losses = {0};
    RP_TRY(rp_batches_next(t->batches, &batch, error));
    rp_tape_reset(&t->tape);
    rp_parameters_zero_gradients(&t->model.parameters);
    drop_tokens(t, batch);
    double share[WEIGHTS];
    weigh(t, batch, stop, share);
    rp_tensor *loss = total_loss(t, batch, share, &losses);
    if (rp_tape_finish(&t->tape) == RP_OK && loss != NULL) {
        add_losses(t, &losses);
        rp_tape_backward(&t->tape, loss, false);
    }
    if (t->group.size > 1) rp_tape_finish(&t->tape); /* the host adds up the gradients */
    if (t->tape.status != RP_OK) {
        if (error != NULL) *error = t->tape.error;
        return t->tape.status;
    }
    rp_group_sum_f32(&t->group, t->model.parameters.gradients, t->model.parameters.trained_count);
    clear_frozen(t, t->model.parameters.gradients);
    double norm;
    const rp_status status = rp_optimiser_step(&t->optimiser, &t->model.parameters, t->device,
                                               t->step + 1, &norm, error);
    t->norm += status == RP_OK ? norm : 0;
    t->step++;
    return status == RP_NO ? RP_OK : status; /* a step that is not finite is left out */
}

/* ---- reporting ---------------------------------------------------------------------------------
 */

static void write_line(trainer *t, const rp_text *text) {
    if (t->lines == NULL || text->failed) return;
    fprintf(t->lines, "%s\n", text->data);
    fflush(t->lines);
}

static void report(trainer *t) {
    const double now = rp_clock_seconds(), seconds = now - t->reported_s;
    const double count = (double)(t->step - t->reported_step);
    if (count == 0) return;
    const double systems = count * t->options->batch / seconds;
    rp_text text = {0};
    rp_json json = {.text = &text};
    rp_json_object(&json, NULL);
    rp_json_text(&json, "kind", "train");
    rp_json_integer(&json, "step", (int64_t)t->step);
    rp_json_number(&json, "epoch", (double)t->step / (double)t->per_epoch, 3);
    rp_json_number(&json, "loss", t->loss / count, 4);
    rp_json_number(&json, "edge_loss", t->edge_loss / count, 4);
    rp_json_number(&json, "presence_loss", t->presence_loss / count, 4);
    rp_json_number(&json, "norm", t->norm / count, 3);
    rp_json_number(&json, "rate", rp_schedule_rate(&t->optimiser.schedule, t->step), 6);
    rp_json_number(&json, "systems_per_second", systems, 2);
    rp_json_number(&json, "seconds", now - t->started_s, 1);
    rp_json_end(&json);
    write_line(t, &text);
    rp_log_line(t->log, 1,
                "epoch %.2f  loss %.3f  edges %.3f  presence %.4f  %.1f systems/s  %.0f min left",
                (double)t->step / (double)t->per_epoch, t->loss / count, t->edge_loss / count,
                t->presence_loss / count, systems,
                (double)(t->steps - t->step) * t->options->batch / systems / 60);
    rp_text_clear(&text);
    t->loss = t->edge_loss = t->presence_loss = t->norm = 0;
    t->reported_step = t->step;
    t->reported_s = now;
}

/* Swaps the trained values with their average, to evaluate it and back. */
static void swap_average(trainer *t) {
    rp_parameters *p = &t->model.parameters;
    for (int64_t i = 0; i < p->trained_count; i++) {
        const float value = p->values[i];
        p->values[i] = p->average[i];
        p->average[i] = value;
    }
    t->device->weights_version++;
}

static rp_status evaluate(trainer *t, rp_error *error) {
    rp_reader reader;
    rp_evaluation e;
    rp_reader_options options = rp_reader_defaults();
    options.dtype = t->dtype;
    RP_TRY(rp_device_finish(t->device, error)); /* the host is about to write weights */
    swap_average(t);
    rp_status status = rp_reader_init(&reader, &t->model, t->device, &options, error);
    const rp_evaluation_source source = {.set = &t->dev};
    if (status == RP_OK) status = rp_evaluate(&e, &reader, &source, NULL, NULL, NULL, error);
    rp_reader_clear(&reader);
    if (status == RP_OK) status = rp_device_finish(t->device, error);
    swap_average(t);
    t->evaluated_s = rp_clock_seconds();
    if (status != RP_OK) return status;
    rp_text text = {0};
    rp_json json = {.text = &text};
    rp_json_object(&json, NULL);
    rp_json_text(&json, "kind", "dev");
    rp_json_integer(&json, "step", (int64_t)t->step);
    rp_json_number(&json, "epoch", (double)t->step / (double)t->per_epoch, 3);
    rp_json_number(&json, "ser", rp_ser_percent(&e.ser), 3);
    rp_json_number(&json, "ser_no_tuplets", rp_ser_percent_without_tuplets(&e.ser), 3);
    rp_json_number(&json, "cut_right", 100.0 * e.cut_right / (e.systems > 0 ? e.systems : 1), 2);
    rp_json_integer(&json, "systems", e.systems);
    rp_json_number(&json, "seconds", t->evaluated_s - t->started_s, 1);
    rp_json_end(&json);
    write_line(t, &text);
    rp_log_line(t->log, 1, "epoch %.2f  dev SER %.2f %%  (%d systems, %.1f s)",
                (double)t->step / (double)t->per_epoch, rp_ser_percent(&e.ser), e.systems,
                e.seconds);
    rp_text_clear(&text);
    return RP_OK;
}

/* The checkpoint says its batch beside what the network is: its step counts batches. */
static rp_status save(trainer *t, rp_error *error) {
    rp_arena space = {0};
    rp_metadata metadata[RP_MODEL_METADATA + 1];
    char batch[16];
    RP_TRY(rp_device_finish(t->device, error));
    rp_status status = rp_model_metadata(&t->model, metadata, &space, error);
    snprintf(batch, sizeof batch, "%d", t->options->batch);
    metadata[RP_MODEL_METADATA] = (rp_metadata){"batch", batch};
    if (status == RP_OK)
        status = rp_checkpoint_write(t->path[0], &t->model.parameters, t->step, metadata,
                                     RP_COUNT(metadata), error);
    if (status == RP_OK)
        status = rp_checkpoint_ship(t->path[1], &t->model.parameters, true, true, metadata,
                                    RP_MODEL_METADATA, error);
    rp_arena_clear(&space);
    t->saved_s = rp_clock_seconds();
    return status;
}

/* ---- from start to end -------------------------------------------------------------------------
 */

/* A network that reads by measure learns from whole systems what it will never see again: with no
 * edges at all it forgets how to cut, and how to read a part (docs/steps/own-prints.md). */
static rp_status check_edges(const trainer *t, rp_error *error) {
    if (!t->model.configuration->by_measure) return RP_OK;
    for (int32_t i = 0; i < t->train.count; i++)
        if (t->train.samples[i].edges != NULL) return RP_OK;
    return rp_fail(error, RP_USAGE, -1,
                   "%s: no system has its measures' edges in measures.train.txt, and configuration "
                   "%s learns by measure; write them there, or train configuration zeus",
                   t->options->data, t->model.configuration->name);
}

static rp_status load_data(trainer *t, rp_error *error) {
    const rp_score_train_options *o = t->options;
    rp_pool *pool;
    RP_TRY(rp_pool_create(&pool, t->device->threads, error));
    rp_dataset_options set = {.split = "train",
                              .limit = o->limit,
                              .pool = pool,
                              .progress = t->progress,
                              .height = t->model.configuration->height,
                              .frame = t->model.configuration->frame};
    rp_status status = rp_dataset_load(&t->train, o->data, &set, error);
    if (status == RP_OK) status = check_edges(t, error);
    if (status == RP_OK && t->group.rank == 0) { /* the first member evaluates */
        set.split = "dev";
        set.limit = o->evaluate_limit;
        status = rp_dataset_load(&t->dev, o->data, &set, error);
    }
    rp_pool_destroy(pool);
    return status;
}

/* Its step counts batches: with others the run would lose its place in the epochs and end early or
 * late. Checkpoints written before do not say their batch. */
static rp_status check_batch(const trainer *t, rp_error *error) {
    rp_safetensors file;
    RP_TRY(rp_safetensors_open(&file, t->path[0], error));
    const char *batch = rp_safetensors_metadata(&file, "batch");
    rp_status status = RP_OK;
    if (batch != NULL && strtol(batch, NULL, 10) != t->options->batch)
        status = rp_fail(error, RP_USAGE, -1,
                         "%s: is a run with batches of %s, not %d; resume it "
                         "with --batch %s",
                         t->path[0], batch, t->options->batch, batch);
    rp_safetensors_close(&file);
    return status;
}

/* The run's own network: what the checkpoint says it is. */
static rp_status open_checkpoint(trainer *t, rp_error *error) {
    const char *wanted = t->options->configuration;
    RP_TRY(rp_model_open(&t->model, t->path[0], true, error));
    RP_TRY(check_batch(t, error));
    t->model.calibration = (rp_calibration){0};
    if (wanted == NULL || strcmp(wanted, t->model.configuration->name) == 0) return RP_OK;
    return rp_fail(error, RP_USAGE, -1, "%s: is a run of configuration %s, not %s", t->path[0],
                   t->model.configuration->name, wanted);
}

static rp_status open_model(trainer *t, rp_error *error) {
    const rp_score_train_options *o = t->options;
    if (o->resume) return open_checkpoint(t, error);
    const char *name = o->configuration != NULL ? o->configuration : default_configuration;
    const rp_configuration *configuration = rp_configuration_find(name);
    if (configuration == NULL)
        return rp_fail(error, RP_USAGE, -1, "no configuration is called '%s'", name);
    if (o->init == NULL) return rp_model_create(&t->model, configuration, o->seed, true, error);
    RP_TRY(rp_model_open(&t->model, o->init, true, error));
    t->model.calibration = (rp_calibration){0}; /* it was fitted to other weights */
    if (o->configuration == NULL || t->model.configuration == configuration) return RP_OK;
    rp_model other = t->model;
    const rp_status status = rp_model_rescale(&t->model, &other, configuration, true, error);
    rp_model_clear(&other);
    return status;
}

static rp_status name_files(trainer *t, rp_error *error) {
    static const char *const names[3] = {"checkpoint.safetensors", "model.safetensors",
                                         "curve.png"};
    for (int i = 0; i < 3; i++)
        if (snprintf(t->path[i], sizeof t->path[i], "%s/%s", t->options->output, names[i]) >=
            (int)sizeof t->path[i])
            return rp_fail(error, RP_USAGE, -1, "%s: the path is too long", t->options->output);
    if (t->options->resume || access(t->path[0], F_OK) != 0) return RP_OK;
    return rp_fail(error, RP_USAGE, -1,
                   "%s: holds a run already; go on with --resume, or name another folder",
                   t->options->output);
}

static rp_status open_output(trainer *t, rp_error *error) {
    char path[4096];
    if (mkdir(t->options->output, 0777) != 0 && errno != EEXIST)
        return rp_fail_errno(error, "%s", t->options->output);
    if (snprintf(path, sizeof path, "%s/log.jsonl", t->options->output) >= (int)sizeof path)
        return rp_fail(error, RP_USAGE, -1, "%s: the path is too long", t->options->output);
    t->lines = fopen(path, t->options->resume ? "a" : "w");
    return t->lines != NULL ? RP_OK : rp_fail_errno(error, "%s", path);
}

static rp_status prepare(trainer *t, rp_error *error) {
    const rp_score_train_options *o = t->options;
    t->dtype = o->full_precision ? RP_F32 : RP_BF16;
    RP_TRY(rp_group_join(&t->group, error));
    if (t->group.size > o->batch)
        return rp_fail(error, RP_USAGE, -1, "a batch of %d has no share for each of %d processes",
                       o->batch, t->group.size);
    t->first = o->batch * t->group.rank / t->group.size;
    RP_TRY(name_files(t, error));
    RP_TRY(rp_device_create(&t->device, o->device != NULL ? o->device : "cpu", (unsigned)o->threads,
                            error));
    RP_TRY(open_model(t, error));
    if (o->mixed > 0 && t->model.configuration->frame != RP_FRAME_LEVEL)
        return rp_fail(error, RP_USAGE, -1,
                       "measures of other systems fit where staff lines meet: with configuration "
                       "level, not %s",
                       t->model.configuration->name);
    RP_TRY(load_data(t, error));
    RP_TRY(rp_page_augment_parse(&t->augment, o->augment, error));
    RP_TRY(rp_parameters_move(&t->model.parameters, t->device, error));
    RP_TRY(rp_tape_init(&t->tape, t->device, error));
    t->device->weights_version = 1;
    t->device->sharing = t->group.sharing;
    const int32_t next = o->batch * (t->group.rank + 1) / t->group.size;
    const rp_batch_options batch = {.size = o->batch,
                                    .first = t->first,
                                    .count = next - t->first,
                                    .seed = o->seed,
                                    .stride = t->model.stride,
                                    .margin = 1,
                                    .by_measure = t->model.configuration->by_measure,
                                    .measures_max = o->measures_max,
                                    .dtype = t->dtype,
                                    .augment = &t->augment,
                                    .mixed = o->mixed,
                                    .device = t->device};
    t->per_epoch = rp_batches_per_epoch(&t->train, &batch);
    t->steps = (uint64_t)ceil(o->epochs * (double)t->per_epoch);
    t->optimiser = rp_optimiser_adam(o->rate, t->steps);
    t->optimiser.schedule.warmup = t->steps < 1000 ? t->steps / 10 : 100;
    t->optimiser.clip = clip_norm;
    t->optimiser.average = 0.998;
    if (o->resume) RP_TRY(rp_checkpoint_read(&t->model.parameters, &t->step, t->path[0], error));
    RP_TRY(begin_freeze(t, error));
    t->reported_step = t->step;
    t->started_s = t->saved_s = t->evaluated_s = t->reported_s = rp_clock_seconds();
    rp_log_line(t->log, 1, "%s: %lld weights; %d training and %d dev systems; %" PRIu64 " steps",
                t->model.configuration->name, (long long)t->model.parameters.trained_count,
                t->train.count, t->dev.count, t->steps);
    RP_TRY(rp_batches_create(&t->batches, &t->train, &batch, t->step, error));
    return t->group.rank == 0 ? open_output(t, error)
                              : RP_OK; /* last: what fails leaves no trace */
}

/* Has someone asked for an end, or is the time over? */
static bool is_stopped(trainer *t, rp_progress_state *state) {
    const double minutes = (rp_clock_seconds() - t->started_s) / 60;
    const bool over = t->options->stop_minutes > 0 && minutes >= t->options->stop_minutes;
    return !rp_progress_update(state, t->step) || over;
}

/* Reports, evaluates and saves when it is time; the first member does it for all. */
static rp_status look_after(trainer *t, bool is_last, rp_error *error) {
    const rp_score_train_options *o = t->options;
    const double now = rp_clock_seconds();
    if (t->group.rank != 0) return RP_OK;
    if (now - t->reported_s >= 15 || is_last) report(t);
    if (now - t->evaluated_s >= o->evaluate_minutes * 60) RP_TRY(evaluate(t, error));
    return now - t->saved_s >= o->checkpoint_minutes * 60 ? save(t, error) : RP_OK;
}

static rp_status run(trainer *t, rp_error *error) {
    rp_progress_state state =
        rp_progress_begin(t->group.rank == 0 ? t->progress : NULL, "training", t->steps);
    bool wishes = false, stopped = false;
    while (t->step < t->steps && !stopped) {
        stopped = wishes; /* in: this member's wish; out: any member's */
        RP_TRY(train_step(t, &stopped, error));
        wishes = is_stopped(t, &state);
        stopped = stopped || (wishes && t->group.size == 1);
        t->has_agreed = stopped;
        RP_TRY(look_after(t, t->step == t->steps || stopped, error));
    }
    if (t->group.rank == 0) {
        RP_TRY(save(t, error));
        RP_TRY(evaluate(t, error));
    }
    if (!stopped) return RP_OK;
    return rp_fail(error, RP_NO, (int64_t)t->step,
                   "stopped at step %" PRIu64 " of %" PRIu64 "; go on with --resume", t->step,
                   t->steps);
}

static void trainer_clear(trainer *t) {
    rp_batches_destroy(t->batches);
    rp_tape_clear(&t->tape);
    rp_model_clear(&t->model);
    rp_device_destroy(t->device);
    rp_dataset_clear(&t->train);
    rp_dataset_clear(&t->dev);
    if (t->lines != NULL) fclose(t->lines);
}

rp_status rp_score_train(const rp_score_train_options *options, const rp_progress *progress,
                         const rp_log *log, rp_error *error) {
    trainer *t = calloc(1, sizeof *t);
    if (t == NULL) return rp_fail_memory(error, "training");
    t->options = options;
    t->progress = progress;
    t->log = log;
    rp_status status = prepare(t, error);
    if (status == RP_OK) status = run(t, error);
    const bool is_first = t->group.rank == 0;
    const bool failed = status != RP_OK && !(status == RP_NO && t->has_agreed);
    if (is_first && !failed) {
        char lines[4096];
        snprintf(lines, sizeof lines, "%s/log.jsonl", options->output);
        const rp_status drawn = rp_curve_draw(t->path[2], lines, status == RP_OK ? error : NULL);
        if (status == RP_OK) status = drawn;
    }
    if (failed && t->group.size > 1 && error != NULL) /* nobody will be left to say it later */
        rp_log_line(t->log, 0, "process %d of %d: %s", t->group.rank, t->group.size, error->text);
    rp_group_leave(&t->group, failed);
    trainer_clear(t);
    free(t);
    return is_first || failed ? status : RP_OK;
}
