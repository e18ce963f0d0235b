/* pen.h: writing words into an image with the letters of page/glyphs.h. */
#ifndef RP_PAGE_PEN_H
#define RP_PAGE_PEN_H

#include "page/image.h"

typedef struct rp_page_pen {
    double height; /* of a capital, px; the next letter stands 6/7 of it further right */
    double slant;  /* px sideways a px up */
    double bold;   /* 0 to 0.3: how far letters grow, in a twelfth of the height or so */
    double ink;    /* 0..255 taken from paper */
} rp_page_pen;

/* Writes `word` with its foot at (left, foot), the darker of letter and picture. What the alphabet
 * lacks is left blank; what lies outside is cut. */
void rp_page_pen_write(const rp_page_image *image, const char *word, double left, double foot,
                       const rp_page_pen *pen);

#endif
