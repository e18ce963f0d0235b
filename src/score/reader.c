/* reader.c: see reader.h. */
#include "score/reader.h"

#include <math.h>
#include <stdlib.h>

#include "base/vector_math.h"
#include "score/batch.h"

enum { WIDTH_STEP_PX = 64, EDGES_MAX = 128 };

/* Across half a column of 16 px and its quarters, and over a few rows. */
static const rp_shift views[RP_READER_VIEWS_MAX] = {{0, 0}, {8, 3}, {4, -3}, {-4, 4}};

rp_reader_options rp_reader_defaults(void) {
    return (rp_reader_options){.dtype = RP_BF16,
                               .beam = {.width = 1, .steps_max = 500, .margin = 6},
                               .margin = 1,
                               .views = 1};
}

/* Chosen on training systems: docs/experiments.md, Decoding. */
rp_reader_options rp_reader_careful(void) {
    rp_reader_options options = rp_reader_defaults();
    options.beam.width = 8;
    options.views = 2;
    options.bonus = (rp_measure_bonus){.agrees = 2, .fits = 2};
    return options;
}

rp_status rp_reader_init(rp_reader *reader, const rp_model *model, rp_device *device,
                         const rp_reader_options *options, rp_error *error) {
    *reader = (rp_reader){.model = model, .device = device, .options = *options};
    reader->options.beam.one_measure = model->configuration->by_measure;
    if (options->views > RP_READER_VIEWS_MAX) reader->options.views = RP_READER_VIEWS_MAX;
    RP_TRY(rp_tape_init(&reader->encode, device, error));
    RP_TRY(rp_tape_init(&reader->step, device, error));
    reader->encode.recording = reader->step.recording = false;
    if (device->weights_version == 0) device->weights_version = 1; /* packed weights may be kept */
    return RP_OK;
}

void rp_reader_clear(rp_reader *reader) {
    rp_tape_clear(&reader->encode);
    rp_tape_clear(&reader->step);
}

static void *copy_array(rp_arena *arena, const void *from, size_t count, size_t size) {
    void *copy = rp_arena_array(arena, count, size);
    if (copy != NULL && count > 0) memcpy(copy, from, count * size);
    return copy;
}

rp_status rp_reading_copy(rp_reading *copy, const rp_reading *r, rp_arena *arena, rp_error *error) {
    const size_t tokens = (size_t)r->token_count, spans = (size_t)r->span_count;
    *copy = *r;
    copy->tokens = copy_array(arena, r->tokens, tokens, sizeof *r->tokens);
    copy->confidence = copy_array(arena, r->confidence, tokens, sizeof *r->confidence);
    copy->left = copy_array(arena, r->left, tokens, sizeof *r->left);
    copy->right = copy_array(arena, r->right, tokens, sizeof *r->right);
    copy->edges = copy_array(arena, r->edges, spans + 1, sizeof *r->edges);
    copy->span_start = copy_array(arena, r->span_start, spans + 1, sizeof *r->span_start);
    copy->fits = copy_array(arena, r->fits, spans, sizeof *r->fits);
    copy->sure = copy_array(arena, r->sure, spans, sizeof *r->sure);
    return arena->failed ? rp_fail_memory(error, "what was read") : RP_OK;
}

/* ---- cutting -----------------------------------------------------------------------------------
 */

/* Edges in px: peaks of the head above one half; each at the weighted middle of its three columns.
 */
static int32_t find_edges(float edges[EDGES_MAX], const float *logits, int32_t columns,
                          int32_t stride) {
    int32_t count = 0;
    for (int32_t t = 0; t < columns && count < EDGES_MAX; t++) {
        const float p = rp_sigmoid(logits[t]);
        const float before = t > 0 ? rp_sigmoid(logits[t - 1]) : 0;
        const float after = t + 1 < columns ? rp_sigmoid(logits[t + 1]) : 0;
        if (p < 0.5f || before >= p || after > p) continue;
        const float middle = (after - before) / (before + p + after);
        edges[count++] = ((float)t + 0.5f + middle) * (float)stride;
    }
    return count;
}

/* Spans of one image: between neighbouring edges; the whole width when fewer than two were found.
 */
static void cut(rp_reading *reading, const rp_reader *reader, const float *logits, int32_t width,
                rp_arena *arena) {
    const int32_t stride = reader->model->stride, columns = (width + stride - 1) / stride;
    float edges[EDGES_MAX] = {0, (float)width};
    int32_t count = logits != NULL ? find_edges(edges, logits, columns, stride) : 0;
    if (count < 2) {
        edges[0] = 0;
        edges[1] = (float)width;
        count = 2;
    }
    reading->span_count = count - 1;
    reading->edges = rp_arena_array(arena, (size_t)count, sizeof *reading->edges);
    if (reading->edges != NULL) memcpy(reading->edges, edges, (size_t)count * sizeof *edges);
}

/* ---- joining -----------------------------------------------------------------------------------
 */

/* All spans of all images, in order. */
static rp_span *list_spans(const rp_reader *reader, const rp_reading *readings,
                           const rp_page_image *images, int32_t count, int32_t *span_count,
                           rp_arena *arena) {
    const int32_t stride = reader->model->stride;
    *span_count = 0;
    for (int32_t b = 0; b < count; b++) *span_count += readings[b].span_count;
    rp_span *spans = rp_arena_array(arena, (size_t)*span_count, sizeof *spans);
    if (spans == NULL) return NULL;
    int32_t n = 0;
    for (int32_t b = 0; b < count; b++) {
        const int32_t columns = (images[b].width + stride - 1) / stride;
        for (int32_t k = 0; k < readings[b].span_count; k++, n++) {
            int32_t window[2];
            rp_span_columns(window, readings[b].edges[k], readings[b].edges[k + 1], stride,
                            reader->options.margin, columns);
            spans[n] = (rp_span){b, window[0], window[1]};
        }
    }
    return spans;
}

static bool make_room(rp_reading *r, rp_arena *arena) {
    const size_t tokens = (size_t)r->token_count, spans = (size_t)r->span_count;
    r->tokens = rp_arena_array(arena, tokens, sizeof *r->tokens);
    r->confidence = rp_arena_array(arena, tokens, sizeof *r->confidence);
    r->left = rp_arena_array(arena, tokens, sizeof *r->left);
    r->right = rp_arena_array(arena, tokens, sizeof *r->right);
    r->span_start = rp_arena_array(arena, spans + 1, sizeof *r->span_start);
    r->fits = rp_arena_array(arena, spans, sizeof *r->fits);
    r->sure = rp_arena_array(arena, spans, sizeof *r->sure);
    return !arena->failed;
}

void rp_reading_calibrate(rp_reading *r, const rp_calibration *calibration) {
    for (int32_t k = 0; k < r->span_count; k++) {
        const int32_t first = r->span_start[k], count = r->span_start[k + 1] - first;
        float right = 0;
        for (int32_t i = first; i < first + count; i++) {
            r->confidence[i] = rp_calibration_apply(calibration, r->confidence[i]);
            right += r->confidence[i];
        }
        r->sure[k] = count > 0 ? right / (float)count : 0;
    }
}

/* Appends the tokens of span k, with the network's own probabilities. */
static void put_span(rp_reading *r, int32_t k, const rp_candidate *c, const rp_model *model) {
    const int32_t at = r->span_start[k];
    const float stride = (float)model->stride;
    for (int32_t i = 0; i < c->count; i++) {
        r->tokens[at + i] = c->tokens[i];
        r->confidence[at + i] = c->confidence[i];
        r->left[at + i] = (float)c->first[i] * stride;
        r->right[at + i] = (float)c->last[i] * stride;
    }
    r->span_start[k + 1] = at + c->count;
}

/* Chooses among the candidates of an image's spans and puts the chosen one behind the other. */
static bool settle(rp_reader *reader, rp_reading *r, const rp_candidates *candidates,
                   rp_arena *arena) {
    static const rp_measure_bonus none = {0};
    const bool by_measure = reader->model->configuration->by_measure;
    rp_measure_context fresh = {0};
    rp_measure_choice *choices = rp_arena_array(arena, (size_t)r->span_count, sizeof *choices);
    if (choices == NULL) return false;
    rp_measure_choose(choices, candidates, r->span_count,
                      reader->options.is_one_piece ? &reader->context : &fresh,
                      by_measure ? &reader->options.bonus : &none);
    for (int32_t k = 0; k < r->span_count; k++)
        r->token_count += candidates[k].items[choices[k].candidate].count;
    if (!make_room(r, arena)) return false;
    for (int32_t k = 0; k < r->span_count; k++) {
        put_span(r, k, &candidates[k].items[choices[k].candidate], reader->model);
        r->fits[k] = choices[k].fits || !by_measure;
    }
    rp_reading_calibrate(r, &reader->model->calibration);
    return true;
}

/* What the head says of the edges of image b: the mean of all views, in the first one's place. */
static const float *mean_edges(const rp_reader *reader, const rp_encoding *encoding, int32_t b,
                               int32_t count) {
    if (encoding->edges == NULL) return NULL;
    const int64_t columns = encoding->edges->shape[1];
    float *edges = encoding->edges->data, *mean = edges + b * columns;
    const float share = 1.0f / (float)reader->options.views;
    for (int64_t t = 0; t < columns; t++) {
        for (int32_t view = 1; view < reader->options.views; view++)
            mean[t] += edges[(view * count + b) * columns + t];
        mean[t] *= share;
    }
    return mean;
}

/* ---- together ----------------------------------------------------------------------------------
 */

/* All images in the first view, then all in the next. */
static rp_status encode(rp_reader *reader, rp_encoding *encoding, const rp_page_image *images,
                        int32_t count, rp_arena *arena, rp_error *error) {
    int64_t widest = 1;
    const int32_t looks = count * reader->options.views;
    int32_t *lengths = rp_arena_array(arena, (size_t)looks, sizeof *lengths);
    if (lengths == NULL) return rp_fail_memory(error, "reading");
    for (int32_t i = 0; i < looks; i++) {
        lengths[i] = images[i % count].width;
        widest = lengths[i] > widest ? lengths[i] : widest;
    }
    widest = (widest + WIDTH_STEP_PX - 1) / WIDTH_STEP_PX * WIDTH_STEP_PX;
    rp_tape_reset(&reader->encode);
    const int64_t shape[4] = {looks, widest, reader->model->configuration->height, 1};
    rp_tensor *x = rp_tape_tensor(&reader->encode, reader->options.dtype, 4, shape);
    if (x == NULL) return rp_fail_memory(error, "an image: the page is too wide");
    for (int32_t i = 0; i < looks; i++)
        rp_batch_put_image(x, i, &images[i % count], views[i / count]);
    /* The decoder works in f32: the encoding is cast once there, and not at every step. */
    *encoding = rp_model_encode_apart(reader->model, &reader->encode, &reader->step, x, lengths);
    if (rp_tape_finish(&reader->encode) != RP_OK && error != NULL) *error = reader->encode.error;
    return reader->encode.status;
}

rp_status rp_reader_read(rp_reader *reader, rp_reading *readings, const rp_page_image *images,
                         int32_t count, rp_arena *arena, rp_error *error) {
    rp_encoding encoding;
    int32_t span_count;
    RP_TRY(encode(reader, &encoding, images, count, arena, error));
    for (int32_t b = 0; b < count; b++) {
        readings[b] = (rp_reading){0};
        cut(&readings[b], reader, mean_edges(reader, &encoding, b, count), images[b].width, arena);
        if (readings[b].edges == NULL) return rp_fail_memory(error, "reading");
    }
    const rp_span *spans = list_spans(reader, readings, images, count, &span_count, arena);
    rp_candidates *candidates = rp_arena_array(arena, (size_t)span_count, sizeof *candidates);
    if (arena->failed) return rp_fail_memory(error, "reading");
    RP_TRY(rp_beam_write(candidates, reader->model, &reader->step, &encoding,
                         &(rp_span_list){spans, span_count, reader->options.views, count},
                         &reader->options.beam, arena, error));
    for (int32_t b = 0; b < count; candidates += readings[b].span_count, b++)
        if (!settle(reader, &readings[b], candidates, arena))
            return rp_fail_memory(error, "reading");
    return RP_OK;
}
