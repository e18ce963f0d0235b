/* systems.h: the piano systems of a page, and cutting them out as the training set has them.
 *
 *     ink -> staff space -> staves -> pairs of staves -> boxes and curves -> straight crops
 *
 * Two neighbouring staves are a piano system when barlines run through the gap between them, a
 * brace stands at their left, a line joins their left ends; staves of voices among them have none
 * of the first two. */
#ifndef RP_PAGE_SYSTEMS_H
#define RP_PAGE_SYSTEMS_H

#include "page/image.h"

typedef struct rp_page_system {
    rp_page_box box;     /* of the staff lines of both staves, in px of the page as given */
    double skew_radians; /* positive: falls to the right */
    double staff_space;  /* px */
    double confidence;   /* 0..1: how clear lines and joints are */
    /* The top line of the upper staff and the lowest of the lower at `points` columns, `step` px
     * apart from box.left on; in the arena. */
    int32_t points;
    double step;
    float *top, *bottom;
} rp_page_system;

typedef struct rp_page_systems {
    rp_page_system *systems; /* from top to bottom; in the arena */
    size_t count;
    size_t staves;       /* found on the page, in systems or not */
    double skew_radians; /* of the page, the mean of its staves */
    double staff_space;  /* px */
} rp_page_systems;

/* Finds the piano systems of `page`. RP_NO: there are none; the error says what was seen instead
 * ("no music found", "3 staves, no two joined"). RP_SYSTEM: no memory. `name` is for messages. */
rp_status rp_page_find_systems(rp_page_systems *systems, const rp_page_image *page,
                               const char *name, rp_arena *arena, rp_error *error);

/* Finds the one system that `image`, cut out of a page with something of its neighbours, is about:
 * that which lies over the image's middle. RP_NO: there is none. RP_SYSTEM: no memory. */
rp_status rp_page_find_system(rp_page_system *system, const rp_page_image *image, const char *name,
                              rp_arena *arena, rp_error *error);

/* Cuts a system out of its page: straightened along its staves, their box grown by half its height
 * on all sides, scaled to `height` px: the staves always take the middle half. Left and right the
 * page's edges cut; above and below them is paper. RP_SYSTEM: no memory. */
rp_status rp_page_crop_system(rp_page_image *crop, const rp_page_image *page,
                              const rp_page_system *system, int32_t height, rp_arena *arena,
                              rp_error *error);

/* The system of `image` (rp_page_find_system) cut out anew, or, if none is found, the image as it
 * is, scaled to `height` px. RP_SYSTEM: no memory. */
rp_status rp_page_straighten(rp_page_image *crop, const rp_page_image *image, const char *name,
                             int32_t height, rp_arena *arena, rp_error *error);

/* The column of the page, on the middle of the staves, that column `x` of the system's crop shows;
 * both in px. */
double rp_page_crop_to_page(const rp_page_system *system, const rp_page_image *page,
                            const rp_page_image *crop, double x);

#endif
