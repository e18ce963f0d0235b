/* Blocks of every size are whole, aligned and can be freed. */
#include "base/large_block.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "check.h"

TEST(blocks_around_every_bound_can_be_filled_and_freed) {
    static const size_t sizes[] = {
        0, 1, 63, 64, 65, 1 << 20, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, (6 << 20) + 4097};
    for (size_t i = 0; i < RP_COUNT(sizes); i++) {
        unsigned char *block = rp_large_block_alloc(sizes[i]);
        REQUIRE(block != NULL || sizes[i] == 0);
        CHECK_INT((uintptr_t)block % 64, 0);
        if (sizes[i] > 0) memset(block, 0xa5, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at += 4093) CHECK_INT(block[at], 0xa5);
        free(block);
    }
}

TEST(what_cannot_be_had_is_null) { CHECK(rp_large_block_alloc(SIZE_MAX - 100) == NULL); }
