/* distort.c: see distort.h. Each place of the field asks where its ink comes from: an affine map
 * about the centre, plus the bend there. */
#include "learn/distort.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { SIDE = RP_DISTORT_SIDE, KNOTS = 5, FRAMED = SIDE + 2 };

typedef struct affine {
    float xx, xy, x0, yx, yy, y0; /* source x = xx x + xy y + x0, likewise y; from the centre */
} affine;

static affine draw_affine(const rp_distort_ranges *ranges, rp_random *random) {
    const double x_shift = rp_random_between(random, -ranges->shift, ranges->shift);
    const double y_shift = rp_random_between(random, -ranges->shift, ranges->shift);
    const double scale = 1 + rp_random_between(random, -ranges->scale, ranges->scale);
    const double squeeze = 1 + rp_random_between(random, -ranges->squeeze, ranges->squeeze);
    const double shear = rp_random_between(random, -ranges->shear, ranges->shear);
    const double turn = rp_random_between(random, -ranges->turn, ranges->turn);
    const double c = cos(turn), s = sin(turn), wide = scale * squeeze, high = scale / squeeze;
    const double side = ranges->flip > 0 && rp_random_uniform(random) < ranges->flip ? -1 : 1;
    return (affine){(float)(side * c * wide), (float)(side * (-s + shear) * high),
                    (float)(side * x_shift),  (float)(s * wide),
                    (float)(c * high),        (float)y_shift};
}

/* A smooth number at each place of the field from KNOTS x KNOTS numbers: first along the rows of
 * knots, once, then between two of them for each row of the field. */
typedef struct bend {
    float lines[KNOTS][RP_DISTORT_FIELD_MAX];
} bend;

/* Where place `at` lies among the knots: the knot before it, and how far it has come from there,
 * without creases at the knots. */
static int knot_before(float *share, int at, int side) {
    const float step = (KNOTS - 1) / (float)side;
    const float v = ((float)at + 0.5f) * step;
    const float f = v - (float)(int)v;
    *share = f * f * (3 - 2 * f);
    return (int)v;
}

static void bend_along(bend *bend, const float knots[KNOTS][KNOTS], int side) {
    for (int column = 0; column < side; column++) {
        float across;
        const int j = knot_before(&across, column, side);
        for (int i = 0; i < KNOTS; i++)
            bend->lines[i][column] = knots[i][j] + across * (knots[i][j + 1] - knots[i][j]);
    }
}

static void bend_row(float *row_bend, const bend *bend, int side, int row) {
    float fade;
    const int i = knot_before(&fade, row, side);
    const float *top = bend->lines[i], *bottom = bend->lines[i + 1];
    for (int column = 0; column < side; column++)
        row_bend[column] = top[column] + fade * (bottom[column] - top[column]);
}

static float clamp(float x) {
    x = x > 0 ? x : 0;
    return x < FRAMED - 1.001f ? x : FRAMED - 1.001f;
}

/* Bilinear; x and y from the first pixel's centre. `framed` has a pixel of paper around. */
static float ink_at(const float framed[FRAMED][FRAMED], float x, float y) {
    x = clamp(x + 1);
    y = clamp(y + 1);
    const int column = (int)x, row = (int)y;
    const float fx = x - (float)column, fy = y - (float)row;
    const float top = framed[row][column] + fx * (framed[row][column + 1] - framed[row][column]);
    const float bottom =
        framed[row + 1][column] + fx * (framed[row + 1][column + 1] - framed[row + 1][column]);
    return top + fy * (bottom - top);
}

/* A rectangle of one grey. */
static void erase(float *field, int side, rp_random *random) {
    const uint32_t height = 2 + rp_random_below(random, 11);
    const uint32_t width = 2 + rp_random_below(random, 11);
    const uint32_t top = rp_random_below(random, (uint32_t)side - height);
    const uint32_t left = rp_random_below(random, (uint32_t)side - width);
    const float grey = (float)rp_random_uniform(random);
    for (uint32_t row = top; row < top + height; row++)
        for (uint32_t column = left; column < left + width; column++)
            field[row * (uint32_t)side + column] = grey;
}

void rp_distort(float *field, int side, const uint8_t *pixels, const rp_distort_ranges *ranges,
                rp_random *random) {
    float framed[FRAMED][FRAMED] = {{0}}, x_knots[KNOTS][KNOTS], y_knots[KNOTS][KNOTS];
    bend x_bends, y_bends;
    float x_bend[RP_DISTORT_FIELD_MAX] = {0}, y_bend[RP_DISTORT_FIELD_MAX] = {0};
    assert(side >= SIDE && side <= RP_DISTORT_FIELD_MAX);
    const affine map = draw_affine(ranges, random);
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            framed[row + 1][column + 1] = pixels[row * SIDE + column] / 255.0f;
    for (int k = 0; k < KNOTS * KNOTS && ranges->bend > 0; k++) {
        x_knots[k / KNOTS][k % KNOTS] = (float)(ranges->bend * rp_random_normal(random));
        y_knots[k / KNOTS][k % KNOTS] = (float)(ranges->bend * rp_random_normal(random));
    }
    if (ranges->bend > 0) {
        bend_along(&x_bends, x_knots, side);
        bend_along(&y_bends, y_knots, side);
    }
    const float middle = (float)(side - 1) / 2, source = (SIDE - 1) / 2.0f;
    for (int row = 0; row < side; row++) {
        const float y = (float)row - middle;
        if (ranges->bend > 0) {
            bend_row(x_bend, &x_bends, side, row);
            bend_row(y_bend, &y_bends, side, row);
        }
        for (int column = 0; column < side; column++) {
            const float x = (float)column - middle;
            const float from_x = map.xx * x + map.xy * y + map.x0 + x_bend[column];
            const float from_y = map.yx * x + map.yy * y + map.y0 + y_bend[column];
            field[row * side + column] = ink_at(framed, from_x + source, from_y + source);
        }
    }
    if (ranges->erase > 0 && rp_random_uniform(random) < ranges->erase) erase(field, side, random);
}
