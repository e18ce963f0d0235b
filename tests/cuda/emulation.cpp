/* emulation.cpp: a grid of threads on one processor; see emulated/tensor/cuda/launch.h.
 *
 * A thread of a joint kernel has a stack of its own, entered once by makecontext; after that it is
 * left and resumed by longjmp, which, unlike swapcontext, makes no system call: a barrier of 256
 * threads costs a few microseconds. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "tensor/cuda/launch.h"

enum { THREADS_MAX = 1024, STACK_BYTES = 64 * 1024, SHARED_MAX_FLOATS = 227 * 1024 / 4, WARP = 32 };

enum state { FRESH, WAITING, DONE };

struct fiber {
    jmp_buf at;
    ucontext_t start;
    enum state state;
    const char *waits_for; /* the kind of barrier */
};

rp_emulated_place rp_emulated;

static fiber fibers[THREADS_MAX];
static unsigned char *stacks;
static jmp_buf scheduler;
static ucontext_t scheduler_start;
static float shared_floats[SHARED_MAX_FLOATS], warp_slots[THREADS_MAX];
static int order, is_joint;
static void (*body)(void *context);
static void *body_context;

void rp_emulation_order(int wanted) { order = wanted; }

static void give_up(const char *what) {
    fprintf(stderr, "emulation: block %lld, thread %d: %s\n", (long long)rp_emulated.block,
            rp_emulated.thread, what);
    abort();
}

/* Entered once a fiber; never returns. */
static void fiber_main(void) {
    fiber *self = &fibers[rp_emulated.thread];
    body(body_context);
    self->state = DONE;
    _longjmp(scheduler, 1);
}

static void wait_for(const char *barrier) {
    fiber *self = &fibers[rp_emulated.thread];
    if (!is_joint) give_up("waits, but its grid is not joint");
    self->state = WAITING;
    self->waits_for = barrier;
    if (_setjmp(self->at) == 0) _longjmp(scheduler, 1);
}

void rp_sync(void) { wait_for("rp_sync"); }

/* The butterfly of the shuffles, from slots: the same additions in the same order. */
float rp_warp_sum(float x) {
    const int lane = rp_emulated.thread % WARP, first = rp_emulated.thread - lane;
    float sums[WARP], next[WARP];
    warp_slots[rp_emulated.thread] = x;
    wait_for("rp_warp_sum");
    for (int i = 0; i < WARP; i++) sums[i] = warp_slots[first + i];
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        for (int i = 0; i < WARP; i++) next[i] = sums[i] + sums[i ^ offset];
        memcpy(sums, next, sizeof sums);
    }
    wait_for("rp_warp_sum, end");
    return sums[lane];
}

/* Runs thread `t` to its next barrier or its end. */
static void resume(int t) {
    fiber *f = &fibers[t];
    rp_emulated.thread = t;
    if (_setjmp(scheduler) != 0) return;
    if (f->state == WAITING) _longjmp(f->at, 1);
    if (getcontext(&f->start) != 0) give_up("has no context");
    f->start.uc_stack.ss_sp = stacks + (size_t)t * STACK_BYTES;
    f->start.uc_stack.ss_size = STACK_BYTES;
    f->start.uc_link = NULL;
    makecontext(&f->start, fiber_main, 0);
    swapcontext(&scheduler_start, &f->start);
}

static void run_joint_block(int threads) {
    for (int t = 0; t < threads; t++) fibers[t].state = FRESH;
    for (int done = 0; done < threads;) {
        int waiting = 0;
        const char *barrier = NULL;
        done = 0;
        for (int k = 0; k < threads; k++) {
            const int t = order == 0 ? k : threads - 1 - k;
            if (fibers[t].state != DONE) resume(t);
            if (fibers[t].state == DONE) {
                done++;
                continue;
            }
            if (barrier != NULL && barrier != fibers[t].waits_for)
                give_up("waits at another barrier than the others");
            barrier = fibers[t].waits_for;
            waiting++;
        }
        /* Whoever has ended early is not waited for, as on the device. */
        if (waiting + done != threads) give_up("is lost");
    }
}

static void run_block(rp_grid grid) {
    memset(shared_floats, 0xFF, (size_t)grid.shared * sizeof *shared_floats); /* NaN */
    if (grid.joint) {
        run_joint_block(grid.threads);
        return;
    }
    for (int k = 0; k < grid.threads; k++) {
        rp_emulated.thread = order == 0 ? k : grid.threads - 1 - k;
        body(body_context);
    }
}

void rp_emulate(rp_grid grid, void (*run)(void *context), void *context) {
    if (stacks == NULL) stacks = (unsigned char *)malloc((size_t)THREADS_MAX * STACK_BYTES);
    if (stacks == NULL) abort();
    if (grid.threads < 1 || grid.threads > THREADS_MAX || grid.threads % WARP != 0)
        give_up("cannot be: a block has 32 to 1024 threads, in whole warps");
    if (grid.shared > SHARED_MAX_FLOATS) give_up("cannot be: shared memory is 227 KiB");
    if (grid.blocks > 0x7fffffff) give_up("cannot be: a grid has at most 2^31 - 1 blocks");
    body = run;
    body_context = context;
    is_joint = grid.joint;
    rp_emulated.threads = grid.threads;
    rp_emulated.blocks = grid.blocks;
    rp_emulated.shared = shared_floats;
    for (int64_t k = 0; k < grid.blocks; k++) {
        rp_emulated.block = order == 0 ? k : grid.blocks - 1 - k;
        run_block(grid);
    }
}
