/* pool.c: see pool.h. Workers sleep on a condition until a run's number changes. */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct worker {
    rp_pool *pool;
    pthread_t thread;
    unsigned index;
} worker;

struct rp_pool {
    pthread_mutex_t mutex;
    pthread_cond_t start, finish;
    unsigned threads, waiting_for; /* workers still busy with the current run */
    unsigned long run;             /* number of the current run */
    bool stopping, running;
    rp_pool_fn work;
    void *context;
    size_t count;
    worker *workers; /* threads - 1 of them */
};

static void do_range(const rp_pool *pool, unsigned index) {
    const size_t first = pool->count * index / pool->threads;
    const size_t last = pool->count * (index + 1) / pool->threads;
    if (first < last) pool->work(pool->context, first, last, index);
}

static void *worker_main(void *argument) {
    const worker *self = argument;
    rp_pool *pool = self->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->run == seen && !pool->stopping) pthread_cond_wait(&pool->start, &pool->mutex);
        if (pool->stopping) break;
        seen = pool->run;
        pthread_mutex_unlock(&pool->mutex);
        do_range(pool, self->index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->waiting_for == 0) pthread_cond_signal(&pool->finish);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static unsigned processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count;
}

rp_status rp_pool_create(rp_pool **out, unsigned threads, rp_error *error) {
    *out = NULL;
    rp_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return rp_fail_memory(error, "the thread pool");
    pool->threads = 1;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->finish, NULL);
    const unsigned wanted = threads == 0 ? processors() : threads;
    pool->workers = calloc(wanted, sizeof *pool->workers);
    for (unsigned i = 1; pool->workers != NULL && i < wanted; i++) {
        worker *next = &pool->workers[i - 1];
        *next = (worker){.pool = pool, .index = i};
        if (pthread_create(&next->thread, NULL, worker_main, next) != 0) break;
        pool->threads++;
    }
    if (pool->threads != wanted) {
        rp_pool_destroy(pool);
        return rp_fail(error, RP_SYSTEM, -1, "no more threads to be had: asked for %u", wanted);
    }
    *out = pool;
    return RP_OK;
}

void rp_pool_destroy(rp_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 1; i < pool->threads; i++) pthread_join(pool->workers[i - 1].thread, NULL);
    pthread_cond_destroy(&pool->finish);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

unsigned rp_pool_threads(const rp_pool *pool) { return pool == NULL ? 1 : pool->threads; }

void rp_pool_run(rp_pool *pool, size_t count, rp_pool_fn work, void *context) {
    if (count == 0) return;
    if (pool == NULL || pool->threads == 1 || count == 1) {
        work(context, 0, count, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    if (pool->running) { /* started from inside a run, or by a second caller */
        pthread_mutex_unlock(&pool->mutex);
        work(context, 0, count, 0);
        return;
    }
    pool->running = true;
    pool->work = work;
    pool->context = context;
    pool->count = count;
    pool->waiting_for = pool->threads - 1;
    pool->run++;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
    do_range(pool, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->waiting_for > 0) pthread_cond_wait(&pool->finish, &pool->mutex);
    pool->running = false;
    pthread_mutex_unlock(&pool->mutex);
}
