/* digit_ink.c: see digit_ink.h. */
#include "learn/digit_ink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS = 6, SAMPLES_ACROSS = 128, FITS = 3, LEAST_CONTRAST = 26 };

/* Grey levels from the paper that are paper always: on an even sheet the distances are rounding,
 * and a reach of that size would leave the next fit no pixels. */
enum { LEAST_REACH = 1 };

/* -- Paper ---------------------------------------------------------------------------------------
 */

/* Brightness of the paper: coefficients of 1, x, y, xx, xy, yy; x and y in -1 .. 1. */
typedef struct paper {
    double of[TERMS];
} paper;

static void terms_at(double t[TERMS], const rp_grey_image *image, int x, int y) {
    const double u = image->width > 1 ? 2.0 * x / (image->width - 1) - 1 : 0;
    const double v = image->height > 1 ? 2.0 * y / (image->height - 1) - 1 : 0;
    const double all[TERMS] = {1, u, v, u * u, u * v, v * v};
    memcpy(t, all, sizeof all);
}

static double paper_at(const paper *paper, const rp_grey_image *image, int x, int y) {
    double t[TERMS], sum = 0;
    terms_at(t, image, x, y);
    for (int k = 0; k < TERMS; k++) sum += paper->of[k] * t[k];
    return sum;
}

static double grey_at(const rp_grey_image *image, int x, int y) {
    return image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
}

/* Gauss-Jordan on the normal equations; a little ridge keeps a picture of few pixels solvable. */
static paper solve(double a[TERMS][TERMS + 1]) {
    paper result;
    for (int k = 0; k < TERMS; k++) a[k][k] += 1e-6 * (1 + a[0][0]);
    for (int k = 0; k < TERMS; k++)
        for (int row = 0; row < TERMS; row++) {
            const double factor = a[row][k] / a[k][k];
            for (int c = k; c <= TERMS && row != k; c++) a[row][c] -= factor * a[k][c];
        }
    for (int k = 0; k < TERMS; k++) result.of[k] = a[k][TERMS] / a[k][k];
    return result;
}

/* Which pixels a fit is made of: those of the border, or those within `reach` of the last fit. */
typedef struct choice {
    const paper *last; /* NULL: the border */
    double reach;
} choice;

static bool is_chosen(const choice *choice, const rp_grey_image *image, int x, int y) {
    const int across = image->width / 12 + 1, down = image->height / 12 + 1;
    if (choice->last == NULL)
        return x < across || y < down || x >= image->width - across || y >= image->height - down;
    return fabs(grey_at(image, x, y) - paper_at(choice->last, image, x, y)) <= choice->reach;
}

static int step_of(int extent) { return (extent + SAMPLES_ACROSS - 1) / SAMPLES_ACROSS; }

static paper fit(const rp_grey_image *image, const choice *choice) {
    double a[TERMS][TERMS + 1] = {{0}};
    const int right = step_of(image->width), down = step_of(image->height);
    for (int y = 0; y < image->height; y += down)
        for (int x = 0; x < image->width; x += right) {
            double t[TERMS];
            if (!is_chosen(choice, image, x, y)) continue;
            terms_at(t, image, x, y);
            for (int i = 0; i < TERMS; i++) {
                for (int k = 0; k < TERMS; k++) a[i][k] += t[i] * t[k];
                a[i][TERMS] += t[i] * grey_at(image, x, y);
            }
        }
    return solve(a);
}

/* -- Ink -----------------------------------------------------------------------------------------
 */

/* Half the distance of the farthest pixel from the paper, at least LEAST_REACH; *is_dark: the far
 * ones are darker. */
static double judge(const rp_grey_image *image, const paper *paper, bool *is_dark) {
    double squares[2] = {0}, farthest[2] = {0};
    const int right = step_of(image->width), down = step_of(image->height);
    for (int y = 0; y < image->height; y += down)
        for (int x = 0; x < image->width; x += right) {
            const double d = grey_at(image, x, y) - paper_at(paper, image, x, y);
            squares[d < 0] += d * d;
            farthest[d < 0] = fmax(farthest[d < 0], fabs(d));
        }
    *is_dark = squares[1] > squares[0];
    return fmax(farthest[*is_dark] / 2, LEAST_REACH);
}

/* Grey becomes ink: the share of what lies between the paper and black (or white). */
static void measure(rp_grey_image *image, const paper *paper, bool is_dark) {
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            const double there = fmin(fmax(paper_at(paper, image, x, y), 0), 255);
            const double possible = fmax(is_dark ? there : 255 - there, 32);
            const double far =
                is_dark ? there - grey_at(image, x, y) : grey_at(image, x, y) - there;
            image->pixels[(size_t)y * (size_t)image->width + (size_t)x] =
                (uint8_t)lround(fmin(fmax(far / possible, 0), 1) * 255);
        }
}

/* Parts paper and ink so that the variance between them is largest; *ink: the mean of the ink. */
static int otsu(const rp_grey_image *image, double *ink) {
    double counts[256] = {0}, all = 0, sum = 0, below = 0, below_sum = 0, best = -1;
    int threshold = 0;
    const size_t size = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < size; i++) counts[image->pixels[i]]++;
    for (int v = 0; v < 256; v++) {
        all += counts[v];
        sum += counts[v] * v;
    }
    for (int v = 0; v < 255; v++) {
        below += counts[v];
        below_sum += counts[v] * v;
        if (below == 0 || below == all) continue;
        const double apart = below_sum / below - (sum - below_sum) / (all - below);
        const double between = below * (all - below) * apart * apart;
        if (between <= best) continue;
        best = between;
        threshold = v;
        *ink = (sum - below_sum) / (all - below);
    }
    return threshold;
}

/* -- Grains --------------------------------------------------------------------------------------
 */

/* The pixels of one stroke: a flood over the eight neighbours. `stack` has room for every pixel. */
static size_t flood(const rp_grey_image *image, uint8_t *seen, uint32_t *stack, uint32_t start) {
    const size_t width = (size_t)image->width;
    size_t count = 0, depth = 0;
    stack[depth++] = start;
    seen[start] = 1;
    while (count <
           depth) { /* what was taken stays below `count`: the stroke is stack[0 .. count) */
        const uint32_t at = stack[count++];
        const int x = (int)(at % width), y = (int)(at / width);
        for (int k = 0; k < 9; k++) {
            const int across = x + k % 3 - 1, down = y + k / 3 - 1;
            if (across < 0 || down < 0 || across >= image->width || down >= image->height) continue;
            const size_t next = (size_t)down * width + (size_t)across;
            if (seen[next] || image->pixels[next] == 0) continue;
            seen[next] = 1;
            stack[depth++] = (uint32_t)next;
        }
    }
    return count;
}

/* Two rounds: the first finds the largest stroke, the second clears what is no tenth of it. */
static rp_status drop_grains(rp_grey_image *image, rp_error *error) {
    const size_t size = (size_t)image->width * (size_t)image->height;
    uint8_t *seen = malloc(size);
    uint32_t *stack = malloc(size * sizeof *stack);
    size_t largest = 0;
    if (seen == NULL || stack == NULL) {
        free(seen);
        free(stack);
        return rp_fail_memory(error, "a picture");
    }
    for (int round = 0; round < 2; round++) {
        memset(seen, 0, size);
        for (size_t i = 0; i < size; i++) {
            if (seen[i] || image->pixels[i] == 0) continue;
            const size_t count = flood(image, seen, stack, (uint32_t)i);
            largest = count > largest ? count : largest;
            for (size_t k = 0; k < count && round == 1 && count * 10 < largest; k++)
                image->pixels[stack[k]] = 0;
        }
    }
    free(seen);
    free(stack);
    return RP_OK;
}

rp_status rp_digit_ink(rp_grey_image *image, const char *path, rp_error *error) {
    const size_t size = (size_t)image->width * (size_t)image->height;
    bool is_dark = true;
    double ink = 0;
    paper paper = fit(image, &(choice){0});
    double reach = judge(image, &paper, &is_dark);
    for (int round = 0; round < FITS; round++) {
        const struct paper last = paper;
        paper = fit(image, &(choice){&last, reach});
        reach = judge(image, &paper, &is_dark);
    }
    if (2 * reach < LEAST_CONTRAST)
        return rp_fail(error, RP_INPUT, 0,
                       "%s: nothing is drawn on it: all within %.0f greys of %s", path, 2 * reach,
                       "the paper");
    measure(image, &paper, is_dark);
    const int threshold = otsu(image, &ink);
    for (size_t i = 0; i < size; i++) {
        const int value = image->pixels[i]; /* the soft edge of a stroke begins halfway */
        image->pixels[i] = (uint8_t)(2 * value < threshold ? 0 : fmin(255, value * 255 / ink));
    }
    return drop_grains(image, error);
}
