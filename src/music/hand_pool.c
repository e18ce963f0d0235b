/* hand_pool.c: see hand_pool.h. */
#include "music/hand_pool.h"

#include <math.h>
#include <stdlib.h>

#include "base/compiler.h"

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

/* Measure `at` makes the last run longer when it goes on from there; else it begins a run. */
static bool lengthen(rp_hand_runs *runs, size_t at, uint8_t beats, uint8_t beat_type,
                     bool goes_on) {
    rp_hand_run *last = runs->count > 0 ? &runs->runs[runs->count - 1] : NULL;
    if (goes_on && last != NULL && last->beats == beats && last->beat_type == beat_type) {
        last->count++;
        return true;
    }
    if (!has_room((void **)&runs->runs, &runs->capacity, runs->count, sizeof *runs->runs))
        return false;
    runs->runs[runs->count++] =
        (rp_hand_run){.first = at, .count = 1, .beats = beats, .beat_type = beat_type};
    return true;
}

static bool append_parted(rp_hand_pool *pool, const rp_hands *hands, bool goes_on) {
    if (!has_room((void **)&pool->measures, &pool->capacity, pool->count, sizeof *pool->measures))
        return false;
    pool->measures[pool->count] = *hands;
    return lengthen(&pool->parted_runs, pool->count++, hands->beats, hands->beat_type, goes_on);
}

static bool append_whole(rp_hand_pool *pool, const rp_whole_measure *whole, bool goes_on) {
    const rp_hand_runs *runs = &pool->whole_runs;
    if (!has_room((void **)&pool->wholes, &pool->whole_capacity, pool->whole_count,
                  sizeof *pool->wholes))
        return false;
    pool->wholes[pool->whole_count] = *whole;
    if (goes_on && runs->runs[runs->count - 1].count == RP_WHOLE_RUN_MAX) goes_on = false;
    return lengthen(&pool->whole_runs, pool->whole_count++, whole->held.beats,
                    whole->held.beat_type, goes_on);
}

static size_t measure_tokens(const rp_lmx_line *line, size_t at) {
    size_t count = 1;
    while (at + count < line->count && line->tokens[at + count] != RP_LMX_MEASURE) count++;
    return count;
}

/* Which way a measure was had. */
enum way { WAY_NONE, WAY_PARTED, WAY_WHOLE };

/* Takes in one measure; false: no memory. */
static bool add_measure(rp_hand_pool *pool, rp_hands_held *held, enum way *way,
                        const uint16_t *tokens, size_t count) {
    rp_hands hands;
    rp_whole_measure whole;
    const rp_hands_held before = *held;
    const enum way last = *way;
    bool has_memory = true;
    *way = WAY_NONE;
    if (rp_hands_part(&hands, held, &pool->arena, tokens, count)) {
        *way = WAY_PARTED;
        has_memory = append_parted(pool, &hands, last == WAY_PARTED);
    } else if (rp_whole_measure_take(&whole, before, &pool->arena, tokens, count)) {
        *way = WAY_WHOLE;
        has_memory = append_whole(pool, &whole, last == WAY_WHOLE);
    }
    return has_memory && !pool->arena.failed;
}

rp_status rp_hand_pool_add(rp_hand_pool *pool, const rp_lmx_line *systems, size_t count,
                           rp_error *error) {
    rp_hands_held held = {0};
    enum way way = WAY_NONE;
    for (size_t s = 0; s < count; s++) {
        const rp_lmx_line *line = &systems[s];
        for (size_t at = 0, length; at < line->count; at += length) {
            length = measure_tokens(line, at);
            if (!add_measure(pool, &held, &way, line->tokens + at, length))
                return rp_fail_memory(error, "the hands of the scores");
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

static bool is_in_time(const rp_hand_run *run, const rp_hand_time *time) {
    return run->beats == time->beats && run->beat_type == time->beat_type;
}

static rp_hand_time *time_of(rp_hand_pool *pool, size_t run) {
    const rp_hand_run *of = &pool->parted_runs.runs[run];
    rp_hand_time *last = pool->time_count > 0 ? &pool->times[pool->time_count - 1] : NULL;
    if (last != NULL && is_in_time(of, last)) return last;
    if (pool->time_count == RP_COUNT(pool->times)) return NULL;
    rp_hand_time *time = &pool->times[pool->time_count++];
    *time = (rp_hand_time){.first_run = run, .beats = of->beats, .beat_type = of->beat_type};
    return time;
}

static void find_wholes(rp_hand_time *time, const rp_hand_runs *runs) {
    while (time->first_whole < runs->count && !is_in_time(&runs->runs[time->first_whole], time))
        time->first_whole++;
    while (time->first_whole + time->wholes < runs->count &&
           is_in_time(&runs->runs[time->first_whole + time->wholes], time))
        time->wholes++;
}

static void sort_runs(rp_hand_runs *runs, size_t count_min) {
    size_t kept = 0;
    for (size_t i = 0; i < runs->count; i++)
        if (runs->runs[i].count >= count_min) runs->runs[kept++] = runs->runs[i];
    runs->count = kept;
    if (kept > 0) qsort(runs->runs, kept, sizeof *runs->runs, compare_runs);
}

rp_status rp_hand_pool_seal(rp_hand_pool *pool, rp_error *error) {
    const rp_hand_runs *parted = &pool->parted_runs;
    sort_runs(&pool->parted_runs, RP_HAND_RUN_MIN);
    sort_runs(&pool->whole_runs, 1);
    if (parted->count == 0)
        return rp_fail(error, RP_INPUT, -1,
                       "no two measures in a row whose hands could be parted: there is nothing to "
                       "make pieces of");
    for (size_t i = 0; i < parted->count; i++) {
        rp_hand_time *time = time_of(pool, i);
        if (time == NULL) break; /* more times than music has */
        time->runs++;
        time->measures += parted->runs[i].count;
    }
    for (size_t i = 0; i < pool->time_count; i++) {
        pool->times[i].weight = pow((double)pool->times[i].measures, weight_power);
        find_wholes(&pool->times[i], &pool->whole_runs);
    }
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
    return &pool->parted_runs.runs[time->first_run + rp_random_below(random, (uint32_t)time->runs)];
}

const rp_hand_run *rp_hand_pool_draw_whole(const rp_hand_pool *pool, const rp_hand_time *time,
                                           rp_random *random) {
    if (time->wholes == 0) return NULL;
    return &pool->whole_runs
                .runs[time->first_whole + rp_random_below(random, (uint32_t)time->wholes)];
}

void rp_hand_pool_clear(rp_hand_pool *pool) {
    free(pool->measures);
    free(pool->wholes);
    free(pool->parted_runs.runs);
    free(pool->whole_runs.runs);
    rp_arena_clear(&pool->arena);
    *pool = (rp_hand_pool){0};
}
