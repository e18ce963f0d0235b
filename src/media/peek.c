/* peek.c: see peek.h. */
#include "media/peek.h"

#include <sys/types.h>
#include <unistd.h>

const uint8_t *rp_media_peek_at(rp_media_peek *peek, const uint8_t *data) {
    if (peek == NULL) return data;
    const uint64_t offset = (uint64_t)(data - peek->mapping), left = peek->size - offset;
    const uint64_t wanted = left < RP_MEDIA_PEEK_BYTES ? left : RP_MEDIA_PEEK_BYTES;
    if (offset < peek->offset || offset + wanted > peek->offset + peek->count) {
        const ssize_t got = pread(peek->file, peek->window, sizeof peek->window, (off_t)offset);
        peek->offset = offset;
        peek->count = got < 0 ? 0 : (size_t)got;
        if (peek->count < wanted) return data; /* the mapping tells the reader, as it always did */
    }
    return peek->window + (offset - peek->offset);
}
