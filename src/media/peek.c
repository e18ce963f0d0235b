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

/* Reads the window at `offset` in the place of the oldest; the number of its bytes. */
static size_t read_window(rp_media_peek *peek, uint64_t offset) {
    const unsigned at = (peek->latest + 1) % RP_MEDIA_PEEK_WINDOWS;
    const ssize_t got =
        pread(peek->file, peek->windows[at], sizeof peek->windows[at], (off_t)offset);
    peek->offsets[at] = offset;
    peek->counts[at] = got < 0 ? 0 : (uint32_t)got;
    peek->latest = at;
    return peek->counts[at];
}

const uint8_t *rp_media_peek_at(rp_media_peek *peek, const uint8_t *data) {
    if (peek == NULL) return data;
    const uint64_t offset = (uint64_t)(data - peek->mapping), left = peek->size - offset;
    const uint64_t wanted = left < RP_MEDIA_PEEK_BYTES ? left : RP_MEDIA_PEEK_BYTES;
    if (has_block(peek, offset, wanted)) return peek->block + (offset - peek->block_offset);
    for (unsigned k = 0; k < RP_MEDIA_PEEK_WINDOWS; k++) { /* the latest first */
        const unsigned at = (peek->latest - k) % RP_MEDIA_PEEK_WINDOWS;
        const uint64_t begin = peek->offsets[at];
        if (offset >= begin && offset + wanted <= begin + peek->counts[at])
            return peek->windows[at] + (offset - begin);
    }
    /* Where it cannot be read the mapping tells the reader, as it always did. */
    return read_window(peek, offset) < wanted ? data : peek->windows[peek->latest];
}

uint8_t rp_media_peek_last(const rp_media_peek *peek, const uint8_t *head, const uint8_t *whole,
                           size_t size) {
    if (size <= RP_MEDIA_PEEK_BYTES - 4) return head[size - 1];
    const uint8_t *last = rp_media_peek_span(peek, whole + size - 1, 1);
    uint8_t byte;
    if (peek != NULL && last == whole + size - 1 &&
        pread(peek->file, &byte, 1, (off_t)(last - peek->mapping)) == 1)
        return byte;
    return *last;
}
