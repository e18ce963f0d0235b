/* placed_note.c: see placed_note.h. */
#include "music/placed_note.h"

#include <string.h>

#include "music/lmx.h"
#include "music/musicxml.h"

struct placer {
    rp_placed_notes *list;
    int64_t now, chord_onset, furthest;
};

/* Times stop at a quarter of what their type holds, so that no sum of them overflows. */
static int64_t later(int64_t time, int64_t ticks) {
    static const int64_t most = INT64_MAX / 4;
    time += ticks; /* a number of MusicXML is within 10^15 */
    return time > most ? most : time < -most ? -most : time;
}

static int64_t within(int64_t number, int64_t least, int64_t most, int64_t otherwise) {
    return number >= least && number <= most ? number : otherwise;
}

static int16_t semitone_of(const rp_xml_node *note) {
    static const int8_t semitones[7] = {9, 11, 0, 2, 4, 5, 7}; /* A .. G */
    const rp_xml_node *pitch = rp_xml_child(note, RP_XML_PITCH);
    const rp_xml_node *step = rp_xml_child(pitch, RP_XML_STEP);
    if (step == NULL || step->text == NULL || step->text[0] < 'A' || step->text[0] > 'G') return -1;
    const int64_t octave = within(rp_musicxml_number(pitch, RP_XML_OCTAVE, 4), 0, 9, 4);
    const int64_t alter = within(rp_musicxml_number(pitch, RP_XML_ALTER, 0), -3, 3, 0);
    const int64_t semitone = 12 * (octave + 1) + semitones[step->text[0] - 'A'] + alter;
    return (int16_t)(semitone < 0 ? 0 : semitone);
}

static uint8_t type_of(const rp_xml_node *note) {
    const rp_xml_node *type = rp_xml_child(note, RP_XML_TYPE);
    if (type == NULL || type->text == NULL) return 0;
    const unsigned token = rp_lmx_token_of(type->text, strlen(type->text));
    const bool is_type = token >= RP_LMX_TYPE_1024TH && token <= RP_LMX_TYPE_MAXIMA;
    return is_type ? (uint8_t)token : 0;
}

static void place_note(struct placer *self, rp_xml_node *node, uint32_t measure) {
    const rp_xml_node *tuplet = rp_xml_child(node, RP_XML_TIME_MODIFICATION);
    const size_t dots = rp_xml_count(node, RP_XML_DOT);
    rp_placed_note note = {
        .node = node,
        .measure = measure,
        .semitone = semitone_of(node),
        .staff = (uint8_t)within(rp_musicxml_number(node, RP_XML_STAFF, 1), 1, 255, 1),
        .voice = (uint8_t)within(rp_musicxml_number(node, RP_XML_VOICE, 1), 1, 255, 1),
        .type = type_of(node),
        .dots = (uint8_t)(dots < 255 ? dots : 255),
        .actual = (uint8_t)within(rp_musicxml_number(tuplet, RP_XML_ACTUAL_NOTES, 1), 1, 255, 1),
        .normal = (uint8_t)within(rp_musicxml_number(tuplet, RP_XML_NORMAL_NOTES, 1), 1, 255, 1),
        .is_chord = rp_xml_child(node, RP_XML_CHORD) != NULL,
        .is_grace = rp_xml_child(node, RP_XML_GRACE) != NULL,
        .is_rest = rp_xml_child(node, RP_XML_REST) != NULL};
    const int64_t duration = note.is_grace ? 0 : rp_musicxml_number(node, RP_XML_DURATION, 0);
    note.onset = note.is_chord ? self->chord_onset : self->now;
    note.end = later(note.onset, duration);
    if (!note.is_chord) {
        self->chord_onset = self->now;
        self->now = note.end;
    }
    self->list->notes[self->list->count++] = note;
}

static void place_measure(struct placer *self, rp_placed_measure *measure, rp_xml_node *node) {
    const uint32_t index = (uint32_t)(measure - self->list->measures);
    measure->node = node;
    measure->first = self->list->count;
    self->now = self->chord_onset = self->furthest = measure->begin;
    for (rp_xml_node *at = node->first; at != NULL; at = at->next) {
        if (at->tag == RP_XML_NOTE) place_note(self, at, index);
        if (at->tag == RP_XML_FORWARD)
            self->now = later(self->now, rp_musicxml_number(at, RP_XML_DURATION, 0));
        if (at->tag == RP_XML_BACKUP)
            self->now = later(self->now, -rp_musicxml_number(at, RP_XML_DURATION, 0));
        if (self->now > self->furthest) self->furthest = self->now;
    }
    measure->last = self->list->count;
    measure->end = self->furthest;
}

void rp_placed_notes_make(rp_placed_notes *list, rp_xml_tree *tree, rp_xml_node *part,
                          int64_t empty_measure) {
    struct placer self = {.list = list};
    size_t notes = 0;
    *list = (rp_placed_notes){0};
    for (const rp_xml_node *at = part->first; at != NULL; at = at->next)
        notes += rp_xml_count(at, RP_XML_NOTE);
    const size_t measures = rp_xml_count(part, RP_XML_MEASURE);
    list->notes = rp_arena_array(tree->arena, notes + 1, sizeof *list->notes);
    list->measures = rp_arena_array(tree->arena, measures + 1, sizeof *list->measures);
    if (tree->arena->failed) return;
    int64_t begin = 0;
    for (rp_xml_node *at = part->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_MEASURE) continue;
        rp_placed_measure *measure = &list->measures[list->measure_count++];
        measure->begin = begin;
        place_measure(&self, measure, at);
        if (measure->end == begin) measure->end = later(begin, empty_measure);
        begin = measure->end;
    }
}
