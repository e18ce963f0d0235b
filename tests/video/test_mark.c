/* test_mark.c: what is recognised without an index. */
#include "base/compiler.h"
#include "base/random.h"
#include "check.h"
#include "video/mark.h"

static rp_mark read(const char *bytes, size_t count, rp_mark_kind kind) {
    uint8_t data[RP_MARK_LOOK] = {0};
    memcpy(data, bytes, count);
    return rp_mark_read(data, kind);
}

#define READ(bytes, kind) read(bytes, sizeof(bytes) - 1, kind)

/* Bytes of real recordings: delimiter, slice, parameter sets, metadata. */
TEST(units_of_recordings_are_recognised_with_their_sizes) {
    CHECK_INT(READ("\0\0\0\2\x09\x10", RP_MARK_H264).size, 6);
    CHECK_INT(READ("\0\0\x3b\xb5\x25\x88\x84\0", RP_MARK_H264).size, 0x3bb5 + 4);
    CHECK_INT(READ("\0\0\x11\x29\x21\x9a\x24\x20", RP_MARK_H264).type, 1);
    CHECK_INT(READ("\0\0\0\3\x46\x01\x50", RP_MARK_HEVC).size, 7);
    CHECK_INT(READ("\0\0\1\0\x26\x01\xaf\x09\x40", RP_MARK_HEVC).type, 19);
    CHECK(READ("\0\x1c\1\0\x23\3\x28\xe1\xf0\1\0\x10", RP_MARK_RTMD).bits > 50);
    CHECK_INT(READ("GP\0\3\0\0\x11\x33\0\0\x0b\xbb", RP_MARK_FDSC).size, 16 + 0x1133);
    CHECK_INT(READ("GP\3\1\0\1\x3b\xbf\0\0\x0b\xbb", RP_MARK_FDSC).size, 152 + 0x13bbf);
    CHECK_INT(READ("\0\0\0\x70\0\0\0\1", RP_MARK_MEBX).size, 0x70);
    CHECK_INT(READ("\0\0\0\1mdat\0\0\0\0\0\0\0\x10", RP_MARK_BOX).size, 16);
    CHECK_INT(READ("\0\0\0\x20"
                   "ftypXAVC",
                   RP_MARK_BOX)
                  .size,
              32);
}

TEST(what_breaks_the_standards_is_no_mark) {
    CHECK_INT(READ("\0\0\0\2\x89\x10", RP_MARK_H264).bits, 0);   /* forbidden_zero_bit */
    CHECK_INT(READ("\0\0\0\2\x29\x10", RP_MARK_H264).bits, 0);   /* delimiter, nal_ref_idc 1 */
    CHECK_INT(READ("\0\0\0\3\x09\x10", RP_MARK_H264).bits, 0);   /* delimiter of 3 bytes */
    CHECK_INT(READ("\0\0\0\2\x05\x88", RP_MARK_H264).bits, 0);   /* IDR, nal_ref_idc 0 */
    CHECK_INT(READ("\0\0\0\3\x46\0\x50", RP_MARK_HEVC).bits, 0); /* temporal id plus 1 is 0 */
    CHECK_INT(READ("\0\0\1\0\x27\1\xaf", RP_MARK_HEVC).bits, 0); /* layer 32 */
    CHECK_INT(READ("\0\0\0\0\x65\x88", RP_MARK_H264).bits, 0);   /* empty */
    CHECK_INT(READ("\0\0\0\4moov", RP_MARK_BOX).bits, 0);        /* smaller than its header */
    for (int kind = RP_MARK_BOX; kind <= RP_MARK_HEVC; kind++)
        CHECK_INT(READ("\0\0\0\0\0\0\0\0", (rp_mark_kind)kind).bits, 0);
}

/* The evidence is honest: noise looks like a mark of b bits in about one of 2^b places. */
TEST(noise_is_taken_for_marks_no_more_often_than_their_bits_say) {
    enum { PLACES = 1 << 21 };
    rp_random random = rp_random_make(3, 1);
    static uint8_t noise[PLACES + RP_MARK_LOOK];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)rp_random_u32(&random);
    for (int kind = RP_MARK_BOX; kind <= RP_MARK_HEVC; kind++) {
        size_t strong = 0;
        for (size_t i = 0; i < PLACES; i++)
            strong += rp_mark_read(noise + i, (rp_mark_kind)kind).bits >= 18;
        CHECK(strong <= 2 * (PLACES >> 18) + 8);
    }
}
