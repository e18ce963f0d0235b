#include "base/arena.h"
#include "check.h"

#include <stdint.h>

TEST(blocks_are_aligned_zeroed_and_apart) {
    rp_arena arena = {0};
    unsigned char *before = NULL;
    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        unsigned char *bytes = rp_arena_alloc(&arena, size);
        REQUIRE(bytes != NULL);
        CHECK_INT((uintptr_t)bytes % 64, 0);
        bool zero = true;
        for (size_t i = 0; i < size; i++) zero = zero && bytes[i] == 0;
        CHECK(zero);
        memset(bytes, 0xff, size);
        if (before != NULL) CHECK(before[0] == 0xff);
        before = bytes;
    }
    rp_arena_clear(&arena);
    CHECK(arena.first == NULL);
}

TEST(a_second_round_after_reset_takes_no_new_memory) {
    rp_arena arena = {0};
    for (int i = 0; i < 100; i++) (void)rp_arena_alloc(&arena, 10000);
    const size_t held = arena.total_bytes;
    rp_arena_reset(&arena);
    for (int i = 0; i < 100; i++) CHECK(rp_arena_alloc(&arena, 10000) != NULL);
    CHECK_INT(arena.total_bytes, held);
    rp_arena_clear(&arena);
}

TEST(a_limit_fails_as_if_memory_ran_out) {
    rp_arena arena = {.limit_bytes = 1 << 20};
    CHECK(rp_arena_alloc(&arena, 1 << 19) != NULL);
    CHECK(rp_arena_alloc(&arena, 1 << 20) == NULL);
    CHECK(arena.failed);
    CHECK(rp_arena_array(&arena, SIZE_MAX / 2, 8) == NULL);
    rp_arena_clear(&arena);
}
