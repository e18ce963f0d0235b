/* store.c: see store.h. A free block holds the pointer to the next one in its first bytes. */
#include "tensor/store.h"

#include <stdlib.h>

enum { OCTAVES = 48, STEPS = 8, SMALLEST_SHIFT = 9 };

typedef struct free_block {
    struct free_block *next;
} free_block;

struct rp_store {
    rp_device *device;
    free_block *free[OCTAVES * STEPS];
    uint64_t allocations;
    size_t bytes;
};

/* The class of a size, and the size it is rounded up to: 2^k (1 + s/8), from 512 bytes on. */
static unsigned size_class(size_t bytes, size_t *rounded) {
    unsigned octave = 0;
    while ((((size_t)2 << SMALLEST_SHIFT) << octave) <= bytes) octave++;
    const size_t base = ((size_t)1 << SMALLEST_SHIFT) << octave, step = base / STEPS;
    const size_t over = bytes > base ? (bytes - base + step - 1) / step : 0;
    *rounded = base + over * step;
    return octave * STEPS + (unsigned)over; /* over == STEPS is the next octave's first */
}

rp_status rp_store_create(rp_store **out, rp_device *device, rp_error *error) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return rp_fail_memory(error, "the tensor store");
    (*out)->device = device;
    return RP_OK;
}

void rp_store_destroy(rp_store *store) {
    if (store == NULL) return;
    for (size_t i = 0; i < RP_COUNT(store->free); i++) {
        for (free_block *block = store->free[i]; block != NULL;) {
            free_block *next = block->next;
            store->device->release(store->device, block);
            block = next;
        }
    }
    free(store);
}

void *rp_store_take(rp_store *store, size_t bytes) {
    size_t rounded;
    const unsigned class = size_class(bytes, &rounded);
    if (class >= RP_COUNT(store->free)) return NULL;
    free_block *block = store->free[class];
    if (block != NULL) {
        store->free[class] = block->next;
        return block;
    }
    void *data = store->device->allocate(store->device, rounded);
    if (data == NULL) return NULL;
    store->allocations++;
    store->bytes += rounded;
    return data;
}

void rp_store_give(rp_store *store, void *data, size_t bytes) {
    if (data == NULL) return;
    size_t rounded;
    const unsigned class = size_class(bytes, &rounded);
    free_block *block = data;
    block->next = store->free[class];
    store->free[class] = block;
}

uint64_t rp_store_allocations(const rp_store *store) { return store->allocations; }
size_t rp_store_bytes(const rp_store *store) { return store->bytes; }
