/* boxes.h: the boxes of ISO base media files (ISO/IEC 14496-12) and QuickTime.
 *
 *     u32 size | u32 type | u64 size, if size was 1 | payload        all big-endian
 *     size 0: to the end of what holds the box
 *
 * Full boxes start their payload with u8 version, u24 flags. Walking is by cursor over memory, so
 * that a hostile file can neither recurse nor loop: every step moves forward by at least 8. */
#ifndef RP_MEDIA_BOXES_H
#define RP_MEDIA_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* "moov" as the number that stands in the file. */
#define RP_MEDIA_TYPE(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

typedef enum rp_media_box_form {
    RP_MEDIA_BOX_LEAF,
    RP_MEDIA_BOX_FULL,      /* version and flags first */
    RP_MEDIA_BOX_CONTAINER, /* holds boxes and nothing else */
} rp_media_box_form;

/* One row for each type that is known. */
typedef struct rp_media_box_row {
    const char type[5];
    rp_media_box_form form;
    const char *parents; /* types that may hold it, "" at the top of the file */
    const char *clause;  /* of ISO/IEC 14496-12, or the specification's name */
    const char *what;    /* in words */
} rp_media_box_row;

/* A box found in memory. Offsets count from the start of the memory walked. */
typedef struct rp_media_box {
    uint32_t type;
    uint64_t offset;       /* of the header */
    uint64_t size;         /* header and payload, as far as the holder reaches */
    uint32_t header_bytes; /* 8 or 16 */
    bool is_cut;           /* its size says more than its holder has */
    bool is_open;          /* its size was 0: to the end */
} rp_media_box;

/* A walk over the boxes in data[position .. end). `data` is borrowed. */
typedef struct rp_media_box_walk {
    const uint8_t *data;
    uint64_t position, end;
    bool failed; /* stopped at something that is no box */
} rp_media_box_walk;

/* The next box; false at the end, or where no box stands (then `failed`, position there). */
bool rp_media_box_next(rp_media_box *box, rp_media_box_walk *walk);

/* A walk over the payload of `box`, beginning `skip` bytes into it. */
rp_media_box_walk rp_media_box_inside(const uint8_t *data, const rp_media_box *box, uint64_t skip);

/* The first child of `type`; false when there is none. `skip`: as above. */
bool rp_media_box_find(rp_media_box *child, const uint8_t *data, const rp_media_box *box,
                       uint32_t type);

/* The payload of a box, and its size. */
static inline const uint8_t *rp_media_box_payload(const uint8_t *data, const rp_media_box *box) {
    return data + box->offset + box->header_bytes;
}
static inline uint64_t rp_media_box_payload_size(const rp_media_box *box) {
    return box->size - box->header_bytes;
}

/* The row of `type`, or NULL. */
const rp_media_box_row *rp_media_box_row_of(uint32_t type);

/* All rows; `count` receives how many. */
const rp_media_box_row *rp_media_box_rows(size_t *count);

/* Four letters and a zero; what is not printable becomes '?'. */
void rp_media_type_name(char name[5], uint32_t type);

/* Writing: open, add the payload, close; the size is put in when the box is closed. `open`
 * returns the mark that `close` takes. A box of 4 GiB or more sets text->failed. */
size_t rp_media_box_open(rp_text *out, uint32_t type);
size_t rp_media_full_box_open(rp_text *out, uint32_t type, unsigned version, uint32_t flags);
void rp_media_box_close(rp_text *out, size_t mark);
void rp_media_put_be16(rp_text *out, uint16_t value);
void rp_media_put_be32(rp_text *out, uint32_t value);
void rp_media_put_be64(rp_text *out, uint64_t value);

#endif
