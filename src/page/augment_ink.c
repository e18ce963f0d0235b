/* augment_ink.c: rows of the list "print" about ink: too much, too little, uneven, lines that
 * break, and the hard threshold of a bilevel scanner. Lengths are in staff spaces. */
#include <math.h>
#include <string.h>

#include "page/augment_print.h"

/* Mixes `image` with the darkest (or lightest) of each pixel and its four neighbours. `weight` of
 * 256 takes the neighbourhood alone. `row` writes one row from the row itself and its neighbours
 * above and below; at the sides the row is its own neighbour. */
static void row_spread(uint8_t *restrict out, const uint8_t *restrict const rows[3], int32_t width,
                       int weight, int flip) {
    const uint8_t *restrict above = rows[0], *restrict middle = rows[1], *restrict below = rows[2];
    for (int32_t x = 1; x < width - 1; x++) { /* flip 255 turns the least into the greatest */
        const int here = middle[x] ^ flip;
        int least = here < (above[x] ^ flip) ? here : (above[x] ^ flip);
        least = least < (below[x] ^ flip) ? least : (below[x] ^ flip);
        least = least < (middle[x - 1] ^ flip) ? least : (middle[x - 1] ^ flip);
        least = least < (middle[x + 1] ^ flip) ? least : (middle[x + 1] ^ flip);
        out[x] = (uint8_t)((here + (((least - here) * weight) >> 8)) ^ flip);
    }
    out[0] = middle[0];
    out[width - 1] = middle[width - 1];
}

/* Grows ink (flip 0) or paper (flip 255) by `radius` px, a fraction of a pixel included. */
static void spread(rp_page_augment_work *work, double radius, int flip) {
    for (; radius > 0; radius -= 1) {
        const int32_t width = work->image.width, height = work->image.height;
        if (!rp_page_augment_spare(work, width, height)) return;
        const int weight = (int)lrint(256 * fmin(1, radius));
        for (int32_t y = 0; y < height; y++) {
            const uint8_t *middle = work->image.data + (size_t)y * work->image.stride;
            const uint8_t *restrict const rows[3] = {
                y > 0 ? middle - work->image.stride : middle, middle,
                y < height - 1 ? middle + work->image.stride : middle};
            row_spread(work->spare.data + (size_t)y * work->spare.stride, rows, width, weight,
                       flip);
        }
        rp_page_augment_swap(work);
    }
}

void rp_page_augment_thick(rp_page_augment_work *work, double strength) {
    spread(work, strength * work->staff_space, 0);
}

void rp_page_augment_thin(rp_page_augment_work *work, double strength) {
    spread(work, strength * work->staff_space, 255);
}

/* Ink darker here, paler there: a smooth field decides how near to paper each pixel goes. */
void rp_page_augment_uneven(rp_page_augment_work *work, double strength) {
    const rp_page_smooth field = rp_page_smooth_draw(work->random);
    float *share = rp_arena_array(work->arena, (size_t)work->image.width, sizeof *share);
    if (share == NULL) return;
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *restrict row = work->image.data + (size_t)y * work->image.stride;
        rp_page_smooth_row(share, &field, y, &work->image);
        for (int32_t x = 0; x < work->image.width; x++) {
            const float ink = (float)(255 - row[x]);
            row[x] = (uint8_t)(255.5f - ink * (1 - (float)strength * share[x]));
        }
    }
}

/* Whole ellipses of the print are nearly gone: bleached, rubbed, or never inked. */
static void bleach_one(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const double radius_x = space * rp_random_between(work->random, 1, 5);
    const double radius_y = space * rp_random_between(work->random, 0.7, 3);
    const double at_x = rp_random_uniform(work->random) * work->image.width;
    const double at_y = rp_random_uniform(work->random) * work->image.height;
    for (int32_t y = (int32_t)fmax(0, at_y - radius_y);
         y < work->image.height && y < at_y + radius_y; y++) {
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        const double dy = (y - at_y) / radius_y;
        for (int32_t x = (int32_t)fmax(0, at_x - radius_x);
             x < work->image.width && x < at_x + radius_x; x++) {
            const double dx = (x - at_x) / radius_x;
            const double lost = strength * fmin(1, 2 * fmax(0, 1 - dx * dx - dy * dy));
            row[x] = (uint8_t)(255.5 - (255 - row[x]) * (1 - lost));
        }
    }
}

void rp_page_augment_bleached(rp_page_augment_work *work, double strength) {
    const double spaces = work->image.width / work->staff_space;
    const int32_t count = 1 + (int32_t)(rp_random_uniform(work->random) * spaces / 25);
    for (int32_t i = 0; i < count; i++) bleach_one(work, strength);
}

/* How many pixels from (x, y) on along `step` are ink, at most `limit`. */
static int run(const uint8_t *at, ptrdiff_t step, int32_t room, int limit) {
    int length = 0;
    while (length < limit && length < room && at[length * step] < 170) length++;
    return length;
}

/* Whitens thin strokes in `box`: upright runs of ink no taller than `thin`, which are staff lines,
 * ledger lines, hairpins and ties (is_upright false), or barlines and stems (true). */
static void break_box(rp_page_augment_work *work, rp_page_box box, int thin, bool is_upright) {
    const rp_page_image part = rp_page_image_part(&work->image, box);
    const ptrdiff_t along = is_upright ? 1 : (ptrdiff_t)part.stride;
    for (int32_t y = 0; y < part.height; y++) {
        for (int32_t x = 0; x < part.width; x++) {
            uint8_t *at = part.data + (size_t)y * part.stride + x;
            const bool is_first = is_upright ? x == 0 : y == 0;
            if (*at >= 170 || (!is_first && at[-along] < 170)) continue;
            const int length =
                run(at, along, is_upright ? part.width - x : part.height - y, thin + 1);
            if (length > thin) continue;
            const int before = is_first ? 0 : 1; /* with the grey seam on both sides */
            const int32_t room = is_upright ? part.width - x : part.height - y;
            for (int k = -before; k <= length && k < room; k++) at[k * along] = 255;
        }
    }
}

void rp_page_augment_broken(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const double area = work->image.width / space * (work->image.height / space);
    const int32_t count = (int32_t)(strength * area);
    const int thin = (int)fmax(1, 0.3 * space);
    for (int32_t i = 0; i < count; i++) {
        const bool is_upright = rp_random_uniform(work->random) < 0.3;
        const double length = space * exp2(rp_random_between(work->random, -2, 2));
        const double across = space * rp_random_between(work->random, 0.5, 1.5);
        const int32_t left = (int32_t)rp_random_below(work->random, (uint32_t)work->image.width);
        const int32_t top = (int32_t)rp_random_below(work->random, (uint32_t)work->image.height);
        const rp_page_box box = {left, top, left + 1 + (int32_t)(is_upright ? across : length),
                                 top + 1 + (int32_t)(is_upright ? length : across)};
        break_box(work, box, thin, is_upright);
    }
}

/* -- bilevel ---------------------------------------------------------------------------------- */

/* One quarter of each pixel: the value a quarter pixel towards `side` and the row `near`,
 * interpolated, is compared with the threshold and noise; ink counts one. */
static void row_threshold(uint8_t *restrict ink, const uint8_t *restrict const rows[2],
                          const uint8_t *restrict noise, int32_t width, const int levels[2]) {
    const uint8_t *restrict here = rows[0], *restrict near = rows[1];
    const int threshold = levels[0], spread_bits = levels[1];
    for (int32_t x = 1; x < width - 1; x++) {
        const int wobble = (noise[x] - 128) * spread_bits >> 7;
        const int left = 9 * here[x] + 3 * here[x - 1] + 3 * near[x] + near[x - 1];
        const int right = 9 * here[x] + 3 * here[x + 1] + 3 * near[x] + near[x + 1];
        const int level = 16 * (threshold + wobble);
        ink[x] = (uint8_t)(ink[x] + (left < level) + (right < level));
    }
}

/* The grey that `share` of the pixels do not exceed. */
static int grey_at(const uint32_t counts[256], double share) {
    uint64_t sum = 0, all = 0;
    for (int grey = 0; grey < 256; grey++) all += counts[grey];
    int grey = 0;
    for (; grey < 255; grey++) {
        sum += counts[grey];
        if ((double)sum >= share * (double)all) break;
    }
    return grey;
}

/* A threshold `strength` of the way from ink to paper, whatever greys these have. */
static int threshold_of(const rp_page_image *image, double strength) {
    uint32_t counts[256] = {0};
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data + (size_t)y * image->stride;
        for (int32_t x = 0; x < image->width; x++) counts[row[x]]++;
    }
    const int ink = grey_at(counts, 0.02), paper = grey_at(counts, 0.7);
    return ink + (int)((paper - ink) * strength);
}

/* A scanner with twice this resolution that knows ink and paper only, reduced again: each quarter
 * of a pixel is black or white, so that a pixel takes one of five greys. */
void rp_page_augment_bilevel(rp_page_augment_work *work, double strength) {
    const int32_t width = work->image.width, height = work->image.height;
    const uint8_t *noise = rp_page_augment_noise(work);
    uint8_t *ink = rp_arena_alloc_raw(work->arena, (size_t)width);
    if (noise == NULL || ink == NULL || width < 3 || !rp_page_augment_spare(work, width, height))
        return;
    const int levels[2] = {threshold_of(&work->image, strength),
                           (int)rp_random_between(work->random, 0, 60)};
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *here = work->image.data + (size_t)y * work->image.stride;
        memset(ink, 0, (size_t)width);
        for (int side = -1; side <= 1; side += 2) {
            const bool has_near = y + side >= 0 && y + side < height;
            const uint8_t *near = has_near ? here + side * (ptrdiff_t)work->image.stride : here;
            const uint8_t *restrict const rows[2] = {here, near};
            row_threshold(ink, rows, rp_page_augment_noise_row(work, noise, width), width, levels);
        }
        uint8_t *restrict row = work->spare.data + (size_t)y * work->spare.stride;
        for (int32_t x = 0; x < width; x++) row[x] = (uint8_t)(255 - ink[x] * 255 / 4);
    }
    rp_page_augment_swap(work);
}
