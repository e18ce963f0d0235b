/* lone_system.h: the one piano system of an image that was cut out of a page.
 *
 * The page's own way (systems.h) comes first. Small images have lines thinner than a pixel, which
 * it takes for paper; there ten lines are laid over the image's darkness, row by row: two staves of
 * one staff space, wherever they fit best. */
#ifndef RP_PAGE_LONE_SYSTEM_H
#define RP_PAGE_LONE_SYSTEM_H

#include "page/systems.h"

/* Finds the system that `image` is about: that which lies over its middle, whatever is seen of its
 * neighbours. RP_NO: there is none. RP_SYSTEM: no memory. `name` is for messages. */
rp_status rp_page_find_system(rp_page_system *system, const rp_page_image *image, const char *name,
                              rp_arena *arena, rp_error *error);

#endif
