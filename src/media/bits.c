/* bits.c: see bits.h. */
#include "media/bits.h"

#include <assert.h>

uint32_t rp_bits_u(rp_bits *bits, unsigned width) {
    assert(width <= 32);
    if (width > bits->size_bits - bits->position_bits) bits->failed = true;
    if (bits->failed) return 0;
    uint64_t value = 0;
    const size_t first = bits->position_bits / 8, end = bits->position_bits + width;
    for (size_t at = first; at * 8 < end; at++) value = value << 8 | bits->data[at];
    bits->position_bits = end;
    value >>= (8 - end % 8) % 8;
    return (uint32_t)(value & ((UINT64_C(1) << width) - 1));
}

uint32_t rp_bits_ue(rp_bits *bits) {
    unsigned zeros = 0;
    while (zeros < 32 && !bits->failed && rp_bits_u(bits, 1) == 0) zeros++;
    if (zeros == 32) bits->failed = true; /* longer than any 32-bit ue(v): this is noise */
    const uint32_t suffix = bits->failed ? 0 : rp_bits_u(bits, zeros);
    return bits->failed ? 0 : (UINT32_C(1) << zeros) - 1 + suffix;
}

int32_t rp_bits_se(rp_bits *bits) {
    const uint32_t code = rp_bits_ue(bits);
    return code % 2 == 1 ? (int32_t)(code / 2) + 1 : -(int32_t)(code / 2);
}

void rp_bits_skip(rp_bits *bits, size_t width) {
    if (width > bits->size_bits - bits->position_bits) bits->failed = true;
    if (!bits->failed) bits->position_bits += width;
}

size_t rp_bits_left(const rp_bits *bits) {
    return bits->failed ? 0 : bits->size_bits - bits->position_bits;
}

uint32_t rp_bits_peek24(const rp_bits *bits) {
    const size_t first = bits->position_bits / 8, size = (bits->size_bits + 7) / 8;
    uint32_t value = 0;
    for (size_t at = first; at < first + 4; at++)
        value = value << 8 | (at < size ? bits->data[at] : 0);
    return value << bits->position_bits % 8 >> 8;
}

size_t rp_bits_unescape(uint8_t *out, size_t room, const uint8_t *nal, size_t size) {
    size_t written = 0, zeros = 0;
    for (size_t at = 0; at < size && written < room; at++) {
        if (zeros >= 2 && nal[at] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[at] == 0 ? zeros + 1 : 0;
        out[written++] = nal[at];
    }
    return written;
}
