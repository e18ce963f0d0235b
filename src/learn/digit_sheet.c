/* digit_sheet.c: see digit_sheet.h. */
#include "learn/digit_sheet.h"

#include <stdlib.h>

/* A view has at most VIEW pixels a side, and at least LEAST_VIEW unless the sheet has fewer. */
enum { VIEW = 512, LEAST_VIEW = 32 };

/* No digit is smaller than the smallest printed ones, or fainter than about a tenth. */
enum { LEAST_SIDE = 5, LEAST_CONTRAST = 26 };

static int longer_of(const rp_ink_box *box) {
    const int width = box->right - box->left, height = box->bottom - box->top;
    return width > height ? width : height;
}

rp_ink_box rp_ink_box_of(const rp_grey_image *ink, int least) {
    rp_ink_box box = {ink->width, ink->height, 0, 0};
    for (int y = 0; y < ink->height; y++)
        for (int x = 0; x < ink->width; x++) {
            if (ink->pixels[(size_t)y * (size_t)ink->width + (size_t)x] < least) continue;
            box.left = x < box.left ? x : box.left;
            box.right = x + 1 > box.right ? x + 1 : box.right;
            box.top = y < box.top ? y : box.top;
            box.bottom = y + 1 > box.bottom ? y + 1 : box.bottom;
        }
    return box;
}

static int smaller(int a, int b) { return a < b ? a : b; }
static int greater(int a, int b) { return a > b ? a : b; }

/* The mean grey of a square of `step` pixels, or of what of it lies in the region. */
static uint8_t mean_of(const rp_grey_image *sheet, const rp_ink_box *region, int left, int top,
                       int step) {
    const int right = smaller(left + step, region->right);
    const int bottom = smaller(top + step, region->bottom);
    uint64_t sum = 0;
    for (int y = top; y < bottom; y++) {
        const uint8_t *row = sheet->pixels + (size_t)y * (size_t)sheet->width;
        for (int x = left; x < right; x++) sum += row[x];
    }
    const uint64_t count = (uint64_t)(right - left) * (uint64_t)(bottom - top);
    return (uint8_t)((sum + count / 2) / count);
}

/* The region of the sheet, reduced by `step`. */
static rp_status reduce(rp_grey_image *view, const rp_grey_image *sheet, const rp_ink_box *region,
                        int step, rp_error *error) {
    view->width = (region->right - region->left + step - 1) / step;
    view->height = (region->bottom - region->top + step - 1) / step;
    free(view->pixels);
    view->pixels = malloc((size_t)view->width * (size_t)view->height);
    if (view->pixels == NULL) return rp_fail_memory(error, "a picture");
    for (int y = 0; y < view->height; y++)
        for (int x = 0; x < view->width; x++)
            view->pixels[(size_t)y * (size_t)view->width + (size_t)x] =
                mean_of(sheet, region, region->left + x * step, region->top + y * step, step);
    return RP_OK;
}

/* Looks at the region from as near as a view allows, and from twice as far until ink stands out:
 * the mean of four pixels has half their grain. *step: how far; *contrast 0: there is no ink. */
static rp_status look(rp_grey_image *view, const rp_grey_image *sheet, const rp_ink_box *region,
                      int *step, double *contrast, rp_error *error) {
    const int longer = longer_of(region);
    *step = (longer + VIEW - 1) / VIEW;
    for (;; *step *= 2) {
        RP_TRY(reduce(view, sheet, region, *step, error));
        RP_TRY(rp_digit_ink(view, contrast, error));
        if (*contrast > 0 || longer / (2 * *step) < LEAST_VIEW) return RP_OK;
    }
}

/* The box of a view's ink on the sheet, and half its longer side of paper around it. */
static rp_ink_box around(const rp_ink_box *box, const rp_ink_box *region, int step) {
    const int margin = (longer_of(box) + 1) / 2;
    return (rp_ink_box){greater(region->left, region->left + (box->left - margin) * step),
                        greater(region->top, region->top + (box->top - margin) * step),
                        smaller(region->right, region->left + (box->right + margin) * step),
                        smaller(region->bottom, region->top + (box->bottom + margin) * step)};
}

rp_status rp_digit_find(rp_grey_image *close, const rp_grey_image *sheet, const char *path,
                        rp_error *error) {
    rp_ink_box region = {0, 0, sheet->width, sheet->height}, box;
    int step;
    double contrast;
    for (;; region = around(&box, &region, step)) {
        RP_TRY(look(close, sheet, &region, &step, &contrast, error));
        if (contrast == 0)
            return rp_fail(error, RP_NO, 0,
                           "%s: no digit found: nothing is drawn on it that stands out from the "
                           "paper; try a picture of the digit from nearer, or with more light",
                           path);
        box = rp_ink_box_of(close, RP_INK_HALF);
        if (longer_of(&region) <= 3 * longer_of(&box) * step) break; /* it fills the view */
    }
    if (contrast < LEAST_CONTRAST)
        return rp_fail(error, RP_NO, 0,
                       "%s: no digit found: nothing is drawn on it: all within %.0f greys of the "
                       "paper",
                       path, contrast);
    if (longer_of(&box) * step < LEAST_SIDE)
        return rp_fail(error, RP_NO, 0,
                       "%s: no digit found: all that is drawn on it is %d pixels high", path,
                       longer_of(&box) * step);
    return RP_OK;
}
