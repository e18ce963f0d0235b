/* augment_published.c: the eight augmentations of the published network, in its order, each with
 * probability 0.5 (Mayer et al., ICDAR 2024, option string
 * "h:8,rotate:1,v:4,de,en3:0.2,n:0.01,c:-1:1,b:-0.5:0.2"). Pixels are 0..255 here where the source
 * has 0..1; values are rounded once a row. */
#include <math.h>
#include <string.h>

#include "page/augment_work.h"

static const double pi = 3.14159265358979323846;

/* Puts `strength` white columns on the left, then cuts 0 .. 2 * strength columns there. */
static void shift_columns(rp_page_augment_work *work, double strength) {
    const int32_t border = (int32_t)strength;
    const int32_t cut = (int32_t)rp_random_below(work->random, (uint32_t)(2 * border + 1));
    const int32_t move = border - cut, width = work->image.width + move;
    if (width < 1 || !rp_page_augment_spare(work, width, work->image.height)) return;
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *to = work->spare.data + (size_t)y * work->spare.stride;
        const uint8_t *from = work->image.data + (size_t)y * work->image.stride;
        if (move > 0) memset(to, 255, (size_t)move);
        memcpy(to + (move > 0 ? move : 0), from - (move < 0 ? move : 0),
               (size_t)(move > 0 ? work->image.width : width));
    }
    rp_page_augment_swap(work);
}

/* Rotates by up to `strength` degrees either way about the centre. */
static void rotate(rp_page_augment_work *work, double strength) {
    const int32_t width = work->image.width, height = work->image.height;
    const double degrees = rp_random_between(work->random, -strength, strength);
    rp_page_displace displace;
    if (!rp_page_displace_make(&displace, width, height, work->arena) ||
        !rp_page_augment_spare(work, width, height)) {
        work->failed = true;
        return;
    }
    rp_page_displace_rotate(&displace, width, height, degrees * pi / 180,
                            (const double[2]){(width - 1) / 2.0, (height - 1) / 2.0});
    rp_page_displace_apply(&work->spare, &work->image, &displace);
    rp_page_augment_swap(work);
}

/* Puts `strength` white rows above and below, cuts 0 .. 2 * strength rows from the top and what is
 * then too much from the bottom. */
static void shift_rows(rp_page_augment_work *work, double strength) {
    const int32_t border = (int32_t)strength, height = work->image.height;
    const int32_t move =
        border - (int32_t)rp_random_below(work->random, (uint32_t)(2 * border + 1));
    const rp_page_image *image = &work->image;
    if (!rp_page_augment_spare(work, image->width, height)) return;
    for (int32_t y = 0; y < height; y++) {
        uint8_t *to = work->spare.data + (size_t)y * work->spare.stride;
        const int32_t from = y - move;
        if (from < 0 || from >= height) memset(to, 255, (size_t)image->width);
        else memcpy(to, image->data + (size_t)from * image->stride, (size_t)image->width);
    }
    rp_page_augment_swap(work);
}

static void row_darker(uint8_t *restrict out, const uint8_t *restrict a, const uint8_t *restrict b,
                       int32_t width) {
    for (int32_t x = 0; x < width; x++) {
        const int sum = a[x] + b[x] - 255;
        out[x] = (uint8_t)(sum < 0 ? 0 : sum);
    }
}

static void row_lighter(uint8_t *restrict out, const uint8_t *restrict a, const uint8_t *restrict b,
                        int32_t width) {
    for (int32_t x = 0; x < width; x++) out[x] = a[x] > b[x] ? a[x] : b[x];
}

/* copy[x] = the image at (x + u, y + v), |u|, |v| <= 1, as rows of paper outside. `above` and
 * `below` are the two source rows, each with a white pixel before its first and after its last. */
static void row_shifted(uint8_t *restrict copy, const uint8_t *restrict above,
                        const uint8_t *restrict below, int32_t width, const uint16_t weight[4]) {
    for (int32_t x = 0; x < width; x++)
        copy[x] = (uint8_t)((above[x] * weight[0] + above[x + 1] * weight[1] +
                             below[x] * weight[2] + below[x + 1] * weight[3] + 128u) >>
                            8);
}

/* The parts of a shift by `pixels` in -1..1: whole pixels down and a rest of 0..255 in 1/256. */
static int32_t split(double pixels, uint16_t *rest) {
    const int32_t fixed = (int32_t)lrint(pixels * 256);
    *rest = (uint16_t)(fixed & 255);
    return (fixed - *rest) / 256;
}

/* Rows of `padded` are the image's with one white pixel at each side and a white row above and
 * below: padded row y + 1, pixel x + 1 is image (x, y). */
static uint8_t *make_padded(rp_page_augment_work *work, size_t *stride) {
    const rp_page_image *image = &work->image;
    *stride = (size_t)image->width + 3;
    uint8_t *padded = rp_arena_alloc_raw(work->arena, *stride * ((size_t)image->height + 3));
    if (padded == NULL) return NULL;
    memset(padded, 255, *stride * ((size_t)image->height + 3));
    for (int32_t y = 0; y < image->height; y++)
        memcpy(padded + (size_t)(y + 1) * *stride + 1, image->data + (size_t)y * image->stride,
               (size_t)image->width);
    return padded;
}

/* Makes ink thinner or thicker: a copy shifted by (cos d, 0.5 sin d) px, the lighter of both, or
 * both inks on one another. */
static void thin_or_thicken(rp_page_augment_work *work, double strength) {
    (void)strength;
    const double angle = rp_random_between(work->random, -pi / 2, pi / 2);
    const bool thin = rp_random_uniform(work->random) < 0.5;
    size_t stride = 0;
    const uint8_t *padded = make_padded(work, &stride);
    uint8_t *copy = rp_arena_alloc_raw(work->arena, (size_t)work->image.width);
    if (padded == NULL || copy == NULL ||
        !rp_page_augment_spare(work, work->image.width, work->image.height)) {
        work->failed = true;
        return;
    }
    uint16_t right = 0, down = 0;
    const int32_t dx = split(-cos(angle), &right), dy = split(-0.5 * sin(angle), &down);
    uint16_t weight[4];
    for (unsigned k = 0; k < 4; k++)
        weight[k] =
            (uint16_t)(((k & 1 ? right : 256u - right) * (k & 2 ? down : 256u - down)) >> 8);
    weight[0] = (uint16_t)(256u - weight[1] - weight[2] - weight[3]); /* white stays white */
    void (*const combine)(uint8_t *restrict, const uint8_t *restrict, const uint8_t *restrict,
                          int32_t) = thin ? row_lighter : row_darker;
    for (int32_t y = 0; y < work->image.height; y++) {
        const uint8_t *above = padded + (size_t)(y + 1 + dy) * stride + 1 + dx;
        row_shifted(copy, above, above + stride, work->image.width, weight);
        combine(work->spare.data + (size_t)y * work->spare.stride,
                work->image.data + (size_t)y * work->image.stride, copy, work->image.width);
    }
    rp_page_augment_swap(work);
}

/* is_edge[x]: the 3 x 3 mean at x lies between 0.1 and 0.9; rows of 8-bit pixels, padded. */
static void mark_edges(uint8_t *restrict is_edge, const uint8_t *restrict middle, size_t stride,
                       int32_t width) {
    const uint8_t *restrict above = middle - stride, *restrict below = middle + stride;
    for (int32_t x = 0; x < width; x++) {
        const int sum = above[x - 1] + above[x] + above[x + 1] + middle[x - 1] + middle[x] +
                        middle[x + 1] + below[x - 1] + below[x] + below[x + 1];
        is_edge[x] = sum > 229 && sum < 2066; /* 0.1 and 0.9 of 9 * 255 */
    }
}

/* Inverts each pixel at an edge of ink with a probability drawn once in 0 .. strength. */
static void edge_noise(rp_page_augment_work *work, double strength) {
    const double probability = rp_random_between(work->random, 0, strength);
    size_t stride = 0;
    const uint8_t *padded = make_padded(work, &stride);
    uint8_t *is_edge = rp_arena_alloc_raw(work->arena, (size_t)work->image.width);
    if (padded == NULL || is_edge == NULL) {
        work->failed = true;
        return;
    }
    int64_t left = rp_page_augment_gap(work->random, probability);
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        mark_edges(is_edge, padded + (size_t)(y + 1) * stride + 1, stride, work->image.width);
        for (int32_t x = 0; x < work->image.width; x++) {
            if (!is_edge[x] || left-- > 0) continue;
            row[x] = (uint8_t)(255 - row[x]);
            left = rp_page_augment_gap(work->random, probability);
        }
    }
}

/* Inverts each pixel with a probability drawn once in 0 .. strength. */
static void salt_and_pepper(rp_page_augment_work *work, double strength) {
    const double probability = rp_random_between(work->random, 0, strength);
    const int64_t count = (int64_t)work->image.width * work->image.height;
    for (int64_t at = rp_page_augment_gap(work->random, probability); at < count;
         at += 1 + rp_page_augment_gap(work->random, probability)) {
        uint8_t *pixel = work->image.data + (size_t)(at / work->image.width) * work->image.stride +
                         (size_t)(at % work->image.width);
        *pixel = (uint8_t)(255 - *pixel);
    }
}

static double mean_of(const rp_page_image *image) {
    uint64_t sum = 0;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->data + (size_t)y * image->stride;
        uint32_t row_sum = 0;
        for (int32_t x = 0; x < image->width; x++) row_sum += row[x];
        sum += row_sum;
    }
    return (double)sum / ((double)image->width * image->height);
}

static void map_linear(rp_page_augment_work *work, double factor, double constant) {
    uint8_t table[256];
    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)lrint(fmin(255, fmax(0, i * factor + constant)));
    rp_page_augment_map(work, table);
}

/* (x - mean) * 2^strength + mean. */
static void contrast(rp_page_augment_work *work, double strength) {
    const double mean = mean_of(&work->image), factor = exp2(strength);
    map_linear(work, factor, mean - factor * mean);
}

static void brightness(rp_page_augment_work *work, double strength) {
    map_linear(work, 1, 255 * strength);
}

const rp_page_augment_row rp_page_augment_published[] = {
    {"h", 0.5, 8, 8, shift_columns, "move sideways by up to this many px"},
    {"rotate", 0.5, 1, 1, rotate, "turn by up to this many degrees"},
    {"v", 0.5, 4, 4, shift_rows, "move up or down by up to this many px"},
    {"de", 0.5, 0, 0, thin_or_thicken, "thinner or thicker ink, from a copy moved by up to 1 px"},
    {"en3", 0.5, 0.2, 0.2, edge_noise, "invert pixels at edges, each with up to this chance"},
    {"n", 0.5, 0.01, 0.01, salt_and_pepper, "invert pixels, each with up to this chance"},
    {"c", 0.5, -1, 1, contrast, "contrast times 2 to this power, about the mean"},
    {"b", 0.5, -0.5, 0.2, brightness, "brighter by this share of white, or darker"},
};
const size_t rp_page_augment_published_count = RP_COUNT(rp_page_augment_published);
