/* document.c: see document.h. The kinds of file are rows; the first whose `is` fits takes it. */
#include "page/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mapped_file.h"
#include "page/jpeg_image.h"
#include "page/pdf_page.h"
#include "page/png_image.h"
#include "page/tiff_image.h"

typedef struct document_kind {
    bool (*is)(const uint8_t *bytes, size_t size);
    rp_status (*count)(rp_page_document *document, rp_error *error); /* NULL: one page */
    rp_status (*read)(rp_page_image *image, rp_arena *arena, const rp_page_document *document,
                      uint32_t page, rp_error *error);
} document_kind;

struct rp_page_document {
    const document_kind *kind;
    rp_mapped_file file;
    char *path; /* owned */
    uint32_t pages;
};

static rp_page_tiff as_tiff(const rp_page_document *document, const char *name) {
    return (rp_page_tiff){.bytes = document->file.data, .size = document->file.size, .name = name};
}

/* What messages call a page. */
static const char *page_name(const rp_page_document *document, uint32_t page, rp_arena *arena) {
    if (document->pages == 1) return document->path;
    const char *name = rp_arena_format(arena, "%s: page %u", document->path, page + 1);
    return name != NULL ? name : document->path;
}

static rp_status tiff_count(rp_page_document *document, rp_error *error) {
    const rp_page_tiff tiff = as_tiff(document, document->path);
    return rp_page_tiff_count(&document->pages, &tiff, error);
}

static rp_status tiff_read(rp_page_image *image, rp_arena *arena, const rp_page_document *document,
                           uint32_t page, rp_error *error) {
    const rp_page_tiff tiff = as_tiff(document, page_name(document, page, arena));
    return rp_page_tiff_decode(image, arena, &tiff, page, error);
}

static rp_status pdf_count(rp_page_document *document, rp_error *error) {
    return rp_page_pdf_count(&document->pages, document->path, error);
}

static rp_status pdf_read(rp_page_image *image, rp_arena *arena, const rp_page_document *document,
                          uint32_t page, rp_error *error) {
    const rp_page_pdf pdf = {.path = document->path, .name = page_name(document, page, arena)};
    return rp_page_pdf_draw(image, arena, &pdf, page, error);
}

static rp_status png_read(rp_page_image *image, rp_arena *arena, const rp_page_document *document,
                          uint32_t page, rp_error *error) {
    (void)page;
    return rp_page_png_decode(image, arena, document->file.data, document->file.size,
                              document->path, error);
}

static rp_status jpeg_read(rp_page_image *image, rp_arena *arena, const rp_page_document *document,
                           uint32_t page, rp_error *error) {
    (void)page;
    return rp_page_jpeg_decode(image, arena, document->file.data, document->file.size,
                               document->path, error);
}

static const document_kind kinds[] = {
    {rp_page_png_is, NULL, png_read},
    {rp_page_jpeg_is, NULL, jpeg_read},
    {rp_page_tiff_is, tiff_count, tiff_read},
    {rp_page_pdf_is, pdf_count, pdf_read},
};

static rp_status open_kind(rp_page_document *document, rp_error *error) {
    RP_TRY(rp_mapped_file_open(&document->file, document->path, error));
    if (document->file.size == 0)
        return rp_fail(error, RP_INPUT, 0, "%s: the file is empty", document->path);
    size_t k = 0;
    while (k < RP_COUNT(kinds) && !kinds[k].is(document->file.data, document->file.size)) k++;
    if (k == RP_COUNT(kinds))
        return rp_fail(error, RP_INPUT, 0,
                       "%s: byte 0: neither PNG, JPEG, TIFF nor PDF; scan or export it as one",
                       document->path);
    document->kind = &kinds[k];
    document->pages = 1;
    return kinds[k].count != NULL ? kinds[k].count(document, error) : RP_OK;
}

rp_status rp_page_document_open(rp_page_document **document, const char *path, rp_error *error) {
    *document = NULL;
    rp_page_document *opened = calloc(1, sizeof *opened);
    if (opened == NULL) return rp_fail_memory(error, "a document");
    opened->path = strdup(path);
    const rp_status status =
        opened->path != NULL ? open_kind(opened, error) : rp_fail_memory(error, "a path");
    if (status == RP_OK) *document = opened;
    else rp_page_document_close(opened);
    return status;
}

void rp_page_document_close(rp_page_document *document) {
    if (document == NULL) return;
    rp_mapped_file_close(&document->file);
    free(document->path);
    free(document);
}

uint32_t rp_page_document_pages(const rp_page_document *document) { return document->pages; }

rp_status rp_page_document_read(rp_page_image *image, rp_arena *arena,
                                const rp_page_document *document, uint32_t page, rp_error *error) {
    *image = (rp_page_image){0};
    if (page >= document->pages)
        return rp_fail(error, RP_INPUT, page, "%s: page %u: there are %u", document->path, page + 1,
                       document->pages);
    return document->kind->read(image, arena, document, page, error);
}
