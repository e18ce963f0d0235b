/* pool.h: a fixed set of threads for loops whose rounds do not depend on one another.
 *
 * rp_pool_run cuts 0 .. count into as many contiguous ranges as there are threads; the caller's
 * thread does the first. Range k is a function of (count, threads) alone. Code that reduces cuts
 * by fixed block sizes, not by ranges, so that results do not depend on the thread count.
 * Runs do not nest: a run started from inside a run is done by the calling thread alone. */
#ifndef RP_BASE_POOL_H
#define RP_BASE_POOL_H

#include <stddef.h>

#include "base/error.h"

typedef struct rp_pool rp_pool;

/* Does rounds first .. last - 1; `thread` is 0 .. threads - 1. */
typedef void (*rp_pool_fn)(void *context, size_t first, size_t last, unsigned thread);

/* `threads` 0: as many as the machine has processors for us. RP_SYSTEM: no threads to be had. */
rp_status rp_pool_create(rp_pool **pool, unsigned threads, rp_error *error);
void rp_pool_destroy(rp_pool *pool);

/* NULL pool: one thread, the caller's. */
unsigned rp_pool_threads(const rp_pool *pool);

/* Runs `work` over 0 .. count and returns when all is done. NULL pool: in the caller's thread. */
void rp_pool_run(rp_pool *pool, size_t count, rp_pool_fn work, void *context);

#endif
