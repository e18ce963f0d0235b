/* note_list.c: see note_list.h. */
#include "music/note_list.h"

#include <stdlib.h>
#include <string.h>

#include "music/musicxml.h"

enum { STAVES = 255, TRANSPOSITION_MAX = 127 };

struct lister {
    rp_arena *arena;
    rp_fraction divisions;
    rp_fraction now, chord_onset;
    int16_t transpositions[STAVES + 1]; /* by staff, from 1 */
};

int rp_note_semitone(const rp_note *note) {
    static const int8_t semitones[7] = {0, 2, 4, 5, 7, 9, 11};
    return 12 * (note->octave + 1) + semitones[note->step] + note->alter;
}

int rp_note_compare(const rp_note *a, const rp_note *b) {
    const int order = rp_fraction_compare(a->onset, b->onset);
    if (order != 0) return order;
    if (a->is_grace != b->is_grace) return a->is_grace ? -1 : 1;
    if (a->octave != b->octave) return a->octave - b->octave;
    if (a->step != b->step) return a->step - b->step;
    return a->alter - b->alter;
}

static int by_order(const void *left, const void *right) {
    const rp_note *a = left, *b = right;
    const int order = rp_note_compare(a, b);
    if (order != 0) return order;
    const int by_duration = rp_fraction_compare(a->duration, b->duration);
    if (by_duration != 0) return by_duration;
    return a->order < b->order ? -1 : 1;
}

/* "3/2", or "6" or "1.5" over the divisions. 0 where there is none or it is no number. */
static rp_fraction duration_of(const struct lister *self, const rp_xml_node *element) {
    const rp_xml_node *duration = rp_xml_child(element, RP_XML_DURATION);
    const char *slash =
        duration != NULL && duration->text != NULL ? strchr(duration->text, '/') : NULL;
    int64_t numerator, denominator;
    if (duration == NULL) return rp_fraction_make(0, 1);
    if (slash == NULL) {
        if (!rp_musicxml_decimal(&numerator, &denominator, duration->text) || numerator < 0)
            return rp_fraction_make(0, 1);
        return rp_fraction_divide(rp_fraction_make(numerator, denominator), self->divisions);
    }
    char head[24] = "";
    const size_t length = (size_t)(slash - duration->text);
    if (length >= sizeof head) return rp_fraction_make(0, 1);
    memcpy(head, duration->text, length);
    if (!rp_musicxml_integer(&numerator, head) || !rp_musicxml_integer(&denominator, slash + 1) ||
        denominator <= 0 || numerator < 0)
        return rp_fraction_make(0, 1);
    return rp_fraction_make(numerator, denominator);
}

/* Fills in pitch and staff; false: the note has none of a piano's pitches. */
static bool read_pitch(rp_note *note, const rp_xml_node *element) {
    static const char steps[] = "CDEFGAB";
    const rp_xml_node *pitch = rp_xml_child(element, RP_XML_PITCH);
    const rp_xml_node *step = rp_xml_child(pitch, RP_XML_STEP);
    if (step == NULL || step->text == NULL || step->text[0] == 0) return false;
    const char *letter = strchr(steps, step->text[0]);
    const int64_t octave = rp_musicxml_number(pitch, RP_XML_OCTAVE, -1);
    const int64_t alter = rp_musicxml_number(pitch, RP_XML_ALTER, 0);
    const int64_t staff = rp_musicxml_number(element, RP_XML_STAFF, 1);
    if (letter == NULL || octave < 0 || octave > 9 || alter < -3 || alter > 3) return false;
    note->step = (int8_t)(letter - steps);
    note->octave = (int8_t)octave;
    note->alter = (int8_t)alter;
    note->staff = staff >= 1 && staff <= 255 ? (uint8_t)staff : 1;
    return true;
}

static void read_ties(rp_note *note, const rp_xml_node *element) {
    for (const rp_xml_node *at = element->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_TIE) continue;
        if (rp_xml_attribute_is(at, RP_XML_ATTRIBUTE_TYPE, "stop")) note->ties_from = true;
        if (rp_xml_attribute_is(at, RP_XML_ATTRIBUTE_TYPE, "start")) note->ties_to = true;
    }
}

static void add_note(struct lister *self, rp_note_measure *measure, rp_xml_node *element) {
    rp_note note = {.node = element, .duration = duration_of(self, element)};
    const bool is_chord = rp_xml_child(element, RP_XML_CHORD) != NULL;
    note.is_grace = rp_xml_child(element, RP_XML_GRACE) != NULL;
    if (note.is_grace) note.duration = rp_fraction_make(0, 1);
    note.onset = is_chord ? self->chord_onset : self->now;
    if (!is_chord) {
        self->chord_onset = self->now;
        self->now = rp_fraction_add(self->now, note.duration);
    }
    if (!read_pitch(&note, element)) return;
    read_ties(&note, element);
    note.transposition = self->transpositions[note.staff];
    note.order = (uint32_t)measure->count;
    measure->notes[measure->count++] = note;
}

static void read_transpose(struct lister *self, const rp_xml_node *transpose) {
    const int64_t semitones = rp_musicxml_number(transpose, RP_XML_CHROMATIC, 0) +
                              12 * rp_musicxml_number(transpose, RP_XML_OCTAVE_CHANGE, 0);
    const char *number = rp_xml_attribute_value(transpose, RP_XML_ATTRIBUTE_NUMBER);
    int64_t only = 0; /* 0: of all staves */
    if (semitones < -TRANSPOSITION_MAX || semitones > TRANSPOSITION_MAX ||
        (number != NULL && !rp_musicxml_integer(&only, number)))
        return;
    for (int64_t staff = 1; staff <= STAVES; staff++)
        if (only == 0 || only == staff) self->transpositions[staff] = (int16_t)semitones;
}

static void read_attributes(struct lister *self, const rp_xml_node *attributes) {
    const rp_xml_node *divisions = rp_xml_child(attributes, RP_XML_DIVISIONS);
    int64_t numerator, denominator;
    if (divisions != NULL && rp_musicxml_decimal(&numerator, &denominator, divisions->text) &&
        numerator > 0)
        self->divisions = rp_fraction_make(numerator, denominator);
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_TRANSPOSE) read_transpose(self, at);
}

static bool is_mark(const rp_xml_node *node) {
    return node->tag == RP_XML_ATTRIBUTES || node->tag == RP_XML_DIRECTION ||
           node->tag == RP_XML_SOUND;
}

static void list_measure(struct lister *self, rp_note_measure *measure, rp_xml_node *node) {
    *measure = (rp_note_measure){.node = node, .length = rp_fraction_make(0, 1)};
    measure->notes =
        rp_arena_array(self->arena, rp_xml_count(node, RP_XML_NOTE), sizeof *measure->notes);
    size_t marks = 0;
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next) marks += is_mark(at);
    measure->marks = rp_arena_array(self->arena, marks, sizeof *measure->marks);
    if (self->arena->failed) return;
    self->now = self->chord_onset = rp_fraction_make(0, 1);
    for (rp_xml_node *at = node->first; at != NULL; at = at->next) {
        if (is_mark(at)) measure->marks[measure->mark_count++] = (rp_note_mark){self->now, at};
        if (at->tag == RP_XML_ATTRIBUTES) read_attributes(self, at);
        if (at->tag == RP_XML_NOTE) add_note(self, measure, at);
        if (at->tag == RP_XML_FORWARD)
            self->now = rp_fraction_add(self->now, duration_of(self, at));
        if (at->tag == RP_XML_BACKUP)
            self->now = rp_fraction_subtract(self->now, duration_of(self, at));
        if (rp_fraction_compare(self->now, measure->length) > 0) measure->length = self->now;
    }
    if (measure->count > 1) qsort(measure->notes, measure->count, sizeof *measure->notes, by_order);
}

rp_status rp_note_list_make(rp_note_list *list, rp_arena *arena, const rp_xml_node *part,
                            rp_error *error) {
    struct lister self = {.arena = arena, .divisions = {1, 1}};
    *list = (rp_note_list){.measures = rp_arena_array(arena, rp_xml_count(part, RP_XML_MEASURE),
                                                      sizeof *list->measures)};
    for (rp_xml_node *at = part->first; at != NULL && !arena->failed; at = at->next) {
        if (at->tag != RP_XML_MEASURE) continue;
        rp_note_measure *measure = &list->measures[list->count++];
        list_measure(&self, measure, at);
        list->notes += measure->count;
    }
    return arena->failed ? rp_fail_memory(error, "the list of notes") : RP_OK;
}
