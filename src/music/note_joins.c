/* note_joins.c: see note_joins.h. */
#include "music/note_joins.h"

#include <stdlib.h>

enum { SLURS_OPEN_MAX = 64, SLUR_NUMBERS = 6, VOICES = 256, NONE = -1 };

static bool is_of_type(const rp_xml_node *node, const char *type) {
    return rp_xml_attribute_is(node, RP_XML_ATTRIBUTE_TYPE, type);
}

static rp_xml_node *notations_of(const rp_placed_note *note) {
    return rp_xml_child(note->node, RP_XML_NOTATIONS);
}

static void remove_empty_notations(const rp_placed_note *note) {
    rp_xml_node *notations = notations_of(note);
    if (notations != NULL && notations->first == NULL) rp_xml_remove(notations);
}

/* ---- ties ---- */

struct ties {
    rp_xml_tree *tree;
    const rp_placed_notes *list;
    const rp_placed_note **by_onset; /* pitched notes that are no grace notes, in order */
    size_t count;
    bool *starts, *stops; /* (notes) which ends there are */
};

static int by_onset_and_pitch(const void *left, const void *right) {
    const rp_placed_note *a = *(const rp_placed_note *const *)left;
    const rp_placed_note *b = *(const rp_placed_note *const *)right;
    if (a->onset != b->onset) return a->onset < b->onset ? -1 : 1;
    if (a->semitone != b->semitone) return a->semitone < b->semitone ? -1 : 1;
    return a < b ? -1 : 1;
}

static bool has_tie(const rp_placed_note *note, const char *type) {
    for (const rp_xml_node *at = note->node->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_TIE && is_of_type(at, type)) return true;
    return false;
}

/* The note that continues this one, or NULL. */
static const rp_placed_note *continuation_of(const struct ties *self, const rp_placed_note *note) {
    const rp_placed_note *best = NULL;
    size_t low = 0, high = self->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const rp_placed_note *at = self->by_onset[middle];
        if (at->onset < note->end || (at->onset == note->end && at->semitone < note->semitone))
            low = middle + 1;
        else high = middle;
    }
    for (; low < self->count; low++) {
        const rp_placed_note *at = self->by_onset[low];
        if (at->onset != note->end || at->semitone != note->semitone) break;
        if (at <= note || at->staff != note->staff || self->stops[at - self->list->notes]) continue;
        if (best == NULL || (best->voice != note->voice && at->voice == note->voice)) best = at;
    }
    return best;
}

/* Writes the ends that the note has: `tie` behind its duration, `tied` first of its notations. */
static void write_ties(struct ties *self, const rp_placed_note *note, bool stops, bool starts) {
    rp_xml_node *notations = notations_of(note), *before = NULL;
    for (rp_xml_node *at = note->node->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_TIE) rp_xml_remove(at);
        else if (at->tag == RP_XML_GRACE || at->tag == RP_XML_CHORD || at->tag == RP_XML_PITCH ||
                 at->tag == RP_XML_REST || at->tag == RP_XML_DURATION)
            before = at;
    }
    for (rp_xml_node *at = notations != NULL ? notations->first : NULL, *next; at != NULL;
         at = next) {
        next = at->next;
        if (at->tag == RP_XML_TIED) rp_xml_remove(at);
    }
    if (!stops && !starts) {
        remove_empty_notations(note);
        return;
    }
    if (notations == NULL) notations = rp_xml_add(self->tree, note->node, RP_XML_NOTATIONS, NULL);
    for (int start = 1; start >= 0; start--) { /* each goes before the one that was put first */
        if (start == 1 ? !starts : !stops) continue;
        const char *type = start == 1 ? "start" : "stop";
        rp_xml_node *tie = rp_xml_insert(self->tree, note->node, before, RP_XML_TIE, NULL);
        rp_xml_node *tied = rp_xml_insert(self->tree, notations, NULL, RP_XML_TIED, NULL);
        rp_xml_set_attribute(self->tree, tie, RP_XML_ATTRIBUTE_TYPE, type);
        rp_xml_set_attribute(self->tree, tied, RP_XML_ATTRIBUTE_TYPE, type);
    }
}

static void join_ties(rp_xml_tree *tree, const rp_placed_notes *list) {
    struct ties self = {.tree = tree, .list = list};
    self.by_onset = rp_arena_array(tree->arena, list->count + 1, sizeof(rp_placed_note *));
    self.starts = rp_arena_array(tree->arena, list->count + 1, sizeof *self.starts);
    self.stops = rp_arena_array(tree->arena, list->count + 1, sizeof *self.stops);
    if (tree->arena->failed) return;
    for (size_t i = 0; i < list->count; i++)
        if (list->notes[i].semitone >= 0 && !list->notes[i].is_grace)
            self.by_onset[self.count++] = &list->notes[i];
    if (self.count > 1) qsort(self.by_onset, self.count, sizeof *self.by_onset, by_onset_and_pitch);
    for (size_t i = 0; i < list->count; i++) {
        if (list->notes[i].semitone < 0 || !has_tie(&list->notes[i], "start")) continue;
        const rp_placed_note *next = continuation_of(&self, &list->notes[i]);
        if (next == NULL) continue;
        self.starts[i] = true;
        self.stops[next - list->notes] = true;
    }
    for (size_t i = 0; i < list->count; i++) {
        const rp_placed_note *note = &list->notes[i];
        if (self.starts[i] != has_tie(note, "start") || self.stops[i] != has_tie(note, "stop"))
            write_ties(&self, note, self.stops[i], self.starts[i]);
    }
}

/* ---- slurs ---- */

/* One end of a slur. Pairs are found first, in the document's order; then they are numbered. */
struct slur_end {
    rp_xml_node *node;
    const rp_placed_note *note;
    int32_t partner; /* index of the other end; NONE: it has none */
    uint8_t number;
    bool is_start;
};

struct slurs {
    rp_xml_tree *tree;
    struct slur_end *ends;
    size_t count;
    int32_t open[SLURS_OPEN_MAX]; /* starts without a stop so far, the last ones */
    size_t open_count;
};

static bool can_end_at(const rp_placed_note *from, const rp_placed_note *to) {
    return from->onset < to->onset || (from->onset == to->onset && from->is_grace && from != to);
}

/* Takes the start that the stop belongs to out of the open ones. */
static int32_t take_start(struct slurs *self, const rp_placed_note *stop) {
    size_t best = SLURS_OPEN_MAX;
    int best_rank = 0;
    for (size_t i = 0; i < self->open_count; i++) {
        const rp_placed_note *start = self->ends[self->open[i]].note;
        const int rank = start->voice == stop->voice ? 3 : start->staff == stop->staff ? 2 : 1;
        if (!can_end_at(start, stop) || rank < best_rank) continue;
        best = i;
        best_rank = rank;
    }
    if (best == SLURS_OPEN_MAX) return NONE;
    const int32_t taken = self->open[best];
    self->open_count--;
    for (size_t i = best; i < self->open_count; i++) self->open[i] = self->open[i + 1];
    return taken;
}

static void add_end(struct slurs *self, rp_xml_node *node, const rp_placed_note *note) {
    const int32_t index = (int32_t)self->count++;
    struct slur_end *end = &self->ends[index];
    *end = (struct slur_end){.node = node, .note = note, .partner = NONE};
    end->is_start = is_of_type(node, "start");
    if (!end->is_start) {
        end->partner = take_start(self, note);
        if (end->partner != NONE) self->ends[end->partner].partner = index;
        return;
    }
    if (self->open_count == SLURS_OPEN_MAX) {
        self->open_count--;
        for (size_t i = 0; i < self->open_count; i++) self->open[i] = self->open[i + 1];
    }
    self->open[self->open_count++] = index;
}

/* Numbers the pairs so that no two that overlap share a number; takes away what is left over. */
static void number_slurs(struct slurs *self) {
    bool is_taken[SLUR_NUMBERS + 1] = {false};
    for (size_t i = 0; i < self->count; i++) {
        struct slur_end *end = &self->ends[i];
        if (end->is_start && end->partner != NONE) {
            unsigned number = 1;
            while (number <= SLUR_NUMBERS && is_taken[number]) number++;
            if (number <= SLUR_NUMBERS) is_taken[number] = true;
            else number = 0;
            end->number = self->ends[end->partner].number = (uint8_t)number;
        }
        if (!end->is_start) is_taken[end->number] = false;
        if (end->number == 0) {
            rp_xml_remove(end->node);
            remove_empty_notations(end->note);
        } else {
            rp_xml_set_attribute(self->tree, end->node, RP_XML_ATTRIBUTE_NUMBER,
                                 rp_xml_keep_integer(self->tree, end->number));
        }
    }
}

static void join_slurs(rp_xml_tree *tree, const rp_placed_notes *list) {
    struct slurs self = {.tree = tree};
    size_t room = 1;
    for (size_t i = 0; i < list->count; i++) {
        const rp_xml_node *notations = notations_of(&list->notes[i]);
        if (notations != NULL) room += rp_xml_count(notations, RP_XML_SLUR);
    }
    self.ends = rp_arena_array(tree->arena, room, sizeof *self.ends);
    if (tree->arena->failed || room > INT32_MAX) return;
    for (size_t i = 0; i < list->count; i++) {
        const rp_xml_node *notations = notations_of(&list->notes[i]);
        for (rp_xml_node *at = notations != NULL ? notations->first : NULL; at != NULL;
             at = at->next)
            if (at->tag == RP_XML_SLUR) add_end(&self, at, &list->notes[i]);
    }
    number_slurs(&self);
}

/* ---- tremolos ---- */

static rp_xml_node *tremolo_of(const rp_placed_note *note) {
    return rp_xml_child(rp_xml_child(notations_of(note), RP_XML_ORNAMENTS), RP_XML_TREMOLO);
}

static void make_single(rp_xml_tree *tree, const rp_placed_note *note) {
    rp_xml_node *tremolo = tremolo_of(note);
    if (is_of_type(tremolo, "start") || is_of_type(tremolo, "stop"))
        rp_xml_set_attribute(tree, tremolo, RP_XML_ATTRIBUTE_TYPE, "single");
}

static void join_tremolos(rp_xml_tree *tree, const rp_placed_notes *list) {
    const rp_placed_note *open[VOICES] = {NULL}; /* the start on the note before, by voice */
    for (size_t i = 0; i < list->count; i++) {
        const rp_placed_note *note = &list->notes[i];
        const rp_xml_node *tremolo = tremolo_of(note);
        if (note->is_chord || note->is_grace) {
            if (tremolo != NULL) make_single(tree, note);
            continue;
        }
        const rp_placed_note *start = open[note->voice];
        const bool is_stop = tremolo != NULL && is_of_type(tremolo, "stop");
        const bool is_pair = start != NULL && is_stop && start->end == note->onset &&
                             start->measure == note->measure && start->type == note->type;
        if (start != NULL && !is_pair) make_single(tree, start);
        if (is_stop && !is_pair) make_single(tree, note);
        open[note->voice] = tremolo != NULL && is_of_type(tremolo, "start") ? note : NULL;
    }
    for (size_t voice = 0; voice < VOICES; voice++)
        if (open[voice] != NULL) make_single(tree, open[voice]);
}

void rp_note_joins_make(rp_xml_tree *tree, const rp_placed_notes *list) {
    join_ties(tree, list);
    join_slurs(tree, list);
    join_tremolos(tree, list);
}
