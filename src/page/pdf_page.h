/* pdf_page.h: pages of a PDF as grey images, drawn by pdfinfo and pdftoppm (poppler-utils), which
 * run as processes of their own with limits on time, memory and output. */
#ifndef RP_PAGE_PDF_PAGE_H
#define RP_PAGE_PDF_PAGE_H

#include <stdbool.h>

#include "page/image.h"

typedef struct rp_page_pdf {
    const char *path;
    const char *name; /* of the page, for messages */
} rp_page_pdf;

/* Do these bytes have a PDF's header in their first kilobyte? */
bool rp_page_pdf_is(const uint8_t *bytes, size_t size);

/* The number of pages, at least 1. RP_INPUT: damaged, encrypted, no pages. RP_SYSTEM: poppler-utils
 * is not installed. */
rp_status rp_page_pdf_count(uint32_t *pages, const char *path, rp_error *error);

/* Draws page `page`, from 0, at 300 dpi. RP_INPUT: the page is damaged or too large, or took more
 * than a minute. A page that poppler complains of counts as damaged if it stayed white: of streams
 * that it cannot decode it draws nothing, and says no more. RP_SYSTEM: no memory, or poppler-utils
 * is not installed. */
rp_status rp_page_pdf_draw(rp_page_image *image, rp_arena *arena, const rp_page_pdf *pdf,
                           uint32_t page, rp_error *error);

#endif
