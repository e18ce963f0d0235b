/* ink.c: see ink.h. The paper around a pixel is the lightest of the 90th percentiles of its block
 * of 32 x 32 pixels and the eight blocks around that. */
#include "page/ink.h"

#include <math.h>

enum { BLOCK = 32 };

typedef struct block_grid {
    int32_t columns, rows;
    uint8_t *paper; /* per block */
} block_grid;

static uint8_t block_paper(const rp_page_image *page, int32_t column, int32_t row) {
    const rp_page_image part = rp_page_image_part(
        page, (rp_page_box){column * BLOCK, row * BLOCK, (column + 1) * BLOCK, (row + 1) * BLOCK});
    uint16_t counts[64] = {0}; /* greys by fours: a block's paper need not be known better */
    for (int32_t y = 0; y < part.height; y++)
        for (int32_t x = 0; x < part.width; x++)
            counts[part.data[(size_t)y * part.stride + (size_t)x] / 4]++;
    int32_t above = part.width * part.height / 10;
    int grey = 63;
    while (grey > 0 && above >= counts[grey]) above -= counts[grey--];
    return (uint8_t)(grey * 4 + 3);
}

static bool grid_make(block_grid *grid, const rp_page_image *page, rp_arena *arena) {
    grid->columns = (page->width + BLOCK - 1) / BLOCK;
    grid->rows = (page->height + BLOCK - 1) / BLOCK;
    grid->paper = rp_arena_array(arena, (size_t)grid->columns, (size_t)grid->rows);
    if (grid->paper == NULL) return false;
    for (int32_t row = 0; row < grid->rows; row++)
        for (int32_t column = 0; column < grid->columns; column++)
            grid->paper[row * grid->columns + column] = block_paper(page, column, row);
    return true;
}

static uint8_t paper_around(const block_grid *grid, int32_t column, int32_t row) {
    uint8_t lightest = 0;
    for (int32_t y = row - 1; y <= row + 1; y++)
        for (int32_t x = column - 1; x <= column + 1; x++)
            if (x >= 0 && y >= 0 && x < grid->columns && y < grid->rows &&
                grid->paper[y * grid->columns + x] > lightest)
                lightest = grid->paper[y * grid->columns + x];
    return lightest;
}

/* Otsu's threshold of a histogram of shares of paper in 1/256: the split with the greatest variance
 * between the classes. Kept within 0.45..0.8: paper noise or solid black alone decide nothing. */
static double otsu_share(const uint32_t counts[256]) {
    double all = 0, sum = 0;
    for (int i = 0; i < 256; i++) all += counts[i], sum += (double)i * counts[i];
    double best = 0, below = 0, below_sum = 0;
    int split = 160;
    for (int i = 0; i < 255; i++) {
        below += counts[i];
        below_sum += (double)i * counts[i];
        if (below == 0 || below == all) continue;
        const double apart = below_sum / below - (sum - below_sum) / (all - below);
        const double variance = below * (all - below) * apart * apart;
        if (variance > best) best = variance, split = i + 1;
    }
    return fmin(0.8, fmax(0.45, split / 256.0));
}

static double page_share(const rp_page_image *page, const block_grid *grid) {
    uint32_t counts[256] = {0};
    for (int32_t y = 0; y < page->height; y += 2) { /* every fourth pixel is plenty */
        for (int32_t x = 0; x < page->width; x += 2) {
            const int paper = grid->paper[y / BLOCK * grid->columns + x / BLOCK];
            const int share = page->data[(size_t)y * page->stride + (size_t)x] * 255 / paper;
            counts[share > 255 ? 255 : share]++;
        }
    }
    return otsu_share(counts);
}

rp_status rp_page_ink_make(rp_page_image *ink, const rp_page_image *page, rp_arena *arena,
                           rp_error *error) {
    block_grid grid;
    RP_TRY(rp_page_image_make(ink, arena, page->width, page->height, "a page's ink", error));
    if (!grid_make(&grid, page, arena)) return rp_fail_memory(error, "a page's paper");
    const double share = page_share(page, &grid);
    for (int32_t row = 0; row < grid.rows; row++) {
        for (int32_t column = 0; column < grid.columns; column++) {
            const uint8_t threshold = (uint8_t)(share * paper_around(&grid, column, row));
            const rp_page_box box = {column * BLOCK, row * BLOCK, (column + 1) * BLOCK,
                                     (row + 1) * BLOCK};
            const rp_page_image from = rp_page_image_part(page, box);
            const rp_page_image to = rp_page_image_part(ink, box);
            for (int32_t y = 0; y < from.height; y++)
                for (int32_t x = 0; x < from.width; x++)
                    to.data[(size_t)y * to.stride + (size_t)x] =
                        from.data[(size_t)y * from.stride + (size_t)x] < threshold;
        }
    }
    return RP_OK;
}
