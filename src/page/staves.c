/* staves.c: see staves.h. */
#include "page/staves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 5, STAVES_MAX = 200 };

/* What a comb must show: five lines seen whole score 5. A strip full of notes or of broken lines
 * can fall to 2; over its whole length a printed staff keeps 3.7 and more, whereas what was joined
 * from noise, text or beams stays below 3.1. */
static const double seed_score = 3.2, follow_score = 1.7, mean_score = 3.2;
static const double slope_max = 0.06;          /* 3.4 degrees */
enum { SEED_RUN_MIN = 7, GAP_STRIPS_MAX = 9 }; /* strips of 1.5 spaces */

typedef struct staff_finder {
    const rp_page_image *ink;
    rp_page_staves *staves;
    rp_arena *arena;
    float *lines;  /* (strips, height): share of a strip's columns with thin ink at that height */
    float *scores; /* (strips, height): what the comb shows with its top tooth there */
    uint8_t *used; /* (strips, height): belongs to a staff found before */
} staff_finder;

/* -- strips and combs ------------------------------------------------------------------------- */

/* Adds column `x` to its strip's `lines`: 1 for rows of short black runs, `thick_share` for others,
 * since notes and stems hide lines. */
static void add_column(float *lines, const rp_page_image *ink, int32_t x, int32_t run_max) {
    static const float thick_share = 0.45f;
    const uint8_t *at = ink->data + x;
    const ptrdiff_t stride = (ptrdiff_t)ink->stride;
    for (int32_t y = 0; y < ink->height;) {
        if (at[y * stride] == 0) {
            y++;
            continue;
        }
        int32_t end = y + 1;
        while (end < ink->height && at[end * stride] != 0) end++;
        const float weight = end - y <= run_max ? 1 : thick_share;
        for (; y < end; y++) lines[y] += weight;
    }
}

static void fill_lines(const staff_finder *finder) {
    const rp_page_image *ink = finder->ink;
    const int32_t strip = finder->staves->strip;
    const int32_t run_max = (int32_t)lrint(1.6 * finder->staves->thickness + 1);
    for (int32_t s = 0; s < finder->staves->strips; s++) {
        float *lines = finder->lines + (size_t)s * (size_t)ink->height;
        for (int32_t x = s * strip; x < (s + 1) * strip; x++) add_column(lines, ink, x, run_max);
        for (int32_t y = 0; y < ink->height; y++) lines[y] /= (float)strip;
    }
}

/* widened[y] = the greatest of lines[y - reach .. y + reach]. */
static void widen(float *restrict widened, const float *restrict lines, int32_t height,
                  int32_t reach) {
    memcpy(widened, lines, (size_t)height * sizeof *widened);
    for (int32_t d = 1; d <= reach; d++)
        for (int32_t y = d; y < height - d; y++) {
            const float either = lines[y - d] > lines[y + d] ? lines[y - d] : lines[y + d];
            widened[y] = widened[y] > either ? widened[y] : either;
        }
}

/* The comb's score for each height of its top tooth: five teeth, less what is seen where the lines
 * above and below a staff would be, and halfway between lines. */
static void comb(float *restrict scores, const float *restrict lines, const float *restrict widened,
                 int32_t height, double space) {
    const int32_t span = (int32_t)ceil(5 * space) + 1, margin = (int32_t)ceil(space) + 1;
    int32_t tooth[LINES + 2], half[LINES];
    for (int k = 0; k < LINES + 2; k++) tooth[k] = (int32_t)lrint((k - 1) * space);
    for (int k = 0; k < LINES - 1; k++) half[k] = (int32_t)lrint((k + 0.5) * space);
    for (int32_t y = margin; y < height - span; y++) {
        float score = -0.5f * (widened[y + tooth[0]] + widened[y + tooth[LINES + 1]]);
        for (int k = 1; k <= LINES; k++) score += widened[y + tooth[k]];
        for (int k = 0; k < LINES - 1; k++) score -= 0.3f * lines[y + half[k]];
        score += 0.02f * (lines[y] + lines[y + tooth[LINES]]); /* the middle of a wide peak */
        scores[y] = score;
    }
}

static bool fill_scores(const staff_finder *finder) {
    const int32_t height = finder->ink->height;
    const double space = finder->staves->space;
    float *widened = rp_arena_array(finder->arena, (size_t)height, sizeof *widened);
    if (widened == NULL) return false;
    const int32_t reach = (int32_t)fmax(1, lrint(0.09 * space));
    for (int32_t s = 0; s < finder->staves->strips; s++) {
        const float *lines = finder->lines + (size_t)s * (size_t)height;
        widen(widened, lines, height, reach);
        comb(finder->scores + (size_t)s * (size_t)height, lines, widened, height, space);
    }
    return true;
}

/* -- curves ----------------------------------------------------------------------------------- */

double rp_page_staff_line_at(const rp_page_staves *staves, const rp_page_staff *staff, int line,
                             double x) {
    const double at = x / staves->strip - 0.5;
    int32_t left = (int32_t)floor(at);
    const int32_t lowest = staff->first, highest = staff->last - 1;
    left = left > highest ? highest : left;
    left = left < lowest ? lowest : left;
    double slope = 0;
    if (staff->last > staff->first) slope = staff->top[left + 1] - staff->top[left];
    const bool is_beyond = at < lowest || at > staff->last;
    const int32_t reach = (staff->last - staff->first) / 4 + 1; /* the slope near that end */
    if (is_beyond && staff->last > staff->first) {
        const int32_t a = at < lowest ? lowest : staff->last - reach;
        slope = (staff->top[a + reach] - staff->top[a]) / reach;
        left = at < lowest ? lowest : staff->last;
    }
    return staff->top[left] + slope * (at - left) + line * staff->space;
}

/* Is there ink within `reach` px of row y at column x? */
static bool has_ink(const rp_page_image *ink, int32_t x, int32_t y, int32_t reach) {
    for (int32_t at = y - reach; at <= y + reach; at++)
        if (at >= 0 && at < ink->height && ink->data[(size_t)at * ink->stride + (size_t)x] != 0)
            return true;
    return false;
}

/* -- gaps ------------------------------------------------------------------------------------- */

/* Lines that stand side by side at one height are not one staff, though a staff is followed over as
 * many strips as a worn print may lack. What tells them apart: in between there is paper, and a
 * barline stands at its edge, or it is wide. On ordinary pages, scanned and engraved, no staff
 * shows paper over more than 0.73 spaces. */
static const double gap_spaces_min = 3, gap_spaces_wide = 8;

/* Is there no line of this staff at column x: at most one run of ink, such as a barline or a brace,
 * from half a space above it to half a space below? */
static bool is_paper(const staff_finder *finder, const rp_page_staff *staff, int32_t x) {
    const int32_t strip = finder->staves->strip;
    if (x < staff->first * strip || x >= (staff->last + 1) * strip) return true;
    const double top = rp_page_staff_line_at(finder->staves, staff, 0, x);
    const int32_t end = (int32_t)lrint(top + (LINES - 0.5) * staff->space);
    int runs = 0;
    bool was_ink = false;
    for (int32_t y = (int32_t)lrint(top - 0.5 * staff->space); y <= end; y++) {
        const bool is_ink = has_ink(finder->ink, x, y, 0);
        runs += is_ink && !was_ink;
        was_ink = is_ink;
    }
    return runs <= 1;
}

/* Is there ink within `reach` px of column x in row y? */
static bool has_ink_across(const rp_page_image *ink, int32_t x, int32_t reach, int32_t y) {
    for (int32_t at = x - reach; at <= x + reach; at++)
        if (at >= 0 && at < ink->width && has_ink(ink, at, y, 0)) return true;
    return false;
}

/* Does a barline or the line of a system's beginning stand near column x, if only behind a brace:
 * ink all the way from just below the top line to just above the lowest? Stems are shorter. */
static bool has_bar(const staff_finder *finder, const rp_page_staff *staff, int32_t x) {
    enum { LOOKS = 9 };
    const double within = 0.2 * staff->space; /* the staff's height is not known to the pixel */
    const double step = ((LINES - 1) * staff->space - 2 * within) / (LOOKS - 1);
    const int32_t reach = (int32_t)(2.5 * staff->space);
    const int32_t lean = (int32_t)fmax(1, lrint(0.1 * staff->space));
    for (int32_t at = x - reach; at <= x + reach; at++) {
        const double top = rp_page_staff_line_at(finder->staves, staff, 0, at) + within;
        int inked = 0;
        while (inked < LOOKS &&
               has_ink_across(finder->ink, at, lean, (int32_t)lrint(top + inked * step)))
            inked++;
        if (inked == LOOKS) return true;
    }
    return false;
}

/* Does a staff end between the strips a < b, and another begin? */
static bool ends_between(const staff_finder *finder, const rp_page_staff *staff, int32_t a,
                         int32_t b) {
    const int32_t strip = finder->staves->strip;
    const rp_page_staff part = {
        .first = a, .last = b, .top = staff->top, .space = finder->staves->space};
    for (int32_t x = a * strip; x < (b + 1) * strip;) {
        const int32_t first = x;
        while (x < (b + 1) * strip && is_paper(finder, &part, x)) x++;
        if (x - first >= gap_spaces_min * part.space &&
            (x - first >= gap_spaces_wide * part.space || has_bar(finder, &part, first) ||
             has_bar(finder, &part, x)))
            return true;
        if (x == first) x++;
    }
    return false;
}

/* -- following a staff ------------------------------------------------------------------------ */

typedef struct staff_seed {
    float score;
    int32_t strip, y;
} staff_seed;

static int by_score(const void *a, const void *b) {
    const staff_seed *first = a, *second = b;
    if (first->score != second->score) return first->score < second->score ? 1 : -1;
    if (first->strip != second->strip) return first->strip < second->strip ? -1 : 1;
    return (first->y > second->y) - (first->y < second->y);
}

/* The best height within `reach` of `expected` in a strip, and its score; the middle of a plateau.
 */
static double best_near(const staff_finder *finder, int32_t strip, double expected, double reach,
                        double *score) {
    const int32_t height = finder->ink->height;
    const float *scores = finder->scores + (size_t)strip * (size_t)height;
    const int32_t low = (int32_t)fmax(0, ceil(expected - reach));
    const int32_t high = (int32_t)fmin(height - 1, floor(expected + reach));
    float most = -1e9f;
    for (int32_t y = low; y <= high; y++) most = scores[y] > most ? scores[y] : most;
    double sum = 0, count = 0;
    for (int32_t y = low; y <= high; y++)
        if (scores[y] >= most - 0.03f) sum += y, count++;
    *score = most;
    return count > 0 ? sum / count : expected;
}

/* Walks from the seed in steps of `step` (1 or -1) strips; returns the last strip that shows the
 * staff. Heights of strips without are kept on the slope. */
static int32_t follow(const staff_finder *finder, rp_page_staff *staff, const staff_seed *from,
                      int32_t step, double *sum) {
    const double space = finder->staves->space, strip = finder->staves->strip;
    double slope = 0, y = from->y;
    int32_t last = from->strip;
    int gap = 0, steps = 0;
    for (int32_t s = from->strip + step; s >= 0 && s < finder->staves->strips; s += step) {
        const double expected = y + slope * strip;
        double score = 0;
        const double reach = fmax(1.5, space * (steps < 4 ? 0.25 : 0.15) + gap);
        const double found = best_near(finder, s, expected, fmin(reach, 0.45 * space), &score);
        const bool is_seen = score >= follow_score;
        const double next = is_seen ? found : expected;
        staff->top[s] = (float)next;
        if (is_seen && gap > 0 &&
            ends_between(finder, staff, last < s ? last : s, last < s ? s : last))
            break;
        if (is_seen) {
            const double drawn = (next - y) / strip;
            slope += (steps < 6 ? 0.3 : 0.12) * (fmin(slope_max, fmax(-slope_max, drawn)) - slope);
            last = s;
            gap = 0;
            *sum += score;
        } else if (++gap > GAP_STRIPS_MAX) {
            break;
        }
        y = next;
        steps++;
    }
    return last;
}

/* Marks all heights up to `reach` px from the staff's, where no other staff may be. */
static void mark_used(const staff_finder *finder, const rp_page_staff *staff, double reach) {
    const int32_t height = finder->ink->height;
    for (int32_t s = staff->first; s <= staff->last; s++) {
        const int32_t low = (int32_t)fmax(0, staff->top[s] - reach);
        const int32_t high = (int32_t)fmin(height, staff->top[s] + reach);
        if (high > low)
            memset(finder->used + (size_t)s * (size_t)height + low, 1, (size_t)(high - low));
    }
}

/* Median of five neighbours, then their mean over five: one strip that was misled does not bend the
 * curve. */
static void smooth(const rp_page_staff *staff, float *kept) {
    for (int round = 0; round < 2; round++) {
        memcpy(kept, staff->top + staff->first,
               (size_t)(staff->last - staff->first + 1) * sizeof *kept);
        for (int32_t s = staff->first + 2; s <= staff->last - 2; s++) {
            float near[5];
            for (int k = 0; k < 5; k++) near[k] = kept[s - staff->first + k - 2];
            if (round == 1) {
                staff->top[s] = (near[0] + near[1] + near[2] + near[3] + near[4]) / 5;
                continue;
            }
            for (int a = 1; a < 5; a++) /* insertion sort */
                for (int b = a; b > 0 && near[b] < near[b - 1]; b--) {
                    const float lower = near[b];
                    near[b] = near[b - 1];
                    near[b - 1] = lower;
                }
            staff->top[s] = near[2];
        }
    }
}

/* -- ends ------------------------------------------------------------------------------------- */

/* What column x of a staff looks like: paper, lines, or ink on the lines and between them alike, as
 * of a barline or a brace. */
typedef enum column_look { LOOK_PAPER, LOOK_LINES, LOOK_SOLID } column_look;

static column_look look_at(const staff_finder *finder, const rp_page_staff *staff, int32_t x) {
    const int32_t reach = (int32_t)fmax(1, lrint(0.08 * staff->space));
    const double top = rp_page_staff_line_at(finder->staves, staff, 0, x);
    int lines = 0, halves = 0;
    for (int k = 0; k < LINES; k++)
        lines += has_ink(finder->ink, x, (int32_t)lrint(top + k * staff->space), reach);
    for (int k = 0; k < LINES - 1; k++)
        halves += has_ink(finder->ink, x, (int32_t)lrint(top + (k + 0.5) * staff->space), 0);
    if (lines < 3) return LOOK_PAPER;
    return halves <= 1 ? LOOK_LINES : LOOK_SOLID;
}

/* The end of the lines on the side of `step` (-1 left, 1 right): the outermost column that shows
 * them, walking outwards from within, before a staff space without; and the barline there. */
static int32_t find_end(const staff_finder *finder, const rp_page_staff *staff, int32_t step) {
    const int32_t strip = finder->staves->strip, width = finder->ink->width;
    int32_t x = step < 0 ? (staff->first + 1) * strip : staff->last * strip - 1;
    const int32_t limit = (int32_t)fmax(4, staff->space);
    int32_t end = x, blank = 0;
    for (; x >= 0 && x < width && blank < limit; x += step) {
        blank++;
        if (look_at(finder, staff, x) != LOOK_LINES) continue;
        end = x;
        blank = 0;
    }
    const int32_t bar = end + step * (int32_t)fmax(2, 0.6 * staff->space);
    for (x = end + step; x != bar && x >= 0 && x < width; x += step)
        if (look_at(finder, staff, x) == LOOK_SOLID) end = x;
        else break;
    return end;
}

/* -- staves ----------------------------------------------------------------------------------- */

static size_t collect_seeds(staff_seed *seeds, const staff_finder *finder) {
    const int32_t height = finder->ink->height;
    const int32_t apart = (int32_t)fmax(1, 0.5 * finder->staves->space);
    size_t count = 0;
    for (int32_t s = 0; s < finder->staves->strips; s++) {
        const float *scores = finder->scores + (size_t)s * (size_t)height;
        for (int32_t y = 1; y < height - 1; y++) {
            if (scores[y] < seed_score) continue;
            int32_t best = y; /* the best of a staff's worth of rows above the bar */
            const int32_t end = y + apart < height ? y + apart : height;
            for (int32_t k = y; k < end; k++) best = scores[k] > scores[best] ? k : best;
            seeds[count++] = (staff_seed){.score = scores[best], .strip = s, .y = best};
            y = end;
        }
    }
    return count;
}

/* Grows a staff from a seed; false when it turns out too short or too faint. */
static bool grow(rp_page_staff *staff, const staff_finder *finder, const staff_seed *from) {
    double sum = from->score;
    staff->top[from->strip] = (float)from->y;
    staff->last = follow(finder, staff, from, 1, &sum);
    staff->first = follow(finder, staff, from, -1, &sum);
    const int32_t length = staff->last - staff->first + 1;
    staff->space = finder->staves->space;
    staff->clearness = fmin(1, sum / length / LINES);
    return length >= SEED_RUN_MIN && sum / length >= mean_score;
}

/* Is the next staff above or below interrupted at column x as well? */
static bool has_interrupted_neighbour(const staff_finder *finder, const rp_page_staff *staff,
                                      int32_t x) {
    const rp_page_staves *staves = finder->staves;
    const double here = rp_page_staff_line_at(staves, staff, 0, x);
    const rp_page_staff *next[2] = {NULL, NULL};
    double away[2] = {1e9, 1e9};
    for (size_t i = 0; i < staves->count; i++) {
        const double down = rp_page_staff_line_at(staves, &staves->staves[i], 0, x) - here;
        const int side = down > 0;
        if (fabs(down) < LINES * staff->space || fabs(down) >= away[side]) continue;
        away[side] = fabs(down);
        next[side] = &staves->staves[i];
    }
    return (next[0] != NULL && is_paper(finder, next[0], x)) ||
           (next[1] != NULL && is_paper(finder, next[1], x));
}

/* Joins the staff `right` to the end of `left`, straight across the gap. */
static void join(rp_page_staff *left, const rp_page_staff *right) {
    const int32_t from = left->last, to = right->first;
    for (int32_t s = from + 1; s <= right->last; s++) {
        const float share = (float)(s - from) / (float)(to - from);
        left->top[s] =
            s >= to ? right->top[s] : left->top[from] + share * (right->top[to] - left->top[from]);
    }
    left->clearness = fmin(left->clearness, right->clearness);
    left->last = right->last;
}

/* Is `right` the rest of `left`, behind a stain? Beside a barline that looks like a staff's end,
 * but the staves above and below run on. */
static bool is_rest(const staff_finder *finder, const rp_page_staff *left,
                    const rp_page_staff *right) {
    const rp_page_staves *staves = finder->staves;
    const int32_t gap = right->first - left->last;
    if (gap < 1 || gap > GAP_STRIPS_MAX + 1) return false;
    const int32_t middle = (left->last + right->first + 1) * staves->strip / 2;
    const double step = rp_page_staff_line_at(staves, right, 0, middle) -
                        rp_page_staff_line_at(staves, left, 0, middle);
    return fabs(step) <= 0.45 * staves->space && !has_interrupted_neighbour(finder, left, middle);
}

/* Joins the first two staves that are one; false: there are none. */
static bool mend_staff(const staff_finder *finder) {
    rp_page_staves *staves = finder->staves;
    for (size_t i = 0; i < staves->count; i++)
        for (size_t k = 0; k < staves->count; k++) {
            if (!is_rest(finder, &staves->staves[i], &staves->staves[k])) continue;
            join(&staves->staves[i], &staves->staves[k]);
            staves->staves[k] = staves->staves[--staves->count];
            return true;
        }
    return false;
}

static int by_height(const void *a, const void *b) {
    const rp_page_staff *first = a, *second = b;
    const float y1 = first->top[(first->first + first->last) / 2];
    const float y2 = second->top[(second->first + second->last) / 2];
    return (y1 > y2) - (y1 < y2);
}

static rp_status find_all(const staff_finder *finder, rp_error *error) {
    rp_page_staves *staves = finder->staves;
    const size_t height = (size_t)finder->ink->height, strips = (size_t)staves->strips;
    const size_t room = height / (size_t)fmax(1, 0.5 * staves->space) + 2;
    staff_seed *seeds = rp_arena_array(finder->arena, strips * room, sizeof *seeds);
    float *kept = rp_arena_array(finder->arena, strips, sizeof *kept);
    float *tops = rp_arena_array(finder->arena, strips * (STAVES_MAX + 1), sizeof *tops);
    if (seeds == NULL || kept == NULL || tops == NULL)
        return rp_fail_memory(error, "the staves of a page");
    const size_t count = collect_seeds(seeds, finder);
    qsort(seeds, count, sizeof *seeds, by_score);
    for (size_t i = 0; i < count && staves->count < STAVES_MAX; i++) {
        if (finder->used[(size_t)seeds[i].strip * height + (size_t)seeds[i].y]) continue;
        rp_page_staff staff = {.top = tops + strips * staves->count};
        const bool is_staff = grow(&staff, finder, &seeds[i]);
        /* A false one is not tried again from each of its strips. */
        mark_used(finder, &staff, (is_staff ? 5 : 0.4) * staves->space);
        if (is_staff) staves->staves[staves->count++] = staff;
    }
    while (mend_staff(finder)) continue;
    for (size_t i = 0; i < staves->count; i++) {
        rp_page_staff *staff = &staves->staves[i];
        smooth(staff, kept);
        staff->left = find_end(finder, staff, -1);
        staff->right = find_end(finder, staff, 1) + 1;
    }
    qsort(staves->staves, staves->count, sizeof *staves->staves, by_height);
    return RP_OK;
}

rp_status rp_page_staves_find(rp_page_staves *staves, const rp_page_image *ink, rp_arena *arena,
                              rp_error *error) {
    staves->strip = (int32_t)fmax(4, lrint(1.5 * staves->space));
    staves->strips = ink->width / staves->strip;
    staves->count = 0;
    staves->staves = rp_arena_array(arena, STAVES_MAX, sizeof *staves->staves);
    const size_t cells = (size_t)staves->strips * (size_t)ink->height;
    staff_finder finder = {.ink = ink, .staves = staves, .arena = arena};
    finder.lines = rp_arena_array(arena, cells, sizeof *finder.lines);
    finder.scores = rp_arena_array(arena, cells, sizeof *finder.scores);
    finder.used = rp_arena_array(arena, cells, 1);
    if (arena->failed) return rp_fail_memory(error, "the strips of a page");
    if (staves->strips < SEED_RUN_MIN || ink->height < 7 * staves->space) return RP_OK;
    fill_lines(&finder);
    if (!fill_scores(&finder)) return rp_fail_memory(error, "the strips of a page");
    return find_all(&finder, error);
}
