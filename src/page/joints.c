/* joints.c: see joints.h. Lines are followed at right angles to the staves, so that a skewed page
 * needs no turning first. */
#include "page/joints.h"

#include <math.h>

typedef struct joint_gap {
    const rp_page_image *ink;
    const rp_page_staves *staves;
    const rp_page_staff *upper, *lower;
    double slope; /* of the staves, px a px */
} joint_gap;

static double mean_slope(const rp_page_staves *staves, const rp_page_staff *staff) {
    const double left = rp_page_staff_line_at(staves, staff, 2, staff->left);
    const double right = rp_page_staff_line_at(staves, staff, 2, staff->right);
    return staff->right > staff->left ? (right - left) / (staff->right - staff->left) : 0;
}

static bool has_ink(const rp_page_image *ink, int32_t left, int32_t right, int32_t y) {
    left = left < 0 ? 0 : left;
    right = right > ink->width ? ink->width : right;
    if (y < 0 || y >= ink->height) return false;
    for (int32_t x = left; x < right; x++)
        if (ink->data[(size_t)y * ink->stride + (size_t)x] != 0) return true;
    return false;
}

/* Share of the rows `top` .. `bottom` below column x that have ink within `reach` px of the upright
 * through (x, top); every `step`th row is looked at. */
static double upright_share(const joint_gap *gap, double x, const double rows[2], int32_t reach,
                            int32_t step) {
    int32_t seen = 0, count = 0;
    for (double y = rows[0]; y <= rows[1]; y += step, count++) {
        const int32_t middle = (int32_t)lrint(x - gap->slope * (y - rows[0]));
        seen += has_ink(gap->ink, middle - reach, middle + reach + 1, (int32_t)lrint(y));
    }
    return count > 0 ? (double)seen / count : 0;
}

/* The gap's rows at column x, a line's thickness away from both staves. */
static void gap_rows(double rows[2], const joint_gap *gap, double x) {
    const double away = gap->staves->thickness + 1;
    rows[0] = rp_page_staff_line_at(gap->staves, gap->upper, 4, x) + away;
    rows[1] = rp_page_staff_line_at(gap->staves, gap->lower, 0, x) - away;
}

/* Counts lines through the gap from `left` to `right`. A line is at least nine tenths there: old
 * barlines break. Lines closer than two spaces (a double bar) are one. */
static int32_t count_lines(const joint_gap *gap, double left, double right) {
    const double space = gap->staves->space;
    int32_t count = 0;
    double last = -1e9;
    for (double x = left; x < right; x++) {
        double rows[2];
        gap_rows(rows, gap, x);
        if (rows[1] - rows[0] < space) continue;
        if (upright_share(gap, x, rows, 1, 7) < 0.8) continue; /* a quick look first */
        if (upright_share(gap, x, rows, 1, 1) < 0.9) continue;
        if (x - last > 2 * space) count++;
        last = x;
    }
    return count;
}

/* Share of the rows of both staves with ink in the space before their left ends: a brace, bent as
 * it is, passes there at every height. */
static double brace_share(const joint_gap *gap, double left) {
    const double space = gap->staves->space;
    const double top = rp_page_staff_line_at(gap->staves, gap->upper, 0, left);
    const double bottom = rp_page_staff_line_at(gap->staves, gap->lower, 4, left);
    int32_t seen = 0, count = 0;
    for (double y = top; y <= bottom; y++, count++) {
        const double at = left - gap->slope * (y - top);
        seen += has_ink(gap->ink, (int32_t)(at - 2.2 * space), (int32_t)(at - 0.3 * space),
                        (int32_t)lrint(y));
    }
    return count > 0 ? (double)seen / count : 0;
}

/* Share of the rows of both staves with ink along the best upright in that space. */
static double bracket_share(const joint_gap *gap, double left) {
    const double space = gap->staves->space;
    const double rows[2] = {rp_page_staff_line_at(gap->staves, gap->upper, 0, left),
                            rp_page_staff_line_at(gap->staves, gap->lower, 4, left)};
    double most = 0;
    for (double x = left - 2.2 * space; x < left - 0.3 * space; x++)
        most = fmax(most, upright_share(gap, x, rows, 0, 2));
    return most;
}

rp_page_joint rp_page_joint_see(const rp_page_image *ink, const rp_page_staves *staves,
                                const rp_page_staff *upper, const rp_page_staff *lower) {
    const joint_gap gap = {.ink = ink,
                           .staves = staves,
                           .upper = upper,
                           .lower = lower,
                           .slope = (mean_slope(staves, upper) + mean_slope(staves, lower)) / 2};
    const double space = staves->space;
    const double left = fmax(upper->left, lower->left), right = fmin(upper->right, lower->right);
    const double widest = fmax(upper->right, lower->right) - fmin(upper->left, lower->left);
    rp_page_joint joint = {.overlap = widest > 0 ? fmax(0, right - left) / widest : 0};
    if (joint.overlap < 0.5) return joint;
    joint.barlines = count_lines(&gap, left + 2 * space, right + space);
    const double outer = fmin(upper->left, lower->left);
    for (double x = outer - 0.5 * space; x <= left + 0.5 * space; x++) {
        double rows[2];
        gap_rows(rows, &gap, x);
        joint.left_line = fmax(joint.left_line, upright_share(&gap, x, rows, 1, 2));
    }
    joint.brace = brace_share(&gap, outer);
    joint.bracket = bracket_share(&gap, outer);
    return joint;
}

double rp_page_joint_score(const rp_page_joint *joint) {
    if (joint->overlap < 0.5) return -1;
    const double bars = fmin(1, joint->barlines / 3.0);
    const double any_bar = joint->barlines > 0 ? 0.6 : 0;
    const double brace = fmin(1, fmax(0, (joint->brace - 0.4) / 0.4));
    const double line = fmin(1, fmax(0, (joint->left_line - 0.6) / 0.3));
    return any_bar + 0.6 * bars + 1.0 * brace + 0.5 * line - 0.4;
}
