/* batch.c: see batch.h. Two batches: one in use, one being made. A thread of its own beside as many
 * as the machine has cores costs more than it does: where it runs, one of a team is late, and the
 * others wait at the end of every row. */
#include "score/batch.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "score/mixing.h"

enum { SORT_WINDOW_BATCHES = 32, WIDTH_STEP_PX = 64, STEPS_STEP = 8, ROWS_STEP = 256 };
enum { ROWS_AT_ONCE = 32 };                               /* of an image that is turned */
enum { STREAM_EPOCH = 1 << 20, STREAM_SAMPLE = 1 << 30 }; /* random streams: see make_batch */
static const uint64_t stream_spans = (uint64_t)1 << 48;

struct rp_batches {
    const rp_dataset *set;
    rp_batch_options options;
    rp_batch slots[2];
    uint64_t made, taken, step; /* batches made and taken so far; step of the next to make */
    uint64_t epoch_of_order;
    uint32_t *order;   /* samples of the epoch in batch order */
    rp_arena *scratch; /* one an image of a batch */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool has_thread, stopping;
    rp_status status;
    rp_error error;
};

uint64_t rp_batches_per_epoch(const rp_dataset *set, const rp_batch_options *options) {
    const uint64_t count = (uint64_t)(set->count / options->size);
    return count > 0 ? count : 1;
}

/* ---- order -------------------------------------------------------------------------------------
 */

/* Fills batches->order for an epoch. */
static rp_status plan_epoch(rp_batches *b, uint64_t epoch) {
    const uint32_t count = (uint32_t)b->set->count, size = (uint32_t)b->options.size;
    const uint32_t window = size * SORT_WINDOW_BATCHES, full = count / size;
    rp_random random = rp_random_make(b->options.seed, STREAM_EPOCH + epoch);
    uint32_t *places = calloc(full + 1, sizeof *places),
             *shuffled = calloc(count, sizeof *shuffled);
    rp_status status = RP_OK;
    if (places == NULL || shuffled == NULL) {
        status = rp_fail_memory(&b->error, "the order of samples");
    } else {
        for (uint32_t i = 0; i < count; i++) shuffled[i] = i;
        rp_random_shuffle(&random, shuffled, count);
        for (uint32_t i = 0; i < count && status == RP_OK; i += window)
            status = rp_dataset_sort_by_width(b->set, shuffled + i,
                                              count - i < window ? count - i : window, &b->error);
        for (uint32_t i = 0; i < full; i++) places[i] = i;
        rp_random_shuffle(&random, places, full);
        memcpy(b->order, shuffled, count * sizeof *shuffled);
        for (uint32_t i = 0; i < full; i++)
            memcpy(b->order + (size_t)i * size, shuffled + (size_t)places[i] * size,
                   size * sizeof *shuffled);
        b->epoch_of_order = epoch;
    }
    free(places);
    free(shuffled);
    return status;
}

/* ---- one batch ---------------------------------------------------------------------------------
 */

void rp_span_columns(int32_t span[2], double left, double right, int32_t stride, int32_t margin,
                     int32_t columns) {
    const int32_t first = (int32_t)floor(left / stride) - margin;
    const int32_t last = (int32_t)ceil(right / stride) + margin;
    span[0] = first < 0 ? 0 : first >= columns ? columns - 1 : first;
    span[1] = last > columns ? columns : last <= span[0] ? span[0] + 1 : last;
}

/* Ink of every grey, in both types. */
typedef struct inks {
    float exact[256];
    uint16_t half[256];
} inks;

/* Part of a column: `count` pixels, from the top. */
static void put_pixels(void *to, bool is_half, const uint8_t *from, int64_t stride, int64_t count,
                       const inks *ink) {
    if (is_half)
        for (int64_t k = 0; k < count; k++) ((uint16_t *)to)[k] = ink->half[from[k * stride]];
    else
        for (int64_t k = 0; k < count; k++) ((float *)to)[k] = ink->exact[from[k * stride]];
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

void rp_batch_put_image(rp_tensor *images, int64_t index, const rp_page_image *image,
                        rp_shift shift) {
    const int64_t width = images->shape[1], height = images->shape[2];
    const int64_t stride = (int64_t)image->stride;
    inks ink;
    for (int i = 0; i < 256; i++) {
        ink.exact[i] = (float)(255 - i) / 255.0f;
        ink.half[i] = rp_f32_to_bf16(ink.exact[i]);
    }
    const bool is_half = images->dtype == RP_BF16;
    const int64_t size = is_half ? 2 : 4;
    char *start = (char *)images->data + index * width * height * size;
    memset(start, 0, (size_t)(width * height * size));
    const int64_t left = most(shift.right, 0), top = most(shift.down, 0);
    const int64_t right = least(least(image->width, width) + least(shift.right, 0), width);
    const int64_t bottom = least(image->height + shift.down, height);
    for (int64_t y = top; y < bottom; y += ROWS_AT_ONCE) /* so many cache lines are read along */
        for (int64_t x = left; x < right; x++)
            put_pixels(start + (x * height + y) * size, is_half,
                       image->data + (y - shift.down) * stride + x - shift.right, stride,
                       least(bottom - y, ROWS_AT_ONCE), &ink);
}

/* What is gathered about one span before the tensors are made. */
typedef struct span {
    int32_t image, first, last;
    const uint16_t *tokens;
    int32_t count;
} span;

/* Where measure k of a sample begins in its tokens. */
static int32_t measure_start(const rp_sample *sample, int32_t k) {
    int32_t seen = -1;
    for (int32_t i = 0; i < sample->token_count; i++)
        if (sample->tokens[i] == RP_LMX_MEASURE && ++seen == k) return i;
    return sample->token_count;
}

static int32_t sample_spans(span *spans, const rp_batches *b, const rp_sample *sample,
                            int32_t image, int32_t width, rp_random *random) {
    const rp_batch_options *o = &b->options;
    const int32_t columns = (width + o->stride - 1) / o->stride;
    if (!o->by_measure || sample->edges == NULL || sample->measure_count == 0) {
        spans[0] = (span){image, 0, columns, sample->tokens, sample->token_count};
        return 1;
    }
    const double scale = (double)width / sample->width; /* augmentation may change the width */
    int32_t count = 0;
    for (int32_t k = 0; k < sample->measure_count;) {
        int32_t take = 1 + (int32_t)rp_random_below(random, (uint32_t)o->measures_max);
        if (take > sample->measure_count - k) take = sample->measure_count - k;
        const int32_t from = measure_start(sample, k), to = measure_start(sample, k + take);
        int32_t window[2];
        rp_span_columns(window, sample->edges[k] * scale, sample->edges[k + take] * scale,
                        o->stride, o->margin, columns);
        spans[count++] = (span){image, window[0], window[1], sample->tokens + from, to - from};
        k += take;
    }
    return count;
}

/* Marks the columns of an image's edges; columns beyond it weigh nothing. */
static void mark_edges(const rp_batches *b, rp_batch *batch, const rp_sample *sample, int64_t image,
                       int32_t width) {
    const int64_t columns = batch->edges.shape[1];
    float *edges = (float *)batch->edges.data + image * columns;
    float *weights = (float *)batch->edge_weights.data + image * columns;
    const int64_t valid = (width + b->options.stride - 1) / b->options.stride;
    if (sample->edges == NULL) return;
    const double scale = (double)width / sample->width;
    for (int64_t t = 0; t < valid; t++) weights[t] = 1;
    for (int32_t k = 0; k <= sample->measure_count; k++) {
        int64_t at = (int64_t)(sample->edges[k] * scale / b->options.stride);
        at = at < 0 ? 0 : at >= valid ? valid - 1 : at;
        edges[at] = 1;
        weights[at] = 4; /* edges are rare: about one column in twelve */
    }
}

static int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

/* Token tensors from the gathered spans. */
static bool put_tokens(rp_batch *batch, const span *spans, int64_t count) {
    int64_t longest = 1;
    for (int64_t n = 0; n < count; n++)
        if (spans[n].count + 1 > longest) longest = spans[n].count + 1;
    longest = round_up(longest, STEPS_STEP);
    int64_t rows = 0, row_count = 0;
    for (int64_t n = 0; n < count; n++) rows += spans[n].count + 1;
    rows = round_up(rows, ROWS_STEP);
    const int64_t shape[2] = {count, longest}, three[2] = {count, 3},
                  ids[2] = {count, RP_MODEL_IDS};
    if (!rp_tensor_make(&batch->spans, &batch->arena, RP_I32, 2, three) ||
        !rp_tensor_make(&batch->presence, &batch->arena, RP_F32, 2, ids) ||
        !rp_tensor_make(&batch->presence_weights, &batch->arena, RP_F32, 2, ids) ||
        !rp_tensor_make(&batch->inputs, &batch->arena, RP_I32, 2, shape) ||
        !rp_tensor_make(&batch->rows, &batch->arena, RP_I32, 1, &rows) ||
        !rp_tensor_make(&batch->targets, &batch->arena, RP_I32, 1, &rows))
        return false;
    memset(batch->rows.data, -1, rp_tensor_bytes(&batch->rows));
    memset(batch->targets.data, -1, rp_tensor_bytes(&batch->targets));
    batch->span_max = 1;
    for (int64_t n = 0; n < count; n++) {
        int32_t *row = (int32_t *)batch->spans.data + n * 3;
        int32_t *input = (int32_t *)batch->inputs.data + n * longest;
        int32_t *target = (int32_t *)batch->targets.data + row_count;
        int32_t *place = (int32_t *)batch->rows.data + row_count;
        row[0] = spans[n].image;
        row[1] = spans[n].first;
        row[2] = spans[n].last;
        if (row[2] - row[1] > batch->span_max) batch->span_max = row[2] - row[1];
        for (int64_t l = 0; l < longest; l++) input[l] = -1;
        for (int32_t i = 0; i <= spans[n].count; i++) place[i] = (int32_t)(n * longest + i);
        input[0] = RP_MODEL_END_ID;
        for (int32_t i = 0; i < spans[n].count; i++) {
            const uint16_t token = spans[n].tokens[i];
            const int32_t id = token < RP_LMX_COUNT ? token + 1 : RP_MODEL_END_ID;
            target[i] = token < RP_LMX_COUNT ? id : -1; /* words we do not know teach nothing */
            input[i + 1] = id;
            ((float *)batch->presence.data)[n * RP_MODEL_IDS + id] = 1;
        }
        for (int64_t v = 1; v < RP_MODEL_IDS; v++)
            ((float *)batch->presence_weights.data)[n * RP_MODEL_IDS + v] = 1;
        target[spans[n].count] = RP_MODEL_END_ID;
        row_count += spans[n].count + 1;
    }
    batch->tokens = row_count;
    return true;
}

typedef struct outcome {
    rp_status status;
    rp_error error;
} outcome;

/* A batch while it is made, a round an image. */
typedef struct making {
    rp_batches *b;
    rp_batch *batch;
    uint64_t step;
    rp_sample *samples;    /* of the set or mixed */
    rp_page_image *images; /* in b->scratch */
    outcome *outcomes;     /* of the rounds */
} making;

static rp_status prepare_image(const making *m, int64_t i, rp_error *error) {
    const rp_batch_options *o = &m->b->options;
    rp_arena *arena = &m->b->scratch[i];
    rp_page_image image;
    rp_arena_reset(arena);
    rp_random random = rp_random_make(
        o->seed, STREAM_SAMPLE + m->step * (uint64_t)o->size + (uint64_t)(o->first + i));
    const rp_sample base = m->samples[i];
    if (o->mixed > 0 && rp_random_uniform(&random) < o->mixed)
        RP_TRY(rp_mix_system(&m->samples[i], &image, m->b->set, &base, &random, arena, error));
    else RP_TRY(rp_dataset_image(&image, m->b->set, &base, arena, error));
    m->images[i] = image;
    if (o->augment == NULL || o->augment->count == 0) return RP_OK;
    return rp_page_augment_apply(&m->images[i], &image, o->augment, 0, &random, arena, error);
}

static void prepare_round(void *context, int64_t i) {
    const making *m = context;
    m->outcomes[i].status = prepare_image(m, i, &m->outcomes[i].error);
}

static void put_round(void *context, int64_t i) {
    const making *m = context;
    rp_batch_put_image(&m->batch->images, i, &m->images[i], (rp_shift){0});
}

static bool is_made_ahead(const rp_batches *b) {
    return b->options.device == NULL || b->options.device->each == NULL;
}

static void each_image(making *m, rp_round round) {
    rp_device *device = m->b->options.device;
    const int64_t count = m->b->options.count;
    if (!is_made_ahead(m->b)) device->each(device, count, round, m);
    else
        for (int64_t i = 0; i < count; i++) round(m, i);
}

static rp_status prepare_images(making *m) {
    const int32_t count = m->b->options.count;
    m->outcomes = rp_arena_array(&m->batch->arena, (size_t)count, sizeof *m->outcomes);
    if (m->outcomes == NULL) return rp_fail_memory(&m->b->error, "a batch");
    each_image(m, prepare_round);
    for (int32_t i = 0; i < count; i++) {
        if (m->outcomes[i].status == RP_OK) continue;
        m->b->error = m->outcomes[i].error;
        return m->outcomes[i].status;
    }
    return RP_OK;
}

static rp_status make_batch(rp_batches *b, rp_batch *batch, uint64_t step) {
    const int32_t size = b->options.count;
    const uint64_t first = (uint64_t)b->options.size * step + (uint64_t)b->options.first;
    const uint64_t per_epoch = rp_batches_per_epoch(b->set, &b->options), epoch = step / per_epoch;
    if (b->epoch_of_order != epoch) RP_TRY(plan_epoch(b, epoch));
    rp_arena_reset(&batch->arena);
    rp_page_image *images = rp_arena_array(&batch->arena, (size_t)size, sizeof *images);
    rp_sample *samples = rp_arena_array(&batch->arena, (size_t)size, sizeof *samples);
    span *spans = NULL;
    int64_t widest = 1, measures = 0;
    if (images == NULL || samples == NULL) return rp_fail_memory(&b->error, "a batch");
    for (int32_t i = 0; i < size; i++) {
        const uint64_t place =
            step % per_epoch * (uint64_t)b->options.size + (uint64_t)(b->options.first + i);
        samples[i] = b->set->samples[b->order[place % (uint64_t)b->set->count]];
    }
    making m = {.b = b, .batch = batch, .step = step, .samples = samples, .images = images};
    RP_TRY(prepare_images(&m));
    for (int32_t i = 0; i < size; i++) {
        widest = images[i].width > widest ? images[i].width : widest;
        measures += samples[i].measure_count + 1;
    }
    widest = round_up(widest, WIDTH_STEP_PX);
    const int64_t shape[4] = {size, widest, b->set->height, 1};
    const int64_t columns[2] = {size, widest / b->options.stride};
    spans = rp_arena_array(&batch->arena, (size_t)measures, sizeof *spans);
    batch->lengths = rp_arena_array(&batch->arena, (size_t)size, sizeof *batch->lengths);
    if (spans == NULL || batch->lengths == NULL ||
        !rp_tensor_make(&batch->images, &batch->arena, b->options.dtype, 4, shape) ||
        !rp_tensor_make(&batch->edges, &batch->arena, RP_F32, 2, columns) ||
        !rp_tensor_make(&batch->edge_weights, &batch->arena, RP_F32, 2, columns))
        return rp_fail_memory(&b->error, "a batch");
    each_image(&m, put_round);
    int64_t count = 0;
    for (int32_t i = 0; i < size; i++) {
        rp_random random = rp_random_make(b->options.seed, stream_spans + first + (uint64_t)i);
        batch->lengths[i] = images[i].width;
        mark_edges(b, batch, &samples[i], i, images[i].width);
        count += sample_spans(spans + count, b, &samples[i], i, images[i].width, &random);
    }
    return put_tokens(batch, spans, count) ? RP_OK : rp_fail_memory(&b->error, "a batch");
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static void *make_batches(void *argument) {
    rp_batches *b = argument;
    pthread_mutex_lock(&b->mutex);
    while (!b->stopping && b->status == RP_OK) {
        /* One slot is with the caller, one may be ready: make the next when one is free. */
        if (b->made - b->taken >= 1) {
            pthread_cond_wait(&b->changed, &b->mutex);
            continue;
        }
        rp_batch *slot = &b->slots[b->made % 2];
        const uint64_t step = b->step;
        pthread_mutex_unlock(&b->mutex);
        const rp_status status = make_batch(b, slot, step);
        pthread_mutex_lock(&b->mutex);
        b->status = status;
        b->made++;
        b->step++;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

rp_status rp_batches_create(rp_batches **out, const rp_dataset *set,
                            const rp_batch_options *options, uint64_t first_step, rp_error *error) {
    *out = NULL;
    if (set->count < options->size)
        return rp_fail(error, RP_USAGE, -1, "a batch of %d is more than the %d samples there are",
                       options->size, set->count);
    rp_batches *b = calloc(1, sizeof *b);
    if (b == NULL) return rp_fail_memory(error, "batches");
    *b = (rp_batches){
        .set = set, .options = *options, .step = first_step, .epoch_of_order = UINT64_MAX};
    if (b->options.count == 0) b->options.count = b->options.size;
    pthread_mutex_init(&b->mutex, NULL);
    pthread_cond_init(&b->changed, NULL);
    b->order = calloc((size_t)set->count, sizeof *b->order);
    b->scratch = calloc((size_t)b->options.count, sizeof *b->scratch);
    rp_status status = RP_OK;
    if (b->order == NULL || b->scratch == NULL) status = rp_fail_memory(error, "batches");
    else if (is_made_ahead(b)) {
        b->has_thread = pthread_create(&b->thread, NULL, make_batches, b) == 0;
        if (!b->has_thread)
            status = rp_fail(error, RP_SYSTEM, -1, "no thread to be had for making batches");
    }
    if (status != RP_OK) {
        rp_batches_destroy(b);
        return status;
    }
    *out = b;
    return RP_OK;
}

rp_status rp_batches_next(rp_batches *b, const rp_batch **batch, rp_error *error) {
    if (!b->has_thread && b->status == RP_OK) {
        b->status = make_batch(b, &b->slots[b->made % 2], b->step);
        b->made++;
        b->step++;
    }
    pthread_mutex_lock(&b->mutex);
    while (b->made == b->taken && b->status == RP_OK) pthread_cond_wait(&b->changed, &b->mutex);
    const rp_status status = b->status;
    if (status == RP_OK) *batch = &b->slots[b->taken % 2];
    else if (error != NULL) *error = b->error;
    b->taken++;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    return status;
}

void rp_batches_destroy(rp_batches *b) {
    if (b == NULL) return;
    if (b->has_thread) {
        pthread_mutex_lock(&b->mutex);
        b->stopping = true;
        pthread_cond_broadcast(&b->changed);
        pthread_mutex_unlock(&b->mutex);
        pthread_join(b->thread, NULL);
    }
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->mutex);
    rp_arena_clear(&b->slots[0].arena);
    rp_arena_clear(&b->slots[1].arena);
    for (int32_t i = 0; b->scratch != NULL && i < b->options.count; i++)
        rp_arena_clear(&b->scratch[i]);
    free(b->scratch);
    free(b->order);
    free(b);
}
