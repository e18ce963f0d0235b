/* arena.h: memory with one lifetime: per page, per batch, per file. Allocate freely, free at once.
 *
 *     block -> block -> block        each block doubles, up to 64 MiB; larger requests get their
 * own [used......|free]
 *
 * rp_arena_reset keeps the blocks, so that a loop allocates nothing after its first round. */
#ifndef RP_BASE_ARENA_H
#define RP_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

typedef struct rp_arena_block rp_arena_block;

/* Zero-initialised is ready for use. `failed` is sticky: set when memory ran out. */
typedef struct rp_arena {
    rp_arena_block *first, *current;
    size_t limit_bytes; /* 0: none; else more than this in all fails as if memory had run out */
    size_t total_bytes; /* held in blocks */
    bool failed;
} rp_arena;

/* `size` bytes aligned to 64, zeroed. NULL (and `failed`) when memory or the limit is reached. */
void *rp_arena_alloc(rp_arena *arena, size_t size);

/* `count` * `size` with overflow check; otherwise as rp_arena_alloc. */
void *rp_arena_array(rp_arena *arena, size_t count, size_t size);

/* As rp_arena_alloc, but the bytes are not cleared. */
void *rp_arena_alloc_raw(rp_arena *arena, size_t size);

/* A copy of `length` bytes of text with a terminating zero. NULL when memory ran out. */
char *rp_arena_text(rp_arena *arena, const char *text, size_t length);

/* printf into the arena. NULL when memory ran out. */
char *rp_arena_format(rp_arena *arena, const char *format, ...) RP_PRINTF(2, 3);

/* Forgets all contents, keeps the blocks. */
void rp_arena_reset(rp_arena *arena);

/* Frees everything; the arena is then as zero-initialised. */
void rp_arena_clear(rp_arena *arena);

#endif
