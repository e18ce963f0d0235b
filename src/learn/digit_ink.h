/* digit_ink.h: what is ink on a picture of paper, also where the light falls unevenly.
 *
 * 1  The light on the paper is a quadratic function of the place, fitted to the border.
 * 2  What differs from it most decides whether the ink is darker or lighter.
 * 3  The fit is taken again from all that is not ink, three times.
 * 4  Ink is how far a pixel is from the paper, as a share of what was possible; Otsu's threshold
 *    (1979) parts the two; grains that are no tenth of the largest stroke are dropped. */
#ifndef RP_LEARN_DIGIT_INK_H
#define RP_LEARN_DIGIT_INK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct rp_grey_image {
    int width, height;
    uint8_t *pixels; /* owned */
} rp_grey_image;

/* Replaces grey by ink: 0 paper, 255 full ink. RP_INPUT: nothing is drawn. RP_SYSTEM: no memory. */
rp_status rp_digit_ink(rp_grey_image *image, const char *path, rp_error *error);

#endif
