/* plot.h: small pictures: points on a plane, curves with axes, grey images side by side. PNG by
 * cairo, written whole or not at all. */
#ifndef RP_LEARN_PLOT_H
#define RP_LEARN_PLOT_H

#include <cairo.h>
#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "reprise/learn.h"

typedef struct rp_plot_range {
    double x_min, x_max, y_min, y_max;
} rp_plot_range;

typedef struct rp_plot {
    cairo_surface_t *surface; /* owned; width * height pixels, RGB24 */
    cairo_t *cairo;           /* owned */
    rp_plot_range range;      /* what the whole picture spans */
    int width, height;
} rp_plot;

/* An empty white picture. RP_SYSTEM: no memory; nothing is then left to end. */
rp_status rp_plot_begin(rp_plot *plot, int width, int height, rp_plot_range range, rp_error *error);

/* Writes the picture and ends the plot, also on failure. */
rp_status rp_plot_end(rp_plot *plot, const char *png_path, rp_error *error);

/* Where the pixel position (column, row) lies in the range; y points up. */
void rp_plot_place(const rp_plot *plot, double column, double row, double *x, double *y);

/* Colours are red, green, blue, 0 .. 1. Pixels first, then dots: pixels go under cairo's hands. */
void rp_plot_pixel(rp_plot *plot, int column, int row, const double rgb[3]);
void rp_plot_dot(rp_plot *plot, double x, double y, const double rgb[3]);

/* A series of `count` values at first, first + step, ... (step 0: 1). Values that are not finite
 * leave a gap. */
typedef struct rp_plot_curve {
    const char *name;
    const double *values;
    size_t count;
    double rgb[3];
    double first, step;
} rp_plot_curve;

typedef struct rp_plot_words {
    const char *title, *x, *y;
} rp_plot_words;

/* Curves with axes and their names. */
rp_status rp_plot_curves(const rp_plot_curve *curves, size_t count, const rp_plot_words *words,
                         const char *png_path, rp_error *error);

#endif
