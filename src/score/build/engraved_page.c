/* engraved_page.c: see engraved_page.h. */
#include "score/build/engraved_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINES_MAX = 100000,
    BRACES_MAX = 1000,
    MEASURES_MAX = 100000,
    BRACE_CURVES_MIN = 8, /* a brace has 20 and more, the hooks of a bracket 4 */
    PIXELS_A_POSITION = 12
};
static const double same_height = 0.5;  /* of pieces of one staff line, in the SVG's units */
static const double even_spacing = 0.1; /* part by which the five lines' distances may differ */
static const size_t tree_bytes_max = (size_t)1 << 29;

/* ---- numbers in attributes ---- */

/* Reads the next number behind anything that is none; false at the end of the text. */
static bool next_number(double *number, const char **text) {
    *text += strcspn(*text, "+-.0123456789");
    while (**text != 0) {
        char *end;
        *number = strtod(*text, &end);
        if (end != *text && isfinite(*number)) {
            *text = end;
            return true;
        }
        ++*text;
        *text += strcspn(*text, "+-.0123456789");
    }
    return false;
}

static bool number_of(double *number, const rp_xml_node *node, const char *name) {
    const char *text = rp_xml_attribute_named(node, name);
    return text != NULL && next_number(number, &text);
}

/* Widens `box`, which starts as inside out, by a point. */
static void cover(rp_engraved_box *box, double x, double y) {
    rp_engraved_box_cover(box, &(rp_engraved_box){x, y, x, y});
}

/* The box of all points of a list or path. The control points of a curve count as points: those of
 * a brace reach no higher or lower than its tips. MuseScore writes absolute coordinates only. */
static rp_engraved_box box_of_points(const char *text) {
    rp_engraved_box box = rp_engraved_box_empty();
    double x, y;
    while (next_number(&x, &text) && next_number(&y, &text)) cover(&box, x, y);
    return box;
}

/* matrix(a,b,c,d,e,f): x' = a x + c y + e, y' = b x + d y + f. */
static rp_engraved_box transformed(rp_engraved_box box, const char *transform) {
    double m[6] = {1, 0, 0, 1, 0, 0};
    if (transform == NULL || strncmp(transform, "matrix(", 7) != 0) return box;
    for (int i = 0; i < 6; i++)
        if (!next_number(&m[i], &transform)) return box;
    rp_engraved_box out = rp_engraved_box_empty();
    for (int corner = 0; corner < 4; corner++) {
        const double x = corner & 1 ? box.right : box.left;
        const double y = corner & 2 ? box.bottom : box.top;
        cover(&out, m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]);
    }
    return out;
}

/* ---- lines and braces ---- */

typedef struct drawing {
    rp_arena *arena;
    rp_engraved_box *lines, *braces;
    size_t line_count, brace_count, line_capacity;
} drawing;

static rp_status add_line(drawing *self, const rp_xml_node *line, rp_error *error) {
    const char *points = rp_xml_attribute_named(line, "points");
    const rp_engraved_box box = box_of_points(points != NULL ? points : "");
    if (!(box.right > box.left) || box.bottom - box.top > same_height) return RP_OK;
    if (self->line_count == LINES_MAX)
        return rp_fail(error, RP_INPUT, 0, "more than %d staff lines on a page", LINES_MAX);
    if (self->line_count == self->line_capacity) {
        self->line_capacity = self->line_capacity == 0 ? 256 : 2 * self->line_capacity;
        rp_engraved_box *larger = rp_arena_array(self->arena, self->line_capacity, sizeof *larger);
        if (larger == NULL) return rp_fail_memory(error, "a page");
        if (self->line_count > 0) memcpy(larger, self->lines, self->line_count * sizeof *larger);
        self->lines = larger;
    }
    self->lines[self->line_count++] = box;
    return RP_OK;
}

static void add_brace(drawing *self, const rp_xml_node *path) {
    const char *points = rp_xml_attribute_named(path, "d");
    size_t curves = 0;
    for (const char *at = points; at != NULL && *at != 0; at++) curves += *at == 'C';
    if (curves < BRACE_CURVES_MIN || self->brace_count == BRACES_MAX) return;
    const char *transform = rp_xml_attribute_named(path, "transform");
    self->braces[self->brace_count++] = transformed(box_of_points(points), transform);
}

static rp_status take_elements(drawing *self, const rp_xml_node *parent, rp_error *error) {
    for (const rp_xml_node *at = parent->first; at != NULL; at = at->next) {
        const char *class = rp_xml_attribute_named(at, "class");
        if (class != NULL && strcmp(class, "StaffLines") == 0) RP_TRY(add_line(self, at, error));
        if (class != NULL && strcmp(class, "Bracket") == 0) add_brace(self, at);
        RP_TRY(take_elements(self, at, error)); /* the reader bounds the depth */
    }
    return RP_OK;
}

static int compare_boxes(const void *a, const void *b) {
    const rp_engraved_box *p = a, *q = b;
    if (p->top != q->top) return (p->top > q->top) - (p->top < q->top);
    return (p->left > q->left) - (p->left < q->left);
}

/* Joins the pieces of each line; returns how many lines there are, from the top down. */
static size_t join_lines(rp_engraved_box *lines, size_t count) {
    size_t joined = 0;
    qsort(lines, count, sizeof *lines, compare_boxes);
    for (size_t i = 0; i < count; i++) {
        rp_engraved_box *last = joined > 0 ? &lines[joined - 1] : NULL;
        if (last != NULL && lines[i].top - last->top <= same_height) {
            last->left = fmin(last->left, lines[i].left);
            last->right = fmax(last->right, lines[i].right);
        } else lines[joined++] = lines[i];
    }
    return joined;
}

/* Gathers runs of five evenly spaced lines in place; returns how many staves there are. */
static size_t join_staves(rp_engraved_box *lines, size_t count) {
    size_t staves = 0;
    for (size_t i = 0; i + 4 < count;) {
        const double space = (lines[i + 4].top - lines[i].top) / 4;
        bool is_even = true;
        for (size_t k = i; k < i + 4; k++)
            is_even &= fabs(lines[k + 1].top - lines[k].top - space) < even_spacing * space;
        if (!is_even) {
            i++;
            continue;
        }
        rp_engraved_box staff = lines[i];
        for (size_t k = i + 1; k < i + 5; k++) rp_engraved_box_cover(&staff, &lines[k]);
        lines[staves++] = staff;
        i += 5;
    }
    return staves;
}

/* The box of the staves inside a brace if there are exactly two. */
static bool pair_in(rp_engraved_box *pair, const rp_engraved_box *staves, size_t count,
                    const rp_engraved_box *brace) {
    size_t inside = 0;
    *pair = rp_engraved_box_empty();
    for (size_t i = 0; i < count; i++) {
        const double space = (staves[i].bottom - staves[i].top) / 4;
        if (staves[i].top < brace->top - space || staves[i].bottom > brace->bottom + space)
            continue;
        rp_engraved_box_cover(pair, &staves[i]);
        inside++;
    }
    return inside == 2;
}

static rp_status read_drawing(rp_engraved_page *page, const rp_xml_node *root, const char *name,
                              rp_arena *arena, rp_error *error) {
    drawing self = {.arena = arena};
    const char *view = rp_xml_attribute_named(root, "viewBox");
    double corner[2];
    if (view == NULL || !next_number(&corner[0], &view) || !next_number(&corner[1], &view) ||
        !next_number(&page->width, &view) || !next_number(&page->height, &view) ||
        !(page->width > 0) || !(page->height > 0))
        return rp_fail(error, RP_INPUT, 0, "%s: an SVG without a viewBox", name);
    self.braces = rp_arena_array(arena, BRACES_MAX, sizeof *self.braces);
    page->systems = rp_arena_array(arena, BRACES_MAX, sizeof *page->systems);
    if (self.braces == NULL || page->systems == NULL) return rp_fail_memory(error, "a page");
    RP_TRY(take_elements(&self, root, error));
    const size_t lines = join_lines(self.lines, self.line_count);
    const size_t staves = join_staves(self.lines, lines);
    for (size_t i = 0; i < self.brace_count; i++)
        if (pair_in(&page->systems[page->system_count], self.lines, staves, &self.braces[i]))
            page->system_count++;
    qsort(page->systems, page->system_count, sizeof *page->systems, compare_boxes);
    return RP_OK;
}

rp_status rp_engraved_page_read(rp_engraved_page *page, const rp_xml_source *svg, rp_arena *arena,
                                rp_error *error) {
    rp_arena scratch = {.limit_bytes = tree_bytes_max};
    rp_xml_tree tree;
    *page = (rp_engraved_page){0};
    rp_xml_tree_init(&tree, &scratch);
    tree.keeps_other_attributes = true;
    rp_status status = rp_xml_read(&tree, svg, error);
    if (status == RP_OK) status = read_drawing(page, tree.root, svg->name, arena, error);
    rp_arena_clear(&scratch);
    return status;
}

/* ---- positions ---- */

static bool read_measure(rp_engraved_measure *measure, const rp_xml_node *element) {
    double x, y, width, height, page;
    if (!number_of(&x, element, "x") || !number_of(&y, element, "y") ||
        !number_of(&width, element, "sx") || !number_of(&height, element, "sy") ||
        !number_of(&page, element, "page") || !(page >= 0) || page > MEASURES_MAX)
        return false;
    const double scale = 1.0 / PIXELS_A_POSITION;
    *measure = (rp_engraved_measure){
        {x * scale, y * scale, (x + width) * scale, (y + height) * scale}, (int32_t)page + 1};
    return true;
}

rp_status rp_engraved_measures_read(rp_engraved_measures *measures, const rp_xml_source *mpos,
                                    rp_arena *arena, rp_error *error) {
    rp_arena scratch = {.limit_bytes = tree_bytes_max};
    rp_xml_tree tree;
    *measures = (rp_engraved_measures){0};
    rp_xml_tree_init(&tree, &scratch);
    tree.keeps_other_attributes = true;
    rp_status status = rp_xml_read(&tree, mpos, error);
    const uint32_t tag = rp_xml_tag_of(&tree, "elements");
    const rp_xml_node *list = status == RP_OK ? rp_xml_child(tree.root, tag) : NULL;
    if (status == RP_OK && list == NULL)
        status = rp_fail(error, RP_INPUT, 0, "%s: no positions in it", mpos->name);
    size_t count = 0;
    for (const rp_xml_node *at = list != NULL ? list->first : NULL; at != NULL; at = at->next)
        count++;
    if (status == RP_OK && count > MEASURES_MAX)
        status = rp_fail(error, RP_INPUT, 0, "%s: more than %d measures", mpos->name, MEASURES_MAX);
    if (status == RP_OK)
        measures->measures = rp_arena_array(arena, count + 1, sizeof *measures->measures);
    if (status == RP_OK && measures->measures == NULL)
        status = rp_fail_memory(error, "the measures' places");
    for (const rp_xml_node *at = status == RP_OK ? list->first : NULL; at != NULL; at = at->next)
        if (read_measure(&measures->measures[measures->count], at)) measures->count++;
    rp_arena_clear(&scratch);
    return status;
}
