/* ink.h: which pixels are ink. */
#ifndef RP_PAGE_INK_H
#define RP_PAGE_INK_H

#include "page/image.h"

/* Makes `ink` in `arena`, of the page's size: 1 where there is ink, 0 on paper. A pixel is ink when
 * it is darker than a share of the paper around it; the share lies between the page's own ink and
 * paper (Otsu 1979). Uneven light does not matter, and black scan borders count as paper. */
rp_status rp_page_ink_make(rp_page_image *ink, const rp_page_image *page, rp_arena *arena,
                           rp_error *error);

#endif
