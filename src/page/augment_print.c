/* augment_print.c: the list "print": what old prints and their scans do to the notes, in the order
 * in which it happens: engraving, ink, paper, years of use, scanning. The strengths were chosen by
 * looking at sheets (`reprise score augment`) beside scans: the strongest is still readable. */
#include "page/augment_print.h"

#include <math.h>

const rp_page_augment_row rp_page_augment_prints[] = {
    /* engraving */
    {"bare", 0.25, 0.03, 0.11, rp_page_augment_bare, "no words above or below; share of height"},
    {"neighbours", 0.25, 0.02, 0.16, rp_page_augment_neighbours,
     "notes of the systems above and below; share of height at most"},
    {"fingers", 0.3, 0.3, 4, rp_page_augment_fingers, "finger numbers, every 10 staff spaces"},
    {"bar_numbers", 0.1, 1, 3, rp_page_augment_bar_numbers, "bracketed numbers, at most so many"},
    {"words", 0.25, 0.2, 1.5, rp_page_augment_words, "words near the staff, every 20 spaces"},
    {"stretch", 0.4, -0.16, 0.16, rp_page_augment_stretch, "wider or narrower, share of width"},
    {"size", 0.3, -0.09, 0.07, rp_page_augment_size, "taller or flatter, share of height"},
    {"spacing", 0.25, 0.1, 0.7, rp_page_augment_spacing, "uneven spacing, in spaces"},
    /* ink and years */
    {"uneven", 0.2, 0.2, 0.8, rp_page_augment_uneven, "ink paler here and there, share at most"},
    {"broken", 0.25, 0.02, 0.18, rp_page_augment_broken, "gaps in thin lines, a square space"},
    {"thick", 0.2, 0.02, 0.11, rp_page_augment_thick, "ink that ran, by so many spaces"},
    {"thin", 0.15, 0.01, 0.05, rp_page_augment_thin, "ink that is worn, by so many spaces"},
    {"bleached", 0.12, 0.3, 0.9, rp_page_augment_bleached, "patches that faded, share of ink"},
    {"pencil", 0.12, 80, 220, rp_page_augment_pencil, "pencil strokes, how dark of 255"},
    {"show_through", 0.12, 0.05, 0.35, rp_page_augment_show_through, "the verso, share of ink"},
    {"specks", 0.25, 0.005, 0.15, rp_page_augment_specks, "dirt, dots a square space"},
    /* scanning */
    {"warp", 0.3, 0.05, 0.45, rp_page_augment_warp, "a page that is not flat, in spaces"},
    {"skew", 0.35, -1, 1, rp_page_augment_skew, "a page laid crooked, degrees"},
    {"offset", 0.25, -0.8, 0.8, rp_page_augment_offset, "cut too high or low, in spaces"},
    {"margin", 0.3, 1, 5, rp_page_augment_margin, "cut close at the sides, in spaces at most"},
    {"borders", 0.12, 0.3, 2, rp_page_augment_borders, "black edges, in spaces at most"},
    {"blur", 0.3, 0.02, 0.16, rp_page_augment_blur, "out of focus, sigma in spaces"},
    {"bilevel", 0.35, 0.3, 0.72, rp_page_augment_bilevel, "black and white only, threshold"},
    {"light", 0.25, 0.1, 0.6, rp_page_augment_light, "uneven light on darker paper, share"},
    {"grain", 0.2, 3, 25, rp_page_augment_grain, "noise of the sensor, sigma of 255"},
    {"jpeg", 0.12, 12, 70, rp_page_augment_jpeg, "JPEG blocks, quality"},
};
const size_t rp_page_augment_prints_count = RP_COUNT(rp_page_augment_prints);

/* -- what the rows share ---------------------------------------------------------------------- */

rp_page_smooth rp_page_smooth_draw(rp_random *random) {
    rp_page_smooth field;
    for (int y = 0; y <= RP_PAGE_SMOOTH_ROWS; y++)
        for (int x = 0; x <= RP_PAGE_SMOOTH_COLUMNS; x++)
            field.values[y][x] = (float)rp_random_uniform(random);
    return field;
}

void rp_page_smooth_row(float *row, const rp_page_smooth *field, int32_t y,
                        const rp_page_image *image) {
    const float v = (float)y * RP_PAGE_SMOOTH_ROWS / (float)image->height;
    const int at = (int)v;
    const float down = v - (float)at;
    for (int k = 0; k < RP_PAGE_SMOOTH_COLUMNS; k++) { /* one straight piece a cell */
        const float *above = field->values[at], *below = field->values[at + 1];
        const float left = above[k] + down * (below[k] - above[k]);
        const float right = above[k + 1] + down * (below[k + 1] - above[k + 1]);
        const int32_t first = (int32_t)((int64_t)image->width * k / RP_PAGE_SMOOTH_COLUMNS);
        const int32_t last = (int32_t)((int64_t)image->width * (k + 1) / RP_PAGE_SMOOTH_COLUMNS);
        const float step = last > first ? (right - left) / (float)(last - first) : 0;
        for (int32_t x = first; x < last; x++) row[x] = left + step * (float)(x - first);
    }
}

enum { NOISE_BYTES = 65536 };

const uint8_t *rp_page_augment_noise(rp_page_augment_work *work) {
    uint32_t *noise = rp_arena_alloc_raw(work->arena, NOISE_BYTES);
    if (noise == NULL) return NULL;
    for (size_t i = 0; i < NOISE_BYTES / sizeof *noise; i++) noise[i] = rp_random_u32(work->random);
    return (const uint8_t *)noise;
}

const uint8_t *rp_page_augment_noise_row(rp_page_augment_work *work, const uint8_t *noise,
                                         int32_t width) {
    return noise + rp_random_below(work->random, (uint32_t)(NOISE_BYTES - width));
}

void rp_page_augment_dot(rp_page_augment_work *work, const double centre[2], double radius,
                         uint8_t grey) {
    const int32_t left = (int32_t)fmax(0, centre[0] - radius - 1);
    const int32_t top = (int32_t)fmax(0, centre[1] - radius - 1);
    for (int32_t y = top; y < work->image.height && y <= centre[1] + radius + 1; y++) {
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        for (int32_t x = left; x < work->image.width && x <= centre[0] + radius + 1; x++) {
            const double away = hypot(x - centre[0], y - centre[1]);
            const double share = fmin(1, fmax(0, radius - away + 0.5));
            const double value = row[x] + share * (grey - row[x]);
            if (grey == 255 || value < row[x]) row[x] = (uint8_t)value;
        }
    }
}
