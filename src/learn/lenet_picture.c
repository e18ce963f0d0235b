/* lenet_picture.c: the confusion matrix, and what the first layers make of a digit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/lenet.h"
#include "learn/plot.h"

enum { CELL = 44, EDGE = 60, MAP_SCALE = 3, MAPS_ACROSS = 8, MAPS_DRAWN = 16, GAP = 6 };

/* -- Confusion -----------------------------------------------------------------------------------
 */

static void write_at(rp_plot *plot, double x, double y, const char *words) {
    cairo_text_extents_t size;
    cairo_text_extents(plot->cairo, words, &size);
    cairo_move_to(plot->cairo, x - size.width / 2, y + size.height / 2);
    cairo_show_text(plot->cairo, words);
}

/* Right answers green, wrong ones red; darker the more there are. */
static void draw_cell(rp_plot *plot, const rp_lenet_evaluation *evaluation, int label, int answer) {
    const uint32_t count = evaluation->confusion[label][answer];
    uint32_t all = 0;
    char words[16];
    for (int c = 0; c < RP_DIGIT_CLASSES; c++) all += evaluation->confusion[label][c];
    const double share = all > 0 ? (double)count / all : 0;
    const double pale = label == answer ? 1 - 0.6 * share : 1 - 0.8 * fmin(1, 40 * share);
    if (label == answer) cairo_set_source_rgb(plot->cairo, pale, 0.95, pale);
    else cairo_set_source_rgb(plot->cairo, 1, pale, pale);
    cairo_rectangle(plot->cairo, EDGE + answer * CELL, EDGE + label * CELL, CELL - 1, CELL - 1);
    cairo_fill(plot->cairo);
    if (count == 0) return;
    snprintf(words, sizeof words, "%u", count);
    cairo_set_source_rgb(plot->cairo, 0, 0, 0);
    write_at(plot, EDGE + (answer + 0.5) * CELL, EDGE + (label + 0.5) * CELL, words);
}

rp_status rp_lenet_draw_confusion(const rp_lenet_evaluation *evaluation, const char *png_path,
                                  rp_error *error) {
    const int side = EDGE + RP_DIGIT_CLASSES * CELL + 10;
    rp_plot plot;
    char words[64];
    RP_TRY(rp_plot_begin(&plot, side, side, (rp_plot_range){0, 1, 0, 1}, error));
    cairo_set_font_size(plot.cairo, 13);
    for (int label = 0; label < RP_DIGIT_CLASSES; label++) {
        for (int answer = 0; answer < RP_DIGIT_CLASSES; answer++)
            draw_cell(&plot, evaluation, label, answer);
        snprintf(words, sizeof words, "%d", label);
        cairo_set_source_rgb(plot.cairo, 0, 0, 0); /* the last cell may have left its own colour */
        write_at(&plot, EDGE - 16, EDGE + (label + 0.5) * CELL, words);
        write_at(&plot, EDGE + (label + 0.5) * CELL, EDGE - 12, words);
    }
    snprintf(words, sizeof words, "rows: label, columns: answer; %u of %u wrong", evaluation->wrong,
             evaluation->count);
    write_at(&plot, side / 2.0, 16, words);
    return rp_plot_end(&plot, png_path, error);
}

/* -- Feature maps --------------------------------------------------------------------------------
 */

/* A picture's strip of maps: `count` of them, `side` by `side`, each stretched to 28 * MAP_SCALE.
 */
typedef struct map_strip {
    float *values; /* map, row, column */
    int side, count;
} map_strip;

static void draw_map(rp_plot *plot, const float *map, int side, int left, int top) {
    const int extent = RP_DIGIT_SIDE * MAP_SCALE;
    float least = map[0], most = map[0];
    for (int i = 1; i < side * side; i++) {
        least = fminf(least, map[i]);
        most = fmaxf(most, map[i]);
    }
    for (int row = 0; row < extent; row++)
        for (int column = 0; column < extent; column++) {
            const float value = map[row * side / extent * side + column * side / extent];
            const double ink = most > least ? (value - least) / (double)(most - least) : 0;
            rp_plot_pixel(plot, left + column, top + row, (double[3]){1 - ink, 1 - ink, 1 - ink});
        }
}

static rp_status draw_strips(const map_strip *strips, int count, const char *png_path,
                             rp_error *error) {
    const int cell = RP_DIGIT_SIDE * MAP_SCALE + GAP;
    int lines = 0, line = 0;
    rp_plot plot;
    for (int s = 0; s < count; s++) lines += (strips[s].count + MAPS_ACROSS - 1) / MAPS_ACROSS;
    RP_TRY(rp_plot_begin(&plot, MAPS_ACROSS * cell + GAP, lines * cell + GAP,
                         (rp_plot_range){0, 1, 0, 1}, error));
    for (int s = 0; s < count; s++) {
        const map_strip *strip = &strips[s];
        for (int m = 0; m < strip->count; m++)
            draw_map(&plot, strip->values + m * strip->side * strip->side, strip->side,
                     GAP + m % MAPS_ACROSS * cell, GAP + (line + m / MAPS_ACROSS) * cell);
        line += (strip->count + MAPS_ACROSS - 1) / MAPS_ACROSS;
    }
    return rp_plot_end(&plot, png_path, error);
}

/* Copies maps whose rows lie `stride` apart. */
static map_strip copy_maps(float *to, const float *from, int count, int side, int stride) {
    for (int m = 0; m < count; m++)
        for (int row = 0; row < side; row++)
            memcpy(to + (m * side + row) * side, from + (m * side + row) * stride,
                   (size_t)side * sizeof *to);
    return (map_strip){to, side, count};
}

static rp_status draw_1998(rp_lenet98 *net, const uint8_t *pixels, float *room,
                           const char *png_path, rp_error *error) {
    rp_lenet98_place(&net->state, pixels);
    net->loops.forward(&net->state, &net->weights, &net->codes);
    map_strip strips[3];
    strips[0] = copy_maps(room, net->state.x0[0], 1, 32, 48);
    strips[1] = copy_maps(room + 1024, net->state.x1[0][0], 6, 28, 32);
    strips[2] = copy_maps(room + 1024 + 6 * 784, net->state.x3[0][0], 16, 10, 16);
    return draw_strips(strips, 3, png_path, error);
}

static rp_status draw_modern(rp_lenet_modern *net, const uint8_t *pixels, float *room,
                             const char *png_path, rp_error *error) {
    float *image = room, *maps = room + 784, *planes = maps + 784 * 128;
    map_strip strips[3] = {{image, RP_DIGIT_SIDE, 1}};
    for (int i = 0; i < 784; i++) image[i] = pixels[i] * (1 / 255.0f);
    for (int layer = 0; layer < 2; layer++) {
        int shape[2];
        RP_TRY(rp_lenet_modern_maps(net, image, layer, maps, shape, error));
        const int side = shape[0], count = shape[1] < MAPS_DRAWN ? shape[1] : MAPS_DRAWN;
        for (int m = 0; m < count; m++)
            for (int i = 0; i < side * side; i++)
                planes[m * side * side + i] = maps[i * shape[1] + m];
        strips[1 + layer] = (map_strip){planes, side, count};
        planes += count * side * side;
    }
    return draw_strips(strips, 3, png_path, error);
}

rp_status rp_lenet_draw_maps(rp_lenet *lenet, const uint8_t pixels[784], const char *png_path,
                             rp_error *error) {
    float *room = malloc((784 + 784 * 128 + 2 * 784 * MAPS_DRAWN) * sizeof *room);
    if (room == NULL) return rp_fail_memory(error, "feature maps");
    const rp_status status = lenet->net98 != NULL
                                 ? draw_1998(lenet->net98, pixels, room, png_path, error)
                                 : draw_modern(&lenet->modern, pixels, room, png_path, error);
    free(room);
    return status;
}
