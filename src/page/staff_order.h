/* staff_order.h: staves in the order in which they are read.
 *
 *     1 |  5        two pages of a book side by side: the left one whole, then the right one
 *     2 |  6
 *     3 |  7        1             a line that is parted, such as a coda beside the last system:
 *     4 |  8        2             left of the gap, then right of it
 *                   3  |  5
 *                   4  |  6
 *
 * Where an upright passes between staves without meeting one, what is left of it comes first;
 * among staves that no upright parts, those beside others are parted by themselves, line by line.
 */
#ifndef RP_PAGE_STAFF_ORDER_H
#define RP_PAGE_STAFF_ORDER_H

#include "page/staves.h"

/* Puts the staves, which are sorted from top to bottom, in reading order: staves that follow one
 * another in the list stand below one another, or are the last of a column and the first of the
 * next. Those of one column stay sorted from top to bottom. */
void rp_page_staves_order(rp_page_staves *staves);

#endif
