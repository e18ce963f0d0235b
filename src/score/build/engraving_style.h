/* engraving_style.h: the hand a score is engraved in: MuseScore's style, drawn from a seed.
 *
 * Debian's MuseScore 3.2.3 lays a score out before it looks at a style file (-S), so that one only
 * makes notes collide. A style that works stands in the score itself: MuseScore first turns any
 * score into its own .mscx, and the values are put at the end of that file's Style element, where
 * they overrule what stands before. */
#ifndef RP_SCORE_BUILD_ENGRAVING_STYLE_H
#define RP_SCORE_BUILD_ENGRAVING_STYLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"

typedef struct rp_engraving_style {
    const char *fonts; /* "Emmentaler,Gonville": one is drawn for each score; NULL: all four */
    uint64_t seed;
    bool is_varied; /* draw sizes, distances and thicknesses too, not just the font */
} rp_engraving_style;

/* RP_USAGE: a font that MuseScore 3.2.3 does not have, with those that it has. */
rp_status rp_engraving_style_check(const rp_engraving_style *style, rp_error *error);

/* Appends the values for the score `id` as elements of a Style: a function of style and id. */
void rp_engraving_style_draw(rp_text *elements, const rp_engraving_style *style, const char *id);

/* Appends an .mscx with `elements` at the end of its Style. RP_INPUT: not such a file. */
rp_status rp_engraving_style_apply(rp_text *styled, const uint8_t *mscx, size_t size,
                                   const char *elements, const char *name, rp_error *error);

enum { RP_ENGRAVING_FONTS_MAX = 8 };

/* The fonts that a program has. */
typedef struct rp_engraving_fonts {
    const char *names[RP_ENGRAVING_FONTS_MAX];
    size_t count;
    const char *program_has; /* the sentence that names them, for the error */
} rp_engraving_fonts;

/* RP_USAGE: the style asks for a font that is not among them. */
rp_status rp_engraving_fonts_check(const rp_engraving_fonts *fonts, const rp_engraving_style *style,
                                   rp_error *error);

/* One of those that the style allows, all being as likely. */
const char *rp_engraving_fonts_draw(const rp_engraving_fonts *fonts,
                                    const rp_engraving_style *style, rp_random *random);

/* The stream of random numbers that belongs to a score. */
uint64_t rp_engraving_style_stream(const char *id);

#endif
