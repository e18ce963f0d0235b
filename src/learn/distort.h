/* distort.h: digits moved, turned, squeezed and bent at random, so that a network sees more hands
 * than the data hold. Values are ink, 0 paper .. 1. */
#ifndef RP_LEARN_DISTORT_H
#define RP_LEARN_DISTORT_H

#include <stdint.h>

#include "base/random.h"

enum { RP_DISTORT_SIDE = 28, RP_DISTORT_FIELD_MAX = 32 };

/* Half widths of uniform draws; all 0 leaves the digit as it is. */
typedef struct rp_distort_ranges {
    double shift;   /* pixels, both ways */
    double scale;   /* of both sides together: 0.1 is 0.9 .. 1.1 */
    double squeeze; /* narrower and taller, or the reverse */
    double shear;   /* columns a row */
    double turn;    /* radians */
    double bend;  /* deviation, pixels, of a smooth field of 5 x 5 knots (Simard et al. 2003 bend by
                     a blurred random field; knots do the same for less) */
    double flip;  /* share of images mirrored left to right: for clothes, never for digits */
    double erase; /* share of images in which a rectangle of 2 to 12 pixels a side, somewhere, is
                     filled with one random grey (Zhong et al. 2020) */
} rp_distort_ranges;

/* The planar maps of the 1998 paper; it gives no ranges, these are cautious. */
#define RP_DISTORT_1998 \
    { .shift = 2, .scale = 0.1, .squeeze = 0.1, .shear = 0.2 }
/* What the modern variant learns from. */
#define RP_DISTORT_MODERN \
    { .shift = 2, .scale = 0.12, .squeeze = 0.08, .shear = 0.15, .turn = 0.2, .bend = 0.8 }

/* Clothes have two sides but are not bent. */
#define RP_DISTORT_FASHION \
    { .shift = 2, .scale = 0.08, .squeeze = 0.05, .shear = 0.05, .flip = 0.5, .erase = 0.25 }

/* field (side, side) receives the 28 x 28 `pixels` in its middle, distorted by numbers drawn from
 * `random`, bilinear, paper outside. side: 28 .. 32. */
void rp_distort(float *field, int side, const uint8_t *pixels, const rp_distort_ranges *ranges,
                rp_random *random);

#endif
