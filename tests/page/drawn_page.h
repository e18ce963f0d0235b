/* drawn_page.h: pages of staves drawn for tests, with everything that makes finding them hard. */
#ifndef RP_TESTS_PAGE_DRAWN_PAGE_H
#define RP_TESTS_PAGE_DRAWN_PAGE_H

#include <stdbool.h>

#include "page/image.h"

typedef struct drawn_page {
    int32_t width, height;
    double space;        /* px between lines */
    double gap;          /* spaces between a pair's staves; 0: 6 */
    double thickness;    /* px of a line */
    int systems, voices; /* voices: staves above each pair */
    double slope;        /* px down a px right */
    double bend;         /* px: half a sine wave over the width */
    double broken;       /* 0..1: share of a line's length that is missing */
    bool has_brace, has_barlines, has_left_line, has_notes, has_border;
    bool has_long_barlines;  /* through the voices too */
    bool has_voice_barlines; /* through the voices, but not on to the pair */
    bool has_bracket;        /* a straight one, from the first staff to the last */
    bool has_voice_brace;    /* a brace from the first voice to the last */
    double noise;            /* share of pixels inverted */
    uint64_t seed;
    double left, right; /* 0..1: where the staves start and end; 0: as on a page by itself */
    double top;         /* px: of the first system; 0: as on a page by itself */
} drawn_page;

/* Four systems of clean print, 10 px between lines. */
extern const drawn_page drawn_page_plain;

/* Draws the page into `arena` and writes the box of each pair to `boxes` (room for `systems`). */
rp_page_image drawn_page_make(const drawn_page *page, rp_page_box *boxes, rp_arena *arena);

/* Draws more systems onto an image of the page's width and height. */
void drawn_page_add(const rp_page_image *image, const drawn_page *page, rp_page_box *boxes);

#endif
