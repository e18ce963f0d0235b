/* grey.c: see grey.h. */
#include "page/grey.h"

/* Weights in 1/65536; they sum to 65536, so that white stays 255. */
static uint8_t luma(const uint8_t *rgb) {
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

static uint8_t over_white(uint8_t value, uint8_t alpha) {
    const unsigned ink = (255u - value) * alpha; /* alpha 0: paper */
    return (uint8_t)(255u - (ink + 127u) / 255u);
}

void rp_page_grey_from_ya(uint8_t *grey, const uint8_t *row, int32_t width) {
    for (int32_t x = 0; x < width; x++) grey[x] = over_white(row[2 * x], row[2 * x + 1]);
}

void rp_page_grey_from_rgb(uint8_t *grey, const uint8_t *row, int32_t width) {
    for (int32_t x = 0; x < width; x++) grey[x] = luma(row + 3 * x);
}

void rp_page_grey_from_rgba(uint8_t *grey, const uint8_t *row, int32_t width) {
    for (int32_t x = 0; x < width; x++) grey[x] = over_white(luma(row + 4 * x), row[4 * x + 3]);
}

void rp_page_grey_from_rgba_premultiplied(uint8_t *grey, const uint8_t *row, int32_t width) {
    for (int32_t x = 0; x < width; x++) {
        const unsigned value = luma(row + 4 * x) + (255u - row[4 * x + 3]);
        grey[x] = (uint8_t)(value > 255 ? 255 : value);
    }
}

void rp_page_grey_from_cmyk_inverted(uint8_t *grey, const uint8_t *row, int32_t width) {
    for (int32_t x = 0; x < width; x++)
        grey[x] = (uint8_t)((luma(row + 4 * x) * row[4 * x + 3] + 127u) / 255u);
}
