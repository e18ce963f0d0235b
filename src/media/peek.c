/* peek.c: see peek.h. */
#include "media/peek.h"

#include <assert.h>
#include <sys/types.h>
#include <unistd.h>

/* Does the block hold `size` bytes from `offset` on? */
static bool has_block(const rp_media_peek *peek, uint64_t offset, uint64_t size) {
    return offset >= peek->block_offset && offset - peek->block_offset <= peek->block_count &&
           size <= peek->block_count - (offset - peek->block_offset);
}

bool rp_media_peek_load(rp_media_peek *peek, const uint8_t *data, size_t size) {
    assert(size <= RP_MEDIA_PEEK_BLOCK);
    const ssize_t got = pread(peek->file, peek->block, size, (off_t)(data - peek->mapping));
    peek->block_offset = (uint64_t)(data - peek->mapping);
    peek->block_count = got < 0 ? 0 : (size_t)got;
    return peek->block_count == size;
}

const uint8_t *rp_media_peek_span(const rp_media_peek *peek, const uint8_t *data, uint64_t size) {
    if (peek == NULL) return data;
    const uint64_t offset = (uint64_t)(data - peek->mapping);
    return has_block(peek, offset, size) ? peek->block + (offset - peek->block_offset) : data;
}

const uint8_t *rp_media_peek_at(rp_media_peek *peek, const uint8_t *data) {
    if (peek == NULL) return data;
    const uint64_t offset = (uint64_t)(data - peek->mapping), left = peek->size - offset;
    const uint64_t wanted = left < RP_MEDIA_PEEK_BYTES ? left : RP_MEDIA_PEEK_BYTES;
    if (has_block(peek, offset, wanted)) return peek->block + (offset - peek->block_offset);
    if (offset < peek->offset || offset + wanted > peek->offset + peek->count) {
        const ssize_t got = pread(peek->file, peek->window, sizeof peek->window, (off_t)offset);
        peek->offset = offset;
        peek->count = got < 0 ? 0 : (size_t)got;
        if (peek->count < wanted) return data; /* the mapping tells the reader, as it always did */
    }
    return peek->window + (offset - peek->offset);
}
