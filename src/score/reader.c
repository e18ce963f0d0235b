/* reader.c: see reader.h. Greedy: at each step the likeliest token that the grammar allows. */
#include "score/reader.h"

#include <math.h>
#include <stdlib.h>

#include "music/lmx_grammar.h"
#include "score/batch.h"

enum { WIDTH_STEP_PX = 64, EDGES_MAX = 128 };

rp_reader_options rp_reader_defaults(void) {
    return (rp_reader_options){.dtype = RP_BF16, .steps_max = 500, .margin = 1};
}

rp_status rp_reader_init(rp_reader *reader, const rp_model *model, rp_device *device,
                         const rp_reader_options *options, rp_error *error) {
    *reader = (rp_reader){.model = model, .device = device, .options = *options};
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
    const size_t tokens = (size_t)r->token_count, edges = (size_t)r->span_count + 1;
    *copy = *r;
    copy->tokens = copy_array(arena, r->tokens, tokens, sizeof *r->tokens);
    copy->confidence = copy_array(arena, r->confidence, tokens, sizeof *r->confidence);
    copy->column = copy_array(arena, r->column, tokens, sizeof *r->column);
    copy->edges = copy_array(arena, r->edges, edges, sizeof *r->edges);
    return arena->failed ? rp_fail_memory(error, "what was read") : RP_OK;
}

/* ---- cutting -----------------------------------------------------------------------------------
 */

static float probability(float logit) { return 1 / (1 + expf(-logit)); }

/* Edges in px: peaks of the head above one half; each at the weighted middle of its three columns.
 */
static int32_t find_edges(float edges[EDGES_MAX], const float *logits, int32_t columns,
                          int32_t stride) {
    int32_t count = 0;
    for (int32_t t = 0; t < columns && count < EDGES_MAX; t++) {
        const float p = probability(logits[t]);
        const float before = t > 0 ? probability(logits[t - 1]) : 0;
        const float after = t + 1 < columns ? probability(logits[t + 1]) : 0;
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

/* ---- writing -----------------------------------------------------------------------------------
 */

/* One span on its way: its grammar and what it has written so far. */
typedef struct line {
    rp_lmx_grammar grammar;
    uint16_t *tokens;
    float *confidence;
    int32_t *column;
    int32_t count, first_column;
    bool ended;
} line;

/* The likeliest allowed id of a row of logits, and its probability among all. */
static int32_t choose(const float *logits, int64_t ids, const rp_lmx_set *allowed,
                      float *confidence) {
    int32_t best = -1;
    float largest = logits[0], total = 0;
    for (int64_t v = 1; v < ids; v++) largest = logits[v] > largest ? logits[v] : largest;
    for (int64_t v = 0; v < ids; v++) {
        total += expf(logits[v] - largest);
        const unsigned token = v == RP_MODEL_END_ID ? RP_LMX_END : (unsigned)v - 1;
        if (allowed != NULL && !rp_lmx_set_has(allowed, token)) continue;
        if (best < 0 || logits[v] > logits[best]) best = (int32_t)v;
    }
    *confidence = best < 0 ? 0 : expf(logits[best] - largest) / total;
    return best < 0 ? RP_MODEL_END_ID : best;
}

/* A span holds one measure when cut by measure: another `measure` is its end. */
static void restrict_to_measure(rp_lmx_set *allowed, const line *l) {
    if (l->count > 0 && rp_lmx_set_has(allowed, RP_LMX_MEASURE))
        allowed->words[RP_LMX_MEASURE / 64] &= ~((uint64_t)1 << (RP_LMX_MEASURE % 64));
}

static int32_t strongest(const float *alpha, int64_t count) {
    int32_t best = 0;
    for (int64_t t = 1; t < count; t++)
        if (alpha[t] > alpha[best]) best = (int32_t)t;
    return best;
}

/* Takes step `l`'s logits for one line; returns the id to read next, -1 when the line has ended. */
static int32_t extend(const rp_reader *reader, line *l, const float *logits, const float *alpha,
                      int64_t span_max) {
    const rp_configuration *c = reader->model->configuration;
    rp_lmx_set allowed;
    float confidence;
    rp_lmx_grammar_allowed(&l->grammar, &allowed);
    if (c->by_measure && l->count > 0) restrict_to_measure(&allowed, l);
    const int32_t id =
        choose(logits, c->ids, reader->options.free_grammar ? NULL : &allowed, &confidence);
    if (id == RP_MODEL_END_ID || l->count == reader->options.steps_max) {
        l->ended = true;
        return -1;
    }
    if (!reader->options.free_grammar) rp_lmx_grammar_advance(&l->grammar, (unsigned)id - 1);
    l->tokens[l->count] = (uint16_t)(id - 1);
    l->confidence[l->count] = confidence;
    l->column[l->count++] = (l->first_column + strongest(alpha, span_max)) * reader->model->stride +
                            reader->model->stride / 2;
    return id;
}

typedef struct writing {
    line *lines;
    int64_t count, span_max;
    rp_tensor spans, ids, h, c; /* over memory of the arena */
} writing;

static bool line_init(line *l, const rp_reader *reader, int32_t first_column, rp_arena *arena) {
    const size_t most = (size_t)reader->options.steps_max + 1;
    *l = (line){.grammar = rp_lmx_grammar_start(), .first_column = first_column};
    l->tokens = rp_arena_array(arena, most, sizeof *l->tokens);
    l->confidence = rp_arena_array(arena, most, sizeof *l->confidence);
    l->column = rp_arena_array(arena, most, sizeof *l->column);
    return l->tokens != NULL && l->confidence != NULL && l->column != NULL;
}

/* Tensors and lines for all spans of all images. */
static bool writing_init(writing *w, const rp_reader *reader, const rp_reading *readings,
                         const rp_page_image *images, int32_t count, rp_arena *arena) {
    const int64_t units = reader->model->configuration->units;
    const int32_t stride = reader->model->stride;
    *w = (writing){.span_max = 1};
    for (int32_t b = 0; b < count; b++) w->count += readings[b].span_count;
    w->lines = rp_arena_array(arena, (size_t)w->count, sizeof *w->lines);
    if (w->lines == NULL ||
        !rp_tensor_make(&w->spans, arena, RP_I32, 2, (const int64_t[]){w->count, 3}) ||
        !rp_tensor_make(&w->ids, arena, RP_I32, 2, (const int64_t[]){w->count, 1}) ||
        !rp_tensor_make(&w->h, arena, RP_F32, 2, (const int64_t[]){w->count, units}) ||
        !rp_tensor_make(&w->c, arena, RP_F32, 2, (const int64_t[]){w->count, units}))
        return false;
    int32_t *row = w->spans.data;
    int64_t n = 0;
    for (int32_t b = 0; b < count; b++) {
        const int32_t columns = (images[b].width + stride - 1) / stride;
        for (int32_t k = 0; k < readings[b].span_count; k++, row += 3) {
            row[0] = b;
            rp_span_columns(row + 1, readings[b].edges[k], readings[b].edges[k + 1], stride,
                            reader->options.margin, columns);
            if (row[2] - row[1] > w->span_max) w->span_max = row[2] - row[1];
            if (!line_init(&w->lines[n++], reader, row[1], arena)) return false;
        }
    }
    return true; /* ids start as 0: the start mark */
}

/* One step of all lines; false when all have ended or the tape failed. */
static bool step(rp_reader *reader, writing *w, const rp_encoding *encoding) {
    rp_tape_reset(&reader->step);
    const rp_spans spans = {
        .spans = &w->spans, .ids = &w->ids, .h0 = &w->h, .c0 = &w->c, .span_max = w->span_max};
    const rp_decoding d = rp_model_decode(reader->model, &reader->step, encoding, &spans);
    if (reader->step.status != RP_OK) return false;
    const int64_t ids = reader->model->configuration->ids, units = w->h.shape[1];
    int32_t *next = w->ids.data;
    bool going = false;
    for (int64_t n = 0; n < w->count; n++) {
        if (w->lines[n].ended) continue;
        const size_t bytes = (size_t)units * sizeof(float);
        memcpy((float *)w->h.data + n * units, (const float *)d.h->data + n * units, bytes);
        memcpy((float *)w->c.data + n * units, (const float *)d.c->data + n * units, bytes);
        next[n] = extend(reader, &w->lines[n], (const float *)d.logits->data + n * ids,
                         (const float *)d.alpha->data + n * w->span_max, w->span_max);
        going = going || next[n] >= 0;
    }
    return going;
}

/* The lines of an image, one behind the other. */
static bool join(rp_reading *reading, const line *lines, rp_arena *arena) {
    for (int32_t k = 0; k < reading->span_count; k++) reading->token_count += lines[k].count;
    const size_t count = (size_t)reading->token_count;
    reading->tokens = rp_arena_array(arena, count, sizeof *reading->tokens);
    reading->confidence = rp_arena_array(arena, count, sizeof *reading->confidence);
    reading->column = rp_arena_array(arena, count, sizeof *reading->column);
    if (reading->tokens == NULL || reading->confidence == NULL || reading->column == NULL)
        return false;
    int32_t at = 0;
    for (int32_t k = 0; k < reading->span_count; k++) {
        const size_t part = (size_t)lines[k].count;
        memcpy(reading->tokens + at, lines[k].tokens, part * sizeof *reading->tokens);
        memcpy(reading->confidence + at, lines[k].confidence, part * sizeof *reading->confidence);
        memcpy(reading->column + at, lines[k].column, part * sizeof *reading->column);
        at += lines[k].count;
    }
    return true;
}

/* ---- together ----------------------------------------------------------------------------------
 */

static rp_status encode(rp_reader *reader, rp_encoding *encoding, const rp_page_image *images,
                        int32_t count, rp_arena *arena, rp_error *error) {
    int64_t widest = 1;
    int32_t *lengths = rp_arena_array(arena, (size_t)count, sizeof *lengths);
    if (lengths == NULL) return rp_fail_memory(error, "reading");
    for (int32_t i = 0; i < count; i++) {
        lengths[i] = images[i].width;
        widest = images[i].width > widest ? images[i].width : widest;
    }
    widest = (widest + WIDTH_STEP_PX - 1) / WIDTH_STEP_PX * WIDTH_STEP_PX;
    rp_tape_reset(&reader->encode);
    const int64_t shape[4] = {count, widest, reader->model->configuration->height, 1};
    rp_tensor *x = rp_tape_tensor(&reader->encode, reader->options.dtype, 4, shape);
    if (x == NULL) return rp_fail_memory(error, "an image: the page is too wide");
    for (int32_t i = 0; i < count; i++) rp_batch_put_image(x, i, &images[i]);
    *encoding = rp_model_encode(reader->model, &reader->encode, x, lengths, &(rp_model_run){0});
    if (reader->encode.status != RP_OK && error != NULL) *error = reader->encode.error;
    return reader->encode.status;
}

rp_status rp_reader_read(rp_reader *reader, rp_reading *readings, const rp_page_image *images,
                         int32_t count, rp_arena *arena, rp_error *error) {
    rp_encoding encoding;
    writing w;
    RP_TRY(encode(reader, &encoding, images, count, arena, error));
    for (int32_t b = 0; b < count; b++) {
        const float *logits = encoding.edges == NULL ? NULL
                                                     : (const float *)encoding.edges->data +
                                                           (int64_t)b * encoding.edges->shape[1];
        readings[b] = (rp_reading){0};
        cut(&readings[b], reader, logits, images[b].width, arena);
        if (readings[b].edges == NULL) return rp_fail_memory(error, "reading");
    }
    if (!writing_init(&w, reader, readings, images, count, arena))
        return rp_fail_memory(error, "reading");
    while (step(reader, &w, &encoding)) {
    }
    if (reader->step.status != RP_OK) {
        if (error != NULL) *error = reader->step.error;
        return reader->step.status;
    }
    const line *lines = w.lines;
    for (int32_t b = 0; b < count; b++) {
        if (!join(&readings[b], lines, arena)) return rp_fail_memory(error, "reading");
        lines += readings[b].span_count;
    }
    return RP_OK;
}
