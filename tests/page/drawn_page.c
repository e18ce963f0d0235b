/* drawn_page.c: see drawn_page.h. */
#include "drawn_page.h"

#include <math.h>

#include "base/random.h"

const drawn_page drawn_page_plain = {.width = 1200,
                                     .height = 1500,
                                     .space = 10,
                                     .thickness = 1.4,
                                     .systems = 4,
                                     .has_brace = true,
                                     .has_barlines = true,
                                     .has_left_line = true,
                                     .has_notes = true,
                                     .seed = 1};

static const double pi = 3.14159265358979323846;

typedef struct drawing_state {
    const drawn_page *page;
    rp_page_image image;
    rp_random random;
    double left, right; /* of the staves */
} drawing_state;

static double fall(const drawing_state *drawing, double x) {
    return drawing->page->slope * x + drawing->page->bend * sin(pi * x / drawing->page->width);
}

static void blacken(const drawing_state *drawing, double left, double top, double right,
                    double bottom) {
    for (int32_t y = (int32_t)lrint(top); y < lrint(bottom); y++)
        for (int32_t x = (int32_t)lrint(left); x < lrint(right); x++)
            if (x >= 0 && y >= 0 && x < drawing->image.width && y < drawing->image.height)
                drawing->image.data[(size_t)y * drawing->image.stride + (size_t)x] = 0;
}

static void draw_line(drawing_state *drawing, double y) {
    const double thick = fmax(1, round(drawing->page->thickness));
    double missing = 0;
    for (double x = drawing->left; x < drawing->right; x++) {
        const double share = drawing->page->broken;
        const double length = drawing->page->space * 2; /* of a gap */
        if (missing <= 0 && rp_random_uniform(&drawing->random) < share / length) missing = length;
        if (missing-- > 0) continue;
        const double at = round(y + fall(drawing, x) - thick / 2);
        blacken(drawing, x, at, x + 1, at + thick);
    }
}

/* An upright at `x` of the unskewed page from y `top` to `bottom`, at right angles to the staves.
 */
static void draw_upright(const drawing_state *drawing, double x, double top, double bottom,
                         double wide) {
    for (double y = top; y < bottom; y++) {
        const double at = x - drawing->page->slope * (y - top), down = y + fall(drawing, x);
        blacken(drawing, at - wide / 2, down, at + wide / 2, down + 1);
    }
}

static void draw_brace(const drawing_state *drawing, double top, double bottom) {
    const double space = drawing->page->space;
    for (double y = top; y <= bottom; y++) {
        const double share = (y - top) / (bottom - top); /* two arcs that meet in the middle */
        const double bulge = fabs(sin(2 * pi * share)) * 0.6;
        const double tip = exp(-fabs(share - 0.5) * 12);
        draw_upright(drawing, drawing->left - space * (0.5 + 0.5 * bulge + 0.6 * tip), y, y + 1,
                     0.3 * space);
    }
}

static void draw_notes(drawing_state *drawing, double top) {
    const double space = drawing->page->space;
    for (double x = drawing->left + 6 * space; x < drawing->right - space; x += 3 * space) {
        const double y = top + space * (double)rp_random_below(&drawing->random, 11) / 2 +
                         fall(drawing, x) - space / 2;
        blacken(drawing, x, y, x + 1.2 * space, y + 0.9 * space);
        blacken(drawing, x + 1.1 * space, y - 3 * space, x + 1.25 * space, y + 0.4 * space);
    }
}

static double draw_staff(drawing_state *drawing, double top) {
    for (int line = 0; line < 5; line++) draw_line(drawing, top + line * drawing->page->space);
    if (drawing->page->has_notes) draw_notes(drawing, top);
    return top + 4 * drawing->page->space;
}

static double gap_of(const drawn_page *page) { return page->gap > 0 ? page->gap : 6; }

static rp_page_box draw_system(drawing_state *drawing, double top) {
    const drawn_page *page = drawing->page;
    const double space = page->space;
    double upper = top, lower = 0;
    for (int voice = 0; voice < page->voices; voice++)
        upper = draw_staff(drawing, upper) + 8 * space;
    lower = draw_staff(drawing, upper) + gap_of(page) * space;
    const double bottom = draw_staff(drawing, lower);
    if (page->has_left_line) draw_upright(drawing, drawing->left, top, bottom, 0.2 * space);
    const double foot = upper - 8 * space; /* of the voices */
    if (page->has_brace) draw_brace(drawing, upper, bottom);
    if (page->has_voice_brace) draw_brace(drawing, top, foot);
    if (page->has_bracket)
        draw_upright(drawing, drawing->left - 0.7 * space, top, bottom, 0.5 * space);
    if (page->has_barlines)
        for (int bar = 1; bar <= 4; bar++)
            draw_upright(drawing, drawing->left + (drawing->right - drawing->left) * bar / 4 - 1,
                         page->has_long_barlines ? top : upper, bottom, 0.2 * space);
    if (page->has_voice_barlines)
        for (int bar = 1; bar <= 4; bar++)
            draw_upright(drawing, drawing->left + (drawing->right - drawing->left) * bar / 4 - 1,
                         top, foot, 0.2 * space);
    double highest = 1e9, lowest = -1e9;
    for (double x = drawing->left; x < drawing->right; x++) {
        highest = fmin(highest, fall(drawing, x));
        lowest = fmax(lowest, fall(drawing, x));
    }
    return (rp_page_box){(int32_t)drawing->left, (int32_t)(upper + highest),
                         (int32_t)drawing->right, (int32_t)(bottom + lowest)};
}

static void add_dirt(drawing_state *drawing) {
    const drawn_page *page = drawing->page;
    if (page->has_border) {
        blacken(drawing, 0, 0, page->space * 2, page->height);
        blacken(drawing, 0, 0, page->width, page->space * 1.5);
    }
    const double pixels = (double)page->width * page->height;
    for (double i = 0; i < page->noise * pixels; i++) {
        const uint32_t x = rp_random_below(&drawing->random, (uint32_t)page->width);
        const uint32_t y = rp_random_below(&drawing->random, (uint32_t)page->height);
        uint8_t *at = drawing->image.data + y * drawing->image.stride + x;
        *at = (uint8_t)(255 - *at);
    }
}

void drawn_page_add(const rp_page_image *image, const drawn_page *page, rp_page_box *boxes) {
    drawing_state drawing = {.page = page,
                             .image = *image,
                             .random = rp_random_make(page->seed, 9),
                             .left = page->width * (page->left > 0 ? page->left : 0.09),
                             .right = page->width * (page->right > 0 ? page->right : 0.94)};
    const double margin = 5 * page->space + fmax(0, -page->slope * page->width);
    for (int i = 0; i < page->systems; i++) {
        const double tall = (page->voices * 12 + 8 + gap_of(page) + 9) * page->space;
        boxes[i] = draw_system(&drawing, (page->top > 0 ? page->top : margin) + i * tall);
    }
    add_dirt(&drawing);
}

rp_page_image drawn_page_make(const drawn_page *page, rp_page_box *boxes, rp_arena *arena) {
    rp_page_image image = {0};
    if (rp_page_image_make(&image, arena, page->width, page->height, "drawn", NULL) != RP_OK)
        return image;
    rp_page_image_fill(&image, 255);
    drawn_page_add(&image, page, boxes);
    return image;
}
