/* systems.h: the piano systems of a page.
 *
 *     ink -> staff space -> staves -> reading order -> pairs of staves -> boxes and curves
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
    /* px from the box to halfway to the staves beside it, as on another page of the same picture or
     * of a coda; 0: there are none. */
    int32_t reach_left, reach_right;
} rp_page_system;

typedef struct rp_page_systems {
    rp_page_system *systems; /* as they are read (staff_order.h); in the arena */
    size_t count;
    size_t staves;       /* found on the page, in systems or not */
    double skew_radians; /* of the page, the mean of its staves */
    double staff_space;  /* px */
} rp_page_systems;

/* Finds the piano systems of `page`. RP_NO: there are none; the error says what was seen instead
 * ("no music found", "3 staves, no two joined"). RP_SYSTEM: no memory. `name` is for messages. */
rp_status rp_page_find_systems(rp_page_systems *systems, const rp_page_image *page,
                               const char *name, rp_arena *arena, rp_error *error);

#endif
