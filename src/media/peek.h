/* peek.h: the first bytes of a unit in a mapped file, read through the kernel.
 *
 * Walking a recording by its lengths looks at a few bytes every 60 KB. Through the mapping each
 * look is a page fault and two walks of the page table; a read of 1 KiB is a system call and a copy
 * out of the page cache. Measured for 17,000 looks in 1 GB on a virtual machine with shadow page
 * tables: 115 ms through the mapping, 33 ms through pread(2) (one pass of read(2) over all of it:
 * 65 ms). Pages that are not mapped do not count as memory of the process either. */
#ifndef RP_MEDIA_PEEK_H
#define RP_MEDIA_PEEK_H

#include <stddef.h>
#include <stdint.h>

enum { RP_MEDIA_PEEK_BYTES = 800, RP_MEDIA_PEEK_WINDOW = 1024 };

typedef struct rp_media_peek {
    const uint8_t *mapping; /* of the whole file; borrowed */
    uint64_t size;          /* of the file */
    int file;               /* open for reading; borrowed */
    uint64_t offset;        /* of the window in the file */
    size_t count;           /* bytes in the window */
    uint8_t window[RP_MEDIA_PEEK_WINDOW];
} rp_media_peek;

/* The bytes at `data`, which points into the mapping: RP_MEDIA_PEEK_BYTES of them, or as many as
 * the file has. They stand until the next call. `peek` NULL, or a failed read: `data` itself. */
const uint8_t *rp_media_peek_at(rp_media_peek *peek, const uint8_t *data);

/* The last byte of a unit of `size` bytes behind a length of at most 4, of which `head` was peeked
 * at and `whole` lies in the mapping. */
static inline uint8_t rp_media_peek_last(const uint8_t *head, const uint8_t *whole, size_t size) {
    return size <= RP_MEDIA_PEEK_BYTES - 4 ? head[size - 1] : whole[size - 1];
}

#endif
