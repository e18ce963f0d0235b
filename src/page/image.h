/* image.h: a grey picture, and scaling it.
 *
 *     data[y * stride + x], 0 <= x < width, 0 <= y < height; 0 is black ink, 255 white paper
 *
 * The pixels live in an arena or in memory of the caller's; the struct itself is a view, copied
 * freely. A view of a part (rp_page_image_part) shares the pixels of the whole. */
#ifndef RP_PAGE_IMAGE_H
#define RP_PAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* No side longer than a JPEG's, and no more pixels than an A3 page scanned at 1200 dpi has. */
enum { RP_PAGE_SIDE_MAX = 65500, RP_PAGE_PIXELS_MAX = 300 * 1000 * 1000 };

typedef struct rp_page_image {
    int32_t width, height; /* px */
    size_t stride;         /* bytes from one row to the next, >= width */
    uint8_t *data;         /* borrowed: the arena's or the caller's */
} rp_page_image;

/* A rectangle of pixels: left <= x < right, top <= y < bottom. */
typedef struct rp_page_box {
    int32_t left, top, right, bottom;
} rp_page_box;

/* Pixels for `width` x `height`, not cleared, rows padded to 64 bytes. RP_INPUT: a side is below 1
 * or the limits above are passed, said of `name`. RP_SYSTEM: no memory in the arena. */
rp_status rp_page_image_make(rp_page_image *image, rp_arena *arena, int64_t width, int64_t height,
                             const char *name, rp_error *error);

/* Sets every pixel to `value`. */
void rp_page_image_fill(const rp_page_image *image, uint8_t value);

/* The part of `image` inside `box`, cut at the image's edges; shares its pixels. Width and height
 * are 0 where nothing is left. */
rp_page_image rp_page_image_part(const rp_page_image *image, rp_page_box box);

/* Copies `source` to `target`, which has the same size. */
void rp_page_image_copy(const rp_page_image *target, const rp_page_image *source);

/* Scales `source` to fill `target`, each axis by itself. Where an axis shrinks, an output pixel is
 * the exact mean of the source interval it covers (area or box filter), which keeps thin lines at
 * their true grey; where it grows, values are interpolated between pixel centres. White stays
 * white and black black, exactly. The images do not overlap. Tables are taken from `arena`.
 * RP_SYSTEM: no memory. */
rp_status rp_page_image_resize(const rp_page_image *target, const rp_page_image *source,
                               rp_arena *arena, rp_error *error);

/* A scaled copy in `arena` of the given height, width in proportion (rounded, at least 1). */
rp_status rp_page_image_scale(rp_page_image *scaled, const rp_page_image *source, int32_t height,
                              rp_arena *arena, rp_error *error);

#endif
