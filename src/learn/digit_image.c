/* digit_image.c: a picture of one digit made like those of MNIST: the paper becomes 0, the ink 255;
 * the ink's box is scaled to 20 pixels at its longer side and its centre of mass put in the middle
 * of 28 x 28 (that is how the data were made). */
#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "learn/digit_sheet.h"
#include "reprise/learn.h"

enum { PIXELS_MAX = 64 << 20, SIDE = RP_DIGIT_SIDE, BOX = 20 };

static rp_status read_grey(rp_grey_image *image, const char *path, rp_error *error) {
    png_image png = {.version = PNG_IMAGE_VERSION};
    errno = 0;
    if (!png_image_begin_read_from_file(&png, path))
        return rp_fail(error, RP_INPUT, 0, "%s: %s; give a PNG of one digit", path, png.message);
    png.format = PNG_FORMAT_GRAY;
    if (png.width == 0 || png.height == 0 || (uint64_t)png.width * png.height > PIXELS_MAX) {
        const unsigned width = png.width, height = png.height;
        png_image_free(&png);
        return rp_fail(error, RP_INPUT, 0, "%s: %u x %u pixels; at most 64 megapixels", path, width,
                       height);
    }
    image->width = (int)png.width;
    image->height = (int)png.height;
    image->pixels = malloc((size_t)png.width * png.height);
    if (image->pixels == NULL) {
        png_image_free(&png);
        return rp_fail_memory(error, "a picture");
    }
    const png_color white = {255, 255, 255}; /* under what is transparent */
    if (png_image_finish_read(&png, &white, image->pixels, 0, NULL)) return RP_OK;
    return rp_fail(error, RP_INPUT, 0, "%s: %s; the PNG is damaged", path, png.message);
}

/* How much of pixel `at` the span from .. to covers. */
static double overlap(int at, double from, double to) {
    return fmax(0, fmin(at + 1, to) - fmax(at, from));
}

/* The mean of the picture over a rectangle. */
static double mean_over(const rp_grey_image *image, double left, double top, double right,
                        double bottom) {
    double sum = 0, area = 0;
    for (int y = (int)floor(top); y < ceil(bottom) && y < image->height; y++)
        for (int x = (int)floor(left); x < ceil(right) && x < image->width; x++) {
            const double share = overlap(x, left, right) * overlap(y, top, bottom);
            sum += share * image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
            area += share;
        }
    return area > 0 ? sum / area : 0;
}

/* The box at 20 pixels' size. */
static void shrink(const rp_grey_image *image, const rp_ink_box *box, double small[BOX][BOX]) {
    const int width = box->right - box->left, height = box->bottom - box->top;
    const double step = (double)(width > height ? width : height) / BOX;
    memset(small, 0, sizeof(double) * BOX * BOX);
    for (int row = 0; row < BOX; row++)
        for (int column = 0; column < BOX; column++) {
            const double left = box->left + column * step, top = box->top + row * step;
            if (left < box->right && top < box->bottom)
                small[row][column] = mean_over(image, left, top, fmin(left + step, box->right),
                                               fmin(top + step, box->bottom)) *
                                     fmin(1, (box->right - left) / step) *
                                     fmin(1, (box->bottom - top) / step);
        }
}

static void centre(double small[BOX][BOX], uint8_t pixels[SIDE * SIDE]) {
    double ink = 0, x = 0, y = 0, most = 0;
    for (int i = 0; i < BOX * BOX; i++) {
        ink += small[i / BOX][i % BOX];
        x += small[i / BOX][i % BOX] * (i % BOX + 0.5);
        y += small[i / BOX][i % BOX] * (i / BOX + 0.5);
        most = fmax(most, small[i / BOX][i % BOX]);
    }
    const int left = (int)lround(SIDE / 2.0 - x / ink), top = (int)lround(SIDE / 2.0 - y / ink);
    memset(pixels, 0, SIDE * SIDE);
    for (int i = 0; i < BOX * BOX; i++) {
        const int row = i / BOX + top, column = i % BOX + left;
        if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) continue;
        pixels[row * SIDE + column] = (uint8_t)lround(small[i / BOX][i % BOX] * 255 / most);
    }
}

rp_status rp_digit_read(const char *path, uint8_t pixels[SIDE * SIDE], rp_error *error) {
    rp_grey_image sheet = {0}, close = {0};
    double small[BOX][BOX];
    rp_status status = read_grey(&sheet, path, error);
    if (status == RP_OK) status = rp_digit_find(&close, &sheet, path, error);
    if (status == RP_OK) {
        const rp_ink_box box = rp_ink_box_of(&close, 1);
        shrink(&close, &box, small);
        centre(small, pixels);
    }
    free(sheet.pixels);
    free(close.pixels);
    return status;
}
