/* plot.c: see plot.h. */
#include "learn/plot.h"

#include <stdio.h>

#include "base/new_file.h"

/* -- Begin and end ------------------------------------------------------------------------------
 */

rp_status rp_plot_begin(rp_plot *plot, int width, int height, rp_plot_range range,
                        rp_error *error) {
    *plot = (rp_plot){.range = range, .width = width, .height = height};
    plot->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    plot->cairo = cairo_create(plot->surface);
    if (cairo_status(plot->cairo) != CAIRO_STATUS_SUCCESS) {
        cairo_destroy(plot->cairo);
        cairo_surface_destroy(plot->surface);
        return rp_fail_memory(error, "a picture");
    }
    cairo_set_source_rgb(plot->cairo, 1, 1, 1);
    cairo_paint(plot->cairo);
    return RP_OK;
}

static cairo_status_t write_bytes(void *stream, const unsigned char *data, unsigned length) {
    return fwrite(data, 1, length, stream) == length ? CAIRO_STATUS_SUCCESS
                                                     : CAIRO_STATUS_WRITE_ERROR;
}

rp_status rp_plot_end(rp_plot *plot, const char *png_path, rp_error *error) {
    rp_new_file file = {0};
    rp_status status = rp_new_file_open(&file, png_path, error);
    if (status == RP_OK) {
        cairo_surface_flush(plot->surface);
        cairo_surface_write_to_png_stream(plot->surface, write_bytes, file.stream);
        status = rp_new_file_commit(&file, error); /* a failed write shows here */
    }
    cairo_destroy(plot->cairo);
    cairo_surface_destroy(plot->surface);
    return status;
}

/* -- Points -------------------------------------------------------------------------------------
 */

void rp_plot_place(const rp_plot *plot, double column, double row, double *x, double *y) {
    const rp_plot_range *range = &plot->range;
    *x = range->x_min + (range->x_max - range->x_min) * column / plot->width;
    *y = range->y_max - (range->y_max - range->y_min) * row / plot->height;
}

void rp_plot_pixel(rp_plot *plot, int column, int row, const double rgb[3]) {
    cairo_surface_flush(plot->surface);
    unsigned char *line = cairo_image_surface_get_data(plot->surface) +
                          (ptrdiff_t)row * cairo_image_surface_get_stride(plot->surface);
    uint32_t packed = 0;
    for (int c = 0; c < 3; c++) packed = packed << 8 | (uint32_t)(rgb[c] * 255 + 0.5);
    ((uint32_t *)(void *)line)[column] = packed;
    cairo_surface_mark_dirty_rectangle(plot->surface, column, row, 1, 1);
}

void rp_plot_dot(rp_plot *plot, double x, double y, const double rgb[3]) {
    const rp_plot_range *range = &plot->range;
    const double column = (x - range->x_min) / (range->x_max - range->x_min) * plot->width;
    const double row = (range->y_max - y) / (range->y_max - range->y_min) * plot->height;
    cairo_arc(plot->cairo, column, row, 4, 0, 6.283185307179586);
    cairo_set_source_rgb(plot->cairo, rgb[0], rgb[1], rgb[2]);
    cairo_fill_preserve(plot->cairo);
    cairo_set_source_rgb(plot->cairo, 1, 1, 1);
    cairo_set_line_width(plot->cairo, 1);
    cairo_stroke(plot->cairo);
}

/* -- Curves -------------------------------------------------------------------------------------
 */

enum { CURVE_WIDTH = 720, CURVE_HEIGHT = 440, LEFT = 70, RIGHT = 20, TOP = 54, BOTTOM = 50 };

static double place_of(const rp_plot_curve *curve, size_t index) {
    return curve->first + (double)index * (curve->step != 0 ? curve->step : 1);
}

/* What the curves span, from 0 on; never empty. */
static rp_plot_range span_of(const rp_plot_curve *curves, size_t count) {
    rp_plot_range span = {0, 1, INFINITY, -INFINITY};
    for (size_t k = 0; k < count; k++) {
        span.x_max =
            fmax(span.x_max, curves[k].count > 0 ? place_of(&curves[k], curves[k].count - 1) : 0);
        for (size_t i = 0; i < curves[k].count; i++) {
            if (!isfinite(curves[k].values[i])) continue;
            span.y_min = fmin(span.y_min, curves[k].values[i]);
            span.y_max = fmax(span.y_max, curves[k].values[i]);
        }
    }
    if (!(span.y_min <= span.y_max)) span.y_min = 0, span.y_max = 1;
    const double air = span.y_max > span.y_min ? 0.05 * (span.y_max - span.y_min) : 0.5;
    span.y_min -= air;
    span.y_max += air;
    return span;
}

/* A round step that gives about five marks: 1, 2 or 5 times a power of ten. */
static double step_of(double length) {
    const double rough = length / 5, power = pow(10, floor(log10(rough)));
    const double factor = rough / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}

static double column_of(const rp_plot *plot, double x) {
    return LEFT + (x - plot->range.x_min) / (plot->range.x_max - plot->range.x_min) *
                      (CURVE_WIDTH - LEFT - RIGHT);
}

static double row_of(const rp_plot *plot, double y) {
    return CURVE_HEIGHT - BOTTOM -
           (y - plot->range.y_min) / (plot->range.y_max - plot->range.y_min) *
               (CURVE_HEIGHT - TOP - BOTTOM);
}

static void write_words(rp_plot *plot, double column, double row, const char *words) {
    cairo_text_extents_t size;
    cairo_text_extents(plot->cairo, words, &size);
    cairo_move_to(plot->cairo, column - size.width / 2, row);
    cairo_show_text(plot->cairo, words);
}

static void draw_line(rp_plot *plot, double x0, double y0, double x1, double y1) {
    cairo_move_to(plot->cairo, x0, y0);
    cairo_line_to(plot->cairo, x1, y1);
    cairo_stroke(plot->cairo);
}

static void draw_axes(rp_plot *plot, const rp_plot_words *words) {
    const rp_plot_range *range = &plot->range;
    const double x_step = step_of(range->x_max - range->x_min);
    const double y_step = step_of(range->y_max - range->y_min);
    char mark[32];
    cairo_set_line_width(plot->cairo, 1);
    cairo_set_font_size(plot->cairo, 12);
    for (double y = ceil(range->y_min / y_step) * y_step; y <= range->y_max; y += y_step) {
        cairo_set_source_rgb(plot->cairo, 0.88, 0.88, 0.88);
        draw_line(plot, LEFT, row_of(plot, y), CURVE_WIDTH - RIGHT, row_of(plot, y));
        cairo_set_source_rgb(plot->cairo, 0.2, 0.2, 0.2);
        snprintf(mark, sizeof mark, "%.4g", fabs(y) < y_step / 1e6 ? 0 : y);
        write_words(plot, LEFT - 26, row_of(plot, y) + 4, mark);
    }
    for (double x = ceil(range->x_min / x_step) * x_step; x <= range->x_max; x += x_step) {
        snprintf(mark, sizeof mark, "%.6g", x);
        write_words(plot, column_of(plot, x), CURVE_HEIGHT - BOTTOM + 18, mark);
    }
    draw_line(plot, LEFT, TOP, LEFT, CURVE_HEIGHT - BOTTOM);
    draw_line(plot, LEFT, CURVE_HEIGHT - BOTTOM, CURVE_WIDTH - RIGHT, CURVE_HEIGHT - BOTTOM);
    write_words(plot, (LEFT + CURVE_WIDTH - RIGHT) / 2.0, CURVE_HEIGHT - 12, words->x);
    write_words(plot, LEFT, TOP - 10, words->y);
    cairo_set_font_size(plot->cairo, 15);
    write_words(plot, CURVE_WIDTH / 2.0, 20, words->title);
}

static void draw_curve(rp_plot *plot, const rp_plot_curve *curve, size_t place) {
    bool is_down = false; /* is the pen on the paper? */
    cairo_set_source_rgb(plot->cairo, curve->rgb[0], curve->rgb[1], curve->rgb[2]);
    cairo_set_line_width(plot->cairo, 1.5);
    for (size_t i = 0; i < curve->count; i++) {
        const double x = column_of(plot, place_of(curve, i)), y = row_of(plot, curve->values[i]);
        if (!isfinite(y)) is_down = false;
        else if (is_down) cairo_line_to(plot->cairo, x, y);
        else cairo_move_to(plot->cairo, x, y), is_down = true;
    }
    cairo_stroke(plot->cairo);
    cairo_set_font_size(plot->cairo, 12);
    cairo_move_to(plot->cairo, CURVE_WIDTH - RIGHT - 150 * (double)(place + 1), TOP - 10);
    cairo_show_text(plot->cairo, curve->name);
}

rp_status rp_plot_curves(const rp_plot_curve *curves, size_t count, const rp_plot_words *words,
                         const char *png_path, rp_error *error) {
    rp_plot plot;
    RP_TRY(rp_plot_begin(&plot, CURVE_WIDTH, CURVE_HEIGHT, span_of(curves, count), error));
    draw_axes(&plot, words);
    for (size_t k = 0; k < count; k++) draw_curve(&plot, &curves[k], k);
    return rp_plot_end(&plot, png_path, error);
}
