/* sample_cut.h: a piano system out of its page, as the published set has it: the box of the staff
 * lines grown by half its height on all sides, cut at the page's edges, scaled by area. */
#ifndef RP_SCORE_BUILD_SAMPLE_CUT_H
#define RP_SCORE_BUILD_SAMPLE_CUT_H

#include "page/image.h"
#include "score/build/engraved_page.h"

enum { RP_EDGES_HEIGHT_PX = 256 }; /* of the image that measures.SPLIT.txt speaks of */

/* The pixels that the crop of a system takes, rounded down as in the published set; `staves` are
 * its staff lines in px of the page. */
rp_page_box rp_sample_cut_box(const rp_engraved_box *staves, const rp_page_image *page);

/* The crop, `height` px high, in `arena`. RP_SYSTEM: no memory. */
rp_status rp_sample_cut(rp_page_image *sample, const rp_page_image *page, rp_page_box crop,
                        int32_t height, rp_arena *arena, rp_error *error);

/* Appends to `edges` the x of the left edge of the system's first measure and of the right edge of
 * each of its measures, in px of the crop at 256 px high: "63.9 195.7". The system's measures are
 * those on `page_number` whose box holds the middle of `staves`. Returns how many there are. */
size_t rp_sample_edges(rp_text *edges, const rp_engraved_measures *measures, int32_t page_number,
                       const rp_engraved_box *staves, rp_page_box crop);

#endif
