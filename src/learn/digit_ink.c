/* digit_ink.c: see digit_ink.h. */
#include "learn/digit_ink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUADRATIC = 6, QUARTIC = 15, SAMPLES_ACROSS = 128, FITS = 3, LEVELS = 256 };

/* Grey levels from the paper that are paper always: on an even sheet the distances are rounding,
 * and a reach of that size would leave the next fit no pixels. */
enum { LEAST_REACH = 1 };

/* What ink is, as measured on digits drawn onto sheets of 28 to 4,000 pixels' width with grain,
 * shadows and specks. Its level is half of the FARTHEST pixels' or more: fewer would be specks, and
 * a digit of 8 pixels has no more. It is at least GRAINS deviations of the paper's grain, so that
 * half way to it are few grains, and SPREADS of what the fit leaves: a shadow's edge has less. */
enum { FARTHEST = 12, GRAINS = 8, SPREADS = 7 };

/* -- Paper ---------------------------------------------------------------------------------------
 */

/* Brightness of the paper: coefficients of 1, x, y, xx, xy, yy and so on to the fourth power; x and
 * y in -1 .. 1. */
typedef struct paper {
    double of[QUARTIC];
} paper;

static void terms_at(double t[QUARTIC], const rp_grey_image *image, int x, int y) {
    const double u = image->width > 1 ? 2.0 * x / (image->width - 1) - 1 : 0;
    const double v = image->height > 1 ? 2.0 * y / (image->height - 1) - 1 : 0;
    const double all[QUARTIC] = {1,
                                 u,
                                 v,
                                 u * u,
                                 u * v,
                                 v * v,
                                 u * u * u,
                                 u * u * v,
                                 u * v * v,
                                 v * v * v,
                                 u * u * u * u,
                                 u * u * u * v,
                                 u * u * v * v,
                                 u * v * v * v,
                                 v * v * v * v};
    memcpy(t, all, sizeof all);
}

static double paper_at(const paper *paper, const rp_grey_image *image, int x, int y) {
    double t[QUARTIC], sum = 0;
    terms_at(t, image, x, y);
    for (int k = 0; k < QUARTIC; k++) sum += paper->of[k] * t[k];
    return sum;
}

static double grey_at(const rp_grey_image *image, int x, int y) {
    return image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
}

/* Gauss-Jordan on the normal equations of the first `terms`; a little ridge keeps a picture of few
 * pixels solvable. */
static paper solve(double a[QUARTIC][QUARTIC + 1], int terms) {
    paper result = {{0}};
    for (int k = 0; k < terms; k++) a[k][k] += 1e-6 * (1 + a[0][0]);
    for (int k = 0; k < terms; k++)
        for (int row = 0; row < terms; row++) {
            const double factor = a[row][k] / a[k][k];
            for (int c = k; c <= QUARTIC && row != k; c++) a[row][c] -= factor * a[k][c];
        }
    for (int k = 0; k < terms; k++) result.of[k] = a[k][QUARTIC] / a[k][k];
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

static paper fit_once(const rp_grey_image *image, const choice *choice, int terms) {
    double a[QUARTIC][QUARTIC + 1] = {{0}};
    const int right = step_of(image->width), down = step_of(image->height);
    for (int y = 0; y < image->height; y += down)
        for (int x = 0; x < image->width; x += right) {
            double t[QUARTIC];
            if (!is_chosen(choice, image, x, y)) continue;
            terms_at(t, image, x, y);
            for (int i = 0; i < terms; i++) {
                for (int k = 0; k < terms; k++) a[i][k] += t[i] * t[k];
                a[i][QUARTIC] += t[i] * grey_at(image, x, y);
            }
        }
    return solve(a, terms);
}

/* Half the distance of the farthest pixel from the paper, at least LEAST_REACH. */
static double reach_of(const rp_grey_image *image, const paper *paper) {
    double farthest = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            farthest = fmax(farthest, fabs(grey_at(image, x, y) - paper_at(paper, image, x, y)));
    return fmax(farthest / 2, LEAST_REACH);
}

static paper fit(const rp_grey_image *image) {
    paper paper = fit_once(image, &(choice){0}, QUADRATIC);
    for (int round = 0; round < FITS; round++) {
        const struct paper last = paper;
        const int terms = round == 0 ? QUADRATIC : QUARTIC;
        paper = fit_once(image, &(choice){&last, reach_of(image, &last)}, terms);
    }
    return paper;
}

/* -- Ink -----------------------------------------------------------------------------------------
 */

/* A picture, its paper, and which ink is looked for on it. */
typedef struct sight {
    const rp_grey_image *image;
    const paper *paper;
    bool is_dark;
} sight;

/* How far a pixel is from the paper towards black (or white), negative on the other side: 255 times
 * the share of what was possible. *greys: the same in greys. */
static double share_at(const sight *sight, int x, int y, double *greys) {
    const double there = fmin(fmax(paper_at(sight->paper, sight->image, x, y), 0), 255);
    const double possible = fmax(sight->is_dark ? there : 255 - there, 32);
    const double grey = grey_at(sight->image, x, y);
    *greys = sight->is_dark ? there - grey : grey - there;
    return fmin(*greys / possible, 1) * 255;
}

/* How many pixels have a share of 0 .. 255, and the sum of their greys. */
typedef struct tally {
    double count[LEVELS], greys[LEVELS];
} tally;

static void add(tally *tally, double share, double greys) {
    const int level = (int)fmin(fabs(share), LEVELS - 1);
    tally->count[level]++;
    tally->greys[level] += greys;
}

/* The deviation of which a quarter of all is within 0.3186, as of normal noise: ink on half of the
 * picture changes it little. At least one level, which rounding makes. */
static double deviation_of(const tally *tally) {
    double all = 0, below = 0;
    int v = 0;
    for (int k = 0; k < LEVELS; k++) all += tally->count[k];
    if (all == 0) return 1;
    while (below + tally->count[v] < all / 4) below += tally->count[v++];
    return fmax((v + (all / 4 - below) / tally->count[v]) / 0.3186, 1);
}

/* What is known of the ink that a sight looks for. All but `greys` and `contrast` are shares. */
typedef struct ink {
    double grain;        /* deviation of the paper between near places */
    double spread;       /* deviation of the picture from the fitted paper */
    double level, greys; /* mean of the ink */
    double contrast;     /* of the farthest pixel */
} ink;

/* Ink is what is beyond half of the farthest pixels. A threshold that weighs how many pixels are on
 * either side of it, such as Otsu's (1979), parts the paper when the ink is a thousandth. */
static void part(ink *ink, const tally *far) {
    double count = 0, sum = 0, greys = 0, least = 0;
    for (int v = LEVELS - 1; v > least; v--) {
        count += far->count[v];
        sum += far->count[v] * v;
        greys += far->greys[v];
        if (count >= FARTHEST && least == 0) least = sum / count / 2;
    }
    ink->level = count > 0 ? sum / count : 0;
    ink->greys = count > 0 ? greys / count : 0;
}

static ink judge(const sight *sight) {
    tally all = {0}, steps = {0}, far = {0};
    ink ink = {0};
    const int width = sight->image->width, apart = width / 64 + 1;
    for (int y = 0; y < sight->image->height; y++)
        for (int x = 0; x < width; x++) {
            double greys, other;
            const double share = share_at(sight, x, y, &greys);
            add(&all, share, greys);
            if (share >= 1) add(&far, share, greys);
            if (x >= apart) add(&steps, share - share_at(sight, x - apart, y, &other), 0);
            ink.contrast = fmax(ink.contrast, greys);
        }
    ink.spread = deviation_of(&all);
    ink.grain = deviation_of(&steps) / sqrt(2);
    part(&ink, &far);
    return ink;
}

static bool stands_out(const ink *ink) {
    return ink->level >= GRAINS * ink->grain && ink->level >= SPREADS * ink->spread;
}

/* Grey becomes ink. The soft edge of a stroke begins a quarter of the way, above the grain. */
static void measure(rp_grey_image *image, const sight *sight, const ink *ink) {
    const double least = fmax(ink->level / 4, 3 * ink->grain);
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            double greys;
            const double share = share_at(sight, x, y, &greys);
            image->pixels[(size_t)y * (size_t)image->width + (size_t)x] =
                (uint8_t)(share < least ? 0 : fmin(255, share * 255 / ink->level));
        }
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

/* Two rounds: the first finds the largest stroke, the second clears what is no tenth of it. Only
 * pixels of half ink and more count: an uneven light may be as wide as the sheet, but is faint. */
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
            size_t strong = 0;
            for (size_t k = 0; k < count; k++) strong += image->pixels[stack[k]] >= RP_INK_HALF;
            largest = strong > largest ? strong : largest;
            for (size_t k = 0; k < count && round == 1 && strong * 10 < largest; k++)
                image->pixels[stack[k]] = 0;
        }
    }
    free(seen);
    free(stack);
    return RP_OK;
}

rp_status rp_digit_ink(rp_grey_image *image, double *contrast, rp_error *error) {
    const paper paper = fit(image);
    const sight sights[2] = {{image, &paper, true}, {image, &paper, false}};
    const ink inks[2] = {judge(&sights[0]), judge(&sights[1])};
    const bool has_light = stands_out(&inks[1]), has_dark = stands_out(&inks[0]);
    const int k = has_light && (!has_dark || inks[1].greys > inks[0].greys);
    *contrast = has_light || has_dark ? inks[k].contrast : 0;
    if (*contrast == 0) return RP_OK;
    measure(image, &sights[k], &inks[k]);
    return drop_grains(image, error);
}
