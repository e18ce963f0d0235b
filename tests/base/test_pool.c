#include "base/pool.h"
#include "check.h"

#include <stdatomic.h>

static atomic_int rounds[1000];

static void count_rounds(void *context, size_t first, size_t last, unsigned thread) {
    (void)thread;
    rp_pool *pool = context;
    for (size_t i = first; i < last; i++) rounds[i]++;
    if (pool != NULL && last - first > 1) rp_pool_run(pool, 1, count_rounds, NULL);
}

TEST(every_round_is_done_once_whatever_the_thread_count) {
    for (unsigned threads = 1; threads <= 4; threads++) {
        rp_pool *pool;
        REQUIRE(rp_pool_create(&pool, threads, NULL) == RP_OK);
        for (size_t count = 1; count < 1000; count = count * 2 + 1) {
            memset(rounds, 0, sizeof rounds);
            rp_pool_run(pool, count, count_rounds, NULL);
            bool once = true;
            for (size_t i = 0; i < 1000; i++) once = once && rounds[i] == (i < count);
            CHECK(once);
        }
        rp_pool_run(pool, 100, count_rounds, pool); /* a nested run must not hang */
        rp_pool_destroy(pool);
    }
}
