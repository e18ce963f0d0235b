/* arena.c: see arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/large_block.h"

enum { ALIGN_BYTES = 64, FIRST_BLOCK_BYTES = 1 << 16, LARGEST_BLOCK_BYTES = 1 << 26 };

struct rp_arena_block {
    rp_arena_block *next;
    size_t size, used; /* of the bytes after the header, which takes ALIGN_BYTES */
};

static char *block_bytes(rp_arena_block *block) { return (char *)block + ALIGN_BYTES; }

static rp_arena_block *block_create(rp_arena *arena, size_t needed) {
    size_t size = arena->current != NULL ? arena->current->size * 2 : FIRST_BLOCK_BYTES;
    if (size > LARGEST_BLOCK_BYTES) size = LARGEST_BLOCK_BYTES;
    if (size < needed) size = needed;
    if (arena->limit_bytes != 0 && arena->total_bytes + size > arena->limit_bytes) size = needed;
    if (arena->limit_bytes != 0 && size > arena->limit_bytes - arena->total_bytes) return NULL;
    rp_arena_block *block = rp_large_block_alloc(size + ALIGN_BYTES);
    if (block == NULL) return NULL;
    *block = (rp_arena_block){.size = size};
    arena->total_bytes += size;
    return block;
}

/* Moves on to a kept or a new block that holds `needed` bytes; false when there is no memory. */
static bool arena_advance(rp_arena *arena, size_t needed) {
    while (arena->current != NULL && arena->current->next != NULL) {
        rp_arena_block *next = arena->current->next;
        next->used = 0;
        arena->current = next;
        if (next->size >= needed) return true;
    }
    rp_arena_block *block = block_create(arena, needed);
    if (block == NULL) return false;
    if (arena->current != NULL) arena->current->next = block;
    else arena->first = block;
    arena->current = block;
    return true;
}

void *rp_arena_alloc_raw(rp_arena *arena, size_t size) {
    if (arena->failed || size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    const size_t rounded =
        size == 0 ? ALIGN_BYTES : (size + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
    if (arena->current == NULL || arena->current->size - arena->current->used < rounded) {
        if (!arena_advance(arena, rounded)) {
            arena->failed = true;
            return NULL;
        }
    }
    void *bytes = block_bytes(arena->current) + arena->current->used;
    arena->current->used += rounded;
    return bytes;
}

void *rp_arena_alloc(rp_arena *arena, size_t size) {
    void *bytes = rp_arena_alloc_raw(arena, size);
    if (bytes != NULL) memset(bytes, 0, size);
    return bytes;
}

void *rp_arena_array(rp_arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        arena->failed = true;
        return NULL;
    }
    return rp_arena_alloc(arena, count * size);
}

char *rp_arena_text(rp_arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX) return NULL;
    char *copy = rp_arena_alloc_raw(arena, length + 1);
    if (copy == NULL) return NULL;
    if (length > 0) memcpy(copy, text, length); /* `text` may be NULL then */
    copy[length] = '\0';
    return copy;
}

char *rp_arena_format(rp_arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : rp_arena_alloc_raw(arena, (size_t)length + 1);
    if (text != NULL) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void rp_arena_reset(rp_arena *arena) {
    arena->current = arena->first;
    if (arena->current != NULL) arena->current->used = 0;
    arena->failed = false;
}

void rp_arena_clear(rp_arena *arena) {
    for (rp_arena_block *block = arena->first; block != NULL;) {
        rp_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (rp_arena){.limit_bytes = arena->limit_bytes};
}
