/* access_unit.c: see access_unit.h. */
#include "media/access_unit.h"

int64_t rp_media_order_next(rp_media_order *order, const rp_media_picture *picture) {
    if (picture->is_period) *order = (rp_media_order){0};
    if (picture->lsb_bits == 0) return (int64_t)order->frame_num++; /* a plain count */
    const int64_t range = INT64_C(1) << picture->lsb_bits;
    int64_t msb = order->msb;
    if (picture->lsb < order->lsb && order->lsb - picture->lsb >= range / 2) msb += range;
    else if (picture->lsb > order->lsb && picture->lsb - order->lsb > range / 2) msb -= range;
    if (picture->is_reference) {
        order->msb = picture->has_reset ? 0 : msb;
        order->lsb = picture->has_reset ? 0 : picture->lsb;
    }
    return msb + picture->lsb + (picture->delta < 0 ? picture->delta : 0);
}

float rp_media_length_bits(unsigned width, uint32_t bytes_max) {
    float bits = 8 * (float)width;
    for (uint32_t rest = bytes_max; rest > 0; rest /= 2) bits -= 1;
    return bits < 0 ? 0 : bits;
}
