/* picture_count.c: see picture_count.h. */
#include "video/picture_count.h"

#include <stdlib.h>

enum {
    PERIOD_BITS = 6,  /* price of a period that began in a hole: most pictures begin none */
    OTHER_BITS = 2,   /* for each picture of the period before that was lost with it, up to: */
    OTHERS_MAX = 4,   /* twice as many cost no more */
    WRAP_BITS = 12,   /* price of so many lost that the numbers came round */
    AGAINST_BITS = 40 /* price of a number of pictures that the numbers exclude */
};

/* What a picture is numbered by. Where the order of decoding is that of display (pic_order_cnt_type
 * 2), frame_num counts pictures, if none of them is discardable. */
static rp_media_picture numbered(const rp_media_picture *picture) {
    rp_media_picture by = *picture;
    if (by.lsb_bits > 0) return by;
    by.lsb = picture->frame_num;
    by.lsb_bits = picture->frame_num_bits;
    return by;
}

/* The number of a picture. One without (a frame of AV1 that is only shown) follows the last. */
static int64_t number_of(rp_video_numbers *numbers, const rp_media_picture *picture, int64_t step) {
    const rp_media_picture by = numbered(picture);
    if (by.lsb_bits == 0 && !by.is_period) return numbers->last + step;
    return rp_media_order_next(&numbers->order, &by);
}

void rp_video_numbers_take(rp_video_numbers *numbers, const rp_media_picture *picture,
                           uint64_t place) {
    numbers->last = number_of(numbers, picture, 1);
    if (picture->has_reset) numbers->is_known = false;
    if (!picture->is_period) return;
    numbers->is_known = true;
    numbers->period_at = place;
    numbers->period_count = numbers->last;
}

static int by_number(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* n of the formula above, for pictures whose numbers go on from `numbers`; false where they do not
 * tell. `met`: pictures of the period before the hole. */
static bool count_period(int64_t *lost, const rp_video_numbers *from, uint64_t met,
                         const rp_media_picture *pictures, size_t count,
                         const rp_video_ordering *ordering) {
    int64_t sorted[RP_VIDEO_COUNTED_MAX] = {0};
    rp_video_numbers numbers = *from;
    const int64_t step = ordering->step;
    for (size_t i = 0; i < count; i++) {
        numbers.last = number_of(&numbers, &pictures[i], step);
        const int64_t apart = numbers.last - from->period_count;
        if (apart % step != 0) return false;
        sorted[i] = apart / step;
    }
    qsort(sorted, count, sizeof *sorted, by_number);
    const size_t settled = count - ordering->earliest;
    for (size_t i = 1; i < settled; i++)
        if (sorted[i] == sorted[i - 1]) return false;
    *lost = sorted[settled - 1] + 1 - (int64_t)met - (int64_t)settled;
    return true;
}

rp_video_picture_count rp_video_picture_count_lost(const rp_video_numbers *before, uint64_t place,
                                                   const rp_media_picture *pictures, size_t count,
                                                   const rp_video_ordering *ordering) {
    rp_video_picture_count found = {0};
    size_t end = 0;
    while (end < count && end < RP_VIDEO_COUNTED_MAX && !pictures[end].is_period &&
           !pictures[end].has_reset)
        end++;
    if (ordering->step == 0 || !before->is_known || place < before->period_at) return found;
    if (end < (size_t)ordering->earliest + ordering->latest + 1) return found;
    uint32_t width = 0; /* of the numbers; the same in all pictures that have one */
    for (size_t i = 0; i < end; i++)
        if (numbered(&pictures[i]).lsb_bits > width) width = numbered(&pictures[i]).lsb_bits;
    const int64_t range = width > 0 ? (INT64_C(1) << width) / ordering->step : 0;
    if (range == 0) return found;
    found.range = (uint64_t)range;
    int64_t lost;
    const rp_video_numbers begun = {0};
    if (count_period(&lost, before, place - before->period_at, pictures, end, ordering)) {
        found.has_same = true;
        found.same = (uint64_t)((lost % range + range) % range);
    }
    if (count_period(&lost, &begun, 0, pictures, end, ordering) && lost % range != 0) {
        found.has_new = true;
        found.of_period = (uint64_t)((lost % range + range) % range);
    }
    return found;
}

double rp_video_picture_count_bits(const rp_video_picture_count *count, uint64_t lost) {
    if (!count->has_same && !count->has_new) return 0;
    double bits = AGAINST_BITS;
    if (count->has_same && lost % count->range == count->same)
        bits = lost == count->same ? 0 : WRAP_BITS;
    if (count->has_new && lost >= count->of_period) {
        const uint64_t others = lost - count->of_period;
        const double price =
            PERIOD_BITS + OTHER_BITS * (double)(others < OTHERS_MAX ? others : OTHERS_MAX);
        if (price < bits) bits = price;
    }
    return bits;
}

void rp_video_numbers_skip(rp_video_numbers *numbers, const rp_video_picture_count *count,
                           uint64_t place, uint64_t lost) {
    if (count->has_same && lost % count->range == count->same) return;
    const bool begins = count->has_new && lost >= count->of_period;
    *numbers = (rp_video_numbers){.is_known = begins};
    if (begins) numbers->period_at = place + lost - count->of_period;
}
