/* crop.c: see crop.h. */
#include "page/crop.h"

#include <math.h>

#include "page/displace.h"
#include "page/lone_system.h"

/* RP_FRAME_LEVEL, in staff spaces: paper above and below, between the staves, and how much of the
 * latter is left as it is at either staff. */
static const double level_margin = 7, level_gap = 9, level_near = 3.5;
static const double staves_spaces = 8; /* the two staves themselves */

/* The middle between top and bottom line at column x, straight on beyond the ends. */
static double middle_at(const rp_page_system *system, double x) {
    const double at = (x - system->box.left) / system->step;
    const int32_t last = system->points - 1;
    if (at <= 0 || at >= last) {
        const int32_t end = at <= 0 ? 0 : last;
        return (system->top[end] + system->bottom[end]) / 2.0 +
               tan(system->skew_radians) * (x - system->box.left - end * system->step);
    }
    const int32_t left = (int32_t)at;
    const double share = at - left;
    const double here = (system->top[left] + system->bottom[left]) / 2.0;
    const double next = (system->top[left + 1] + system->bottom[left + 1]) / 2.0;
    return here + share * (next - here);
}

static double mean_height(const rp_page_system *system) {
    double sum = 0;
    for (int32_t i = 0; i < system->points; i++) sum += system->bottom[i] - system->top[i];
    return sum / system->points;
}

/* First and last column of the page that the crop shows. */
static void crop_sides(double sides[2], const rp_page_system *system, const rp_page_image *page) {
    const double around = (mean_height(system) + 1) / 2;
    const int32_t left = system->reach_left, right = system->reach_right;
    sides[0] = fmax(0, system->box.left - (left > 0 ? fmin(left, around) : around));
    sides[1] = fmin(page->width, system->box.right + (right > 0 ? fmin(right, around) : around));
}

double rp_page_crop_to_page(const rp_page_system *system, const rp_page_image *page,
                            const rp_page_image *crop, double x) {
    double sides[2];
    crop_sides(sides, system, page);
    return sides[0] + x * (sides[1] - sides[0]) / crop->width;
}

double rp_page_to_crop(const rp_page_system *system, const rp_page_image *page,
                       const rp_page_image *crop, double x) {
    double sides[2];
    crop_sides(sides, system, page);
    return (x - sides[0]) * crop->width / (sides[1] - sides[0]);
}

/* How far below the top line something stands that a level crop shows `at` below it, where the
 * staves are `gap` apart; all in staff spaces. */
static double level_source(double at, double gap) {
    const double near = fmin(level_near, 0.4 * gap);
    if (at <= 4 + near) return at;
    if (at >= 4 + level_gap - near) return at - level_gap + gap;
    return 4 + near + (at - 4 - near) * (gap - 2 * near) / (level_gap - 2 * near);
}

/* What a crop shows down its height, in px of the page. */
typedef struct rows {
    const rp_page_system *system;
    rp_page_frame frame;
    double tall; /* from top to bottom line */
} rows;

static double rows_high(const rows *r) {
    const double level = staves_spaces + level_gap + 2 * level_margin;
    return r->frame == RP_FRAME_LEVEL ? level * r->system->staff_space : 2 * (r->tall + 1);
}

/* How far below the staves' middle the page's point at row y is. */
static double rows_source(const rows *r, double y) {
    if (r->frame == RP_FRAME_HALF) return y - r->tall - 1;
    const double space = r->system->staff_space, gap = r->tall / space - staves_spaces;
    return level_source(y / space - level_margin, gap) * space - r->tall / 2;
}

/* Columns follow the staves' middle; rows lean so that barlines stand upright. `left` is the page's
 * column at the crop's first; `zoom` px of the crop are one of the page. */
static void fill_tables(const rp_page_displace *displace, const rows *r, const rp_page_image *crop,
                        double left, double zoom) {
    for (int32_t x = 0; x < crop->width; x++) {
        const double at = left + (x + 0.5) / zoom - 0.5;
        displace->column_u[x] = (int32_t)lrint(at * RP_PAGE_DISPLACE_ONE);
        displace->column_v[x] = (int32_t)lrint(middle_at(r->system, at) * RP_PAGE_DISPLACE_ONE);
    }
    const double lean = tan(r->system->skew_radians);
    for (int32_t y = 0; y < crop->height; y++) {
        const double down = rows_source(r, (y + 0.5) / zoom - 0.5);
        displace->row_u[y] = (int32_t)lrint(-lean * down * RP_PAGE_DISPLACE_ONE);
        displace->row_v[y] = (int32_t)lrint(down * RP_PAGE_DISPLACE_ONE);
    }
}

rp_status rp_page_crop_system(rp_page_image *crop, const rp_page_image *page,
                              const rp_page_system *system, rp_page_frame frame, int32_t height,
                              rp_arena *arena, rp_error *error) {
    const rows down = {.system = system, .frame = frame, .tall = mean_height(system)};
    const double zoom = fmax(1, height / rows_high(&down)); /* small images: enlarged at once */
    double sides[2];
    crop_sides(sides, system, page);
    rp_page_image straight = {0};
    RP_TRY(rp_page_image_make(&straight, arena, (int64_t)fmax(1, (sides[1] - sides[0]) * zoom),
                              (int64_t)fmax(1, lrint(rows_high(&down) * zoom)), "a system", error));
    rp_page_displace displace;
    if (!rp_page_displace_make(&displace, straight.width, straight.height, arena))
        return rp_fail_memory(error, "a straightened system");
    fill_tables(&displace, &down, &straight, sides[0], zoom);
    rp_page_displace_apply(&straight, page, &displace);
    return rp_page_image_scale(crop, &straight, height, arena, error);
}

rp_status rp_page_straighten(rp_page_image *crop, rp_page_system *system,
                             const rp_page_image *image, const char *name, rp_page_frame frame,
                             int32_t height, rp_arena *arena, rp_error *error) {
    rp_error why = {0};
    const rp_status status = rp_page_find_system(system, image, name, arena, &why);
    if (status == RP_OK)
        return rp_page_crop_system(crop, image, system, frame, height, arena, error);
    if (status != RP_NO) {
        if (error != NULL) *error = why;
        return status;
    }
    *system =
        (rp_page_system){.box = {.right = image->width, .bottom = image->height}, .confidence = 1};
    return rp_page_image_scale(crop, image, height, arena, error);
}
