/* evaluation.c: see evaluation.h. */
#include "score/evaluation.h"

#include <stdlib.h>

#include "base/clock.h"

enum { BATCH = 16 };

static const uint64_t augment_seed = 0x72656164; /* "read" */

/* What one evaluation works with. */
typedef struct evaluating {
    rp_evaluation *result;
    rp_reader *reader;
    const rp_dataset *set;
    const rp_page_augment_list *augment; /* or NULL */
    rp_reading *readings;                /* or NULL */
    rp_arena *arena;                     /* of the readings */
    rp_arena scratch;                    /* of one batch */
} evaluating;

/* The image of a sample as it is to be read, in the scratch memory. */
static rp_status take_image(evaluating *e, rp_page_image *image, uint32_t sample, rp_error *error) {
    rp_page_image clean;
    RP_TRY(rp_dataset_image(&clean, e->set, &e->set->samples[sample], &e->scratch, error));
    *image = clean;
    if (e->augment == NULL || e->augment->count == 0) return RP_OK;
    rp_random random = rp_random_make(augment_seed, sample);
    return rp_page_augment_apply(image, &clean, e->augment, 0, &random, &e->scratch, error);
}

/* One batch: read, score, and keep what was read if asked. */
static rp_status read_batch(evaluating *e, const uint32_t *order, int32_t count, rp_error *error) {
    rp_page_image images[BATCH];
    rp_reading readings[BATCH];
    rp_arena_reset(&e->scratch);
    for (int32_t i = 0; i < count; i++) RP_TRY(take_image(e, &images[i], order[i], error));
    RP_TRY(rp_reader_read(e->reader, readings, images, count, &e->scratch, error));
    for (int32_t i = 0; i < count; i++) {
        const rp_sample *sample = &e->set->samples[order[i]];
        const rp_lmx_line gold = {(uint16_t *)sample->tokens, (size_t)sample->token_count, 0};
        const rp_lmx_line read = {readings[i].tokens, (size_t)readings[i].token_count, 0};
        if (e->readings == NULL) RP_TRY(rp_ser_add(&e->result->ser, &gold, &read, error));
        e->result->systems++;
        e->result->cut_right += readings[i].span_count == sample->measure_count;
        if (e->readings != NULL)
            RP_TRY(rp_reading_copy(&e->readings[order[i]], &readings[i], e->arena, error));
    }
    return RP_OK;
}

rp_status rp_evaluate(rp_evaluation *e, rp_reader *reader, const rp_evaluation_source *source,
                      rp_reading *readings, rp_arena *arena, const rp_progress *progress,
                      rp_error *error) {
    *e = (rp_evaluation){0};
    const rp_dataset *set = source->set;
    evaluating run = {.result = e,
                      .reader = reader,
                      .set = set,
                      .augment = source->augment,
                      .readings = readings,
                      .arena = arena};
    uint32_t *order = calloc((size_t)set->count, sizeof *order);
    if (order == NULL) return rp_fail_memory(error, "the order of reading");
    for (int32_t i = 0; i < set->count; i++) order[i] = (uint32_t)i;
    rp_progress_state state = rp_progress_begin(progress, "reading", (uint64_t)set->count);
    const double started = rp_clock_seconds();
    rp_status status = rp_dataset_sort_by_width(set, order, (uint32_t)set->count, error);
    for (int32_t i = 0; i < set->count && status == RP_OK; i += BATCH) {
        const int32_t count = set->count - i < BATCH ? set->count - i : BATCH;
        status = read_batch(&run, order + i, count, error);
        if (!rp_progress_update(&state, (uint64_t)(i + count)))
            status = rp_fail(error, RP_NO, -1, "stopped");
    }
    e->seconds = rp_clock_seconds() - started;
    rp_arena_clear(&run.scratch);
    free(order);
    return status;
}
