/* picture.c: see picture.h. The parts are scaled as greys, then copied row by row into one block of
 * red, green and blue; a tint multiplies paper and leaves ink, as a marker pen does. */
#include "page/picture.h"

#include <assert.h>
#include <string.h>

#include "page/png_image.h"

enum {
    WIDTH_MIN = 64,
    WIDTH_MAX = 8000,
    GAP = 24,    /* px of grey between two parts */
    FOOT = 40,   /* px of paper left under the last ink of a part */
    FRAME = 3,   /* px: line around a system */
    AROUND = 7,  /* px between a system's outer staff lines and the frame's outer edge */
    INK = 160,   /* darker than this is ink, when the empty foot is looked for */
    GREY = 0x90, /* of the gap */
};

typedef struct colour {
    uint8_t red, green, blue;
} colour;

/* Tints of neighbouring systems and their frames, apart for the colour-blind as well. */
static const colour tints[2] = {{222, 236, 255}, {255, 236, 210}};
static const colour frames[2] = {{20, 90, 200}, {220, 110, 0}};

/* Doubts: reddish, with slanted lines, so that they show without colours too. */
static const colour doubt_tint = {255, 205, 200}, doubt_line = {235, 150, 140};
enum { HATCH = 14, HATCH_LINE = 2 }; /* px from line to line, and of a line */

typedef struct canvas {
    uint8_t *data; /* 3 bytes a pixel */
    int32_t width, height;
    size_t stride;
} canvas;

/* -------- parts -------- */

/* The height of `image` without the paper under its last ink, with a little of it. */
static int32_t height_to_foot(const rp_page_image *image) {
    for (int32_t y = image->height - 1; y > 0; y--) {
        const uint8_t *row = image->data + (size_t)y * image->stride;
        for (int32_t x = 0; x < image->width; x++)
            if (row[x] < INK) return y + FOOT < image->height ? y + FOOT : image->height;
    }
    return image->height;
}

static rp_status scale_part(rp_page_image *part, const rp_page_image *source, int32_t width,
                            rp_arena *arena, rp_error *error) {
    const int64_t height = ((int64_t)source->height * width + source->width / 2) / source->width;
    RP_TRY(rp_page_image_make(part, arena, width, height > 0 ? height : 1, "the picture", error));
    RP_TRY(rp_page_image_resize(part, source, arena, error));
    part->height = height_to_foot(part);
    return RP_OK;
}

static void copy_part(const canvas *canvas, int32_t top, const rp_page_image *part) {
    for (int32_t y = 0; y < part->height; y++) {
        const uint8_t *from = part->data + (size_t)y * part->stride;
        uint8_t *to = canvas->data + (size_t)(top + y) * canvas->stride;
        for (int32_t x = 0; x < part->width; x++) memset(to + 3 * (size_t)x, from[x], 3);
    }
}

/* -------- systems -------- */

static void tint_pixel(uint8_t *pixel, colour tint) {
    pixel[0] = (uint8_t)(pixel[0] * tint.red / 255);
    pixel[1] = (uint8_t)(pixel[1] * tint.green / 255);
    pixel[2] = (uint8_t)(pixel[2] * tint.blue / 255);
}

static int32_t clamp(int64_t value, int32_t high) {
    return value < 0 ? 0 : value > high ? high : (int32_t)value;
}

/* `box` in pixels of the page's part, a little larger, cut at its edges. */
static rp_page_box scale_box(rp_page_box box, const rp_page_image *page,
                             const rp_page_image *part) {
    const int32_t from = page->width, to = part->width;
    return (rp_page_box){
        clamp((int64_t)box.left * to / from - AROUND, part->width),
        clamp((int64_t)box.top * to / from - AROUND, part->height),
        clamp(((int64_t)box.right * to + from - 1) / from + AROUND, part->width),
        clamp(((int64_t)box.bottom * to + from - 1) / from + AROUND, part->height)};
}

static void draw_system(const canvas *canvas, rp_page_box box, colour tint, colour frame) {
    for (int32_t y = box.top; y < box.bottom; y++) {
        const bool is_edge_row = y < box.top + FRAME || y >= box.bottom - FRAME;
        uint8_t *row = canvas->data + (size_t)y * canvas->stride;
        for (int32_t x = box.left; x < box.right; x++) {
            const bool is_edge = is_edge_row || x < box.left + FRAME || x >= box.right - FRAME;
            if (is_edge) memcpy(row + 3 * (size_t)x, &frame, 3);
            else tint_pixel(row + 3 * (size_t)x, tint);
        }
    }
}

static void draw_doubt(const canvas *canvas, rp_page_box box) {
    for (int32_t y = box.top + FRAME; y < box.bottom - FRAME; y++) {
        uint8_t *row = canvas->data + (size_t)y * canvas->stride;
        for (int32_t x = box.left; x < box.right; x++)
            tint_pixel(row + 3 * (size_t)x, (x + y) % HATCH < HATCH_LINE ? doubt_line : doubt_tint);
    }
}

/* -------- the whole -------- */

/* Scales the page and the pictures below into parts[0 .. 1 + below_count); returns the height. */
static rp_status make_parts(rp_page_image *parts, int64_t *height, const rp_page_picture *picture,
                            rp_arena *arena, rp_error *error) {
    *height = 0;
    for (size_t i = 0; i <= picture->below_count; i++) {
        const rp_page_image *source = i == 0 ? picture->page : &picture->below[i - 1];
        RP_TRY(scale_part(&parts[i], source, picture->width, arena, error));
        *height += parts[i].height + (i > 0 ? GAP : 0);
    }
    return RP_OK;
}

static rp_status draw(const char *path, const rp_page_picture *picture, rp_arena *arena,
                      rp_error *error) {
    rp_page_image *parts = rp_arena_array(arena, picture->below_count + 1, sizeof *parts);
    if (parts == NULL) return rp_fail_memory(error, path);
    int64_t height = 0;
    RP_TRY(make_parts(parts, &height, picture, arena, error));
    if (height * picture->width > RP_PAGE_PIXELS_MAX)
        return rp_fail(error, RP_INPUT, -1,
                       "%s: the picture would have %lld rows; show fewer pages", path,
                       (long long)height);
    canvas canvas = {.width = picture->width, .height = (int32_t)height};
    canvas.stride = 3 * (size_t)canvas.width;
    canvas.data = rp_arena_alloc_raw(arena, canvas.stride * (size_t)height);
    if (canvas.data == NULL) return rp_fail_memory(error, path);
    memset(canvas.data, GREY, canvas.stride * (size_t)height);

    int32_t top = 0;
    for (size_t i = 0; i <= picture->below_count; i++) {
        copy_part(&canvas, top, &parts[i]);
        top += parts[i].height + GAP;
    }
    for (size_t i = 0; i < picture->system_count; i++)
        draw_system(&canvas, scale_box(picture->systems[i], picture->page, &parts[0]), tints[i % 2],
                    frames[i % 2]);
    for (size_t i = 0; i < picture->doubt_count; i++) {
        rp_page_box box = scale_box(picture->doubts[i], picture->page, &parts[0]);
        box.left += AROUND; /* side by side, doubts must not overlap */
        box.right -= AROUND;
        draw_doubt(&canvas, box);
    }
    const rp_page_rgb rgb = {canvas.width, canvas.height, canvas.stride, canvas.data};
    return rp_page_png_write_rgb(path, &rgb, error);
}

rp_status rp_page_picture_write(const char *path, const rp_page_picture *picture, rp_error *error) {
    assert(picture->page != NULL && picture->page->width > 0);
    if (picture->width < WIDTH_MIN || picture->width > WIDTH_MAX)
        return rp_fail(error, RP_USAGE, -1, "a picture is %d to %d pixels wide, not %d", WIDTH_MIN,
                       WIDTH_MAX, picture->width);
    rp_arena arena = {0};
    const rp_status status = draw(path, picture, &arena, error);
    rp_arena_clear(&arena);
    return status;
}
