/* tuplet_groups.c: see tuplet_groups.h. Lengths are counted in units: the shortest type in the
 * group, halved for each of its dots. */
#include "music/tuplet_groups.h"

#include "music/fraction.h"
#include "music/lmx.h"
#include "music/musicxml.h"

enum { GROUP_MAX = 64, NESTED_MAX = 6, DOTS_MAX = 8, CROWD = 4096 };

struct groups {
    rp_xml_tree *tree;
    const rp_placed_notes *list;
    const rp_placed_measure *measure;
    const rp_placed_note **row; /* of the measure, without chord and grace notes */
    size_t count;
    bool has_changed; /* something was filled up */
    bool is_loose;    /* the measure has a group that is not whole */
};

/* The length of notes row[first .. last] as `count` times 2^exponent quarters. */
struct length {
    int exponent;
    int64_t count;
};

static unsigned dots_of(const rp_placed_note *note) {
    return note->dots < DOTS_MAX ? note->dots : DOTS_MAX;
}

static int unit_of(const rp_placed_note *note) {
    return rp_lmx_row_of(note->type)->a - (int)dots_of(note);
}

static struct length length_of(const struct groups *self, size_t first, size_t last) {
    struct length length = {.exponent = unit_of(self->row[first])};
    for (size_t i = first; i <= last; i++)
        if (unit_of(self->row[i]) < length.exponent) length.exponent = unit_of(self->row[i]);
    for (size_t i = first; i <= last; i++)
        length.count += (((int64_t)2 << dots_of(self->row[i])) - 1)
                        << (unit_of(self->row[i]) - length.exponent);
    return length;
}

static bool is_power_of_two(int64_t number) { return number > 0 && (number & (number - 1)) == 0; }

/* By what both numbers of the ratio can be divided: 6 in 4 is 3 in 2. */
static int64_t shared_of(const rp_placed_note *note) { return rp_gcd(note->actual, note->normal); }

static bool is_whole(const struct groups *self, size_t first, size_t last) {
    const rp_placed_note *note = self->row[first];
    const int64_t count = length_of(self, first, last).count;
    const int64_t actual = note->actual / shared_of(note);
    return count % actual == 0 && is_power_of_two(count / actual);
}

/* 2 in 1 is how tremolos between two notes are written. */
static bool is_in_tuplet(const rp_placed_note *note) {
    return note->type != 0 && note->actual != note->normal &&
           !(note->actual == 2 && note->normal == 1);
}

/* Is the next note in the same stretch: notes of one voice in tuplets of whatever ratio, between
 * which there may be a move forward, as a rest that is not written leaves it? */
static bool is_in_stretch(const rp_placed_note *note, const rp_placed_note *next) {
    return is_in_tuplet(next) && next->voice == note->voice && next->onset >= note->end;
}

/* Is it in the same run: without a gap, and of one ratio? */
static bool is_in_run(const rp_placed_note *note, const rp_placed_note *next) {
    return is_in_stretch(note, next) && next->onset == note->end && next->actual == note->actual &&
           next->normal == note->normal;
}

/* ---- the marks ---- */

static rp_xml_node *mark_of(const rp_xml_node *note, const char *type) {
    const rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    for (rp_xml_node *at = notations != NULL ? notations->first : NULL; at != NULL; at = at->next)
        if (at->tag == RP_XML_TUPLET && rp_xml_attribute_is(at, RP_XML_ATTRIBUTE_TYPE, type))
            return at;
    return NULL;
}

static void remove_mark(rp_xml_node *mark) {
    rp_xml_node *notations = mark->parent;
    rp_xml_remove(mark);
    if (notations->first == NULL) rp_xml_remove(notations);
}

static void remove_marks(rp_xml_node *note) {
    const rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    for (rp_xml_node *at = notations != NULL ? notations->first : NULL, *next; at != NULL;
         at = next) {
        next = at->next;
        if (at->tag == RP_XML_TUPLET) remove_mark(at);
    }
}

static void add_mark(struct groups *self, rp_xml_node *note, bool is_start, bool is_shown) {
    rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    if (notations == NULL) notations = rp_xml_add(self->tree, note, RP_XML_NOTATIONS, NULL);
    rp_xml_node *mark = rp_xml_insert(self->tree, notations, NULL, RP_XML_TUPLET, NULL);
    rp_xml_set_attribute(self->tree, mark, RP_XML_ATTRIBUTE_TYPE, is_start ? "start" : "stop");
    if (is_shown || !is_start) return;
    rp_xml_set_attribute(self->tree, mark, RP_XML_ATTRIBUTE_BRACKET, "no");
    rp_xml_set_attribute(self->tree, mark, RP_XML_ATTRIBUTE_SHOW_NUMBER, "none");
}

static void mark_group(struct groups *self, size_t first, size_t last) {
    rp_xml_node *begin = self->row[first]->node, *end = self->row[last]->node;
    const bool is_shown = mark_of(begin, "start") != NULL || mark_of(end, "stop") != NULL;
    for (size_t i = first; i <= last; i++) remove_marks(self->row[i]->node);
    add_mark(self, begin, true, is_shown);
    add_mark(self, end, false, is_shown);
}

/* ---- groups that are not whole ---- */

/* Makes a note that is whole on its own plain: a dotted quarter, 3 in 2, is a quarter. */
static bool make_plain(struct groups *self, const rp_placed_note *note, struct length length) {
    const int64_t actual = note->actual / shared_of(note), normal = note->normal / shared_of(note);
    const bool is_dotted = normal % 3 == 0;
    int64_t times = length.count / actual * (is_dotted ? normal / 3 : normal);
    int type = RP_LMX_TYPE_QUARTER + length.exponent + (is_dotted ? 1 : 0);
    if (!is_power_of_two(times)) return false;
    for (; times > 1; times /= 2) type++;
    if (type < RP_LMX_TYPE_1024TH || type > RP_LMX_TYPE_MAXIMA) return false;
    const rp_placed_note *end = self->list->notes + self->measure->last;
    for (const rp_placed_note *at = note; at < end && (at == note || at->is_chord); at++) {
        rp_xml_node *type_element = rp_xml_child(at->node, RP_XML_TYPE), *dot;
        while ((dot = rp_xml_child(at->node, RP_XML_DOT)) != NULL) rp_xml_remove(dot);
        rp_xml_node *modification = rp_xml_child(at->node, RP_XML_TIME_MODIFICATION);
        if (modification != NULL) rp_xml_remove(modification);
        if (type_element == NULL) continue;
        type_element->text = rp_lmx_text_of((unsigned)type);
        if (is_dotted) rp_xml_insert(self->tree, at->node, type_element, RP_XML_DOT, NULL);
        remove_marks(at->node);
    }
    return true;
}

/* The element that ends the note: the last of its chord. */
static rp_xml_node *last_of_chord(const struct groups *self, const rp_placed_note *note) {
    const rp_placed_note *end = self->list->notes + self->measure->last, *at = note;
    while (at + 1 < end && at[1].is_chord) at++;
    return at->node;
}

/* Does the voice of the note go silent behind it, for so long, within the measure? */
static bool is_silent_behind(const struct groups *self, const rp_placed_note *note, int64_t ticks) {
    if (note->end + ticks > self->measure->end || self->count > CROWD) return false;
    for (size_t i = 0; i < self->count; i++)
        if (self->row[i]->voice == note->voice && self->row[i]->onset < note->end + ticks &&
            self->row[i]->end > note->end)
            return false;
    return true;
}

/* Takes the time from what follows: a move forward gets shorter, a move back longer. */
static bool take_time(struct groups *self, rp_xml_node *next, int64_t ticks) {
    if (next == NULL) return true;
    rp_xml_node *duration = rp_xml_child(next, RP_XML_DURATION);
    const int64_t length = rp_musicxml_number(next, RP_XML_DURATION, 0);
    if (next->tag != RP_XML_BACKUP && (next->tag != RP_XML_FORWARD || length < ticks)) return false;
    const int64_t rest = next->tag == RP_XML_BACKUP ? length + ticks : length - ticks;
    if (rest == 0) rp_xml_remove(next);
    else duration->text = rp_xml_keep_integer(self->tree, rest);
    return true;
}

static void add_rest(struct groups *self, const rp_placed_note *like, rp_xml_node **before,
                     int exponent, int64_t ticks) {
    rp_xml_tree *tree = self->tree;
    rp_xml_node *parent = (*before)->parent;
    rp_xml_node *note = rp_xml_insert(tree, parent, *before, RP_XML_NOTE, NULL);
    rp_xml_add(tree, note, RP_XML_REST, NULL);
    rp_xml_add(tree, note, RP_XML_DURATION, rp_xml_keep_integer(tree, ticks));
    if (rp_xml_child(like->node, RP_XML_VOICE) != NULL)
        rp_xml_add(tree, note, RP_XML_VOICE, rp_xml_keep_integer(tree, like->voice));
    rp_xml_add(tree, note, RP_XML_TYPE, rp_lmx_text_of((unsigned)(RP_LMX_TYPE_QUARTER + exponent)));
    rp_xml_node *modification = rp_xml_add(tree, note, RP_XML_TIME_MODIFICATION, NULL);
    rp_xml_add(tree, modification, RP_XML_ACTUAL_NOTES, rp_xml_keep_integer(tree, like->actual));
    rp_xml_add(tree, modification, RP_XML_NORMAL_NOTES, rp_xml_keep_integer(tree, like->normal));
    if (rp_xml_child(like->node, RP_XML_STAFF) != NULL)
        rp_xml_add(tree, note, RP_XML_STAFF, rp_xml_keep_integer(tree, like->staff));
    *before = note;
}

/* Fills the group up with rests behind it; false: there is no room. */
static bool fill_up(struct groups *self, size_t first, size_t last) {
    const rp_placed_note *begin = self->row[first], *end = self->row[last];
    const struct length length = length_of(self, first, last);
    int64_t whole = begin->actual / shared_of(begin);
    while (whole < length.count) whole *= 2;
    const int64_t missing = whole - length.count, ticks = end->end - begin->onset;
    if (missing == 0 || ticks % length.count != 0) return false;
    const int64_t tick = ticks / length.count;
    rp_xml_node *before = last_of_chord(self, end);
    int most = 0;
    while ((missing >> most) > 1) most++;
    if (RP_LMX_TYPE_QUARTER + length.exponent < RP_LMX_TYPE_1024TH ||
        RP_LMX_TYPE_QUARTER + length.exponent + most > RP_LMX_TYPE_MAXIMA ||
        !is_silent_behind(self, end, missing * tick) ||
        !take_time(self, before->next, missing * tick))
        return false;
    for (int bit = 0; bit <= most; bit++)
        if ((missing >> bit & 1) != 0)
            add_rest(self, begin, &before, length.exponent + bit, tick << bit);
    for (size_t i = first; i <= last; i++) remove_marks(self->row[i]->node);
    add_mark(self, begin->node, true, true);
    add_mark(self, before, false, true);
    return true;
}

/* ---- what is left of the marks ---- */

static void number_mark(struct groups *self, rp_xml_node *mark, size_t depth) {
    rp_xml_remove_attribute(mark, RP_XML_ATTRIBUTE_NUMBER);
    if (depth == 1) return;
    rp_xml_set_attribute(self->tree, mark, RP_XML_ATTRIBUTE_NUMBER,
                         rp_xml_keep_integer(self->tree, (int64_t)depth));
}

/* Pairs the marks of the notes row[first .. end - 1], which follow each other in tuplets of
 * whatever ratio: a stop belongs to the last start before it that has none. A mark without its
 * other end goes; a pair within another gets a number, lest its stop be taken for the outer one. */
static void pair_marks(struct groups *self, size_t first, size_t end) {
    rp_xml_node *open[NESTED_MAX];
    size_t depth = 0;
    for (size_t i = first; i < end; i++) {
        rp_xml_node *stop = mark_of(self->row[i]->node, "stop");
        if (stop != NULL && depth > 0) {
            number_mark(self, open[depth - 1], depth);
            number_mark(self, stop, depth--);
        } else if (stop != NULL) {
            remove_mark(stop);
        }
        rp_xml_node *start = mark_of(self->row[i]->node, "start");
        if (start != NULL && depth < NESTED_MAX) open[depth++] = start;
        else if (start != NULL) remove_mark(start);
    }
    while (depth > 0) remove_mark(open[--depth]);
}

/* ---- groups ---- */

/* The last note of a whole group that begins at `first`: as the marks say, or the shortest of two
 * notes or more. `end`: none. */
static size_t find_group(const struct groups *self, size_t first, size_t end) {
    if (end > first + GROUP_MAX) end = first + GROUP_MAX;
    if (mark_of(self->row[first]->node, "start") != NULL)
        for (size_t last = first + 1; last < end; last++) {
            if (mark_of(self->row[last]->node, "start") != NULL) break;
            if (mark_of(self->row[last]->node, "stop") != NULL && is_whole(self, first, last))
                return last;
        }
    for (size_t last = first + 1; last < end; last++)
        if (is_whole(self, first, last)) return last;
    return end;
}

/* Cuts the notes row[first .. end - 1], a run, into groups. What is not whole is filled up unless
 * `stays`: there the notes of other ratios around it make it whole. */
static void make_run(struct groups *self, size_t first, size_t end, bool stays) {
    while (first < end) {
        const size_t limit = end > first + GROUP_MAX ? first + GROUP_MAX : end;
        const size_t last = find_group(self, first, end);
        if (last < limit) {
            mark_group(self, first, last);
            first = last + 1;
        } else if (is_whole(self, first, first) &&
                   make_plain(self, self->row[first], length_of(self, first, first))) {
            first++;
        } else {
            const bool is_filled = !stays && fill_up(self, first, limit - 1);
            self->has_changed = self->has_changed || is_filled;
            self->is_loose = self->is_loose || (!stays && !is_filled);
            first = limit;
        }
    }
}

/* Are the notes, of several ratios, together as long as notes without a tuplet can be? */
static bool is_whole_together(const struct groups *self, size_t first, size_t end) {
    rp_fraction length = rp_fraction_make(0, 1);
    bool is_one_ratio = true;
    for (size_t i = first; i < end; i++) {
        const rp_placed_note *note = self->row[i];
        const rp_fraction ratio = rp_fraction_make(note->normal, note->actual);
        const rp_placed_note *before = self->row[i > first ? i - 1 : first];
        if (note->actual != before->actual || note->normal != before->normal) is_one_ratio = false;
        length = rp_fraction_add(
            length, rp_fraction_multiply(rp_lmx_length(note->type, note->dots, 0), ratio));
    }
    return !is_one_ratio && is_power_of_two(length.denominator);
}

static void make_stretch(struct groups *self, size_t first, size_t end) {
    const bool stays = is_whole_together(self, first, end);
    for (size_t i = first, run_end; i < end; i = run_end) {
        run_end = i + 1;
        while (run_end < end && is_in_run(self->row[run_end - 1], self->row[run_end])) run_end++;
        make_run(self, i, run_end, stays);
    }
    pair_marks(self, first, end);
}

static void make_measure(struct groups *self) {
    self->count = 0;
    for (size_t i = self->measure->first; i < self->measure->last; i++) {
        const rp_placed_note *note = &self->list->notes[i];
        if (note->is_chord || note->is_grace || !is_in_tuplet(note)) remove_marks(note->node);
        if (!note->is_chord && !note->is_grace) self->row[self->count++] = note;
    }
    for (size_t i = 0, end; i < self->count; i = end) {
        end = i + 1;
        if (!is_in_tuplet(self->row[i])) continue;
        while (end < self->count && is_in_stretch(self->row[end - 1], self->row[end])) end++;
        make_stretch(self, i, end);
    }
}

bool rp_tuplet_groups_make(bool *is_loose, rp_xml_tree *tree, const rp_placed_notes *list) {
    struct groups self = {.tree = tree, .list = list};
    self.row = rp_arena_array(tree->arena, list->count + 1, sizeof(rp_placed_note *));
    if (tree->arena->failed) return false;
    for (size_t i = 0; i < list->measure_count; i++) {
        self.measure = &list->measures[i];
        self.is_loose = false;
        make_measure(&self);
        is_loose[i] = self.is_loose;
    }
    return self.has_changed;
}
