/* systems_picture.c: rp_page_systems_draw of reprise/page.h: from files to a picture of what was
 * found. */
#include "page/document.h"
#include "page/picture.h"
#include "page/systems.h"
#include "reprise/page.h"

/* `page_number` from 1; 0 is none. */
static rp_status read_page(rp_page_image *image, rp_arena *arena, const char *path,
                           uint32_t page_number, rp_error *error) {
    rp_page_document *document = NULL;
    RP_TRY(rp_page_document_open(&document, path, error));
    const uint32_t pages = rp_page_document_pages(document);
    rp_status status = RP_OK;
    if (page_number < 1 || page_number > pages)
        status = rp_fail(error, RP_USAGE, -1, "%s: it has %u page%s; there is no page %u", path,
                         pages, pages == 1 ? "" : "s", page_number);
    else status = rp_page_document_read(image, arena, document, page_number - 1, error);
    rp_page_document_close(document);
    return status;
}

static rp_status draw(const char *output, const char *input, const rp_page_systems_options *options,
                      size_t *count, rp_arena *arena, rp_error *error) {
    rp_page_image page = {0};
    rp_page_systems found = {0};
    RP_TRY(read_page(&page, arena, input, options->page_number, error));
    RP_TRY(rp_page_find_systems(&found, &page, input, arena, error));
    rp_page_box *boxes = rp_arena_array(arena, found.count, sizeof *boxes);
    rp_page_image *below = rp_arena_array(arena, options->below_count + 1, sizeof *below);
    if (boxes == NULL || below == NULL) return rp_fail_memory(error, input);
    for (size_t i = 0; i < found.count; i++) boxes[i] = found.systems[i].box;
    for (size_t i = 0; i < options->below_count; i++)
        RP_TRY(read_page(&below[i], arena, options->below[i], 1, error));
    if (count != NULL) *count = found.count;
    const rp_page_picture picture = {.page = &page,
                                     .systems = boxes,
                                     .system_count = found.count,
                                     .below = below,
                                     .below_count = options->below_count,
                                     .width = (int32_t)options->width};
    return rp_page_picture_write(output, &picture, error);
}

rp_status rp_page_systems_draw(const char *output, const char *input,
                               const rp_page_systems_options *options, size_t *count,
                               rp_error *error) {
    if (options == NULL) options = &rp_page_systems_defaults;
    if (options->width > INT32_MAX)
        return rp_fail(error, RP_USAGE, -1, "a picture cannot be %u pixels wide", options->width);
    rp_arena arena = {0};
    const rp_status status = draw(output, input, options, count, &arena, error);
    rp_arena_clear(&arena);
    return status;
}
