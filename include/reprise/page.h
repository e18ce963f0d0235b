/* page.h: pictures of pages. */
#ifndef REPRISE_PAGE_H
#define REPRISE_PAGE_H

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rp_page_sheet_options {
    const char *augmentations; /* "published", "print", single rows: "print,blur=0.5" */
    uint64_t seed;
    uint32_t mixtures;    /* pictures with everything at its probability */
    uint32_t page_number; /* of a document of several pages, from 1 */
} rp_page_sheet_options;

/* In the order of the fields, for C++17 knows no other. */
static const rp_page_sheet_options rp_page_sheet_defaults = {"published,print", 1, 12, 1};

/* Reads the picture of a page or a system at `input` and writes to `output` a PNG that shows each
 * augmentation by itself and random mixtures of all: what training makes of an image. A picture
 * higher than 600 px is shown smaller. `options` NULL: the defaults. RP_USAGE: unknown
 * augmentation; RP_INPUT: `input` is not readable; RP_SYSTEM: no memory, `output` cannot be
 * written. */
rp_status rp_page_sheet_write(const char *output, const char *input,
                              const rp_page_sheet_options *options, rp_error *error);

typedef struct rp_page_systems_options {
    const char *const *below; /* pictures shown under the page, such as an engraving of it */
    size_t below_count;
    uint32_t width;       /* of the picture, px: 64 to 8000 */
    uint32_t page_number; /* of a document of several pages, from 1 */
} rp_page_systems_options;

/* In the order of the fields, for C++17 knows no other. */
static const rp_page_systems_options rp_page_systems_defaults = {NULL, 0, 1240, 1};

/* Finds the piano systems of the page at `input` and writes to `output` a PNG of the page with each
 * of them marked, above the first page of every picture of `below`. `options` NULL: the defaults.
 * `count` (may be NULL) becomes the number of systems. RP_NO: no piano systems, nothing is written;
 * RP_USAGE: a width or page out of range; RP_INPUT: a file is not readable; RP_SYSTEM: no memory,
 * `output` cannot be written. */
rp_status rp_page_systems_draw(const char *output, const char *input,
                               const rp_page_systems_options *options, size_t *count,
                               rp_error *error);

#ifdef __cplusplus
}
#endif
#endif
