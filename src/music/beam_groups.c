/* beam_groups.c: see beam_groups.h. */
#include "music/beam_groups.h"

#include <string.h>

#include "music/lmx.h"

enum { LEVELS = 8 };
enum beam { NO_BEAM, BEGIN, CONTINUE, END, FORWARD_HOOK, BACKWARD_HOOK, BEAM_COUNT };

static const char *const beam_texts[BEAM_COUNT] = {"",    "begin",        "continue",
                                                   "end", "forward hook", "backward hook"};

/* A note that can have beams, with those it has; level n is beams[n - 1]. */
struct beamed {
    const rp_placed_note *note;
    uint8_t beams[LEVELS], flags;
    bool is_first; /* nothing can be shared with what stands before */
};

struct groups {
    rp_xml_tree *tree;
    const rp_placed_notes *list;
    struct beamed *row; /* of the measure in hand */
    size_t count;
};

static uint8_t flags_of(const rp_placed_note *note) {
    if (note->type == 0 || note->type >= RP_LMX_TYPE_QUARTER) return 0;
    const int flags = RP_LMX_TYPE_QUARTER - note->type;
    return (uint8_t)(flags < LEVELS ? flags : LEVELS);
}

static void read_beams(struct beamed *beamed) {
    for (const rp_xml_node *at = beamed->note->node->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_BEAM || at->text == NULL) continue;
        const char *number = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_NUMBER);
        const unsigned level = number != NULL ? (unsigned)(number[0] - '0') : 1;
        if (level < 1 || level > beamed->flags || (number != NULL && number[1] != 0)) continue;
        for (uint8_t beam = BEGIN; beam < BEAM_COUNT; beam++)
            if (strcmp(beam_texts[beam], at->text) == 0) beamed->beams[level - 1] = beam;
    }
}

/* The beam breaks off: it ends on row[last], its last note. */
static void close_beam(struct groups *self, unsigned level, size_t last) {
    uint8_t *beam = &self->row[last].beams[level];
    if (*beam == CONTINUE) *beam = END;
    else if (*beam == BEGIN) *beam = level == 0 ? NO_BEAM : FORWARD_HOOK;
}

/* Puts one level right, from left to right. A level above the first lives within one group of the
 * first. */
static void make_level(struct groups *self, unsigned level) {
    bool is_open = false;
    size_t last = 0; /* the note the open beam has reached */
    for (size_t i = 0; i < self->count; i++) {
        struct beamed *at = &self->row[i];
        uint8_t *beam = &at->beams[level];
        const bool is_apart =
            at->is_first || (level > 0 && (at->beams[0] == BEGIN || at->beams[0] == NO_BEAM));
        if (level > 0 && at->beams[0] == NO_BEAM) *beam = NO_BEAM;
        if (is_open && (is_apart || (*beam != CONTINUE && *beam != END))) {
            close_beam(self, level, last);
            is_open = false;
        }
        if (!is_open && *beam == CONTINUE) *beam = BEGIN;
        if (!is_open && *beam == END) *beam = level == 0 ? NO_BEAM : BACKWARD_HOOK;
        if (level == 0 && *beam > END) *beam = NO_BEAM;
        if (*beam == BEGIN || *beam == END) is_open = *beam == BEGIN;
        last = i;
    }
    if (is_open) close_beam(self, level, last);
}

static void write_beams(struct groups *self, const struct beamed *beamed) {
    rp_xml_node *note = beamed->note->node, *before = NULL;
    for (rp_xml_node *at = note->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_BEAM) rp_xml_remove(at);
        else if (at->tag != RP_XML_NOTATIONS) before = at;
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        if (beamed->beams[level] == NO_BEAM) continue;
        before =
            rp_xml_insert(self->tree, note, before, RP_XML_BEAM, beam_texts[beamed->beams[level]]);
        rp_xml_set_attribute(self->tree, before, RP_XML_ATTRIBUTE_NUMBER,
                             rp_xml_keep_integer(self->tree, level + 1));
    }
}

/* Grace notes follow each other in the document, others in time. `gap`: something lies between. */
static bool follows(const rp_placed_note *note, const rp_placed_note *next, bool gap) {
    if (note->voice != next->voice || gap) return false;
    return next->is_grace || next->onset == note->end;
}

static void make_measure(struct groups *self, const rp_placed_measure *measure, bool graces) {
    const rp_placed_note *before = NULL;
    bool gap = true; /* before the first */
    self->count = 0;
    for (size_t i = measure->first; i < measure->last; i++) {
        const rp_placed_note *note = &self->list->notes[i];
        if (note->is_chord) continue;
        if (note->is_grace != graces) {
            gap = gap || graces;
            continue;
        }
        struct beamed beamed = {.note = note, .flags = flags_of(note)};
        read_beams(&beamed);
        beamed.is_first = before == NULL || !follows(before, note, gap) || beamed.flags == 0;
        gap = beamed.flags == 0;
        before = note;
        if (!note->is_rest) self->row[self->count++] = beamed;
        else if (beamed.is_first) gap = true;
    }
    for (unsigned level = 0; level < LEVELS; level++) make_level(self, level);
    for (size_t i = 0; i < self->count; i++) write_beams(self, &self->row[i]);
}

void rp_beam_groups_make(rp_xml_tree *tree, const rp_placed_notes *list) {
    struct groups self = {.tree = tree, .list = list};
    self.row = rp_arena_array(tree->arena, list->count + 1, sizeof *self.row);
    if (tree->arena->failed) return;
    for (size_t i = 0; i < list->count; i++) {
        rp_xml_node *beam;
        while (list->notes[i].is_chord &&
               (beam = rp_xml_child(list->notes[i].node, RP_XML_BEAM)) != NULL)
            rp_xml_remove(beam);
    }
    for (size_t i = 0; i < list->measure_count; i++) {
        make_measure(&self, &list->measures[i], false);
        make_measure(&self, &list->measures[i], true);
    }
}
