/* augment_sheet.h: one picture of what a list of augmentations does. */
#ifndef RP_PAGE_AUGMENT_SHEET_H
#define RP_PAGE_AUGMENT_SHEET_H

#include "page/augment.h"

typedef struct rp_page_augment_sheet {
    const rp_page_augment_list *list; /* borrowed */
    double staff_space;               /* as for rp_page_augment_apply */
    uint64_t seed;                    /* the same seed gives the same sheet */
    uint32_t mixtures;                /* pictures with all rows at their probabilities */
} rp_page_augment_sheet;

/* Draws into a new image in `arena`: `source` as it is, then each row of the list by itself at a
 * random strength, then the mixtures; each under its name. RP_INPUT: the sheet would be larger than
 * image.h allows; RP_SYSTEM: no memory. */
rp_status rp_page_augment_sheet_draw(rp_page_image *image, const rp_page_image *source,
                                     const rp_page_augment_sheet *sheet, rp_arena *arena,
                                     rp_error *error);

#endif
