/* hand_pool.h: the hands of many scores, to make new pieces of.
 *
 * Runs of measures in a row, by the time signature they stand in: of measures whose hands are
 * parted, and of those that can only be taken whole. Zero-initialise; add scores; seal it; end with
 * rp_hand_pool_clear. */
#ifndef RP_MUSIC_HAND_POOL_H
#define RP_MUSIC_HAND_POOL_H

#include "base/random.h"
#include "music/hands.h"
#include "music/whole_measure.h"

enum { RP_HAND_RUN_MIN = 2, RP_WHOLE_RUN_MAX = 6 };

typedef struct rp_hand_run {
    size_t first, count; /* in the list of measures */
    uint8_t beats, beat_type;
} rp_hand_run;

typedef struct rp_hand_runs {
    rp_hand_run *runs; /* (count); owned */
    size_t count, capacity;
} rp_hand_runs;

/* The runs in one time signature. */
typedef struct rp_hand_time {
    size_t first_run, runs, measures; /* parted */
    size_t first_whole, wholes;       /* runs taken whole */
    uint8_t beats, beat_type;         /* tokens */
    double weight;                    /* of being drawn; grows with the measures, but slower */
} rp_hand_time;

typedef struct rp_hand_pool {
    rp_arena arena;
    rp_hands *measures;       /* (count) parted; owned */
    rp_whole_measure *wholes; /* (whole_count); owned */
    size_t count, capacity, whole_count, whole_capacity;
    rp_hand_runs parted_runs; /* RP_HAND_RUN_MIN measures or more, when sealed */
    rp_hand_runs whole_runs;  /* at most RP_WHOLE_RUN_MAX measures */
    rp_hand_time times[64];   /* (time_count), when sealed */
    size_t time_count;
} rp_hand_pool;

/* Adds the systems of a score, in their order; measures that can be had neither way are left out
 * and end a run. RP_SYSTEM: no memory. */
rp_status rp_hand_pool_add(rp_hand_pool *pool, const rp_lmx_line *systems, size_t count,
                           rp_error *error);

/* Sorts the runs by time signature. RP_INPUT: none is of parted hands. */
rp_status rp_hand_pool_seal(rp_hand_pool *pool, rp_error *error);

/* One of the times, by weight; one of its runs. */
const rp_hand_time *rp_hand_pool_draw_time(const rp_hand_pool *pool, rp_random *random);
const rp_hand_run *rp_hand_pool_draw_run(const rp_hand_pool *pool, const rp_hand_time *time,
                                         rp_random *random);

/* One of its runs taken whole; NULL: it has none. */
const rp_hand_run *rp_hand_pool_draw_whole(const rp_hand_pool *pool, const rp_hand_time *time,
                                           rp_random *random);

void rp_hand_pool_clear(rp_hand_pool *pool);

#endif
