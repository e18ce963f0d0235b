/* hand_pool.c: see hand_pool.h. */
#include "music/hand_pool.h"

#include <math.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "music/hand_variation.h"

/* Rare times come a little oftener than they are: signs of 12/8 are to be learnt too. */
static const double weight_power = 0.75;

/* Room for one more of `size` bytes in a growing array; false: no memory. */
static bool has_room(void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return true;
    const size_t wanted = *capacity == 0 ? 256 : 2 * *capacity;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL) return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* A measure that follows the last run's last one makes it longer; else it begins a run. */
static bool append(rp_hand_pool *pool, const rp_hands *hands, bool goes_on) {
    if (!has_room((void **)&pool->measures, &pool->capacity, pool->count, sizeof *pool->measures))
        return false;
    pool->measures[pool->count++] = *hands;
    rp_hand_run *last = pool->run_count > 0 ? &pool->runs[pool->run_count - 1] : NULL;
    if (goes_on && last != NULL && last->beats == hands->beats &&
        last->beat_type == hands->beat_type) {
        last->count++;
        return true;
    }
    if (!has_room((void **)&pool->runs, &pool->run_capacity, pool->run_count, sizeof *pool->runs))
        return false;
    pool->runs[pool->run_count++] = (rp_hand_run){
        .first = pool->count - 1, .count = 1, .beats = hands->beats, .beat_type = hands->beat_type};
    return true;
}

static size_t measure_tokens(const rp_lmx_line *line, size_t at) {
    size_t count = 1;
    while (at + count < line->count && line->tokens[at + count] != RP_LMX_MEASURE) count++;
    return count;
}

rp_status rp_hand_pool_add(rp_hand_pool *pool, const rp_lmx_line *systems, size_t count,
                           rp_error *error) {
    rp_hands_held held = {0};
    bool goes_on = false;
    for (size_t s = 0; s < count; s++) {
        const rp_lmx_line *line = &systems[s];
        for (size_t at = 0, length; at < line->count; at += length) {
            rp_hands hands;
            length = measure_tokens(line, at);
            const bool is_parted =
                rp_hands_part(&hands, &held, &pool->arena, line->tokens + at, length) &&
                rp_hand_clef_is_known(hands.clefs[0]) && rp_hand_clef_is_known(hands.clefs[1]);
            if (pool->arena.failed || (is_parted && !append(pool, &hands, goes_on)))
                return rp_fail_memory(error, "the hands of the scores");
            goes_on = is_parted;
        }
    }
    return RP_OK;
}

static int compare_runs(const void *a, const void *b) {
    const rp_hand_run *x = a, *y = b;
    if (x->beat_type != y->beat_type) return x->beat_type < y->beat_type ? -1 : 1;
    if (x->beats != y->beats) return x->beats < y->beats ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static rp_hand_time *time_of(rp_hand_pool *pool, size_t run) {
    const rp_hand_run *of = &pool->runs[run];
    rp_hand_time *last = pool->time_count > 0 ? &pool->times[pool->time_count - 1] : NULL;
    if (last != NULL && last->beats == of->beats && last->beat_type == of->beat_type) return last;
    if (pool->time_count == RP_COUNT(pool->times)) return NULL;
    rp_hand_time *time = &pool->times[pool->time_count++];
    *time = (rp_hand_time){.first_run = run, .beats = of->beats, .beat_type = of->beat_type};
    return time;
}

rp_status rp_hand_pool_seal(rp_hand_pool *pool, rp_error *error) {
    size_t kept = 0;
    for (size_t i = 0; i < pool->run_count; i++)
        if (pool->runs[i].count >= RP_HAND_RUN_MIN) pool->runs[kept++] = pool->runs[i];
    pool->run_count = kept;
    if (kept == 0)
        return rp_fail(error, RP_INPUT, -1,
                       "no two measures in a row whose hands could be parted: there is nothing to "
                       "make pieces of");
    qsort(pool->runs, kept, sizeof *pool->runs, compare_runs);
    for (size_t i = 0; i < kept; i++) {
        rp_hand_time *time = time_of(pool, i);
        if (time == NULL) break; /* more times than music has */
        time->runs++;
        time->measures += pool->runs[i].count;
    }
    for (size_t i = 0; i < pool->time_count; i++)
        pool->times[i].weight = pow((double)pool->times[i].measures, weight_power);
    return RP_OK;
}

const rp_hand_time *rp_hand_pool_draw_time(const rp_hand_pool *pool, rp_random *random) {
    double all = 0;
    for (size_t i = 0; i < pool->time_count; i++) all += pool->times[i].weight;
    double drawn = rp_random_uniform(random) * all;
    size_t i = 0;
    while (i + 1 < pool->time_count && drawn >= pool->times[i].weight)
        drawn -= pool->times[i++].weight;
    return &pool->times[i];
}

const rp_hand_run *rp_hand_pool_draw_run(const rp_hand_pool *pool, const rp_hand_time *time,
                                         rp_random *random) {
    return &pool->runs[time->first_run + rp_random_below(random, (uint32_t)time->runs)];
}

void rp_hand_pool_clear(rp_hand_pool *pool) {
    free(pool->measures);
    free(pool->runs);
    rp_arena_clear(&pool->arena);
    *pool = (rp_hand_pool){0};
}
