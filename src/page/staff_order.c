/* staff_order.c: see staff_order.h. */
#include "page/staff_order.h"

#include <math.h>

/* A column that no staff crosses and that has staves on both sides; the leftmost one. */
static bool find_cut(int32_t *cut, const rp_page_staff *staves, size_t count) {
    bool is_found = false;
    for (size_t i = 0; i < count; i++) {
        const int32_t x = staves[i].right;
        bool is_crossed = false, has_right = false;
        for (size_t k = 0; k < count; k++) {
            is_crossed = is_crossed || (staves[k].left < x && staves[k].right > x);
            has_right = has_right || staves[k].left >= x;
        }
        if (is_crossed || !has_right || (is_found && x >= *cut)) continue;
        *cut = x;
        is_found = true;
    }
    return is_found;
}

/* Moves the staves left of `cut` before the others, both in the order they had; returns how many
 * they are. */
static size_t part(rp_page_staff *staves, size_t count, int32_t cut) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (staves[i].right > cut) continue;
        const rp_page_staff staff = staves[i];
        for (size_t k = i; k > left; k--) staves[k] = staves[k - 1];
        staves[left++] = staff;
    }
    return left;
}

/* Do two staves stand side by side: at one height halfway between them? */
static bool is_beside(const rp_page_staves *page, const rp_page_staff *a, const rp_page_staff *b) {
    if (a->left < b->right && b->left < a->right) return false;
    const double between =
        a->right <= b->left ? (a->right + b->left) / 2.0 : (b->right + a->left) / 2.0;
    const double down =
        rp_page_staff_line_at(page, b, 0, between) - rp_page_staff_line_at(page, a, 0, between);
    return fabs(down) < 4 * page->space;
}

static bool has_beside(const rp_page_staves *page, const rp_page_staff *staves, size_t count,
                       size_t i) {
    for (size_t k = 0; k < count; k++)
        if (is_beside(page, &staves[i], &staves[k])) return true;
    return false;
}

static void order(const rp_page_staves *page, rp_page_staff *staves, size_t count) {
    int32_t cut = 0;
    if (find_cut(&cut, staves, count)) {
        const size_t left = part(staves, count, cut);
        order(page, staves, left);
        order(page, staves + left, count - left);
        return;
    }
    for (size_t first = 0; first < count;) {
        size_t last = first;
        while (last < count && has_beside(page, staves, count, last)) last++;
        if (last > first && last - first < count) order(page, staves + first, last - first);
        first = last + 1;
    }
}

void rp_page_staves_order(rp_page_staves *staves) { order(staves, staves->staves, staves->count); }
