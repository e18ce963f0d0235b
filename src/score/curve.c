/* curve.c: see curve.h. Two panels, one above the other: the loss on a logarithmic axis, and the
 * dev SER from 0 to 100 per cent. */
#include "score/curve.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_reader.h"
#include "base/mapped_file.h"

enum { WIDTH = 900, HEIGHT = 640, LEFT = 70, RIGHT = 20, TOP = 30, GAP = 50, POINTS_MAX = 20000 };

typedef struct series {
    double epoch[POINTS_MAX], value[POINTS_MAX];
    int count;
} series;

typedef struct panel {
    const char *title;
    double top, bottom; /* px */
    double low, high;   /* values at the bottom and the top */
    bool logarithmic;
} panel;

static void add_point(series *s, const rp_json_value *line, const char *key) {
    const rp_json_value *epoch = rp_json_member(line, "epoch"), *value = rp_json_member(line, key);
    if (epoch == NULL || value == NULL || s->count == POINTS_MAX) return;
    s->epoch[s->count] = epoch->number;
    s->value[s->count++] = value->number;
}

static void read_lines(series *loss, series *ser, const rp_mapped_file *file) {
    rp_arena arena = {0};
    const char *at = (const char *)file->data, *end = at + file->size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) break;
        const rp_json_value *line;
        if (rp_json_read(&line, at, (size_t)(stop - at), &arena, "log", NULL) == RP_OK) {
            add_point(loss, line, "loss");
            add_point(ser, line, "ser");
        }
        rp_arena_reset(&arena);
        at = stop + 1;
    }
    rp_arena_clear(&arena);
}

static double place(const panel *p, double value) {
    const double low = p->logarithmic ? log(p->low) : p->low;
    const double high = p->logarithmic ? log(p->high) : p->high;
    const double v = p->logarithmic ? log(fmax(value, p->low)) : value;
    return p->bottom - (fmin(v, high) - low) / (high - low) * (p->bottom - p->top);
}

static void draw_frame(cairo_t *c, const panel *p, double epochs) {
    char words[64];
    cairo_set_source_rgb(c, 0.2, 0.2, 0.2);
    cairo_rectangle(c, LEFT + 0.5, p->top + 0.5, WIDTH - LEFT - RIGHT, p->bottom - p->top);
    cairo_stroke(c);
    cairo_move_to(c, LEFT, p->top - 8);
    cairo_show_text(c, p->title);
    for (int i = 0; i <= 4; i++) {
        const double share = i / 4.0;
        const double value = p->logarithmic ? p->low * pow(p->high / p->low, share)
                                            : p->low + (p->high - p->low) * share;
        snprintf(words, sizeof words, "%.3g", value);
        cairo_move_to(c, 18, place(p, value) + 4);
        cairo_show_text(c, words);
        snprintf(words, sizeof words, "%.3g", epochs * share);
        cairo_move_to(c, LEFT + (WIDTH - LEFT - RIGHT) * share - 6, p->bottom + 18);
        cairo_show_text(c, words);
    }
}

static void draw_series(cairo_t *c, const panel *p, const series *s, double epochs,
                        const double colour[3]) {
    cairo_set_source_rgb(c, colour[0], colour[1], colour[2]);
    for (int i = 0; i < s->count; i++) {
        const double x = LEFT + s->epoch[i] / epochs * (WIDTH - LEFT - RIGHT);
        if (i == 0) cairo_move_to(c, x, place(p, s->value[i]));
        else cairo_line_to(c, x, place(p, s->value[i]));
    }
    cairo_stroke(c);
}

static rp_status draw(const char *png, const series *loss, const series *ser, rp_error *error) {
    static const double blue[3] = {0.1, 0.35, 0.75}, red[3] = {0.8, 0.25, 0.1};
    const double middle = (TOP + HEIGHT - GAP) / 2.0;
    const panel upper = {"loss", TOP, middle - GAP / 2.0, 0.05, 6, true};
    const panel lower = {
        "dev SER, per cent; epochs below", middle + GAP / 2.0, HEIGHT - GAP, 0, 100, false};
    double epochs = 0.01;
    for (int i = 0; i < loss->count; i++) epochs = fmax(epochs, loss->epoch[i]);
    for (int i = 0; i < ser->count; i++) epochs = fmax(epochs, ser->epoch[i]);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    cairo_t *c = cairo_create(surface);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    cairo_set_font_size(c, 13);
    cairo_set_line_width(c, 1.5);
    draw_frame(c, &upper, epochs);
    draw_frame(c, &lower, epochs);
    draw_series(c, &upper, loss, epochs, blue);
    draw_series(c, &lower, ser, epochs, red);
    const cairo_status_t status = cairo_surface_write_to_png(surface, png);
    cairo_destroy(c);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) return RP_OK;
    return rp_fail(error, RP_SYSTEM, -1, "%s: %s", png, cairo_status_to_string(status));
}

rp_status rp_curve_draw(const char *png, const char *log, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(rp_mapped_file_open(&file, log, error));
    series *both = calloc(2, sizeof *both);
    rp_status status = RP_OK;
    if (both == NULL) status = rp_fail_memory(error, "the curve");
    if (status == RP_OK) {
        read_lines(&both[0], &both[1], &file);
        status = draw(png, &both[0], &both[1], error);
    }
    free(both);
    rp_mapped_file_close(&file);
    return status;
}
