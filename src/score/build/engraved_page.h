/* engraved_page.h: where the piano systems of a page stand, exactly, as its engraver wrote it down.
 *
 * MuseScore's SVG names what it draws. Two kinds of element are read:
 *     <polyline class="StaffLines" points="x,y x,y"/>              a staff line, horizontal
 *     <path class="Bracket" transform="matrix(...)" d="M.. C.."/>  a brace where it has many curves
 * Five lines at equal distances are a staff; a brace over exactly two staves marks a piano system.
 * Its positions file (.mpos) gives the box of every measure, all staves included:
 *     <element id="0" x="3559.95" y="6266.63" sx="4190.23" sy="6348.58" page="0"/>
 * in twelfths of a pixel of the PNG. */
#ifndef RP_SCORE_BUILD_ENGRAVED_PAGE_H
#define RP_SCORE_BUILD_ENGRAVED_PAGE_H

#include <math.h>

#include "music/xml_reader.h"

typedef struct rp_engraved_box {
    double left, top, right, bottom;
} rp_engraved_box;

/* Inside out: covers nothing. */
static inline rp_engraved_box rp_engraved_box_empty(void) {
    return (rp_engraved_box){INFINITY, INFINITY, -INFINITY, -INFINITY};
}

/* Widens `box` by another. */
static inline void rp_engraved_box_cover(rp_engraved_box *box, const rp_engraved_box *other) {
    box->left = fmin(box->left, other->left);
    box->top = fmin(box->top, other->top);
    box->right = fmax(box->right, other->right);
    box->bottom = fmax(box->bottom, other->bottom);
}

/* Moved, then scaled. */
static inline rp_engraved_box rp_engraved_box_moved(rp_engraved_box box, double x, double y,
                                                    double scale) {
    return (rp_engraved_box){(box.left + x) * scale, (box.top + y) * scale, (box.right + x) * scale,
                             (box.bottom + y) * scale};
}

typedef struct rp_engraved_page {
    double width, height;     /* of the SVG's own units */
    rp_engraved_box *systems; /* staff lines of both staves, in those units, from the top down */
    size_t system_count;
} rp_engraved_page;

/* Reads one page of SVG. RP_INPUT: not such an SVG, or more in it than a page can hold. */
rp_status rp_engraved_page_read(rp_engraved_page *page, const rp_xml_source *svg, rp_arena *arena,
                                rp_error *error);

/* A measure's box in px of the PNG. */
typedef struct rp_engraved_measure {
    rp_engraved_box box;
    int32_t page; /* from 1 */
} rp_engraved_measure;

typedef struct rp_engraved_measures {
    rp_engraved_measure *measures; /* in the order of the music */
    size_t count;
} rp_engraved_measures;

/* Reads a positions file. RP_INPUT: it is none. */
rp_status rp_engraved_measures_read(rp_engraved_measures *measures, const rp_xml_source *mpos,
                                    rp_arena *arena, rp_error *error);

#endif
