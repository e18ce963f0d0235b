/* large_block.c: see large_block.h. */
#include "base/large_block.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

void *rp_large_block_alloc(size_t size) {
    static const size_t small = 64, large = (size_t)2 << 20;
    const size_t unit = size >= large ? large : small;
    if (size > SIZE_MAX - unit) return NULL;
    /* The size is not rounded up to whole large pages: the last part stays on small ones. */
    void *block = NULL; /* aligned_alloc would want the size to be a multiple (C11 7.22.3.1) */
    if (posix_memalign(&block, unit, (size + small - 1) / small * small) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    /* A wish: where it is refused the block is as good, only slower to touch. */
    if (unit == large) (void)madvise(block, size / large * large, MADV_HUGEPAGE);
#endif
    return block;
}
