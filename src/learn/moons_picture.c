/* moons_picture.c: the decision boundary and the loss curve, drawn with cairo. */
#include <stdlib.h>

#include "learn/plot.h"

/* Every pixel is asked; the notebook asked a grid of 0.25. */
enum { WIDTH = 640, HEIGHT = 480 };

/* Blue for label -1, red for +1, paler towards the boundary. */
static void colour_of(double score, double rgb[3]) {
    const double sure = fabs(tanh(score)); /* 0 at the boundary */
    const double pale = 0.95 - 0.35 * sure;
    rgb[0] = score > 0 ? 0.95 : pale;
    rgb[1] = pale;
    rgb[2] = score > 0 ? pale : 0.95;
}

/* The span of the points with one unit around them, as in the notebook. */
static rp_plot_range range_of(const rp_moons *moons) {
    const rp_moons_point *points = rp_moons_points(moons);
    rp_plot_range range = {points[0].x[0], points[0].x[0], points[0].x[1], points[0].x[1]};
    for (size_t i = 1; i < rp_moons_point_count(moons); i++) {
        range.x_min = fmin(range.x_min, points[i].x[0]);
        range.x_max = fmax(range.x_max, points[i].x[0]);
        range.y_min = fmin(range.y_min, points[i].x[1]);
        range.y_max = fmax(range.y_max, points[i].x[1]);
    }
    return (rp_plot_range){range.x_min - 1, range.x_max + 1, range.y_min - 1, range.y_max + 1};
}

rp_status rp_moons_draw_boundary(rp_moons *moons, const char *png_path, rp_error *error) {
    rp_plot plot;
    RP_TRY(rp_plot_begin(&plot, WIDTH, HEIGHT, range_of(moons), error));
    const rp_moons_point *points = rp_moons_points(moons);
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) {
            double rgb[3], x, y;
            rp_plot_place(&plot, column + 0.5, row + 0.5, &x, &y);
            colour_of(rp_moons_score(moons, x, y), rgb);
            rp_plot_pixel(&plot, column, row, rgb);
        }
    for (size_t i = 0; i < rp_moons_point_count(moons); i++) {
        const double red = points[i].label > 0 ? 0.8 : 0.1, blue = points[i].label > 0 ? 0.1 : 0.8;
        rp_plot_dot(&plot, points[i].x[0], points[i].x[1], (double[3]){red, 0.1, blue});
    }
    return rp_plot_end(&plot, png_path, error);
}

rp_status rp_moons_draw_curve(const rp_moons_round *rounds, size_t count, const char *png_path,
                              rp_error *error) {
    double *losses = malloc((count + 1) * sizeof *losses);
    if (losses == NULL) return rp_fail_memory(error, "a curve");
    for (size_t i = 0; i < count; i++) losses[i] = rounds[i].loss;
    const rp_plot_curve curve = {"loss", losses, count, {0.8, 0.1, 0.1}, 0, 1};
    const rp_plot_words words = {"Two moons: loss by step", "step", "loss"};
    const rp_status status = rp_plot_curves(&curve, 1, &words, png_path, error);
    free(losses);
    return status;
}
