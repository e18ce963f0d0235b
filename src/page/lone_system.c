/* lone_system.c: see lone_system.h. */
#include "page/lone_system.h"

#include <math.h>

static const double slope_most = 0.04, slope_step = 0.002;
/* Staff spaces that are tried, as a share of the image's height, and the step from one to the next.
 */
static const double space_least = 1 / 68.0, space_most = 1 / 20.0, space_growth = 1.005;
static const double gap_least = 2, gap_most = 24; /* staff spaces between the two staves */
static const double off_most = 0.17; /* of the height: the system's middle from the image's */
/* A line's clearness (fill_lines) that counts as whole, and what a staff must have on the average.
 */
static const float line_whole = 0.5f;
static const double clearness_least = 0.15;
static const double custom_worth = 0.08; /* of clearness */
enum {
    STEPS = 4,       /* heights that are tried, a px */
    COLUMN_STEP = 4, /* from one column that is looked at to the next */
    SMALL_MOST = 320 /* px: images are looked at no larger */
};

/* The mean darkness of each row, 0 to 1, along lines that fall by `slope`, over every `step`th
 * column. The outer tenths, where a scan's borders are, do not count. */
static void fill_rows(float *rows, const rp_page_image *image, double slope, int32_t step) {
    const int32_t first = image->width / 10, last = image->width - first;
    int32_t count = 0;
    for (int32_t y = 0; y < image->height; y++) rows[y] = 0;
    for (int32_t x = first; x < last; x += step, count++) {
        const int32_t down = (int32_t)lrint(slope * (x - image->width / 2.0));
        for (int32_t y = 0; y < image->height; y++) {
            const int32_t at = y + down;
            if (at < 0 || at >= image->height) continue;
            rows[y] += (float)(255 - image->data[(size_t)at * image->stride + (size_t)x]);
        }
    }
    for (int32_t y = 0; y < image->height; y++) rows[y] /= 255.0f * (float)(count > 0 ? count : 1);
}

/* The slope along which rows differ most: that of the staff lines. */
static double find_slope(float *rows, const rp_page_image *image) {
    double best = 0, most = -1;
    for (int n = (int)lrint(-slope_most / slope_step); n * slope_step <= slope_most; n++) {
        fill_rows(rows, image, n * slope_step, 3 * COLUMN_STEP);
        double sum = 0;
        for (int32_t y = 0; y < image->height; y++) sum += (double)rows[y] * rows[y];
        if (sum > most * (1 + 1e-9)) {
            most = sum;
            best = n * slope_step;
        }
    }
    return best;
}

/* Darkness at height y, between rows; paper outside. */
static float dark_at(const float *rows, int32_t height, double y) {
    const int32_t row = (int32_t)floor(y);
    const float share = (float)(y - row);
    return row < 0 || row + 1 >= height ? 0 : (1 - share) * rows[row] + share * rows[row + 1];
}

/* lines[i]: how clearly a line of about a pixel lies at height i / STEPS, on one row or on two: the
 * ink there less that of the rows around it, for a beam is no line. What is beyond line_whole
 * counts a tenth: it tells the middle of a line, not how sure it is. */
static void fill_lines(float *lines, const float *rows, int32_t height) {
    for (int32_t i = 0; i < STEPS * height; i++) {
        const double y = (double)i / STEPS;
        const float ink = dark_at(rows, height, y - 0.5) + dark_at(rows, height, y + 0.5);
        const float around = dark_at(rows, height, y - 2) + dark_at(rows, height, y + 2);
        const float clear = ink - around;
        lines[i] = clear > line_whole ? line_whole + 0.1f * (clear - line_whole) : clear;
    }
}

/* How clearly five lines lie from height i / STEPS on, 0 to line_whole. */
static float staff_clearness(const float *lines, int32_t count, int32_t i, double space) {
    float sum = 0;
    for (int k = 0; k < 5; k++) {
        const int32_t at = i + (int32_t)lrint(k * space * STEPS);
        if (at < count) sum += lines[at];
    }
    return sum / 5;
}

/* Two staves: top lines and staff space in px. */
typedef struct pair {
    double upper, lower, space, clearness;
} pair;

/* A system is mostly cut out with its staves in the middle half. */
static double custom(double y, double expected, int32_t height) {
    return fabs(y - expected) < 0.012 * height ? custom_worth : 0;
}

/* Two staves of this staff space, if they are the best so far. */
static void try_pair(pair *best, const pair *staves, int32_t height) {
    const double foot = staves->lower + 4 * staves->space, gap = staves->lower - staves->upper;
    if (gap < (4 + gap_least) * staves->space || gap > (4 + gap_most) * staves->space) return;
    if (fabs((staves->upper + foot) / 2 - height / 2.0) > off_most * height) return;
    const double clearness = staves->clearness + custom(staves->upper, 0.25 * height, height) +
                             custom(foot, 0.75 * height, height);
    if (clearness <= best->clearness) return;
    *best = *staves;
    best->clearness = clearness;
}

/* The best two staves with this staff space. `staves` has room for STEPS heights a px. */
static void try_space(pair *best, int32_t height, double space, const float *lines, float *staves) {
    enum { TOPS_MAX = 256 };
    const int32_t count = STEPS * height;
    int32_t tops[TOPS_MAX] = {0}; /* where five lines are clearest */
    int found = 0;
    for (int32_t i = 0; i < count; i++) staves[i] = staff_clearness(lines, count, i, space);
    for (int32_t i = 1; i + 1 < count && found < TOPS_MAX; i++)
        if (staves[i] >= clearness_least && staves[i] >= staves[i - 1] && staves[i] > staves[i + 1])
            tops[found++] = i;
    for (int a = 0; a < found; a++)
        for (int b = a + 1; b < found; b++)
            try_pair(best,
                     &(pair){.upper = (double)tops[a] / STEPS,
                             .lower = (double)tops[b] / STEPS,
                             .space = space,
                             .clearness = (double)staves[tops[a]] + staves[tops[b]]},
                     height);
}

/* The pair as a system over the whole width. */
static rp_status make_system(rp_page_system *system, const rp_page_image *image, const pair *staves,
                             double slope, rp_arena *arena, rp_error *error) {
    float *ends = rp_arena_array(arena, 4, sizeof *ends);
    if (ends == NULL) return rp_fail_memory(error, "a system");
    const double fall = slope * image->width / 2.0, tall = staves->lower + 4 * staves->space;
    *system =
        (rp_page_system){.box = {0, (int32_t)fmax(0, staves->upper - fabs(fall)), image->width,
                                 (int32_t)fmin(image->height, ceil(tall + fabs(fall)) + 1)},
                         .skew_radians = atan(slope),
                         .staff_space = staves->space,
                         .confidence = fmin(1, staves->clearness),
                         .points = 2,
                         .step = image->width,
                         .top = ends,
                         .bottom = ends + 2};
    for (int end = 0; end < 2; end++) {
        system->top[end] = (float)(staves->upper + (end == 0 ? -fall : fall));
        system->bottom[end] = (float)(tall + (end == 0 ? -fall : fall));
    }
    return RP_OK;
}

/* Lays the ten lines over an image of at most SMALL_MOST px, of which a px is `scale` of the
 * caller's. */
static rp_status lay_lines(pair *best, double *slope, const rp_page_image *image, rp_arena *arena,
                           rp_error *error) {
    const int32_t height = image->height;
    const size_t count = (size_t)height * STEPS;
    float *rows = rp_arena_array(arena, (size_t)height, sizeof *rows);
    float *lines = rp_arena_array(arena, count, sizeof *lines);
    float *staves = rp_arena_array(arena, count, sizeof *staves);
    if (rows == NULL || lines == NULL || staves == NULL) return rp_fail_memory(error, "a system");
    *slope = find_slope(rows, image);
    fill_rows(rows, image, *slope, COLUMN_STEP);
    fill_lines(lines, rows, height);
    for (double space = space_least * height; space <= space_most * height; space *= space_growth)
        try_space(best, height, space, lines, staves);
    return RP_OK;
}

static rp_status find_small(rp_page_system *system, const rp_page_image *image, const char *name,
                            rp_arena *arena, rp_error *error) {
    rp_page_image small = *image;
    if (image->height > SMALL_MOST)
        RP_TRY(rp_page_image_scale(&small, image, SMALL_MOST, arena, error));
    const double scale = (double)image->height / small.height;
    pair best = {0};
    double slope = 0;
    RP_TRY(lay_lines(&best, &slope, &small, arena, error));
    if (best.space == 0)
        return rp_fail(error, RP_NO, 0, "%s: no piano system lies over its middle", name);
    const pair staves = {best.upper * scale, best.lower * scale, best.space * scale,
                         best.clearness};
    return make_system(system, image, &staves, slope, arena, error);
}

/* As on a page; of the systems found, that over the middle. */
static rp_status find_large(rp_page_system *system, const rp_page_image *image, const char *name,
                            rp_arena *arena, rp_error *error) {
    rp_page_systems found;
    RP_TRY(rp_page_find_systems(&found, image, name, arena, error));
    for (size_t i = 0; i < found.count; i++) {
        *system = found.systems[i];
        if (system->box.top <= image->height / 2 && system->box.bottom > image->height / 2)
            return RP_OK;
    }
    return rp_fail(error, RP_NO, 0, "%s: no piano system lies over its middle", name);
}

rp_status rp_page_find_system(rp_page_system *system, const rp_page_image *image, const char *name,
                              rp_arena *arena, rp_error *error) {
    if (image->height > SMALL_MOST) {
        rp_error why = {0};
        const rp_status status = find_large(system, image, name, arena, &why);
        if (status != RP_NO) {
            if (status != RP_OK && error != NULL) *error = why;
            return status;
        }
    }
    return find_small(system, image, name, arena, error);
}
