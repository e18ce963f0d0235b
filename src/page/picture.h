/* picture.h: what was found, for people: the page with its systems marked, and below it other
 * pictures, such as the engraving of what was read. */
#ifndef RP_PAGE_PICTURE_H
#define RP_PAGE_PICTURE_H

#include "page/image.h"

typedef struct rp_page_picture {
    const rp_page_image *page;
    const rp_page_box *systems; /* in pixels of `page`, as they are read */
    size_t system_count;
    const rp_page_box *doubts; /* in pixels of `page`: tinted as doubtful, over the systems */
    size_t doubt_count;
    const rp_page_image *below; /* shown under the page at the same width, in order */
    size_t below_count;
    int32_t width; /* of the picture, px: 64 to 8000 */
} rp_page_picture;

/* Writes the picture to `path` as a colour PNG: every part scaled to the common width, its empty
 * foot cut off, systems tinted in two alternating colours and framed, doubts tinted red and
 * hatched. RP_SYSTEM: no memory, or
 * `path` cannot be written; RP_USAGE: a width out of range; RP_INPUT: larger than image.h allows.
 */
rp_status rp_page_picture_write(const char *path, const rp_page_picture *picture, rp_error *error);

#endif
