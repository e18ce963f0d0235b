/* systems.c: see systems.h. */
#include "page/systems.h"

#include <math.h>

#include "page/ink.h"
#include "page/joints.h"
#include "page/staff_order.h"
#include "page/staves.h"

/* Larger pages are looked at in a smaller copy with lines about this far apart: nothing is lost,
 * and the time no longer grows. */
static const double space_wanted = 18, space_largest = 27;

typedef struct page_view {
    rp_page_image ink;
    double scale; /* px of the page a px of `ink` */
    rp_page_staves staves;
} page_view;

static rp_status nothing_found(const char *name, rp_error *error) {
    return rp_fail(error, RP_NO, 0, "%s: no music found: nothing repeats as staff lines do", name);
}

/* The page's ink at a size where lines are at most `space_largest` apart. */
static rp_status view_make(page_view *view, const rp_page_image *page, const char *name,
                           rp_arena *arena, rp_error *error) {
    RP_TRY(rp_page_ink_make(&view->ink, page, arena, error));
    view->scale = 1;
    if (!rp_page_staff_space(&view->staves.space, &view->staves.thickness, &view->ink))
        return nothing_found(name, error);
    if (view->staves.space <= space_largest) return RP_OK;
    rp_page_image small = {0};
    const int32_t height = (int32_t)fmax(1, page->height * space_wanted / view->staves.space);
    RP_TRY(rp_page_image_scale(&small, page, height, arena, error));
    RP_TRY(rp_page_ink_make(&view->ink, &small, arena, error));
    view->scale = (double)page->height / height;
    if (!rp_page_staff_space(&view->staves.space, &view->staves.thickness, &view->ink))
        return nothing_found(name, error);
    return RP_OK;
}

/* -- pairing ---------------------------------------------------------------------------------- */

/* Chooses which neighbours are pairs so that their scores sum to the most: is_upper[i] says that
 * staves i and i + 1 are one system. best[i] is the most that staves i.. can come to. */
static void choose_pairs(bool *is_upper, double *best, const double *scores, size_t count) {
    best[count] = 0;
    if (count > 0) best[count - 1] = 0;
    for (size_t i = count > 1 ? count - 1 : 0; i-- > 0;) {
        const double paired = scores[i] + best[i + 2];
        is_upper[i] = scores[i] > 0 && paired >= best[i + 1];
        best[i] = is_upper[i] ? paired : best[i + 1];
    }
    for (size_t i = 0; i < count; i++)
        if (is_upper[i] && i + 1 < count) is_upper[++i] = false;
}

/* -- boxes ------------------------------------------------------------------------------------ */

/* Halves the paper between a system, whose box is `seen` in px of the ink, and staves beside it. */
static void set_reach(rp_page_system *system, const page_view *view, const rp_page_box *seen) {
    const rp_page_staves *staves = &view->staves;
    const double space = staves->space;
    for (size_t i = 0; i < staves->count; i++) {
        const rp_page_staff *staff = &staves->staves[i];
        const bool is_left = staff->right <= seen->left, is_right = staff->left >= seen->right;
        if (!is_left && !is_right) continue;
        const double top =
            rp_page_staff_line_at(staves, staff, 0, is_left ? seen->left : seen->right);
        if (top + 5 * space < seen->top || top - space > seen->bottom) continue;
        const int32_t gap = is_left ? seen->left - staff->right : staff->left - seen->right;
        const int32_t half = (int32_t)fmax(1, gap * view->scale / 2);
        int32_t *reach = is_left ? &system->reach_left : &system->reach_right;
        if (*reach == 0 || half < *reach) *reach = half;
    }
}

static rp_status make_system(rp_page_system *system, const page_view *view, size_t upper,
                             rp_arena *arena, rp_error *error) {
    const rp_page_staves *staves = &view->staves;
    const rp_page_staff *pair = &staves->staves[upper];
    const double left = fmin(pair[0].left, pair[1].left);
    const double right = fmax(pair[0].right, pair[1].right);
    const int32_t points = (int32_t)fmax(2, (right - left) / staves->strip + 1);
    const double step = (right - left) / (points - 1);
    *system = (rp_page_system){.points = points, .step = step * view->scale};
    system->top = rp_arena_array(arena, (size_t)points, sizeof *system->top);
    system->bottom = rp_arena_array(arena, (size_t)points, sizeof *system->bottom);
    if (system->top == NULL || system->bottom == NULL)
        return rp_fail_memory(error, "the systems of a page");
    double highest = 1e9, lowest = -1e9;
    for (int32_t i = 0; i < points; i++) { /* pixel centres keep their place: (x + 0.5) * scale */
        const double x = left + i * step;
        const double top = rp_page_staff_line_at(staves, &pair[0], 0, x);
        const double bottom = rp_page_staff_line_at(staves, &pair[1], 4, x);
        system->top[i] = (float)((top + 0.5) * view->scale - 0.5);
        system->bottom[i] = (float)((bottom + 0.5) * view->scale - 0.5);
        highest = fmin(highest, system->top[i]);
        lowest = fmax(lowest, system->bottom[i]);
    }
    set_reach(system, view,
              &(rp_page_box){(int32_t)left, (int32_t)(highest / view->scale), (int32_t)right,
                             (int32_t)(lowest / view->scale)});
    const double half = view->staves.thickness * view->scale / 2;
    system->box = (rp_page_box){(int32_t)lrint(left * view->scale), (int32_t)lrint(highest - half),
                                (int32_t)lrint(right * view->scale), (int32_t)lrint(lowest + half)};
    system->staff_space = (pair[0].space + pair[1].space) / 2 * view->scale;
    const double fall =
        system->top[points - 1] - system->top[0] + system->bottom[points - 1] - system->bottom[0];
    system->skew_radians = atan2(fall / 2, system->step * (points - 1));
    return RP_OK;
}

static double page_skew(const rp_page_staves *staves) {
    double sum = 0, weights = 0;
    for (size_t i = 0; i < staves->count; i++) {
        const rp_page_staff *staff = &staves->staves[i];
        const double width = staff->right - staff->left;
        sum += rp_page_staff_line_at(staves, staff, 2, staff->right) -
               rp_page_staff_line_at(staves, staff, 2, staff->left);
        weights += width;
    }
    return weights > 0 ? atan2(sum, weights) : 0;
}

/* Is the line or curve before gap i no brace of these two staves, but a bracket that goes on? */
static bool is_bracket(const rp_page_joint *joints, size_t i, size_t gaps) {
    return (i > 0 && joints[i - 1].brace > 0.8) || (i + 1 < gaps && joints[i + 1].brace > 0.8);
}

/* In a system of three staves or more - gaps first .. last - 1, all joined by the line at the left
 * - barlines tell the piano from the voices; where none are seen, the brace does. In a quartet,
 * barlines may join all staves, or two and two, or just the upper two, with a bracket at their left
 * that is no brace; the lowest two may be a piano's all the same, whose brace cannot be told. */
static void settle_group(double *scores, const rp_page_joint *joints, size_t first, size_t last,
                         size_t gaps) {
    enum { QUARTET_GAPS = 3 };
    const bool is_quartet = last - first >= QUARTET_GAPS;
    size_t barred = 0;
    for (size_t i = first; i < last; i++) barred += joints[i].barlines > 0;
    for (size_t i = first; i < last; i++) {
        const bool has_brace = joints[i].brace > 0.6 && !is_bracket(joints, i, gaps);
        const bool is_straight = joints[i].bracket > 0.9 && (barred > 1 || i + 1 < last);
        if (joints[i].barlines == 0 && (barred > 0 || !has_brace)) scores[i] = -1;
        if (is_quartet && (is_straight || (barred == last - first && !has_brace))) scores[i] = -1;
    }
}

static void score_joints(double *scores, rp_page_joint *joints, const page_view *view) {
    const rp_page_staves *staves = &view->staves;
    const size_t gaps = staves->count > 0 ? staves->count - 1 : 0;
    for (size_t i = 0; i < gaps; i++) {
        joints[i] =
            rp_page_joint_see(&view->ink, staves, &staves->staves[i], &staves->staves[i + 1]);
        scores[i] = rp_page_joint_score(&joints[i]);
    }
    for (size_t first = 0; first < gaps;) {
        size_t last = first;
        while (last < gaps && joints[last].left_line > 0.75) last++;
        if (last > first + 1) settle_group(scores, joints, first, last, gaps);
        first = last > first ? last : first + 1;
    }
}

static rp_status join_staves(rp_page_systems *systems, const page_view *view, rp_arena *arena,
                             rp_error *error) {
    const rp_page_staves *staves = &view->staves;
    const size_t count = staves->count;
    double *scores = rp_arena_array(arena, count + 1, sizeof *scores);
    rp_page_joint *joints = rp_arena_array(arena, count + 1, sizeof *joints);
    double *best = rp_arena_array(arena, count + 2, sizeof *best);
    bool *is_upper = rp_arena_array(arena, count + 1, sizeof *is_upper);
    systems->systems = rp_arena_array(arena, count + 1, sizeof *systems->systems);
    if (arena->failed) return rp_fail_memory(error, "the systems of a page");
    score_joints(scores, joints, view);
    choose_pairs(is_upper, best, scores, count);
    for (size_t i = 0; i + 1 < count; i++) {
        if (!is_upper[i]) continue;
        rp_page_system *system = &systems->systems[systems->count++];
        RP_TRY(make_system(system, view, i, arena, error));
        const double clear = fmin(staves->staves[i].clearness, staves->staves[i + 1].clearness);
        system->confidence = clear * fmin(1, 0.4 + 0.3 * scores[i]);
    }
    return RP_OK;
}

rp_status rp_page_find_systems(rp_page_systems *systems, const rp_page_image *page,
                               const char *name, rp_arena *arena, rp_error *error) {
    *systems = (rp_page_systems){0};
    page_view view = {0};
    RP_TRY(view_make(&view, page, name, arena, error));
    RP_TRY(rp_page_staves_find(&view.staves, &view.ink, arena, error));
    systems->staves = view.staves.count;
    systems->staff_space = view.staves.space * view.scale;
    systems->skew_radians = page_skew(&view.staves);
    rp_page_staves_order(&view.staves);
    if (view.staves.count == 0)
        return rp_fail(error, RP_NO, 0, "%s: no music found: no staff of five lines", name);
    RP_TRY(join_staves(systems, &view, arena, error));
    if (systems->count == 0)
        return rp_fail(error, RP_NO, 0,
                       "%s: no piano system found: of %zu staves no two are joined by a brace or "
                       "barlines as a piano's are",
                       name, view.staves.count);
    return RP_OK;
}
