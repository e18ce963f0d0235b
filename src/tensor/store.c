/* store.c: see store.h. Heads stand apart from the blocks, found by a block's address: memory of a
 * device is not for the host to write to. */
#include "tensor/store.h"

#include <assert.h>
#include <stdlib.h>

enum { OCTAVES = 48, STEPS = 8, SMALLEST_SHIFT = 9, FIRST_SLOTS = 1024 };

typedef struct head {
    struct head *next; /* free blocks of its class */
    void *data;
    unsigned class;
} head;

struct rp_store {
    rp_device *device;
    head *free[OCTAVES * STEPS];
    head **heads; /* of all blocks, by address: open addressing, at most half full */
    size_t head_slots;
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

/* The slot of the block at `data`, or the empty one where it would stand. */
static head **head_slot(head **heads, size_t slots, const void *data) {
    size_t at = (size_t)(((uintptr_t)data >> 6) * 0x9E3779B97F4A7C15u >> 20) % slots;
    while (heads[at] != NULL && heads[at]->data != data) at = (at + 1) % slots;
    return &heads[at];
}

/* Room for one more head; false: no memory. */
static bool grow_heads(rp_store *store) {
    if (2 * (store->allocations + 1) <= store->head_slots) return true;
    const size_t slots = store->head_slots == 0 ? FIRST_SLOTS : 2 * store->head_slots;
    head **larger = calloc(slots, sizeof(head *));
    if (larger == NULL) return false;
    for (size_t i = 0; i < store->head_slots; i++)
        if (store->heads[i] != NULL)
            *head_slot(larger, slots, store->heads[i]->data) = store->heads[i];
    free(store->heads);
    store->heads = larger;
    store->head_slots = slots;
    return true;
}

rp_status rp_store_create(rp_store **out, rp_device *device, rp_error *error) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL) return rp_fail_memory(error, "the tensor store");
    (*out)->device = device;
    return RP_OK;
}

void rp_store_destroy(rp_store *store) {
    if (store == NULL) return;
    for (size_t i = 0; i < store->head_slots; i++) {
        if (store->heads[i] == NULL) continue;
        store->device->release(store->device, store->heads[i]->data);
        free(store->heads[i]);
    }
    free(store->heads);
    free(store);
}

void *rp_store_take(rp_store *store, size_t bytes) {
    size_t rounded;
    if (bytes > SIZE_MAX / 4) return NULL; /* size_class doubles up to it */
    const unsigned class = size_class(bytes, &rounded);
    if (class >= RP_COUNT(store->free)) return NULL;
    /* A block of up to twice the size serves too: batches differ in width, and to keep all sizes
     * of all widths would take several times the memory of the widest batch. */
    for (unsigned k = class; k <= class + STEPS && k < RP_COUNT(store->free); k++) {
        head *block = store->free[k];
        if (block == NULL) continue;
        store->free[k] = block->next;
        return block->data;
    }
    head *block = grow_heads(store) ? malloc(sizeof *block) : NULL;
    void *data = block != NULL ? store->device->allocate(store->device, rounded) : NULL;
    if (data == NULL) {
        free(block);
        return NULL;
    }
    *block = (head){.data = data, .class = class};
    *head_slot(store->heads, store->head_slots, data) = block;
    store->allocations++;
    store->bytes += rounded;
    return data;
}

void rp_store_give(rp_store *store, void *data) {
    if (data == NULL) return;
    head *block = *head_slot(store->heads, store->head_slots, data);
    assert(block != NULL);
    block->next = store->free[block->class];
    store->free[block->class] = block;
}

uint64_t rp_store_allocations(const rp_store *store) { return store->allocations; }
size_t rp_store_bytes(const rp_store *store) { return store->bytes; }
