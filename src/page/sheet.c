/* sheet.c: the sheet of augmentations from file to file (reprise/page.h). */
#include "page/augment_sheet.h"
#include "page/document.h"
#include "page/png_image.h"
#include "reprise/page.h"

enum { HEIGHT_MAX = 600 }; /* a page of 3,500 px would make a sheet that nothing opens */

static rp_status read_source(rp_page_image *image, rp_arena *arena, const char *input,
                             uint32_t page_number, rp_error *error) {
    rp_page_document *document = NULL;
    rp_page_image full = {0};
    rp_status status = rp_page_document_open(&document, input, error);
    if (status == RP_OK && page_number == 0)
        status = rp_fail(error, RP_USAGE, 0, "pages are counted from 1");
    if (status == RP_OK)
        status = rp_page_document_read(&full, arena, document, page_number - 1, error);
    rp_page_document_close(document);
    *image = full;
    if (status == RP_OK && full.height > HEIGHT_MAX)
        status = rp_page_image_scale(image, &full, HEIGHT_MAX, arena, error);
    return status;
}

rp_status rp_page_sheet_write(const char *output, const char *input,
                              const rp_page_sheet_options *options, rp_error *error) {
    if (options == NULL) options = &rp_page_sheet_defaults;
    rp_page_augment_list list = {0};
    rp_arena arena = {0};
    rp_page_image source = {0}, drawn = {0};
    rp_status status = rp_page_augment_parse(&list, options->augmentations, error);
    if (status == RP_OK) status = read_source(&source, &arena, input, options->page_number, error);
    const rp_page_augment_sheet sheet = {
        .list = &list, .seed = options->seed, .mixtures = options->mixtures};
    if (status == RP_OK)
        status = rp_page_augment_sheet_draw(&drawn, &source, &sheet, &arena, error);
    if (status == RP_OK) status = rp_page_png_write(output, &drawn, error);
    rp_arena_clear(&arena);
    return status;
}
