/* augment_shape.c: rows of the list "print" that move pixels: other engravers' sizes and spacing,
 * pages that lay crooked, bent over a spine, or were cut close. Lengths are in staff spaces. */
#include <math.h>
#include <string.h>

#include "page/augment_print.h"

static const double pi = 3.14159265358979323846;

static int32_t fixed(double pixels) { return (int32_t)lrint(pixels * RP_PAGE_DISPLACE_ONE); }

/* Fresh identity tables and a spare of the given size; false when memory ran out. */
static bool begin(rp_page_augment_work *work, rp_page_displace *displace, int32_t width) {
    const int32_t height = work->image.height;
    if (!rp_page_displace_make(displace, width, height, work->arena)) work->failed = true;
    return !work->failed && rp_page_augment_spare(work, width, height);
}

static void end(rp_page_augment_work *work, const rp_page_displace *displace) {
    rp_page_displace_apply(&work->spare, &work->image, displace);
    rp_page_augment_swap(work);
}

void rp_page_augment_stretch(rp_page_augment_work *work, double strength) {
    const int32_t width = (int32_t)lrint(work->image.width * (1 + strength));
    rp_page_displace displace;
    if (width < 1 || !begin(work, &displace, width)) return;
    const double step = 1 / (1 + strength);
    for (int32_t x = 0; x < width; x++) displace.column_u[x] = fixed((x + 0.5) * step - 0.5);
    end(work, &displace);
}

void rp_page_augment_size(rp_page_augment_work *work, double strength) {
    rp_page_displace displace;
    if (!begin(work, &displace, work->image.width)) return;
    const double middle = (work->image.height - 1) / 2.0;
    for (int32_t y = 0; y < work->image.height; y++)
        displace.row_v[y] = fixed(middle + (y - middle) / (1 + strength));
    end(work, &displace);
}

void rp_page_augment_offset(rp_page_augment_work *work, double strength) {
    rp_page_displace displace;
    if (!begin(work, &displace, work->image.width)) return;
    for (int32_t y = 0; y < work->image.height; y++)
        displace.row_v[y] += fixed(strength * work->staff_space);
    end(work, &displace);
}

/* A sum of three sines of random phase over `length`, between -1 and 1; the slowest has `waves`
 * periods. */
typedef struct sway {
    double frequency[3], phase[3];
} sway;

static sway sway_draw(rp_random *random, double length, double waves) {
    sway drawn;
    for (int k = 0; k < 3; k++) {
        drawn.frequency[k] = 2 * pi * waves * (k + rp_random_uniform(random)) / length;
        drawn.phase[k] = 2 * pi * rp_random_uniform(random);
    }
    return drawn;
}

static double sway_at(const sway *drawn, double at) {
    static const double weight[] = {0.55, 0.3, 0.15};
    double sum = 0;
    for (int k = 0; k < 3; k++) sum += weight[k] * sin(drawn->frequency[k] * at + drawn->phase[k]);
    return sum;
}

void rp_page_augment_spacing(rp_page_augment_work *work, double strength) {
    rp_page_displace displace;
    if (!begin(work, &displace, work->image.width)) return;
    const double space = work->staff_space;
    const sway drawn = sway_draw(work->random, 30 * space, 1); /* about a measure's length */
    for (int32_t x = 0; x < work->image.width; x++)
        displace.column_u[x] += fixed(strength * space * sway_at(&drawn, x));
    end(work, &displace);
}

void rp_page_augment_skew(rp_page_augment_work *work, double strength) {
    rp_page_displace displace;
    const int32_t width = work->image.width, height = work->image.height;
    if (!begin(work, &displace, width)) return;
    rp_page_displace_rotate(&displace, width, height, strength * pi / 180,
                            (const double[2]){(width - 1) / 2.0, (height - 1) / 2.0});
    end(work, &displace);
}

void rp_page_augment_warp(rp_page_augment_work *work, double strength) {
    rp_page_displace displace;
    if (!begin(work, &displace, work->image.width)) return;
    const double space = work->staff_space, length = fmax(work->image.width, 60 * space);
    const sway bend = sway_draw(work->random, length, 0.8);
    const sway lean = sway_draw(work->random, 30 * space, 0.8);
    for (int32_t x = 0; x < work->image.width; x++)
        displace.column_v[x] += fixed(strength * space * sway_at(&bend, x));
    for (int32_t y = 0; y < work->image.height; y++)
        displace.row_u[y] += fixed(strength * space * sway_at(&lean, y));
    end(work, &displace);
}

void rp_page_augment_margin(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const int32_t left = (int32_t)(strength * space * rp_random_uniform(work->random));
    const int32_t right = (int32_t)(strength * space * rp_random_uniform(work->random));
    const int32_t width = work->image.width - left - right;
    if (width < (int32_t)(10 * space)) return; /* nothing would be left to read */
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        memmove(row, row + left, (size_t)width);
    }
    work->image.width = width;
}
