/* displace.c: see displace.h. */
#include "page/displace.h"

#include <math.h>

bool rp_page_displace_make(rp_page_displace *displace, int32_t width, int32_t height,
                           rp_arena *arena) {
    displace->column_u = rp_arena_array(arena, (size_t)width, sizeof(int32_t));
    displace->column_v = rp_arena_array(arena, (size_t)width, sizeof(int32_t));
    displace->row_u = rp_arena_array(arena, (size_t)height, sizeof(int32_t));
    displace->row_v = rp_arena_array(arena, (size_t)height, sizeof(int32_t));
    if (arena->failed) return false;
    for (int32_t x = 0; x < width; x++) displace->column_u[x] = x * RP_PAGE_DISPLACE_ONE;
    for (int32_t y = 0; y < height; y++) displace->row_v[y] = y * RP_PAGE_DISPLACE_ONE;
    return true;
}

static int32_t fixed(double pixels) { return (int32_t)lrint(pixels * RP_PAGE_DISPLACE_ONE); }

void rp_page_displace_rotate(const rp_page_displace *displace, int32_t width, int32_t height,
                             double radians, const double centre[2]) {
    const double c = cos(radians), s = sin(radians); /* source = centre + R(angle) * offset */
    for (int32_t x = 0; x < width; x++) {
        displace->column_u[x] = fixed(centre[0] + c * (x - centre[0]));
        displace->column_v[x] = fixed(s * (x - centre[0]));
    }
    for (int32_t y = 0; y < height; y++) {
        displace->row_u[y] = fixed(-s * (y - centre[1]));
        displace->row_v[y] = fixed(centre[1] + c * (y - centre[1]));
    }
}

static unsigned pixel_or_paper(const rp_page_image *image, int32_t x, int32_t y) {
    if (x < 0 || y < 0 || x >= image->width || y >= image->height) return 255;
    return image->data[(size_t)y * image->stride + (size_t)x];
}

/* Weights in 1/256 each way; +32768 rounds the sum of four products in 1/65536. */
static uint8_t mix(const unsigned corner[4], unsigned right, unsigned down) {
    const unsigned top = corner[0] * (256 - right) + corner[1] * right;
    const unsigned bottom = corner[2] * (256 - right) + corner[3] * right;
    return (uint8_t)((top * (256 - down) + bottom * down + 32768) >> 16);
}

static uint8_t sample_at_edge(const rp_page_image *image, int32_t u, int32_t v) {
    const int32_t x = u >> 12, y = v >> 12; /* towards minus infinity */
    const unsigned corner[4] = {pixel_or_paper(image, x, y), pixel_or_paper(image, x + 1, y),
                                pixel_or_paper(image, x, y + 1),
                                pixel_or_paper(image, x + 1, y + 1)};
    return mix(corner, (unsigned)(u >> 4) & 255, (unsigned)(v >> 4) & 255);
}

void rp_page_displace_apply(const rp_page_image *target, const rp_page_image *source,
                            const rp_page_displace *displace) {
    const uint32_t inner_width = (uint32_t)source->width - 1;
    const uint32_t inner_height = (uint32_t)source->height - 1;
    for (int32_t y = 0; y < target->height; y++) {
        uint8_t *row = target->data + (size_t)y * target->stride;
        const int32_t row_u = displace->row_u[y], row_v = displace->row_v[y];
        for (int32_t x = 0; x < target->width; x++) {
            const int32_t u = displace->column_u[x] + row_u, v = displace->column_v[x] + row_v;
            if ((uint32_t)(u >> 12) >= inner_width || (uint32_t)(v >> 12) >= inner_height) {
                row[x] = sample_at_edge(source, u, v);
                continue;
            }
            const uint8_t *at = source->data + (size_t)(v >> 12) * source->stride + (u >> 12);
            const unsigned corner[4] = {at[0], at[1], at[source->stride], at[source->stride + 1]};
            row[x] = mix(corner, (unsigned)(u >> 4) & 255, (unsigned)(v >> 4) & 255);
        }
    }
}
