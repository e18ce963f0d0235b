/* crop.h: systems cut out of their page as a network reads them: straightened along their staves,
 * scaled to one height. Left and right of the box there is half the staves' height (cut at the
 * page's edges, and halfway to a system beside); above and below the page's edges is paper. */
#ifndef RP_PAGE_CROP_H
#define RP_PAGE_CROP_H

#include "page/systems.h"

typedef enum rp_page_frame {
    /* The staves take the middle half of the height, as in the training set. */
    RP_FRAME_HALF,
    /* Every line of both staves has a row of its own, the same in all systems: the paper between
     * the staves is shrunk or stretched where it is farther than 3.5 staff spaces from either, and
     * there are 7 spaces above and below. */
    RP_FRAME_LEVEL
} rp_page_frame;

/* Cuts a system out of its page, `height` px high. RP_SYSTEM: no memory. */
rp_status rp_page_crop_system(rp_page_image *crop, const rp_page_image *page,
                              const rp_page_system *system, rp_page_frame frame, int32_t height,
                              rp_arena *arena, rp_error *error);

/* The column of the page, on the middle of the staves, that column `x` of the system's crop shows,
 * and the other way round; in px. */
double rp_page_crop_to_page(const rp_page_system *system, const rp_page_image *page,
                            const rp_page_image *crop, double x);
double rp_page_to_crop(const rp_page_system *system, const rp_page_image *page,
                       const rp_page_image *crop, double x);

/* The system of `image`, itself cut out of a page (rp_page_find_system), cut out anew; if none is
 * found, the image as it is, scaled, and `system` all of it, without points. RP_SYSTEM: no memory.
 */
rp_status rp_page_straighten(rp_page_image *crop, rp_page_system *system,
                             const rp_page_image *image, const char *name, rp_page_frame frame,
                             int32_t height, rp_arena *arena, rp_error *error);

#endif
