/* augment_print.h: the functions of the list "print" (rows in augment_print.c) and what they share.
 * Each does one thing to work->image with the given strength; units in the table's help. */
#ifndef RP_PAGE_AUGMENT_PRINT_H
#define RP_PAGE_AUGMENT_PRINT_H

#include "page/augment_work.h"

/* augment_marks.c */
void rp_page_augment_neighbours(rp_page_augment_work *work, double strength);
void rp_page_augment_bare(rp_page_augment_work *work, double strength);
void rp_page_augment_fingers(rp_page_augment_work *work, double strength);
void rp_page_augment_bar_numbers(rp_page_augment_work *work, double strength);
void rp_page_augment_words(rp_page_augment_work *work, double strength);
void rp_page_augment_pencil(rp_page_augment_work *work, double strength);

/* augment_ink.c */
void rp_page_augment_broken(rp_page_augment_work *work, double strength);
void rp_page_augment_bleached(rp_page_augment_work *work, double strength);
void rp_page_augment_uneven(rp_page_augment_work *work, double strength);
void rp_page_augment_thick(rp_page_augment_work *work, double strength);
void rp_page_augment_thin(rp_page_augment_work *work, double strength);
void rp_page_augment_bilevel(rp_page_augment_work *work, double strength);

/* augment_shape.c */
void rp_page_augment_stretch(rp_page_augment_work *work, double strength);
void rp_page_augment_size(rp_page_augment_work *work, double strength);
void rp_page_augment_offset(rp_page_augment_work *work, double strength);
void rp_page_augment_spacing(rp_page_augment_work *work, double strength);
void rp_page_augment_skew(rp_page_augment_work *work, double strength);
void rp_page_augment_warp(rp_page_augment_work *work, double strength);
void rp_page_augment_margin(rp_page_augment_work *work, double strength);

/* augment_optics.c */
void rp_page_augment_show_through(rp_page_augment_work *work, double strength);
void rp_page_augment_specks(rp_page_augment_work *work, double strength);
void rp_page_augment_borders(rp_page_augment_work *work, double strength);
void rp_page_augment_blur(rp_page_augment_work *work, double strength);
void rp_page_augment_light(rp_page_augment_work *work, double strength);
void rp_page_augment_grain(rp_page_augment_work *work, double strength);
void rp_page_augment_jpeg(rp_page_augment_work *work, double strength);

/* A field of values in 0..1 that changes slowly over the picture: a coarse grid of random values,
 * interpolated. */
enum { RP_PAGE_SMOOTH_COLUMNS = 9, RP_PAGE_SMOOTH_ROWS = 4 };
typedef struct rp_page_smooth {
    float values[RP_PAGE_SMOOTH_ROWS + 1][RP_PAGE_SMOOTH_COLUMNS + 1];
} rp_page_smooth;
rp_page_smooth rp_page_smooth_draw(rp_random *random);
/* The field along row `y` of `image`: image->width values. */
void rp_page_smooth_row(float *row, const rp_page_smooth *field, int32_t y,
                        const rp_page_image *image);

/* 65,536 random bytes in the arena, to be read from random places: far cheaper than a draw a
 * pixel. NULL: no memory. */
const uint8_t *rp_page_augment_noise(rp_page_augment_work *work);
/* A random place in them with `width` bytes to read (at most 65,536 - 256). */
const uint8_t *rp_page_augment_noise_row(rp_page_augment_work *work, const uint8_t *noise,
                                         int32_t width);

/* A round dot with a soft edge, centre and radius in px; a dark one darkens, a white one (grey 255)
 * whitens. */
void rp_page_augment_dot(rp_page_augment_work *work, const double centre[2], double radius,
                         uint8_t grey);

#endif
