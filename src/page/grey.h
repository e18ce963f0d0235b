/* grey.h: rows of colour samples to rows of grey over white paper. */
#ifndef RP_PAGE_GREY_H
#define RP_PAGE_GREY_H

#include <stdint.h>

/* Each turns `width` pixels of interleaved 8-bit samples into one byte a pixel. Luma is 0.299 R +
 * 0.587 G + 0.114 B (ITU-R BT.601); alpha is not premultiplied unless the name says so. */
void rp_page_grey_from_ya(uint8_t *grey, const uint8_t *row, int32_t width);
void rp_page_grey_from_rgb(uint8_t *grey, const uint8_t *row, int32_t width);
void rp_page_grey_from_rgba(uint8_t *grey, const uint8_t *row, int32_t width);
void rp_page_grey_from_rgba_premultiplied(uint8_t *grey, const uint8_t *row, int32_t width);
/* As Adobe stores it: 255 is no ink. */
void rp_page_grey_from_cmyk_inverted(uint8_t *grey, const uint8_t *row, int32_t width);

#endif
