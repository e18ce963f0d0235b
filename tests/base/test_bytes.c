#include "base/bytes.h"
#include "check.h"

TEST(numbers_are_read_in_both_orders_and_fail_on_every_shorter_prefix) {
    const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t kept = 0; kept <= sizeof data; kept++) {
        rp_bytes big = {.data = data, .size = kept}, little = big, three = big;
        CHECK(rp_bytes_be64(&big) == (kept == 8 ? 0x0102030405060708u : 0));
        CHECK(rp_bytes_le32(&little) == (kept >= 4 ? 0x04030201u : 0));
        CHECK(rp_bytes_be24(&three) == (kept >= 3 ? 0x010203u : 0));
        CHECK(big.failed == (kept < 8) && little.failed == (kept < 4) &&
              three.failed == (kept < 3));
    }
}
