/* augment_work.h: what a row of augment.h works on; shared by the files of rows only. */
#ifndef RP_PAGE_AUGMENT_WORK_H
#define RP_PAGE_AUGMENT_WORK_H

#include <stdbool.h>

#include "page/augment.h"
#include "page/displace.h"

struct rp_page_augment_work {
    rp_page_image image;             /* the picture so far; a row changes it in place, or swaps */
    rp_page_image spare;             /* pixels to write a new one into */
    size_t image_bytes, spare_bytes; /* what the two can hold */
    double staff_space;              /* px */
    rp_random *random;
    rp_arena *arena; /* for a row's tables; freed with the whole sample */
    bool failed;     /* memory ran out: the rows that follow do nothing */
};

/* Readies work->spare for `width` x `height` px of any content. False (and failed): no memory. */
bool rp_page_augment_spare(rp_page_augment_work *work, int32_t width, int32_t height);

/* Makes the spare the image. */
void rp_page_augment_swap(rp_page_augment_work *work);

/* Draws the number of trials that miss before the next that hits, each hitting with `probability`
 * (a geometric variable): one logarithm a hit instead of one draw a pixel. */
int64_t rp_page_augment_gap(rp_random *random, double probability);

/* Every pixel p becomes table[p]. */
void rp_page_augment_map(rp_page_augment_work *work, const uint8_t table[256]);

extern const rp_page_augment_row rp_page_augment_published[];
extern const size_t rp_page_augment_published_count;
extern const rp_page_augment_row rp_page_augment_prints[];
extern const size_t rp_page_augment_prints_count;

#endif
