/* fuzz_follow.c: a recording taken up in pieces; the first byte says how long they are. */
#include "video/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const size_t piece = RP_FOLLOW_TAIL + (size_t)data[0] * 8;
    rp_follow follow = {0};
    for (size_t at = 1; at + piece <= size; at += piece) {
        rp_follow_begins(data + at, piece);
        rp_follow_feed(&follow, data + at, piece);
    }
    return 0;
}
