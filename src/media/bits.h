/* bits.h: bit fields of H.264, HEVC, AV1 and AAC (H.264 7.2). Start with {.data = p, .size_bits =
 * n}. A read past the end, or of an impossible code, returns 0 and sets `failed` for good: parse a
 * whole structure, then ask once. Why: recordings are cut anywhere. */
#ifndef RP_MEDIA_BITS_H
#define RP_MEDIA_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rp_bits {
    const uint8_t *data;             /* borrowed; must outlive the reader */
    size_t size_bits, position_bits; /* position_bits never exceeds size_bits */
    bool failed;
} rp_bits;

uint32_t rp_bits_u(rp_bits *bits, unsigned width); /* u(n), 0 to 32 bits, high bit first */
uint32_t rp_bits_ue(rp_bits *bits);                /* ue(v), 0 to 2^32 - 2 (H.264 9.1) */
int32_t rp_bits_se(rp_bits *bits);                 /* se(v): 0, 1, -1, 2, -2 ... (H.264 9.1.1) */
void rp_bits_skip(rp_bits *bits, size_t width);    /* forward by `width` bits */
size_t rp_bits_left(const rp_bits *bits);          /* bits not read yet; 0 after a failure */

/* The next 24 bits without moving, zeros past the end: for table look-ups. */
uint32_t rp_bits_peek24(const rp_bits *bits);

/* Takes the emulation prevention bytes (00 00 03 -> 00 00) out of the head of a NAL unit.
 * out: room for `room` bytes; returns how many were written. H.264 7.4.1, HEVC 7.4.2. */
size_t rp_bits_unescape(uint8_t *out, size_t room, const uint8_t *nal, size_t size);

#endif
