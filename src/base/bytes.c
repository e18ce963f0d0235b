/* bytes.c: see bytes.h. */
#include "base/bytes.h"

const uint8_t *rp_bytes_take(rp_bytes *bytes, size_t count) {
    if (count > bytes->size - bytes->position) bytes->failed = true;
    if (bytes->failed) return NULL;
    const uint8_t *start = bytes->data + bytes->position;
    bytes->position += count;
    return start;
}

void rp_bytes_skip(rp_bytes *bytes, size_t count) { (void)rp_bytes_take(bytes, count); }

size_t rp_bytes_left(const rp_bytes *bytes) {
    return bytes->failed ? 0 : bytes->size - bytes->position;
}

/* `count` bytes as a number, high byte first or last. */
static uint64_t read_number(rp_bytes *bytes, size_t count, bool big_endian) {
    const uint8_t *start = rp_bytes_take(bytes, count);
    uint64_t value = 0;
    for (size_t i = 0; start != NULL && i < count; i++)
        value = value << 8 | start[big_endian ? i : count - 1 - i];
    return value;
}

uint8_t rp_bytes_u8(rp_bytes *bytes) { return (uint8_t)read_number(bytes, 1, true); }
uint16_t rp_bytes_be16(rp_bytes *bytes) { return (uint16_t)read_number(bytes, 2, true); }
uint32_t rp_bytes_be24(rp_bytes *bytes) { return (uint32_t)read_number(bytes, 3, true); }
uint32_t rp_bytes_be32(rp_bytes *bytes) { return (uint32_t)read_number(bytes, 4, true); }
uint64_t rp_bytes_be64(rp_bytes *bytes) { return read_number(bytes, 8, true); }
uint16_t rp_bytes_le16(rp_bytes *bytes) { return (uint16_t)read_number(bytes, 2, false); }
uint32_t rp_bytes_le32(rp_bytes *bytes) { return (uint32_t)read_number(bytes, 4, false); }
uint64_t rp_bytes_le64(rp_bytes *bytes) { return read_number(bytes, 8, false); }
