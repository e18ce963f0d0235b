/* augment_optics.c: rows of the list "print" about paper and scanner: blur, grain, specks, light,
 * the other side showing through, black borders, JPEG. Lengths are in staff spaces. */
#include <math.h>
#include <string.h>
#include <turbojpeg.h>

#include "page/augment_print.h"

/* -- blur ------------------------------------------------------------------------------------- */

enum { BLUR_TAPS_MAX = 25 };

/* Gaussian weights in 1/256 that sum to 256; returns how many to each side of the middle one. */
static int blur_weights(uint16_t weights[BLUR_TAPS_MAX], double sigma) {
    int reach = (int)ceil(2.5 * sigma);
    if (reach > BLUR_TAPS_MAX / 2) reach = BLUR_TAPS_MAX / 2;
    double share[BLUR_TAPS_MAX], sum = 0;
    for (int k = -reach; k <= reach; k++)
        sum += share[k + reach] = exp(-0.5 * k * k / (sigma * sigma));
    int left = 256;
    for (int k = 0; k <= 2 * reach; k++) {
        weights[k] = (uint16_t)(256 * share[k] / sum);
        left -= weights[k];
    }
    weights[reach] = (uint16_t)(weights[reach] + left);
    return reach;
}

/* out[x] = the weighted sum of rows[k][x]; sums fit 16 bits: 255 * 256 + 128. */
static void row_blur(uint8_t *restrict out, uint16_t *restrict sums, const uint8_t *const *rows,
                     int taps, const uint16_t *weights, int32_t width) {
    for (int32_t x = 0; x < width; x++) sums[x] = 128;
    for (int k = 0; k < taps; k++) {
        const uint8_t *restrict row = rows[k];
        const uint16_t weight = weights[k];
        for (int32_t x = 0; x < width; x++) sums[x] = (uint16_t)(sums[x] + weight * row[x]);
    }
    for (int32_t x = 0; x < width; x++) out[x] = (uint8_t)(sums[x] >> 8);
}

/* Blurs the image by a Gaussian of `sigma` px; edges repeat. */
static void blur(rp_page_augment_work *work, double sigma) {
    uint16_t weights[BLUR_TAPS_MAX];
    const int32_t width = work->image.width, height = work->image.height;
    if (sigma < 0.1 || !rp_page_augment_spare(work, width, height)) return;
    const int reach = blur_weights(weights, sigma);
    uint16_t *sums = rp_arena_array(work->arena, (size_t)width, sizeof *sums);
    uint8_t *mixed = rp_arena_alloc_raw(work->arena, (size_t)width + BLUR_TAPS_MAX);
    if (sums == NULL || mixed == NULL) return;
    const uint8_t *rows[BLUR_TAPS_MAX];
    for (int32_t y = 0; y < height; y++) {
        for (int k = -reach; k <= reach; k++) {
            const int32_t at = y + k < 0 ? 0 : y + k >= height ? height - 1 : y + k;
            rows[k + reach] = work->image.data + (size_t)at * work->image.stride;
        }
        row_blur(mixed + reach, sums, rows, 2 * reach + 1, weights, width);
        memset(mixed, mixed[reach], (size_t)reach);
        memset(mixed + reach + width, mixed[reach + width - 1], (size_t)reach);
        for (int k = 0; k <= 2 * reach; k++) rows[k] = mixed + k;
        row_blur(work->spare.data + (size_t)y * work->spare.stride, sums, rows, 2 * reach + 1,
                 weights, width);
    }
    rp_page_augment_swap(work);
}

void rp_page_augment_blur(rp_page_augment_work *work, double strength) {
    blur(work, strength * work->staff_space);
}

/* -- grain, specks ---------------------------------------------------------------------------- */

void rp_page_augment_grain(rp_page_augment_work *work, double strength) {
    const uint8_t *noise = rp_page_augment_noise(work);
    if (noise == NULL) return;
    const int scale = (int)lrint(strength * 1.73); /* uniform in +-sqrt(3) sigma has sigma */
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *restrict row = work->image.data + (size_t)y * work->image.stride;
        const uint8_t *restrict at = rp_page_augment_noise_row(work, noise, work->image.width);
        for (int32_t x = 0; x < work->image.width; x++) {
            const int value = row[x] + ((at[x] - 128) * scale >> 7);
            row[x] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

void rp_page_augment_specks(rp_page_augment_work *work, double strength) {
    const double space = work->staff_space;
    const double area = work->image.width / space * (work->image.height / space);
    const int32_t count = (int32_t)(strength * area);
    for (int32_t i = 0; i < count; i++) {
        const double radius = space * 0.04 * exp2(rp_random_between(work->random, 0, 2.5));
        const double at[2] = {rp_random_uniform(work->random) * work->image.width,
                              rp_random_uniform(work->random) * work->image.height};
        const uint8_t grey = rp_random_uniform(work->random) < 0.7 ? 0 : 255;
        rp_page_augment_dot(work, at, radius, grey);
    }
}

/* -- light, paper ----------------------------------------------------------------------------- */

void rp_page_augment_light(rp_page_augment_work *work, double strength) {
    const rp_page_smooth field = rp_page_smooth_draw(work->random);
    const float paper = (float)rp_random_between(work->random, 1 - 0.5 * strength, 1);
    const float ink = (float)rp_random_between(work->random, 0, 90 * strength);
    float *share = rp_arena_array(work->arena, (size_t)work->image.width, sizeof *share);
    if (share == NULL) return;
    for (int32_t y = 0; y < work->image.height; y++) {
        uint8_t *restrict row = work->image.data + (size_t)y * work->image.stride;
        rp_page_smooth_row(share, &field, y, &work->image);
        for (int32_t x = 0; x < work->image.width; x++) {
            const float light = paper * (1 - 0.6f * (float)strength * share[x]);
            row[x] = (uint8_t)((ink + (float)row[x] * (255 - ink) * (1 / 255.0f)) * light + 0.5f);
        }
    }
}

void rp_page_augment_show_through(rp_page_augment_work *work, double strength) {
    const int32_t width = work->image.width, height = work->image.height;
    if (!rp_page_augment_spare(work, width, height)) return;
    const int weight = (int)lrint(256 * strength);
    const int32_t move = (int32_t)rp_random_below(work->random, (uint32_t)height);
    for (int32_t y = 0; y < height; y++) { /* the verso is this picture, mirrored and moved */
        const uint8_t *restrict row = work->image.data + (size_t)y * work->image.stride;
        const uint8_t *restrict verso =
            work->image.data + (size_t)((y + move) % height) * work->image.stride + width - 1;
        uint8_t *restrict out = work->spare.data + (size_t)y * work->spare.stride;
        for (int32_t x = 0; x < width; x++) {
            const int through = 255 - ((255 - verso[-x]) * weight >> 8);
            out[x] = (uint8_t)(row[x] < through ? row[x] : through);
        }
    }
    rp_page_augment_swap(work);
}

/* A black band with a ragged edge along the left or right, as from a book scanned open. */
static void border_side(rp_page_augment_work *work, double widest, bool is_left) {
    double band = rp_random_uniform(work->random) * widest;
    const double lean = rp_random_between(work->random, -0.2, 0.2) * widest / work->image.height;
    const uint8_t grey = (uint8_t)rp_random_below(work->random, 70);
    for (int32_t y = 0; y < work->image.height; y++) {
        band = fmin(widest, fmax(0, band + lean));
        const double ragged = band + rp_random_between(work->random, -0.1, 0.1) * widest;
        const int32_t count = (int32_t)fmin(work->image.width, fmax(0, ragged));
        uint8_t *row = work->image.data + (size_t)y * work->image.stride;
        memset(is_left ? row : row + work->image.width - count, grey, (size_t)count);
    }
}

void rp_page_augment_borders(rp_page_augment_work *work, double strength) {
    const double widest = strength * work->staff_space;
    const uint32_t sides = 1 + rp_random_below(work->random, 3);
    if (sides & 1) border_side(work, widest, true);
    if (sides & 2) border_side(work, widest, false);
}

/* -- JPEG ------------------------------------------------------------------------------------- */

void rp_page_augment_jpeg(rp_page_augment_work *work, double strength) {
    const rp_page_image *image = &work->image;
    tjhandle encoder = tjInitCompress(), decoder = tjInitDecompress();
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    int failed = encoder == NULL || decoder == NULL;
    if (!failed)
        failed = tjCompress2(encoder, image->data, image->width, (int)image->stride, image->height,
                             TJPF_GRAY, &bytes, &size, TJSAMP_GRAY, (int)strength, 0);
    if (!failed)
        failed = tjDecompress2(decoder, bytes, size, image->data, image->width, (int)image->stride,
                               image->height, TJPF_GRAY, 0);
    if (failed) work->failed = true; /* its own pixels and quality: memory is all it can lack */
    tjFree(bytes);
    if (encoder != NULL) tjDestroy(encoder);
    if (decoder != NULL) tjDestroy(decoder);
}
