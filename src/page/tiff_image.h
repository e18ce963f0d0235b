/* tiff_image.h: TIFF 6.0 to grey images, through libtiff: bilevel (fax), grey, palette, colour. */
#ifndef RP_PAGE_TIFF_IMAGE_H
#define RP_PAGE_TIFF_IMAGE_H

#include <stdbool.h>

#include "page/image.h"

typedef struct rp_page_tiff {
    const uint8_t *bytes; /* borrowed: the whole file */
    size_t size;
    const char *name; /* for messages */
} rp_page_tiff;

/* Do these bytes start as a TIFF does? */
bool rp_page_tiff_is(const uint8_t *bytes, size_t size);

/* The number of pages, at least 1. RP_INPUT: not a TIFF, or damaged before its first page. */
rp_status rp_page_tiff_count(uint32_t *pages, const rp_page_tiff *tiff, rp_error *error);

/* Decodes page `page`, from 0; transparency shows white paper. RP_INPUT: no such page, damaged or
 * cut short, or larger than image.h allows. RP_SYSTEM: no memory. */
rp_status rp_page_tiff_decode(rp_page_image *image, rp_arena *arena, const rp_page_tiff *tiff,
                              uint32_t page, rp_error *error);

#endif
