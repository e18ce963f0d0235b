/* augment_marks.c: rows of the list "print" that put marks on the page which are not the music:
 * finger numbers, bar numbers, words, pencil, the neighbours' notes. Lengths are in staff spaces.
 *
 * Characters come from page/pen.h, a small bitmap alphabet drawn for this: at the height a
 * model sees (6 px a staff space) real letters are no finer. */
#include <math.h>
#include <string.h>

#include "page/augment_print.h"
#include "page/pen.h"

static const double pi = 3.14159265358979323846;

/* Is there next to no ink in the box? Marks are engraved where there is room. */
static bool is_free(const rp_page_image *image, double left, double top, double width,
                    double height) {
    const rp_page_image part =
        rp_page_image_part(image, (rp_page_box){(int32_t)left, (int32_t)top,
                                                (int32_t)(left + width), (int32_t)(top + height)});
    if (part.width == 0 || part.height == 0) return false;
    uint64_t ink = 0;
    for (int32_t y = 0; y < part.height; y++)
        for (int32_t x = 0; x < part.width; x++)
            ink += 255u - part.data[(size_t)y * part.stride + (size_t)x];
    return ink < 20u * (uint64_t)part.width * (uint64_t)part.height;
}

/* Writes `word` at a random free place; gives up after some tries. */
static void place_word(rp_page_augment_work *work, const char *word, const rp_page_pen *pen) {
    const double width = (double)strlen(word) * pen->height * 6 / 7.0;
    for (int tries = 0; tries < 8; tries++) {
        const double left = rp_random_uniform(work->random) * (work->image.width - width);
        const double foot =
            pen->height + rp_random_uniform(work->random) * (work->image.height - pen->height);
        if (left < 0 || !is_free(&work->image, left, foot - pen->height, width, pen->height))
            continue;
        rp_page_pen_write(&work->image, word, left, foot, pen);
        return;
    }
}

void rp_page_augment_fingers(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const int32_t count = (int32_t)(strength * work->image.width / (10 * space));
    const rp_page_pen drawn = {.height = space * rp_random_between(work->random, 0.9, 1.5),
                               .slant = rp_random_between(work->random, -0.05, 0.25),
                               .bold = rp_random_between(work->random, 0, 0.25),
                               .ink = 255};
    for (int32_t i = 0; i < count; i++) {
        const char word[] = {(char)('1' + rp_random_below(work->random, 5)), 0};
        place_word(work, word, &drawn);
    }
}

void rp_page_augment_bar_numbers(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const rp_page_pen drawn = {.height = space * rp_random_between(work->random, 1, 1.6),
                               .slant = rp_random_uniform(work->random) < 0.5 ? 0 : 0.2,
                               .ink = 255};
    const bool has_brackets = rp_random_uniform(work->random) < 0.6;
    const int32_t count = 1 + (int32_t)(strength * rp_random_uniform(work->random));
    for (int32_t i = 0; i < count; i++) {
        char word[6];
        size_t length = 0;
        if (has_brackets) word[length++] = '[';
        word[length++] = (char)('1' + rp_random_below(work->random, 9));
        if (rp_random_uniform(work->random) < 0.7)
            word[length++] = (char)('0' + rp_random_below(work->random, 10));
        if (has_brackets) word[length++] = ']';
        word[length] = 0;
        place_word(work, word, &drawn);
    }
}

void rp_page_augment_words(rp_page_augment_work *work, double strength) {
    static const char *const usual[] = {"p",    "pp",   "f",      "ff",     "sf",   "mf", "cresc.",
                                        "dim.", "rit.", "dolce",  "legato", "ped.", "*",  "a tempo",
                                        "tr",   "8va",  "sempre", "con",    "poco", "fz."};
    const double space = work->staff_space;
    const int32_t count = (int32_t)(strength * work->image.width / (20 * space)) + 1;
    for (int32_t i = 0; i < count; i++) {
        const rp_page_pen drawn = {.height = space * rp_random_between(work->random, 1, 2.2),
                                   .slant = rp_random_between(work->random, 0, 0.35),
                                   .bold = rp_random_between(work->random, 0, 0.3),
                                   .ink = rp_random_between(work->random, 180, 255)};
        if (rp_random_uniform(work->random) < 0.5) {
            place_word(work, usual[rp_random_below(work->random, RP_COUNT(usual))], &drawn);
            continue;
        }
        char word[10]; /* lyrics, names, any language */
        const uint32_t length = 2 + rp_random_below(work->random, 7);
        for (uint32_t k = 0; k < length; k++)
            word[k] = (char)('a' + rp_random_below(work->random, 26));
        word[length] = 0;
        place_word(work, word, &drawn);
    }
}

/* A pencilled stroke: an ellipse, whole or in part, turned and flattened: rings, arcs, lines. */
static void pencil_one(rp_page_augment_work *work, double strength) {
    rp_random *random = work->random;
    const double space = work->staff_space;
    const double across = space * rp_random_between(random, 1, 6);
    const double down = across * rp_random_uniform(random) * rp_random_uniform(random);
    const double turn = rp_random_between(random, -0.6, 0.6);
    const double from = rp_random_between(random, 0, 2 * pi);
    const double sweep = rp_random_between(random, 0.5, 2.2 * pi);
    const double centre[2] = {rp_random_uniform(random) * work->image.width,
                              rp_random_uniform(random) * work->image.height};
    const double radius = space * rp_random_between(random, 0.05, 0.12);
    const int32_t steps = (int32_t)(sweep * across / (0.7 * radius)) + 1;
    for (int32_t i = 0; i < steps; i++) {
        const double angle = from + sweep * i / steps;
        const double x = across * cos(angle), y = down * sin(angle);
        const double at[2] = {centre[0] + x * cos(turn) - y * sin(turn),
                              centre[1] + x * sin(turn) + y * cos(turn)};
        const double wear = rp_random_between(random, 0.5, 1); /* graphite on rough paper */
        rp_page_augment_dot(work, at, radius, (uint8_t)(255 - strength * wear));
    }
}

void rp_page_augment_pencil(rp_page_augment_work *work, double strength) {
    const uint32_t count = 1 + rp_random_below(work->random, 3);
    for (uint32_t i = 0; i < count; i++) pencil_one(work, strength);
}

/* Puts rows [from, from + count) of the image, moved sideways in a ring, over rows [to, ...), the
 * darker of both. */
static void overlay_rows(rp_page_augment_work *work, int32_t to, int32_t from, int32_t count) {
    const int32_t width = work->image.width;
    const int32_t move = (int32_t)rp_random_below(work->random, (uint32_t)width);
    for (int32_t k = 0; k < count; k++) {
        uint8_t *out = work->image.data + (size_t)(to + k) * work->image.stride;
        const uint8_t *in = work->image.data + (size_t)(from + k) * work->image.stride;
        for (int32_t x = 0; x < width; x++) {
            const uint8_t value = in[x + move < width ? x + move : x + move - width];
            if (value < out[x]) out[x] = value;
        }
    }
}

/* The end of the system above at the top, the start of the one below at the bottom, taken from
 * this system's own lower and upper staff. Crops hold a quarter of their height above and below
 * the staves. */
void rp_page_augment_neighbours(rp_page_augment_work *work, double strength) {
    const int32_t height = work->image.height;
    const int32_t above = (int32_t)(height * strength * rp_random_uniform(work->random));
    const int32_t below = (int32_t)(height * strength * rp_random_uniform(work->random));
    const int32_t lower = (int32_t)(height * rp_random_between(work->random, 0.55, 0.62));
    const int32_t upper = (int32_t)(height * rp_random_between(work->random, 0.18, 0.3));
    overlay_rows(work, 0, lower, above);
    overlay_rows(work, height - below, upper, below);
}

/* White at the top, at the bottom or both, as where a page has no voice and no words. */
void rp_page_augment_bare(rp_page_augment_work *work, double strength) {
    const int32_t count = (int32_t)(strength * work->image.height);
    const uint32_t sides = 1 + rp_random_below(work->random, 3);
    const int32_t width = work->image.width, height = work->image.height;
    const rp_page_image top = rp_page_image_part(&work->image, (rp_page_box){0, 0, width, count});
    const rp_page_image bottom =
        rp_page_image_part(&work->image, (rp_page_box){0, height - count, width, height});
    if (sides & 1) rp_page_image_fill(&top, 255);
    if (sides & 2) rp_page_image_fill(&bottom, 255);
}
