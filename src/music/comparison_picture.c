/* comparison_picture.c: two scores engraved, one above the other, differing notes coloured.
 *
 * Gold is cut into groups of a few measures; what stands beside them in the prediction (note_match)
 * makes the same groups there. Each group is a page of its own for MuseScore, trimmed to its ink,
 * so that page k of both shows the same music; the pages are then put together with a legend. */
#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/new_file.h"
#include "base/work_folder.h"
#include "music/delinearize_file.h"
#include "music/joined_score.h"
#include "music/musescore.h"
#include "music/music_file.h"
#include "music/musicxml.h"
#include "music/note_match.h"

enum {
    GROUP_MEASURES = 4,
    GROUP_NOTES = 44,
    GROUPS_SHOWN_WHOLE = 24, /* of longer scores only the groups with differences are shown */
    PATH_BYTES = 256,
    MARGIN = 28,
    LINE = 22,
    HEIGHT_MAX = 30000 /* cairo draws no larger picture than 32,767 */
};

enum side { GOLD, PREDICTED, SIDES };

static const struct colour {
    const char *hexadecimal, *words;
    double red, green, blue;
} colours[] = {
    {"#C8102E", "missing: only in A", 200 / 255.0, 16 / 255.0, 46 / 255.0},
    {"#0057B8", "one too many: only in B", 0, 87 / 255.0, 184 / 255.0},
    {"#D97700", "read as something else", 217 / 255.0, 119 / 255.0, 0},
};

struct group {
    size_t first[SIDES], last[SIDES]; /* measures first .. last - 1 */
    int page[SIDES];                  /* from 1; 0: nothing stands there */
    size_t differences;
    cairo_surface_t *pictures[SIDES];
};

struct picture {
    rp_arena arena;
    rp_xml_tree tree;
    rp_music_file files[SIDES];
    rp_text texts[SIDES];
    rp_xml_node *parts[SIDES];
    rp_note_list lists[SIDES];
    rp_note_match match;
    rp_note_differences differences;
    struct group *groups;
    size_t group_count, shown;
    rp_work_folder folder;
    const char *names[SIDES];
    double width, height;
    rp_error *error;
};

/* ---- scores ---- */

static rp_status load(struct picture *self, enum side side, const char *path) {
    static const rp_music_delinearize_options joined = {.joins = true};
    rp_music_file *file = &self->files[side];
    RP_TRY(rp_music_file_open(file, path, self->error));
    rp_xml_source source = file->source;
    if (file->format == RP_MUSIC_LMX) {
        RP_TRY(
            rp_delinearize_source(&self->texts[side], &file->source, &joined, NULL, self->error));
        source.data = (const uint8_t *)self->texts[side].data;
        source.size = self->texts[side].length;
    } else if (file->format != RP_MUSIC_MUSICXML) {
        return rp_fail(self->error, RP_INPUT, 0, "%s: give .musicxml, .mxl or .lmx", path);
    }
    self->names[side] = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    RP_TRY(rp_musicxml_load_part(&self->parts[side], &self->tree, &source, NULL, self->error));
    return rp_note_list_make(&self->lists[side], &self->arena, self->parts[side], self->error);
}

static void colour_note(struct picture *self, const rp_note *note, const struct colour *colour) {
    if (note != NULL)
        rp_xml_set_attribute(&self->tree, note->node, RP_XML_ATTRIBUTE_COLOR, colour->hexadecimal);
}

static void colour_measure(struct picture *self, enum side side, size_t measure) {
    const rp_note_measure *notes = &self->lists[side].measures[measure];
    for (size_t i = 0; i < notes->count; i++) colour_note(self, &notes->notes[i], &colours[side]);
}

/* The gold measure beside one of the prediction, or the last one before it. */
static size_t gold_beside(const struct picture *self, size_t predicted) {
    size_t best = 0;
    for (size_t g = 0; g < self->lists[GOLD].count; g++)
        if (self->match.predicted_of[g] >= 0 && (size_t)self->match.predicted_of[g] <= predicted)
            best = g;
    return best;
}

static void colour_differences(struct picture *self) {
    for (size_t i = 0; i < self->differences.count; i++) {
        const rp_note_difference *at = &self->differences.items[i];
        const bool is_extra = at->is_whole_measure && at->gold == NULL;
        const size_t gold = is_extra ? gold_beside(self, (size_t)at->measure) : (size_t)at->measure;
        for (size_t g = 0; g < self->group_count; g++)
            if (gold >= self->groups[g].first[GOLD] && gold < self->groups[g].last[GOLD])
                self->groups[g].differences++;
        if (at->is_whole_measure) {
            colour_measure(self, is_extra ? PREDICTED : GOLD, (size_t)at->measure);
            continue;
        }
        const bool is_change = at->gold != NULL && at->predicted != NULL;
        colour_note(self, at->gold, &colours[is_change ? 2 : GOLD]);
        colour_note(self, at->predicted, &colours[is_change ? 2 : PREDICTED]);
    }
}

/* ---- groups ---- */

/* The first measure of the prediction that stands beside gold's measure m or a later one; all
 * measures of it if none does. */
static size_t predicted_from(const struct picture *self, size_t m) {
    while (m < self->lists[GOLD].count && self->match.predicted_of[m] < 0) m++;
    return m < self->lists[GOLD].count ? (size_t)self->match.predicted_of[m]
                                       : self->lists[PREDICTED].count;
}

static void make_groups(struct picture *self) {
    const rp_note_list *gold = &self->lists[GOLD];
    size_t predicted = 0;
    for (size_t m = 0; m < gold->count;) {
        struct group *group = &self->groups[self->group_count++];
        size_t notes = 0;
        group->first[GOLD] = m;
        while (m < gold->count &&
               (m == group->first[GOLD] || (m - group->first[GOLD] < GROUP_MEASURES &&
                                            notes + gold->measures[m].count <= GROUP_NOTES)))
            notes += gold->measures[m++].count;
        group->last[GOLD] = m;
        group->first[PREDICTED] = predicted;
        group->last[PREDICTED] = predicted = predicted_from(self, m);
    }
}

/* Puts each group on a page of its own. */
static void break_pages(struct picture *self, enum side side) {
    size_t index = 0, group = 0;
    int page = 0;
    for (rp_xml_node *measure = self->parts[side]->first; measure != NULL;
         measure = measure->next) {
        if (measure->tag != RP_XML_MEASURE) continue;
        rp_xml_node *print;
        while ((print = rp_xml_child(measure, RP_XML_PRINT)) != NULL) rp_xml_remove(print);
        while (group < self->group_count && index >= self->groups[group].last[side]) group++;
        if (group < self->group_count && index == self->groups[group].first[side]) {
            self->groups[group].page[side] = ++page;
            print = rp_xml_insert(&self->tree, measure, NULL, RP_XML_PRINT, NULL);
            if (page > 1)
                rp_xml_set_attribute(&self->tree, print, RP_XML_ATTRIBUTE_NEW_PAGE, "yes");
        }
        index++;
    }
}

/* A page wide enough for one system of a group and high enough for several: what would not fit
 * would change the order of the pages. */
static void add_page_size(rp_xml_tree *tree, rp_xml_node *score) {
    static const char *const rows[][2] = {{"page-height", "6000"}, {"page-width", "1500"}};
    rp_xml_node *defaults = rp_xml_insert(tree, score, NULL, rp_xml_tag_of(tree, "defaults"), NULL);
    rp_xml_node *scaling = rp_xml_add(tree, defaults, rp_xml_tag_of(tree, "scaling"), NULL);
    rp_xml_add(tree, scaling, rp_xml_tag_of(tree, "millimeters"), "7");
    rp_xml_add(tree, scaling, rp_xml_tag_of(tree, "tenths"), "40");
    rp_xml_node *page = rp_xml_add(tree, defaults, rp_xml_tag_of(tree, "page-layout"), NULL);
    for (size_t i = 0; i < RP_COUNT(rows); i++)
        rp_xml_add(tree, page, rp_xml_tag_of(tree, rows[i][0]), rows[i][1]);
}

static rp_status engrave(struct picture *self, enum side side, double seconds_max) {
    static const rp_musescore_options trimmed = {.dots_an_inch = 110, .trims = true};
    char from[PATH_BYTES], to[PATH_BYTES];
    rp_text text = {0};
    rp_musescore_options how = trimmed;
    how.seconds_max = seconds_max;
    snprintf(from, sizeof from, "%s/%d.musicxml", self->folder.path, (int)side);
    snprintf(to, sizeof to, "%s/%d.png", self->folder.path, (int)side);
    break_pages(self, side);
    rp_xml_remove(self->parts[side]);
    rp_xml_set_attribute(&self->tree, self->parts[side], RP_XML_ATTRIBUTE_ID, "P2");
    rp_xml_node *score = rp_joined_score_wrap(&self->tree, self->parts[side]);
    add_page_size(&self->tree, score);
    rp_delinearize_print(&text, &self->tree, score);
    rp_status status = RP_OK;
    if (self->tree.arena->failed || text.failed)
        status = rp_fail_memory(self->error, "the picture");
    if (status == RP_OK) status = rp_new_file_write(from, text.data, text.length, self->error);
    if (status == RP_OK) status = rp_musescore_run(to, from, &how, self->error);
    rp_text_clear(&text);
    return status;
}

/* Takes the pages into the groups. */
static rp_status take_pages(struct picture *self, enum side side) {
    char path[PATH_BYTES], name[16];
    snprintf(name, sizeof name, "%d.png", (int)side);
    for (size_t g = 0; g < self->group_count; g++) {
        const int page = self->groups[g].page[side];
        if (page == 0) continue;
        if (!rp_musescore_page(path, sizeof path, self->folder.path, name, page))
            return rp_fail(self->error, RP_SYSTEM, 0, "MuseScore drew no page %d of %s", page,
                           self->names[side]);
        self->groups[g].pictures[side] = cairo_image_surface_create_from_png(path);
        const cairo_status_t status = cairo_surface_status(self->groups[g].pictures[side]);
        if (status != CAIRO_STATUS_SUCCESS)
            return rp_fail(self->error, RP_SYSTEM, 0, "page %d of %s as MuseScore drew it: %s",
                           page, self->names[side], cairo_status_to_string(status));
    }
    return RP_OK;
}

/* ---- drawing ---- */

static int height_of(cairo_surface_t *picture) {
    return picture != NULL ? cairo_image_surface_get_height(picture) : 0;
}

static bool is_shown(const struct picture *self, const struct group *group) {
    return self->group_count <= GROUPS_SHOWN_WHOLE || group->differences > 0;
}

static double group_height(const struct group *group) {
    return 3.5 * LINE + height_of(group->pictures[GOLD]) + height_of(group->pictures[PREDICTED]);
}

/* Finds out how large the picture is, and how many groups fit in. */
static void measure_picture(struct picture *self) {
    self->width = 720;
    self->height = 2 * MARGIN + 5.5 * LINE;
    for (size_t g = 0; g < self->group_count; g++) {
        const struct group *group = &self->groups[g];
        if (!is_shown(self, group)) continue;
        if (self->height + group_height(group) > HEIGHT_MAX) break;
        for (int side = 0; side < SIDES; side++) {
            const int width = group->pictures[side] != NULL
                                  ? cairo_image_surface_get_width(group->pictures[side])
                                  : 0;
            if (width + 2 * MARGIN > self->width) self->width = width + 2 * MARGIN;
        }
        self->height += group_height(group);
        self->shown = g + 1;
    }
}

static void draw_words(cairo_t *cairo, double x, double y, const char *words) {
    cairo_move_to(cairo, x, y);
    cairo_show_text(cairo, words);
}

static double draw_legend(const struct picture *self, cairo_t *cairo) {
    char words[256];
    double y = MARGIN + LINE / 2.0, x = MARGIN;
    cairo_set_font_size(cairo, 16);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    snprintf(words, sizeof words, "A  %.100s", self->names[GOLD]);
    draw_words(cairo, x, y, words);
    snprintf(words, sizeof words, "B  %.100s", self->names[PREDICTED]);
    draw_words(cairo, x, y += LINE, words);
    cairo_set_font_size(cairo, 14);
    snprintf(words, sizeof words, "%zu difference%s, note F1 %.4f, onset F1 %.4f",
             self->differences.count, self->differences.count == 1 ? "" : "s",
             rp_note_match_f1(&self->match, self->match.notes),
             rp_note_match_f1(&self->match, self->match.onsets));
    draw_words(cairo, x, y += LINE, words);
    y += LINE;
    for (size_t i = 0; i < RP_COUNT(colours); i++) {
        cairo_text_extents_t extents;
        cairo_set_source_rgb(cairo, colours[i].red, colours[i].green, colours[i].blue);
        cairo_arc(cairo, x + 6, y - 5, 6, 0, 6.2832);
        cairo_fill(cairo);
        draw_words(cairo, x + 18, y, colours[i].words);
        cairo_text_extents(cairo, colours[i].words, &extents);
        x += extents.x_advance + 18 + MARGIN;
    }
    return y + 1.5 * LINE;
}

static double draw_group(const struct picture *self, cairo_t *cairo, const struct group *group,
                         double y) {
    static const char letters[] = "AB";
    char words[128];
    cairo_set_source_rgb(cairo, 0.85, 0.85, 0.85);
    cairo_rectangle(cairo, MARGIN, y, self->width - 2 * MARGIN, 1);
    cairo_fill(cairo);
    for (int side = 0; side < SIDES; side++) {
        cairo_set_source_rgb(cairo, 0.4, 0.4, 0.4);
        if (group->pictures[side] == NULL)
            snprintf(words, sizeof words, "%c  no measures", letters[side]);
        else if (group->last[side] - group->first[side] == 1)
            snprintf(words, sizeof words, "%c  measure %zu", letters[side], group->first[side] + 1);
        else
            snprintf(words, sizeof words, "%c  measures %zu to %zu", letters[side],
                     group->first[side] + 1, group->last[side]);
        draw_words(cairo, MARGIN, y += LINE, words);
        y += LINE / 4.0;
        if (group->pictures[side] == NULL) continue;
        cairo_set_source_surface(cairo, group->pictures[side], MARGIN, y);
        cairo_paint(cairo);
        y += height_of(group->pictures[side]);
    }
    return y + LINE;
}

static cairo_status_t write_bytes(void *context, const unsigned char *data, unsigned length) {
    rp_text *text = context;
    rp_text_add_bytes(text, data, length);
    return text->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static rp_status draw(struct picture *self, const char *to) {
    measure_picture(self);
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)self->width, (int)self->height + LINE);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    double y = draw_legend(self, cairo);
    for (size_t g = 0; g < self->shown; g++)
        if (is_shown(self, &self->groups[g])) y = draw_group(self, cairo, &self->groups[g], y);
    cairo_set_source_rgb(cairo, 0.4, 0.4, 0.4);
    if (self->shown < self->group_count && self->group_count > GROUPS_SHOWN_WHOLE)
        draw_words(cairo, MARGIN, y + LINE,
                   "Measures without differences, and what is beyond "
                   "30,000 lines of the picture, are left out.");
    rp_text png = {0};
    const cairo_status_t drawn = cairo_surface_write_to_png_stream(surface, write_bytes, &png);
    rp_status status = cairo_status(cairo) != CAIRO_STATUS_SUCCESS || drawn != CAIRO_STATUS_SUCCESS
                           ? rp_fail_memory(self->error, "the picture")
                           : rp_new_file_write(to, png.data, png.length, self->error);
    rp_text_clear(&png);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return status;
}

/* ---- the whole ---- */

static rp_status compare(struct picture *self) {
    RP_TRY(rp_note_match_make(&self->match, &self->arena, &self->lists[GOLD],
                              &self->lists[PREDICTED], self->error));
    RP_TRY(rp_note_match_differences(&self->differences, &self->arena, &self->match,
                                     &self->lists[GOLD], &self->lists[PREDICTED], self->error));
    self->groups = rp_arena_array(&self->arena, self->lists[GOLD].count + 1, sizeof *self->groups);
    if (self->groups == NULL) return rp_fail_memory(self->error, "the picture");
    make_groups(self);
    colour_differences(self);
    return RP_OK;
}

static rp_status make_picture(struct picture *self, const char *to, double seconds_max) {
    RP_TRY(compare(self));
    RP_TRY(rp_work_folder_make(&self->folder, self->error));
    rp_status status = RP_OK;
    for (enum side side = GOLD; side < SIDES && status == RP_OK; side++) {
        status = engrave(self, side, seconds_max);
        if (status == RP_OK) status = take_pages(self, side);
    }
    rp_work_folder_remove(&self->folder);
    return status == RP_OK ? draw(self, to) : status;
}

rp_status rp_music_picture(const char *to, const char *gold, const char *predicted,
                           double seconds_max, rp_error *error) {
    struct picture self = {.error = error};
    rp_xml_tree_init(&self.tree, &self.arena);
    if (rp_music_format_of(to) != RP_MUSIC_PNG)
        return rp_fail(error, RP_USAGE, 0, "%s: the picture is a PNG; end its name in .png", to);
    rp_status status = load(&self, GOLD, gold);
    if (status == RP_OK) status = load(&self, PREDICTED, predicted);
    if (status == RP_OK) status = make_picture(&self, to, seconds_max);
    for (size_t g = 0; g < self.group_count; g++)
        for (int side = 0; side < SIDES; side++)
            if (self.groups[g].pictures[side] != NULL)
                cairo_surface_destroy(self.groups[g].pictures[side]);
    for (int side = 0; side < SIDES; side++) {
        rp_music_file_close(&self.files[side]);
        rp_text_clear(&self.texts[side]);
    }
    rp_arena_clear(&self.arena);
    return status;
}
