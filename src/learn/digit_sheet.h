/* digit_sheet.h: where on a sheet of any size its digit is, as one looks for it: first the whole
 * sheet, reduced so far that the ink stands out from the grain of the paper, then nearer and nearer
 * until the digit fills the view. */
#ifndef RP_LEARN_DIGIT_SHEET_H
#define RP_LEARN_DIGIT_SHEET_H

#include "learn/digit_ink.h"

/* *close becomes a view of the digit and the paper around it, as ink (0 paper, 255 full ink); yours
 * to free whatever comes back. RP_NO: there is no digit. RP_SYSTEM: no memory. */
rp_status rp_digit_find(rp_grey_image *close, const rp_grey_image *sheet, const char *path,
                        rp_error *error);

/* Where the ink of a view is: the last two are one beyond. */
typedef struct rp_ink_box {
    int left, top, right, bottom;
} rp_ink_box;

/* Of pixels of `least` ink or more. */
rp_ink_box rp_ink_box_of(const rp_grey_image *ink, int least);

#endif
