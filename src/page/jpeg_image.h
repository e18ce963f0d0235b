/* jpeg_image.h: JPEG (ITU-T T.81) to grey images, through libjpeg-turbo. */
#ifndef RP_PAGE_JPEG_IMAGE_H
#define RP_PAGE_JPEG_IMAGE_H

#include <stdbool.h>

#include "page/image.h"

/* Do these bytes start as a JPEG does? */
bool rp_page_jpeg_is(const uint8_t *bytes, size_t size);

/* Decodes a JPEG, baseline or progressive, grey, colour or CMYK. `name` stands for the file in
 * messages. RP_INPUT: not a JPEG, damaged or cut short, or larger than image.h allows. RP_SYSTEM:
 * no memory. */
rp_status rp_page_jpeg_decode(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                              size_t size, const char *name, rp_error *error);

#endif
