/* verovio.h: Verovio as a second engraver, through node: the same music in other hands.
 *
 *     music -> node, npm's verovio: an SVG a page -> rsvg-convert: a PNG a page
 *
 * Verovio breaks the music anew; its SVG names what it draws (g.system > g.measure > g.staff with
 * five lines), which gives boxes, the measures' places and the breaks. For piano solo: two staves.
 */
#ifndef RP_SCORE_BUILD_VEROVIO_H
#define RP_SCORE_BUILD_VEROVIO_H

#include "score/build/engraved_page.h"
#include "score/build/engraving_style.h"
#include "score/build/system_labels.h"

/* RP_USAGE: a font that Verovio does not have, with those that it has. */
rp_status rp_verovio_check(const rp_engraving_style *style, rp_error *error);

typedef struct rp_verovio_job {
    const char *musicxml;            /* path of the score */
    const char *folder;              /* out-1.svg, out-1.png and so on are written there */
    const char *id;                  /* with the style's seed it decides the hand */
    const rp_engraving_style *style; /* NULL: Leipzig, nothing varied */
    int dpi;
    double seconds_max;
} rp_verovio_job;

/* Engraves and draws. RP_INPUT: Verovio cannot read the score or takes too long. RP_SYSTEM: node,
 * npm's verovio or rsvg-convert is missing. */
rp_status rp_verovio_engrave(const rp_verovio_job *job, rp_error *error);

/* What the pages of one score hold, read one by one; the caller gives the arrays. */
typedef struct rp_verovio_music {
    rp_engraved_measures measures; /* px; room for RP_VEROVIO_MEASURES_MAX */
    rp_system_breaks breaks;       /* the same */
} rp_verovio_music;

/* Reads page `number` (from 1) of an SVG drawn at `dpi`: its systems into `page`, whose `systems`
 * has room for RP_VEROVIO_SYSTEMS_MAX; its measures and breaks are appended to `music`. RP_INPUT:
 * not such an SVG, or a system that has not two staves. */
rp_status rp_verovio_page_read(rp_engraved_page *page, rp_verovio_music *music,
                               const rp_xml_source *svg, int32_t number, int dpi, rp_error *error);

enum { RP_VEROVIO_MEASURES_MAX = 20000, RP_VEROVIO_SYSTEMS_MAX = 200 };

#endif
