/* digit_ink.h: what is ink on a picture of paper, also where the light falls unevenly.
 *
 * 1  The light on the paper is a quadratic function of the place, fitted to the border, then to all
 *    that is near it, then a quartic one, twice.
 * 2  A pixel's share is how far it is from the paper, of what was possible: towards black for dark
 *    ink, towards white for light ink. Most pixels are paper, so their shares tell its grain, and
 *    how well the fit follows the light.
 * 3  Ink is beyond half of the farthest pixels' share, and must stand out from both. Where dark and
 *    light do, ink is what is farther, in greys.
 * 4  Grains that are no tenth of the largest stroke are dropped. */
#ifndef RP_LEARN_DIGIT_INK_H
#define RP_LEARN_DIGIT_INK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct rp_grey_image {
    int width, height;
    uint8_t *pixels; /* owned */
} rp_grey_image;

enum { RP_INK_HALF = 128 };

/* Replaces grey by ink: 0 paper, 255 full ink. *contrast: the greys from the paper to the farthest
 * ink, or 0 where no ink stands out from the grain: the picture is then as it was. For pictures of
 * some hundred pixels' side. RP_SYSTEM: no memory. */
rp_status rp_digit_ink(rp_grey_image *image, double *contrast, rp_error *error);

#endif
