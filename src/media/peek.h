/* peek.h: the first bytes of a unit in a mapped file, read through the kernel.
 *
 * Walking a recording by its lengths looks at a few bytes every 60 KB. Through the mapping each
 * look is a page fault and two walks of the page table; a read of 1 KiB is a system call and a copy
 * out of the page cache. The last few are kept: a picture is looked at as one of each track, and
 * the first bytes behind it are those of the next. A search that looks at every byte reads blocks
 * and has the heads of what it finds from there. Measured for 17,000 looks in 1 GB on a virtual
 * machine with shadow page tables: 115 ms through the mapping, 33 ms through pread(2) (one pass of
 * read(2) over all of it: 65 ms). Pages that are not mapped do not count as memory of the process
 * either. */
#ifndef RP_MEDIA_PEEK_H
#define RP_MEDIA_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RP_MEDIA_PEEK_BYTES = 800,
    RP_MEDIA_PEEK_WINDOW = 1024,
    RP_MEDIA_PEEK_WINDOWS =
        16, /* a picture of eight slices, its neighbours, a sample of metadata */
    RP_MEDIA_PEEK_BLOCK = 256 << 10 /* stays in the second cache while it is searched */
};

typedef struct rp_media_peek {
    const uint8_t *mapping; /* of the whole file; borrowed */
    uint64_t size;          /* of the file */
    int file;               /* open for reading; borrowed */
    uint64_t block_offset;  /* of the block read last; block_count 0: none */
    size_t block_count;
    unsigned latest;                         /* the window read last */
    uint64_t offsets[RP_MEDIA_PEEK_WINDOWS]; /* of the windows in the file */
    uint32_t counts[RP_MEDIA_PEEK_WINDOWS];  /* bytes in them; 0: none */
    _Alignas(64) uint8_t block[RP_MEDIA_PEEK_BLOCK];
    uint8_t windows[RP_MEDIA_PEEK_WINDOWS][RP_MEDIA_PEEK_WINDOW];
} rp_media_peek;

/* The bytes at `data`, which points into the mapping: RP_MEDIA_PEEK_BYTES of them, or as many as
 * the file has. They stand until the next call but one. `peek` NULL, or a failed read: `data`
 * itself. */
const uint8_t *rp_media_peek_at(rp_media_peek *peek, const uint8_t *data);

/* Reads the block at `data`, at most RP_MEDIA_PEEK_BLOCK bytes; false where that fails. */
bool rp_media_peek_load(rp_media_peek *peek, const uint8_t *data, size_t size);

/* `size` bytes at `data`: in the block where it holds them, else the mapping's own. */
const uint8_t *rp_media_peek_span(const rp_media_peek *peek, const uint8_t *data, uint64_t size);

/* The last byte of a unit of `size` bytes behind a length of at most 4, of which `head` was peeked
 * at and `whole` lies in the mapping. Of a long unit it is read alone: in noise these are many, and
 * each would map a page, or 2 MB. */
uint8_t rp_media_peek_last(const rp_media_peek *peek, const uint8_t *head, const uint8_t *whole,
                           size_t size);

#endif
