/* document.h: a file with pages: a PNG or JPEG picture (one page), a TIFF or PDF (one or more). */
#ifndef RP_PAGE_DOCUMENT_H
#define RP_PAGE_DOCUMENT_H

#include "page/image.h"

typedef struct rp_page_document rp_page_document;

/* Opens `path` and counts its pages. The kind is told by the content, not by the name. RP_INPUT: no
 * such file, none of these kinds, damaged, encrypted, no pages. RP_SYSTEM: no memory, or a PDF and
 * pdftoppm is not installed. */
rp_status rp_page_document_open(rp_page_document **document, const char *path, rp_error *error);

/* Closes; accepts NULL. */
void rp_page_document_close(rp_page_document *document);

/* At least 1. */
uint32_t rp_page_document_pages(const rp_page_document *document);

/* Page `page`, from 0, as a grey image in `arena`; PDF pages at 300 dpi, larger than any sheet at
 * less. RP_INPUT: the page is damaged, too large, or took more than a minute; RP_SYSTEM: no
 * memory. */
rp_status rp_page_document_read(rp_page_image *image, rp_arena *arena,
                                const rp_page_document *document, uint32_t page, rp_error *error);

#endif
