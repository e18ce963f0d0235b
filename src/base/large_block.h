/* large_block.h: memory for blocks that may be large, on large pages where the system has them.
 *
 * The first touch of a page costs the system a fault, 4 KiB at a time: reading one page of music
 * took 29,000 of them and a third of its time. From 2 MiB on a block asks for pages of 2 MiB. */
#ifndef RP_BASE_LARGE_BLOCK_H
#define RP_BASE_LARGE_BLOCK_H

#include <stddef.h>

/* `size` bytes, not cleared, aligned to 64 at least; end them with free(). NULL: no memory. */
void *rp_large_block_alloc(size_t size);

#endif
