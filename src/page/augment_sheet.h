/* augment_sheet.h: one picture of what a list of augmentations does. */
#ifndef RP_PAGE_AUGMENT_SHEET_H
#define RP_PAGE_AUGMENT_SHEET_H

#include "page/augment.h"

/* Draws into a new image in `arena`: `source` as it is, then each row of `list` by itself at a
 * random strength, then `mixtures` pictures with all rows at their probabilities; each under its
 * name. `staff_space` as for rp_page_augment_apply. The same seed gives the same sheet. RP_INPUT:
 * the sheet would be larger than image.h allows; RP_SYSTEM: no memory. */
rp_status rp_page_augment_sheet_draw(rp_page_image *sheet, const rp_page_image *source,
                                     const rp_page_augment_list *list, double staff_space,
                                     uint64_t seed, uint32_t mixtures, rp_arena *arena,
                                     rp_error *error);

#endif
