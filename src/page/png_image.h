/* png_image.h: PNG (ISO/IEC 15948) to and from grey images, through libpng. */
#ifndef RP_PAGE_PNG_IMAGE_H
#define RP_PAGE_PNG_IMAGE_H

#include <stdbool.h>

#include "base/text.h"
#include "page/image.h"

/* Do these bytes start as a PNG does? */
bool rp_page_png_is(const uint8_t *bytes, size_t size);

/* Decodes any PNG: grey, palette or colour of 1 to 16 bits, interlaced or not; colour becomes luma
 * (ITU-R BT.601), transparency shows white paper. `name` stands for the file in messages.
 * RP_INPUT: not a PNG, damaged, cut short (with the byte), or larger than image.h allows. */
rp_status rp_page_png_decode(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                             size_t size, const char *name, rp_error *error);

/* Appends the image to `text` as an 8-bit grey PNG. RP_SYSTEM: no memory. */
rp_status rp_page_png_encode(rp_text *text, const rp_page_image *image, rp_error *error);

/* Writes the image as the whole of `path`. */
rp_status rp_page_png_write(const char *path, const rp_page_image *image, rp_error *error);

/* A colour picture to write: rows of `stride` bytes, 3 bytes a pixel, red first. */
typedef struct rp_page_rgb {
    int32_t width, height;
    size_t stride;
    const uint8_t *data; /* borrowed */
} rp_page_rgb;

/* As rp_page_png_encode and rp_page_png_write, in colour. */
rp_status rp_page_png_encode_rgb(rp_text *text, const rp_page_rgb *picture, rp_error *error);
rp_status rp_page_png_write_rgb(const char *path, const rp_page_rgb *picture, rp_error *error);

#endif
