/* staves.h: the five-line staves of a page, from its ink.
 *
 * Staff space: the distance of neighbouring staff lines, read off the runs of ink and paper down
 * each column: where a black and a white run together are as long as the next two, lines repeat.
 *
 * Staves: the page is cut into upright strips a staff space and a half wide. In each, a comb of
 * five teeth, one staff space apart, is laid at every height; where all five find thin horizontal
 * ink, a staff runs through. Neighbouring strips are joined from the surest on, following the
 * slope, so that a skew of two degrees, a bent page, gaps in the lines and dense notes are no
 * obstacle; no line has to be seen whole. Staves side by side, as of two pages in one picture, are
 * staves of their own. */
#ifndef RP_PAGE_STAVES_H
#define RP_PAGE_STAVES_H

#include <stdbool.h>

#include "page/image.h"

/* A staff as a curve: the top line's height at the middle of each strip from `first` to `last`. */
typedef struct rp_page_staff {
    int32_t first, last; /* strips, inclusive */
    float *top;          /* px, one a strip of the page (only first..last are set); borrowed */
    int32_t left, right; /* px: where the lines start and end */
    double space;        /* px between its lines */
    double clearness;    /* 0..1: share of the five lines that was seen, over its length */
} rp_page_staff;

typedef struct rp_page_staves {
    double space;     /* of the page, px */
    double thickness; /* of a line, px */
    int32_t strip;    /* width of a strip, px */
    int32_t strips;
    rp_page_staff *staves; /* from top to bottom; rp_page_staves_order changes that */
    size_t count;
} rp_page_staves;

/* Estimates staff space and line thickness in px. False: nothing on the page repeats like staff
 * lines do. */
bool rp_page_staff_space(double *space, double *thickness, const rp_page_image *ink);

/* Finds the staves; `staves->space` and `thickness` are set by the caller. Zero staves is no
 * failure. RP_SYSTEM: no memory. */
rp_status rp_page_staves_find(rp_page_staves *staves, const rp_page_image *ink, rp_arena *arena,
                              rp_error *error);

/* Height of line `line` (0 the top one, 4 the lowest) at column `x`, straight on beyond the ends.
 */
double rp_page_staff_line_at(const rp_page_staves *staves, const rp_page_staff *staff, int line,
                             double x);

#endif
