/* glyphs.h: a small bitmap alphabet for imitating print: digits, small letters, brackets, a full
 * stop and the pedal's star. */
#ifndef RP_PAGE_GLYPHS_H
#define RP_PAGE_GLYPHS_H

#include <stdint.h>

enum { RP_PAGE_GLYPH_WIDTH = 5, RP_PAGE_GLYPH_HEIGHT = 7 };

/* The seven rows of a glyph from the top, bit 4 the leftmost cell; NULL: there is none. */
const uint8_t *rp_page_glyph(char letter);

#endif
