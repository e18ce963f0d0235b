/* store.c: see store.h. Before a block's data stands its head. */
#include "tensor/store.h"

#include <stdlib.h>

enum { OCTAVES = 48, STEPS = 8, SMALLEST_SHIFT = 9, ALIGNMENT = 64 };

typedef struct head {
    _Alignas(ALIGNMENT) struct head *next; /* free blocks of its class */
    unsigned class;
} head;

struct rp_store {
    rp_device *device;
    head *free[OCTAVES * STEPS];
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
        for (head *block = store->free[i]; block != NULL;) {
            head *next = block->next;
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
    /* A block of up to twice the size serves too: batches differ in width, and to keep all sizes
     * of all widths would take several times the memory of the widest batch. */
    for (unsigned k = class; k <= class + STEPS && k < RP_COUNT(store->free); k++) {
        head *block = store->free[k];
        if (block == NULL) continue;
        store->free[k] = block->next;
        return block + 1;
    }
    head *block = store->device->allocate(store->device, sizeof *block + rounded);
    if (block == NULL) return NULL;
    block->class = class;
    store->allocations++;
    store->bytes += rounded;
    return block + 1;
}

void rp_store_give(rp_store *store, void *data) {
    if (data == NULL) return;
    head *block = (head *)data - 1;
    block->next = store->free[block->class];
    store->free[block->class] = block;
}

uint64_t rp_store_allocations(const rp_store *store) { return store->allocations; }
size_t rp_store_bytes(const rp_store *store) { return store->bytes; }
