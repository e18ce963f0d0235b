/* bytes.h: checked big- and little-endian reads from memory that is not trusted.
 * A read past the end returns 0 and sets `failed` for good: parse a whole structure, then ask
 * once. Why: files are cut anywhere. */
#ifndef RP_BASE_BYTES_H
#define RP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rp_bytes {
    const uint8_t *data;   /* borrowed; must outlive the reader */
    size_t size, position; /* position never exceeds size */
    bool failed;
} rp_bytes;

/* Takes `count` bytes and returns where they start; NULL and `failed` past the end. */
const uint8_t *rp_bytes_take(rp_bytes *bytes, size_t count);

/* Moves forward by `count` bytes. */
void rp_bytes_skip(rp_bytes *bytes, size_t count);

/* How many bytes are left; 0 after a failure. */
size_t rp_bytes_left(const rp_bytes *bytes);

uint8_t rp_bytes_u8(rp_bytes *bytes);
uint16_t rp_bytes_be16(rp_bytes *bytes);
uint32_t rp_bytes_be24(rp_bytes *bytes);
uint32_t rp_bytes_be32(rp_bytes *bytes);
uint64_t rp_bytes_be64(rp_bytes *bytes);
uint16_t rp_bytes_le16(rp_bytes *bytes);
uint32_t rp_bytes_le32(rp_bytes *bytes);
uint64_t rp_bytes_le64(rp_bytes *bytes);

/* Unchecked, for memory whose size is already known to be enough. */
static inline uint16_t rp_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t rp_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t rp_be64(const uint8_t *p) {
    return (uint64_t)rp_be32(p) << 32 | rp_be32(p + 4);
}
static inline uint16_t rp_le16(const uint8_t *p) { return (uint16_t)(p[1] << 8 | p[0]); }
static inline uint32_t rp_le32(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}
static inline uint64_t rp_le64(const uint8_t *p) {
    return (uint64_t)rp_le32(p + 4) << 32 | rp_le32(p);
}
static inline void rp_put_be16(uint8_t *p, uint16_t value) {
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}
static inline void rp_put_be32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> (24 - 8 * i));
}
static inline void rp_put_be64(uint8_t *p, uint64_t value) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(value >> (56 - 8 * i));
}
static inline void rp_put_le32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> (8 * i));
}
static inline void rp_put_le64(uint8_t *p, uint64_t value) {
    for (int i = 0; i < 8; i++) p[i] = (uint8_t)(value >> (8 * i));
}

#endif
