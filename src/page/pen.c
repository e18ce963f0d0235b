/* pen.c: see pen.h. */
#include "page/pen.h"

#include <math.h>

#include "page/glyphs.h"

static double glyph_cell(const uint8_t *rows, int x, int y) {
    if (x < 0 || y < 0 || x >= RP_PAGE_GLYPH_WIDTH || y >= RP_PAGE_GLYPH_HEIGHT) return 0;
    return rows[y] >> (RP_PAGE_GLYPH_WIDTH - 1 - x) & 1;
}

/* How much ink the glyph has at (u, v) in cells, its edge about one pixel soft. */
static double glyph_ink(const uint8_t *rows, double u, double v, const rp_page_pen *pen) {
    const int x = (int)floor(u - 0.5), y = (int)floor(v - 0.5);
    const double fx = u - 0.5 - x, fy = v - 0.5 - y;
    const double value =
        (1 - fy) * ((1 - fx) * glyph_cell(rows, x, y) + fx * glyph_cell(rows, x + 1, y)) +
        fy * ((1 - fx) * glyph_cell(rows, x, y + 1) + fx * glyph_cell(rows, x + 1, y + 1));
    const double sharp = fmax(1, pen->height / RP_PAGE_GLYPH_HEIGHT);
    return fmin(1, fmax(0, (value - 0.5 + pen->bold) * sharp + 0.5));
}

/* Draws one character with its foot at (left, foot). */
static void draw_glyph(const rp_page_image *image, char letter, double left, double foot,
                       const rp_page_pen *pen) {
    const uint8_t *rows = rp_page_glyph(letter);
    const double cell = pen->height / RP_PAGE_GLYPH_HEIGHT;
    if (rows == NULL) return;
    const rp_page_box box = {(int32_t)(left - cell), (int32_t)(foot - pen->height - cell),
                             (int32_t)(left + pen->height + 2), (int32_t)(foot + cell + 1)};
    for (int32_t y = box.top < 0 ? 0 : box.top; y < box.bottom && y < image->height; y++) {
        uint8_t *row = image->data + (size_t)y * image->stride;
        for (int32_t x = box.left < 0 ? 0 : box.left; x < box.right && x < image->width; x++) {
            const double up = foot - y;
            const double ink = pen->ink * glyph_ink(rows, (x - left - pen->slant * up) / cell,
                                                    RP_PAGE_GLYPH_HEIGHT - up / cell, pen);
            if (255 - ink < row[x]) row[x] = (uint8_t)(255 - ink);
        }
    }
}

void rp_page_pen_write(const rp_page_image *image, const char *word, double left, double foot,
                       const rp_page_pen *pen) {
    const double advance = pen->height * 6 / 7.0;
    for (; *word != 0; word++, left += advance) draw_glyph(image, *word, left, foot, pen);
}
