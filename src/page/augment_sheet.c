/* augment_sheet.c: see augment_sheet.h. Two columns of cells, each a name above a picture. */
#include "page/augment_sheet.h"

#include <stdio.h>

#include "page/pen.h"

enum { GAP = 16, NAME_HEIGHT = 14, COLUMNS = 2 };

/* Cell sizes hold the gap and the name; a widened picture is up to a fifth wider than its source.
 */
static int32_t cell_width(const rp_page_image *source) {
    return source->width + source->width / 5 + 2 * GAP;
}

static int32_t cell_height(const rp_page_image *source) {
    return source->height + NAME_HEIGHT + 3 * GAP;
}

static void put_cell(const rp_page_image *drawn, const rp_page_box *cell, const char *name,
                     const rp_page_image *image) {
    const rp_page_pen pen = {.height = NAME_HEIGHT, .bold = 0.1, .ink = 255};
    rp_page_pen_write(drawn, name, cell->left, cell->top + NAME_HEIGHT, &pen);
    const int32_t top = cell->top + NAME_HEIGHT + GAP;
    const rp_page_image place = rp_page_image_part(
        drawn, (rp_page_box){cell->left, top, cell->left + image->width, top + image->height});
    const rp_page_image shown =
        rp_page_image_part(image, (rp_page_box){0, 0, place.width, place.height});
    rp_page_image_copy(&place, &shown);
}

/* Draws cell `index`: 0 as it is, then the rows, then the mixtures. */
static rp_status draw_cell(const rp_page_image *drawn, const rp_page_image *source,
                           const rp_page_augment_sheet *sheet, size_t index, rp_error *error) {
    rp_page_augment_list list = {0};
    char name[32] = "as it is";
    const size_t rows = sheet->list->count;
    if (index > rows) {
        list = *sheet->list;
        snprintf(name, sizeof name, "mixture %zu", index - rows);
    } else if (index > 0) {
        list.rows[list.count++] = sheet->list->rows[index - 1];
        list.rows[0].probability = 1;
        snprintf(name, sizeof name, "%s", list.rows[0].name);
    }
    const int32_t left = (int32_t)(index % COLUMNS) * cell_width(source) + GAP;
    const int32_t top = (int32_t)(index / COLUMNS) * cell_height(source) + GAP;
    rp_arena arena = {0};
    rp_page_image image = {0};
    rp_random random = rp_random_make(sheet->seed, index);
    const rp_status status =
        rp_page_augment_apply(&image, source, &list, sheet->staff_space, &random, &arena, error);
    if (status == RP_OK)
        put_cell(drawn, &(rp_page_box){left, top, left + cell_width(source), 0}, name, &image);
    rp_arena_clear(&arena);
    return status;
}

rp_status rp_page_augment_sheet_draw(rp_page_image *image, const rp_page_image *source,
                                     const rp_page_augment_sheet *sheet, rp_arena *arena,
                                     rp_error *error) {
    const size_t cells = 1 + sheet->list->count + sheet->mixtures;
    const int64_t lines = (int64_t)((cells + COLUMNS - 1) / COLUMNS);
    RP_TRY(rp_page_image_make(image, arena, (int64_t)cell_width(source) * COLUMNS,
                              cell_height(source) * lines, "the sheet of augmentations", error));
    rp_page_image_fill(image, 255);
    for (size_t index = 0; index < cells; index++)
        RP_TRY(draw_cell(image, source, sheet, index, error));
    return RP_OK;
}
