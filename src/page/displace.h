/* displace.h: moves every pixel a little: rotation, skew, warp, and setting pages straight again.
 *
 * Output pixel (x, y) is taken from source point
 *
 *     u = column_u[x] + row_u[y]        v = column_v[x] + row_v[y]
 *
 * Four tables of one number a column or row say every affine map exactly, and warps in which
 * columns slide up and down (a page bent over its spine) as well. */
#ifndef RP_PAGE_DISPLACE_H
#define RP_PAGE_DISPLACE_H

#include <stdbool.h>

#include "page/image.h"

enum { RP_PAGE_DISPLACE_ONE = 4096 }; /* the tables' unit: a pixel; 1/4096 px the finest step */

typedef struct rp_page_displace {
    int32_t *column_u, *column_v; /* one a column of the output, in 1/4096 px */
    int32_t *row_u, *row_v;       /* one a row of the output */
} rp_page_displace;

/* Tables in `arena` for an output of the given size, set to the identity. False: no memory. */
bool rp_page_displace_make(rp_page_displace *displace, int32_t width, int32_t height,
                           rp_arena *arena);

/* Adds a rotation of the picture by `radians` about the point (x, y), counterclockwise on the
 * screen for positive angles, to fresh identity tables. */
void rp_page_displace_rotate(const rp_page_displace *displace, int32_t width, int32_t height,
                             double radians, const double centre[2]);

/* Fills `target` from `source`, interpolating between the four nearest pixels; outside is white.
 * The two images do not overlap. */
void rp_page_displace_apply(const rp_page_image *target, const rp_page_image *source,
                            const rp_page_displace *displace);

#endif
