/* store.h: memory for tensors, kept when given back.
 *
 * Sizes are rounded up to one of eight steps an octave, and a free block of up to twice the size
 * serves as well, so that batches of different widths use each other's blocks: after the widest
 * batch has been seen a loop allocates next to nothing. */
#ifndef RP_TENSOR_STORE_H
#define RP_TENSOR_STORE_H

#include "tensor/device.h"

typedef struct rp_store rp_store;

rp_status rp_store_create(rp_store **store, rp_device *device, rp_error *error);
void rp_store_destroy(rp_store *store);

/* At least `bytes`, aligned to 64, not cleared; NULL when memory ran out. */
void *rp_store_take(rp_store *store, size_t bytes);

/* Gives back what rp_store_take returned; NULL: nothing. */
void rp_store_give(rp_store *store, void *data);

/* How many blocks were asked of the device so far: constant in a loop that has settled. */
uint64_t rp_store_allocations(const rp_store *store);

/* Bytes held, in use or not. */
size_t rp_store_bytes(const rp_store *store);

#endif
