/* image.c: see image.h.
 *
 * Scaling is separable. Each axis has a table: output i is the sum over k of weight[k] times
 * source pixel first + k, weights in 1/65536 that sum to exactly 65536, so that flat areas keep
 * their value. Rows are mixed first, a plain loop over x that compilers turn into vector code, into
 * 16-bit sums (8.8 fixed point); then each output pixel gathers its two to four neighbours. */
#include "page/image.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WEIGHT_ONE = 65536 };

rp_status rp_page_image_make(rp_page_image *image, rp_arena *arena, int64_t width, int64_t height,
                             const char *name, rp_error *error) {
    if (width < 1 || height < 1)
        return rp_fail(error, RP_INPUT, 0, "%s: an image of %lld x %lld px holds nothing", name,
                       (long long)width, (long long)height);
    if (width > RP_PAGE_SIDE_MAX || height > RP_PAGE_SIDE_MAX ||
        width * height > RP_PAGE_PIXELS_MAX)
        return rp_fail(error, RP_INPUT, 0,
                       "%s: %lld x %lld px is more than this reads (%d px a side, %d Mpx in all); "
                       "scan at 300 or 600 dpi",
                       name, (long long)width, (long long)height, RP_PAGE_SIDE_MAX,
                       RP_PAGE_PIXELS_MAX / 1000000);
    const size_t stride = ((size_t)width + 63) & ~(size_t)63;
    uint8_t *data = rp_arena_alloc_raw(arena, stride * (size_t)height);
    if (data == NULL) return rp_fail_memory(error, "a page image");
    *image = (rp_page_image){
        .width = (int32_t)width, .height = (int32_t)height, .stride = stride, .data = data};
    return RP_OK;
}

void rp_page_image_fill(const rp_page_image *image, uint8_t value) {
    for (int32_t y = 0; y < image->height; y++)
        memset(image->data + (size_t)y * image->stride, value, (size_t)image->width);
}

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

rp_page_image rp_page_image_part(const rp_page_image *image, rp_page_box box) {
    const int32_t left = clamp(box.left, 0, image->width), top = clamp(box.top, 0, image->height);
    const int32_t right = clamp(box.right, left, image->width);
    const int32_t bottom = clamp(box.bottom, top, image->height);
    return (rp_page_image){.width = right - left,
                           .height = bottom - top,
                           .stride = image->stride,
                           .data = image->data + (size_t)top * image->stride + left};
}

void rp_page_image_copy(const rp_page_image *target, const rp_page_image *source) {
    assert(target->width == source->width && target->height == source->height);
    for (int32_t y = 0; y < source->height; y++)
        memcpy(target->data + (size_t)y * target->stride, source->data + (size_t)y * source->stride,
               (size_t)source->width);
}

/* -- scaling ---------------------------------------------------------------------------------- */

/* One axis: output i mixes count[i] source pixels from first[i] on, weights[i * count_max + k]. */
typedef struct axis_table {
    int32_t *first, *count, count_max;
    uint32_t *weights;
} axis_table;

/* Share of source pixel `at` in output pixel `i`, not normalised. `step` source px an output px. */
static double axis_share(int32_t i, int32_t at, double step) {
    if (step >= 1) { /* overlap of [at, at + 1) with [i * step, (i + 1) * step) */
        const double low = fmax(i * step, at), high = fmin((i + 1) * step, at + 1.0);
        return fmax(0, high - low);
    }
    return fmax(0, 1 - fabs((i + 0.5) * step - 0.5 - at)); /* a tent, one source px to each side */
}

static void axis_fill_one(const axis_table *axis, int32_t i, int32_t source, double step) {
    const double low = step >= 1 ? i * step : (i + 0.5) * step - 0.5;
    const int32_t first = clamp((int32_t)floor(low), 0, source - 1);
    const int32_t last = clamp((int32_t)ceil(low + fmax(step, 1)), first, source - 1);
    uint32_t *weights = axis->weights + (size_t)i * (size_t)axis->count_max;
    double sum = 0;
    for (int32_t at = first; at <= last; at++) sum += axis_share(i, at, step);
    int32_t left = WEIGHT_ONE, count = 0, largest = 0;
    for (int32_t at = first; at <= last && count < axis->count_max; at++, count++) {
        const double share = sum > 0 ? axis_share(i, at, step) / sum : at == first;
        weights[count] = (uint32_t)(share * WEIGHT_ONE);
        left -= (int32_t)weights[count];
        if (weights[count] > weights[largest]) largest = count;
    }
    weights[largest] += (uint32_t)left; /* what rounding down left over: the sum is exact */
    while (count > 1 && weights[count - 1] == 0) count--;
    axis->first[i] = first;
    axis->count[i] = count;
}

static rp_status axis_make(axis_table *axis, int32_t target, int32_t source, rp_arena *arena,
                           rp_error *error) {
    const double step = (double)source / target;
    axis->count_max = (int32_t)ceil(fmax(step, 1)) + 2;
    axis->first = rp_arena_array(arena, (size_t)target, sizeof *axis->first);
    axis->count = rp_arena_array(arena, (size_t)target, sizeof *axis->count);
    axis->weights =
        rp_arena_array(arena, (size_t)target * (size_t)axis->count_max, sizeof *axis->weights);
    if (axis->first == NULL || axis->count == NULL || axis->weights == NULL)
        return rp_fail_memory(error, "the tables of an image's scaling");
    for (int32_t i = 0; i < target; i++) axis_fill_one(axis, i, source, step);
    return RP_OK;
}

/* mixed[x] = the weighted mean of column x over the rows of output row `y`, in 1/256. */
static void rows_mix(uint16_t *restrict mixed, uint32_t *restrict sums, const axis_table *rows,
                     int32_t y, const rp_page_image *source) {
    const int32_t width = source->width;
    const uint32_t *weights = rows->weights + (size_t)y * (size_t)rows->count_max;
    for (int32_t x = 0; x < width; x++) sums[x] = 128;
    for (int32_t k = 0; k < rows->count[y]; k++) {
        const uint8_t *restrict row = source->data + (size_t)(rows->first[y] + k) * source->stride;
        const uint32_t weight = weights[k];
        for (int32_t x = 0; x < width; x++) sums[x] += weight * row[x];
    }
    for (int32_t x = 0; x < width; x++) mixed[x] = (uint16_t)(sums[x] >> 8);
}

static void columns_mix(uint8_t *restrict out, const uint16_t *restrict mixed,
                        const axis_table *columns, int32_t width) {
    for (int32_t x = 0; x < width; x++) {
        const uint32_t *weights = columns->weights + (size_t)x * (size_t)columns->count_max;
        const uint16_t *from = mixed + columns->first[x];
        uint32_t sum = 1u << 23; /* 255 * 256 * 65536 + 2^23 is below 2^32 */
        for (int32_t k = 0; k < columns->count[x]; k++) sum += weights[k] * from[k];
        out[x] = (uint8_t)(sum >> 24);
    }
}

rp_status rp_page_image_resize(const rp_page_image *target, const rp_page_image *source,
                               rp_arena *arena, rp_error *error) {
    assert(target->width > 0 && target->height > 0 && source->width > 0 && source->height > 0);
    axis_table rows = {0}, columns = {0};
    RP_TRY(axis_make(&rows, target->height, source->height, arena, error));
    RP_TRY(axis_make(&columns, target->width, source->width, arena, error));
    uint32_t *sums = rp_arena_array(arena, (size_t)source->width, sizeof *sums);
    uint16_t *mixed = rp_arena_array(arena, (size_t)source->width, sizeof *mixed);
    if (sums == NULL || mixed == NULL) return rp_fail_memory(error, "a row of an image's scaling");
    for (int32_t y = 0; y < target->height; y++) {
        rows_mix(mixed, sums, &rows, y, source);
        columns_mix(target->data + (size_t)y * target->stride, mixed, &columns, target->width);
    }
    return RP_OK;
}

rp_status rp_page_image_scale(rp_page_image *scaled, const rp_page_image *source, int32_t height,
                              rp_arena *arena, rp_error *error) {
    assert(height > 0 && source->height > 0);
    const int64_t width = ((int64_t)source->width * height + source->height / 2) / source->height;
    RP_TRY(
        rp_page_image_make(scaled, arena, width < 1 ? 1 : width, height, "a scaled image", error));
    return rp_page_image_resize(scaled, source, arena, error);
}
