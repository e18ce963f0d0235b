/* test_bits.c: rows of H.264 Table 9-2, prefixes, and emulation prevention. */
#include "base/compiler.h"
#include "check.h"
#include "media/bits.h"

static const struct {
    uint8_t byte;
    uint32_t value;
    size_t length_bits;
} table_9_2[] = {
    {0x80, 0, 1}, {0x40, 1, 3}, {0x60, 2, 3}, {0x20, 3, 5}, {0x38, 6, 5},
};

TEST(ue_reads_table_9_2_and_fails_on_every_shorter_prefix) {
    for (size_t i = 0; i < RP_COUNT(table_9_2); i++) {
        for (size_t kept = 0; kept <= table_9_2[i].length_bits; kept++) {
            rp_bits bits = {.data = &table_9_2[i].byte, .size_bits = kept};
            const uint32_t value = rp_bits_ue(&bits);
            CHECK(bits.failed == (kept < table_9_2[i].length_bits));
            CHECK(value == (bits.failed ? 0 : table_9_2[i].value));
        }
    }
}

TEST(se_reads_table_9_3) {
    static const uint8_t codes[] = {0x80, 0x40, 0x60, 0x20, 0x28};
    static const int32_t values[] = {0, 1, -1, 2, -2};
    for (size_t i = 0; i < RP_COUNT(codes); i++) {
        rp_bits bits = {.data = &codes[i], .size_bits = 8};
        CHECK_INT(rp_bits_se(&bits), values[i]);
    }
}

TEST(u_reads_any_width_at_any_position) {
    const uint8_t bytes[] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
    const uint64_t whole = UINT64_C(0x123456789abc);
    for (unsigned at = 0; at < 48; at++) {
        for (unsigned width = 0; width <= 32 && at + width <= 48; width++) {
            rp_bits bits = {.data = bytes, .size_bits = 48, .position_bits = at};
            const uint64_t expected = whole >> (48 - at - width) & ((UINT64_C(1) << width) - 1);
            CHECK_INT(rp_bits_u(&bits, width), expected);
        }
        rp_bits bits = {.data = bytes, .size_bits = 48, .position_bits = at};
        CHECK_INT(rp_bits_peek24(&bits), (whole << at) >> 24 & 0xffffff);
    }
}

TEST(a_read_past_the_end_fails_for_good) {
    const uint8_t byte = 0xff;
    rp_bits bits = {.data = &byte, .size_bits = 8};
    CHECK_INT(rp_bits_u(&bits, 9), 0);
    CHECK(bits.failed);
    CHECK_INT(rp_bits_u(&bits, 1), 0);
    CHECK_INT(rp_bits_left(&bits), 0);
}

TEST(emulation_prevention_bytes_are_taken_out) {
    const uint8_t nal[] = {0x65, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3};
    const uint8_t expected[] = {0x65, 0, 0, 1, 0, 0, 0, 0};
    uint8_t out[16];
    CHECK_INT(rp_bits_unescape(out, sizeof out, nal, sizeof nal), sizeof expected);
    CHECK(memcmp(out, expected, sizeof expected) == 0);
    CHECK_INT(rp_bits_unescape(out, 3, nal, sizeof nal), 3);
}
