/* finish.c: see finish.h. */
#include "music/finish.h"

#include <stdlib.h>
#include <string.h>

#include "music/head_attributes.h"
#include "music/musicxml.h"

enum { BEAMS_MAX = 8, SLURS_MAX = 16, STAVES_MAX = 3 };

struct finisher {
    rp_xml_tree *tree;
    int64_t divisions;
    int64_t measure_duration; /* in divisions; 4/4 until a time says otherwise */
    bool has_time;
    int64_t position, end; /* in the measure in hand: now, and the furthest so far */
    int64_t previous;      /* duration of the note a chord would be added to; -1: there is none */
    int64_t staves;        /* the highest that is used */
};

static int64_t number_of(const rp_xml_node *node) {
    int64_t number = 0;
    return node != NULL && rp_musicxml_integer(&number, node->text) ? number : 0;
}

static int64_t number_attribute(const rp_xml_node *node) {
    int64_t number = 1;
    const char *text = rp_xml_attribute_value(node, RP_XML_ATTRIBUTE_NUMBER);
    return text != NULL && rp_musicxml_integer(&number, text) ? number : 1;
}

static void use_staff(struct finisher *self, int64_t staff) {
    if (staff > self->staves && staff <= STAVES_MAX) self->staves = staff;
}

/* ---- attributes ---- */

static void finish_attributes(struct finisher *self, rp_xml_node *attributes) {
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next) {
        if (at->tag == RP_XML_DIVISIONS) self->divisions = number_of(at);
        if (at->tag == RP_XML_CLEF) use_staff(self, number_attribute(at));
        if (at->tag != RP_XML_TIME) continue;
        const int64_t beats = number_of(rp_xml_child(at, RP_XML_BEATS));
        const int64_t beat_type = number_of(rp_xml_child(at, RP_XML_BEAT_TYPE));
        if (beat_type <= 0 || self->divisions > INT64_MAX / 64) continue;
        const int64_t duration = 4 * beats * self->divisions / beat_type;
        self->measure_duration = duration > 0 ? duration : 1;
        self->has_time = true;
    }
    rp_head_attributes_sort(attributes);
}

/* ---- moves ---- */

/* Returns whether the move stays. */
static bool finish_move(struct finisher *self, rp_xml_node *move) {
    rp_xml_node *duration = rp_xml_child(move, RP_XML_DURATION);
    int64_t length = number_of(duration);
    self->previous = -1;
    if (length <= 0) return false;
    if (move->tag == RP_XML_BACKUP) {
        if (length > self->position) length = self->position;
        self->position -= length;
        duration->text = rp_xml_keep_integer(self->tree, length);
        return length > 0;
    }
    if (length > INT64_MAX / 4 - self->position) return false;
    self->position += length;
    if (self->position > self->end) self->end = self->position;
    return true;
}

/* ---- notes ---- */

/* A note is pitched or a rest; a chord note is pitched and follows a note. */
static void finish_head(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *grace = rp_xml_child(note, RP_XML_GRACE);
    rp_xml_node *chord = rp_xml_child(note, RP_XML_CHORD);
    const bool is_pitched = rp_xml_child(note, RP_XML_PITCH) != NULL;
    const bool is_rest = rp_xml_child(note, RP_XML_REST) != NULL;
    if (chord != NULL && (!is_pitched || self->previous < 0)) {
        rp_xml_remove(chord);
        chord = NULL;
    }
    if (!is_pitched && !is_rest)
        rp_xml_insert(self->tree, note, chord != NULL ? chord : grace, RP_XML_REST, NULL);
}

/* Gives the note a duration where it needs one, and moves on by it. */
static void finish_duration(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *duration = rp_xml_child(note, RP_XML_DURATION);
    const bool is_grace = rp_xml_child(note, RP_XML_GRACE) != NULL;
    const bool is_chord = rp_xml_child(note, RP_XML_CHORD) != NULL;
    if (is_grace) {
        self->previous = 0;
        return;
    }
    if (duration == NULL) {
        rp_xml_node *before = note->first; /* the pitch or rest, or chord in front of it */
        while (before != NULL && before->next != NULL && before->tag != RP_XML_PITCH &&
               before->tag != RP_XML_REST)
            before = before->next;
        duration = rp_xml_insert(self->tree, note, before, RP_XML_DURATION,
                                 rp_xml_keep_integer(self->tree, self->measure_duration));
    }
    int64_t length = number_of(duration);
    if (is_chord && self->previous > 0 && length > self->previous) {
        length = self->previous; /* a chord note is not longer than its chord */
        duration->text = rp_xml_keep_integer(self->tree, length);
    }
    if (is_chord || length > INT64_MAX / 4 - self->position) return;
    self->position += length;
    self->previous = length;
    if (self->position > self->end) self->end = self->position;
}

static void finish_beams(rp_xml_node *note) {
    for (rp_xml_node *at = note->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_BEAM && number_attribute(at) > BEAMS_MAX) rp_xml_remove(at);
    }
}

static void finish_slurs(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    for (rp_xml_node *at = notations != NULL ? notations->first : NULL; at != NULL; at = at->next) {
        const int64_t number = number_attribute(at);
        if (at->tag == RP_XML_SLUR && number > SLURS_MAX)
            rp_xml_set_attribute(self->tree, at, RP_XML_ATTRIBUTE_NUMBER,
                                 rp_xml_keep_integer(self->tree, (number - 1) % SLURS_MAX + 1));
    }
}

static void finish_note(struct finisher *self, rp_xml_node *note) {
    const rp_xml_node *staff = rp_xml_child(note, RP_XML_STAFF);
    finish_head(self, note);
    finish_duration(self, note);
    finish_beams(note);
    finish_slurs(self, note);
    if (staff != NULL) use_staff(self, number_of(staff));
}

/* ---- measures ---- */

static void finish_measure(struct finisher *self, rp_xml_node *measure) {
    self->position = self->end = 0;
    self->previous = -1;
    for (rp_xml_node *at = measure->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_ATTRIBUTES) finish_attributes(self, at);
        if (at->tag == RP_XML_NOTE) finish_note(self, at);
        if ((at->tag == RP_XML_BACKUP || at->tag == RP_XML_FORWARD) && !finish_move(self, at))
            rp_xml_remove(at);
    }
}

/* Words above the measure that ask the reader to look. */
static void mark_measure(rp_xml_tree *tree, rp_xml_node *measure) {
    rp_xml_node *direction =
        rp_xml_insert(tree, measure, rp_head_attributes_find(measure), RP_XML_DIRECTION, NULL);
    rp_xml_set_attribute(tree, direction, RP_XML_ATTRIBUTE_PLACEMENT, "above");
    rp_xml_node *type = rp_xml_add(tree, direction, RP_XML_DIRECTION_TYPE, NULL);
    rp_xml_add(tree, type, RP_XML_WORDS, "[?]");
}

static void set_staves(struct finisher *self, rp_xml_node *part) {
    if (self->staves < 2 || part->first == NULL) return;
    rp_xml_node *head = rp_head_attributes_make(self->tree, part->first);
    rp_xml_node *staves = rp_xml_child(head, RP_XML_STAVES);
    if (staves == NULL) staves = rp_xml_add(self->tree, head, RP_XML_STAVES, NULL);
    staves->text = rp_xml_keep_integer(self->tree, self->staves);
    rp_head_attributes_sort(head);
}

/* The schema asks for a measure, and MuseScore 3 crashes where there is none. */
static void fill_empty_part(rp_xml_tree *tree, rp_xml_node *part) {
    if (part->first != NULL) return;
    rp_xml_node *measure = rp_xml_add(tree, part, RP_XML_MEASURE, NULL);
    rp_xml_node *attributes = rp_xml_add(tree, measure, RP_XML_ATTRIBUTES, NULL);
    rp_xml_add(tree, attributes, RP_XML_DIVISIONS, "1");
    rp_xml_node *note = rp_xml_add(tree, measure, RP_XML_NOTE, NULL);
    rp_xml_node *rest = rp_xml_add(tree, note, RP_XML_REST, NULL);
    rp_xml_set_attribute(tree, rest, RP_XML_ATTRIBUTE_MEASURE, "yes");
}

void rp_finish_part(rp_xml_tree *tree, rp_xml_node *part, const rp_measure_repairs *repairs) {
    struct finisher self = {.tree = tree, .divisions = 1, .staves = 1};
    int64_t number = 1;
    uint32_t index = 0;
    size_t marked = 0;
    fill_empty_part(tree, part);
    const rp_xml_node *head = part->first != NULL ? rp_head_attributes_find(part->first) : NULL;
    const int64_t divisions = head != NULL ? number_of(rp_xml_child(head, RP_XML_DIVISIONS)) : 0;
    if (divisions > 0 && divisions < INT64_MAX / 64) self.divisions = divisions;
    self.measure_duration = 4 * self.divisions;
    for (rp_xml_node *measure = part->first; measure != NULL; measure = measure->next, index++) {
        finish_measure(&self, measure);
        const bool is_pick_up =
            index == 0 && self.has_time && self.end > 0 && self.end < self.measure_duration;
        if (is_pick_up) number = 0;
        rp_xml_set_attribute(tree, measure, RP_XML_ATTRIBUTE_NUMBER,
                             rp_xml_keep_integer(tree, number++));
        if (is_pick_up) rp_xml_set_attribute(tree, measure, RP_XML_ATTRIBUTE_IMPLICIT, "yes");
        while (repairs != NULL && marked < repairs->count &&
               repairs->measures[marked].index < index)
            marked++;
        if (repairs != NULL && marked < repairs->count && repairs->measures[marked].index == index)
            mark_measure(tree, measure);
    }
    set_staves(&self, part);
}
