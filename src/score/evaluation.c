/* evaluation.c: see evaluation.h. */
#include "score/evaluation.h"

#include <stdlib.h>

#include "base/clock.h"

enum { BATCH = 16 };

/* What one evaluation works with. */
typedef struct evaluating {
    rp_evaluation *result;
    rp_reader *reader;
    const rp_dataset *set;
    rp_reading *readings; /* or NULL */
    rp_arena *arena;      /* of the readings */
    rp_arena scratch;     /* of one batch */
} evaluating;

/* One batch: read, score, and keep what was read if asked. */
static rp_status read_batch(evaluating *e, const uint32_t *order, int32_t count, rp_error *error) {
    rp_page_image images[BATCH];
    rp_reading readings[BATCH];
    rp_arena_reset(&e->scratch);
    for (int32_t i = 0; i < count; i++)
        RP_TRY(
            rp_dataset_image(&images[i], e->set, &e->set->samples[order[i]], &e->scratch, error));
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

rp_status rp_evaluate(rp_evaluation *e, rp_reader *reader, const rp_dataset *set,
                      rp_reading *readings, rp_arena *arena, const rp_progress *progress,
                      rp_error *error) {
    *e = (rp_evaluation){0};
    evaluating run = {
        .result = e, .reader = reader, .set = set, .readings = readings, .arena = arena};
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
