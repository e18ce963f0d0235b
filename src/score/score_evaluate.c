/* score_evaluate.c: rp_score_evaluate: read a split, judge it, add up. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/new_file.h"
#include "nn/checkpoint.h"
#include "reprise/score.h"
#include "score/evaluation.h"
#include "score/judgement.h"

_Static_assert((int)RP_SCORE_CAUSES == (int)RP_CAUSE_COUNT, "the public table has a row a cause");

/* All that an evaluation holds. */
typedef struct evaluator {
    const rp_score_evaluate_options *options;
    const char *split;
    rp_model model;
    rp_device *device;
    rp_reader reader;
    rp_dataset set;
    rp_page_augment_list augment;
    rp_pool *pool;
    rp_arena arena; /* of what follows */
    rp_reading *readings;
    rp_lmx_line *lines;
    rp_judgement *judgements;
    bool **is_right; /* a row of tokens a system */
    rp_evaluation evaluation;
} evaluator;

static rp_status open_all(evaluator *e, const rp_progress *progress, rp_error *error) {
    const rp_score_evaluate_options *o = e->options;
    rp_reader_options how = o->beam > 1 ? rp_reader_careful() : rp_reader_defaults();
    if (o->beam > 1) how.beam.width = o->beam < RP_BEAM_WIDTH_MAX ? o->beam : RP_BEAM_WIDTH_MAX;
    if (o->views > 0) how.views = o->views;
    how.dtype = o->full_precision ? RP_F32 : RP_BF16;
    how.beam.free_grammar = o->free_grammar;
    if (o->calibrate != NULL && strcmp(e->split, "train") != 0)
        return rp_fail(error, RP_USAGE, -1,
                       "confidence is fitted on training data only: the split must be 'train'");
    if (o->augment != NULL) RP_TRY(rp_page_augment_parse(&e->augment, o->augment, error));
    RP_TRY(rp_model_open(&e->model, o->model, false, error));
    if (o->calibrate != NULL) e->model.calibration = (rp_calibration){0};
    RP_TRY(rp_device_create_cpu(&e->device, (unsigned)o->threads, error));
    RP_TRY(rp_pool_create(&e->pool, (unsigned)o->threads, error));
    const rp_dataset_options load = {.split = e->split,
                                     .limit = o->limit,
                                     .height = e->model.configuration->height,
                                     .with_music = true,
                                     .straighten = o->straighten,
                                     .frame = e->model.configuration->frame,
                                     .pool = e->pool,
                                     .progress = progress};
    RP_TRY(rp_dataset_load(&e->set, o->data, &load, error));
    const size_t count = (size_t)e->set.count;
    e->readings = rp_arena_array(&e->arena, count, sizeof *e->readings);
    e->lines = rp_arena_array(&e->arena, count, sizeof *e->lines);
    e->judgements = rp_arena_array(&e->arena, count, sizeof *e->judgements);
    e->is_right = rp_arena_array(&e->arena, count, sizeof *e->is_right);
    if (e->arena.failed) return rp_fail_memory(error, "the evaluation");
    return rp_reader_init(&e->reader, &e->model, e->device, &how, error);
}

static void close_all(evaluator *e) {
    rp_reader_clear(&e->reader);
    rp_dataset_clear(&e->set);
    rp_pool_destroy(e->pool);
    rp_device_destroy(e->device);
    rp_model_clear(&e->model);
    rp_arena_clear(&e->arena);
}

/* ---- a line a system ---------------------------------------------------------------------------
 */

static void add_causes(rp_json *json, const rp_cause_row *causes) {
    rp_json_object(json, "errors");
    for (int c = 0; c < RP_CAUSE_COUNT; c++) {
        const uint64_t errors = causes[c].changed + causes[c].missing + causes[c].extra;
        if (errors > 0) rp_json_integer(json, rp_cause_name((rp_cause)c), (int64_t)errors);
    }
    rp_json_end(json);
}

static void add_tokens(rp_json *json, const char *key, const uint16_t *tokens, size_t count,
                       rp_text *words) {
    rp_text_reset(words);
    rp_lmx_print(words, tokens, count);
    rp_json_text(json, key, words->length > 0 ? words->data : "");
}

static void system_line(rp_text *text, rp_text *words, const evaluator *e, int32_t i) {
    const rp_sample *sample = &e->set.samples[i];
    const rp_judgement *j = &e->judgements[i];
    const rp_reading *reading = &e->readings[i];
    double sure = 0;
    for (int32_t k = 0; k < reading->token_count; k++) sure += reading->confidence[k];
    rp_json json = {.text = text};
    rp_json_object(&json, NULL);
    rp_json_text(&json, "name", sample->name);
    rp_json_number(&json, "ser", rp_ser_percent(&j->ser), 2);
    rp_json_integer(&json, "edits", (int64_t)j->ser.distance);
    rp_json_integer(&json, "tokens", (int64_t)j->ser.gold_length);
    rp_json_number(&json, "tedn_full", rp_judgement_tedn_percent(&j->full), 2);
    rp_json_number(&json, "tedn_lmx", rp_judgement_tedn_percent(&j->lmx), 2);
    rp_json_number(&json, "note_f1", rp_judgement_f1(j->notes, j->gold_notes, j->read_notes), 4);
    rp_json_number(&json, "onset_f1", rp_judgement_f1(j->onsets, j->gold_notes, j->read_notes), 4);
    rp_json_integer(&json, "measures", sample->measure_count);
    rp_json_integer(&json, "measures_cut", reading->span_count);
    rp_json_number(&json, "confidence", reading->token_count > 0 ? sure / reading->token_count : 0,
                   3);
    add_causes(&json, j->causes);
    add_tokens(&json, "gold", sample->tokens, (size_t)sample->token_count, words);
    add_tokens(&json, "read", reading->tokens, (size_t)reading->token_count, words);
    rp_json_end(&json);
    rp_text_add_char(text, '\n');
}

static rp_status write_details(const evaluator *e, rp_error *error) {
    rp_text text = {0}, words = {0};
    for (int32_t i = 0; i < e->set.count; i++) system_line(&text, &words, e, i);
    rp_status status = RP_OK;
    if (text.failed || words.failed) status = rp_fail_memory(error, "the details");
    else status = rp_new_file_write(e->options->details, text.data, text.length, error);
    rp_text_clear(&text);
    rp_text_clear(&words);
    return status;
}

/* ---- figures -----------------------------------------------------------------------------------
 */

static void fill_causes(rp_score_figures *figures, const rp_judgement *sum) {
    for (int c = 0; c < RP_CAUSE_COUNT; c++)
        figures->causes[c] = (rp_score_cause){.name = rp_cause_name((rp_cause)c),
                                              .gold = sum->causes[c].gold,
                                              .changed = sum->causes[c].changed,
                                              .missing = sum->causes[c].missing,
                                              .extra = sum->causes[c].extra};
}

static void fill_figures(rp_score_figures *figures, const evaluator *e) {
    rp_judgement sum = {0};
    for (int32_t i = 0; i < e->set.count; i++) rp_judgement_add(&sum, &e->judgements[i]);
    const int32_t systems = e->evaluation.systems;
    *figures = (rp_score_figures){
        .ser = rp_ser_percent(&sum.ser),
        .ser_no_tuplets = rp_ser_percent_without_tuplets(&sum.ser),
        .ser_no_slurs = rp_ser_percent_without_slurs(&sum.ser),
        .tedn_full = sum.without_music > 0 ? (double)NAN : rp_judgement_tedn_percent(&sum.full),
        .tedn_lmx = rp_judgement_tedn_percent(&sum.lmx),
        .note_f1 = rp_judgement_f1(sum.notes, sum.gold_notes, sum.read_notes),
        .onset_f1 = rp_judgement_f1(sum.onsets, sum.gold_notes, sum.read_notes),
        .note_f1_repaired = rp_judgement_f1(sum.repaired_same, sum.gold_notes, sum.repaired_notes),
        .onset_f1_repaired =
            rp_judgement_f1(sum.repaired_onsets, sum.gold_notes, sum.repaired_notes),
        .cut_right = 100.0 * e->evaluation.cut_right / (systems > 0 ? systems : 1),
        .seconds = e->evaluation.seconds,
        .systems = systems};
    fill_causes(figures, &sum);
}

/* Tokens of a kind of measures, and how many of them are wrong. */
typedef struct tally {
    uint64_t measures, tokens, wrong;
} tally;

static void count_measures(tally tallies[2], const rp_reading *r, const bool *is_right) {
    for (int32_t k = 0; k < r->span_count; k++) {
        tally *t = &tallies[rp_reading_is_sure(r, k)];
        t->measures++;
        for (int32_t i = r->span_start[k]; i < r->span_start[k + 1]; i++) {
            t->tokens++;
            t->wrong += !is_right[i];
        }
    }
}

static double share(uint64_t part, uint64_t whole) {
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

/* What every token's confidence was, and whether it was right; the evaluator's. */
static rp_status list_outcomes(evaluator *e, rp_outcome **outcomes, size_t *count,
                               rp_error *error) {
    size_t room = 0;
    for (int32_t i = 0; i < e->set.count; i++) room += e->lines[i].count;
    *outcomes = rp_arena_array(&e->arena, room, sizeof **outcomes);
    if (e->arena.failed) return rp_fail_memory(error, "the evaluation");
    *count = 0;
    for (int32_t i = 0; i < e->set.count; i++)
        for (int32_t k = 0; k < e->readings[i].token_count; k++)
            (*outcomes)[(*count)++] = (rp_outcome){e->readings[i].confidence[k], e->is_right[i][k]};
    return RP_OK;
}

/* Fits the confidence to what was read, applies it there, and writes the weights with it. */
static rp_status calibrate(evaluator *e, rp_error *error) {
    rp_outcome *outcomes;
    size_t count;
    rp_arena space = {0};
    rp_metadata metadata[RP_MODEL_METADATA];
    RP_TRY(list_outcomes(e, &outcomes, &count, error));
    if (count < RP_CALIBRATION_OUTCOMES_MIN)
        return rp_fail(error, RP_INPUT, -1,
                       "%s: %zu tokens were read; confidence is fitted on at least %d",
                       e->options->data, count, RP_CALIBRATION_OUTCOMES_MIN);
    e->model.calibration = rp_calibration_fit(outcomes, count);
    for (int32_t i = 0; i < e->set.count; i++)
        rp_reading_calibrate(&e->readings[i], &e->model.calibration);
    rp_status status = rp_model_metadata(&e->model, metadata, &space, error);
    if (status == RP_OK)
        status = rp_checkpoint_ship(e->options->calibrate, &e->model.parameters, false, true,
                                    metadata, RP_MODEL_METADATA, error);
    rp_arena_clear(&space);
    return status;
}

/* How far confidence can be believed, and what the marks of measures are worth. */
static rp_status weigh_confidence(evaluator *e, rp_score_figures *figures, rp_error *error) {
    tally tallies[2] = {{0}};
    rp_outcome *outcomes;
    size_t count;
    if (e->options->calibrate != NULL) RP_TRY(calibrate(e, error));
    RP_TRY(list_outcomes(e, &outcomes, &count, error));
    for (int32_t i = 0; i < e->set.count; i++)
        count_measures(tallies, &e->readings[i], e->is_right[i]);
    figures->calibration_error = 100 * rp_calibration_error(outcomes, count);
    figures->sure_measures = share(tallies[1].measures, tallies[0].measures + tallies[1].measures);
    figures->sure_wrong = share(tallies[1].wrong, tallies[1].tokens);
    figures->doubtful_wrong = share(tallies[0].wrong, tallies[0].tokens);
    return RP_OK;
}

static rp_status evaluate(evaluator *e, rp_score_figures *figures, const rp_progress *progress,
                          rp_error *error) {
    RP_TRY(open_all(e, progress, error));
    const rp_evaluation_source source = {.set = &e->set, .augment = &e->augment};
    RP_TRY(
        rp_evaluate(&e->evaluation, &e->reader, &source, e->readings, &e->arena, progress, error));
    const double started = rp_clock_seconds();
    for (int32_t i = 0; i < e->set.count; i++) {
        const size_t tokens = (size_t)e->readings[i].token_count;
        e->lines[i] = (rp_lmx_line){e->readings[i].tokens, tokens, 0};
        e->is_right[i] = rp_arena_array(&e->arena, tokens, sizeof **e->is_right);
        if (e->is_right[i] == NULL) return rp_fail_memory(error, "the evaluation");
    }
    RP_TRY(rp_judge_all(e->judgements, e->is_right, &e->set, e->lines, e->pool, error));
    fill_figures(figures, e);
    RP_TRY(weigh_confidence(e, figures, error));
    figures->judging_seconds = rp_clock_seconds() - started;
    return e->options->details != NULL ? write_details(e, error) : RP_OK;
}

rp_status rp_score_evaluate(rp_score_figures *figures, const rp_score_evaluate_options *options,
                            const rp_progress *progress, rp_error *error) {
    if (options == NULL || options->data == NULL || options->model == NULL)
        return rp_fail(error, RP_USAGE, -1,
                       "an evaluation needs a data set and a model: name both");
    evaluator e = {.options = options, .split = options->split != NULL ? options->split : "dev"};
    const rp_status status = evaluate(&e, figures, progress, error);
    close_all(&e);
    return status;
}
