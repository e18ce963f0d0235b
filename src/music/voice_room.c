/* voice_room.c: see voice_room.h. Per measure and voice a chain of spans that are taken; what
 * follows without a gap lengthens the last span, so that a chain is short. */
#include "music/voice_room.h"

#include "music/musicxml.h"

enum { VOICES = 13, STAVES = 4, VOICES_A_STAFF = 4 }; /* voice and staff numbers from 1 */

struct span {
    int64_t begin, end;
    int32_t before; /* the span of this voice that was made before; -1: none */
};

struct room {
    rp_xml_tree *tree;
    const rp_placed_notes *list;
    uint32_t *left_out; /* (measures) pitched notes */
    size_t counts[VOICES][STAVES];
    uint8_t homes[VOICES]; /* the staff of a voice, where most of it is; 0: it is not in use */
    struct span *spans;    /* of the measure in hand */
    int32_t span_count, last[VOICES];
    bool has_changed;
};

static unsigned voice_of(const rp_placed_note *note) {
    return note->voice < VOICES ? note->voice : VOICES - 1;
}

static unsigned staff_of(const rp_placed_note *note) {
    return note->staff < STAVES ? note->staff : STAVES - 1;
}

static size_t total_of(const struct room *self, unsigned voice) {
    size_t total = 0;
    for (unsigned staff = 1; staff < STAVES; staff++) total += self->counts[voice][staff];
    return total;
}

static unsigned voices_at(const struct room *self, unsigned staff) {
    unsigned count = 0;
    for (unsigned voice = 1; voice < VOICES; voice++) count += self->homes[voice] == staff;
    return count;
}

/* Gives each voice a home; the voices of which there is most come first, so that those for which a
 * staff has no room are the least. Chords count once and grace notes not at all: so MuseScore
 * allots its four voices a staff. */
static void find_homes(struct room *self) {
    bool is_done[VOICES] = {false};
    for (size_t i = 0; i < self->list->count; i++) {
        const rp_placed_note *note = &self->list->notes[i];
        if (!note->is_chord && !note->is_grace) self->counts[voice_of(note)][staff_of(note)]++;
    }
    for (unsigned round = 1; round < VOICES; round++) {
        unsigned best = 0, home = 1;
        for (unsigned voice = 1; voice < VOICES; voice++)
            if (!is_done[voice] && (best == 0 || total_of(self, voice) > total_of(self, best)))
                best = voice;
        is_done[best] = true;
        for (unsigned staff = 2; staff < STAVES; staff++)
            if (self->counts[best][staff] > self->counts[best][home]) home = staff;
        if (total_of(self, best) > 0 && voices_at(self, home) < VOICES_A_STAFF)
            self->homes[best] = (uint8_t)home;
    }
}

static bool has_room(const struct room *self, unsigned voice, const rp_placed_note *note) {
    if (self->homes[voice] == 0) return false;
    for (int32_t at = self->last[voice]; at >= 0; at = self->spans[at].before)
        if (note->onset < self->spans[at].end && self->spans[at].begin < note->end) return false;
    return true;
}

static void take(struct room *self, unsigned voice, const rp_placed_note *note) {
    const int32_t last = self->last[voice];
    if (last >= 0 && self->spans[last].end == note->onset) {
        self->spans[last].end = note->end;
        return;
    }
    self->spans[self->span_count] = (struct span){note->onset, note->end, last};
    self->last[voice] = self->span_count++;
}

/* A voice for the note: its own, another of its staff, a new one; 0: there is none. */
static unsigned choose(struct room *self, const rp_placed_note *note) {
    const unsigned own = voice_of(note), staff = staff_of(note);
    if (has_room(self, own, note)) return own;
    for (unsigned voice = 1; voice < VOICES; voice++)
        if (self->homes[voice] == staff && has_room(self, voice, note)) return voice;
    if (voices_at(self, staff) == VOICES_A_STAFF) return 0;
    for (unsigned i = 0; i < VOICES - 1; i++) { /* from those that are usual for the staff */
        const unsigned voice = (VOICES_A_STAFF * (staff - 1) + i) % (VOICES - 1) + 1;
        if (self->homes[voice] != 0 || total_of(self, voice) > 0) continue;
        self->homes[voice] = (uint8_t)staff;
        return voice;
    }
    return 0;
}

static void set_voice(struct room *self, rp_xml_node *note, unsigned voice) {
    rp_xml_node *element = rp_xml_child(note, RP_XML_VOICE), *before = NULL;
    for (rp_xml_node *at = note->first; at != NULL && element == NULL; at = at->next)
        if (at->tag == RP_XML_GRACE || at->tag == RP_XML_CHORD || at->tag == RP_XML_PITCH ||
            at->tag == RP_XML_REST || at->tag == RP_XML_DURATION || at->tag == RP_XML_TIE)
            before = at;
    if (element == NULL) element = rp_xml_insert(self->tree, note, before, RP_XML_VOICE, NULL);
    element->text = rp_xml_keep_integer(self->tree, voice);
}

/* Makes the note a move forward of the same duration. */
static void drop(rp_xml_node *note) {
    for (rp_xml_node *at = note->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag != RP_XML_DURATION) rp_xml_remove(at);
    }
    note->attributes = NULL;
    note->tag = RP_XML_FORWARD;
}

/* Places the note at `i`; its grace notes stand from `graces`, its chord behind it. */
static void place(struct room *self, size_t graces, size_t i, size_t last) {
    const rp_placed_note *notes = self->list->notes, *note = &notes[i];
    const unsigned voice = choose(self, note), own = voice_of(note);
    if (voice != 0) take(self, voice, note);
    if (voice == own && note->voice == own) return;
    self->has_changed = true;
    for (size_t at = graces; at < i && voice != 0; at++)
        if (notes[at].is_grace && notes[at].voice == note->voice)
            set_voice(self, notes[at].node, voice);
    size_t end = i + 1;
    for (; end < last && notes[end].is_chord; end++) {
        if (voice != 0) set_voice(self, notes[end].node, voice);
        else rp_xml_remove(notes[end].node);
    }
    if (voice != 0) set_voice(self, note->node, voice);
    else drop(note->node);
    if (voice == 0 && !note->is_rest) self->left_out[note->measure] += (uint32_t)(end - i);
}

/* Takes away the grace notes of a voice that has nothing else. */
static void drop_lone_graces(struct room *self) {
    for (size_t i = 0; i < self->list->count; i++) {
        rp_xml_node *note = self->list->notes[i].node;
        if (!self->list->notes[i].is_grace) continue;
        const int64_t voice = rp_musicxml_number(note, RP_XML_VOICE, 1);
        if (voice > 0 && voice < VOICES && self->homes[voice] != 0) continue;
        rp_xml_remove(note);
        self->left_out[self->list->notes[i].measure]++;
        self->has_changed = true;
    }
}

bool rp_voice_room_make(uint32_t *left_out, rp_xml_tree *tree, const rp_placed_notes *list) {
    struct room self = {.tree = tree, .list = list, .left_out = left_out};
    self.spans = rp_arena_array(tree->arena, list->count + 1, sizeof *self.spans);
    if (tree->arena->failed) return false;
    find_homes(&self);
    for (size_t m = 0; m < list->measure_count; m++) {
        const rp_placed_measure *measure = &list->measures[m];
        size_t graces = measure->first;
        self.span_count = 0;
        for (unsigned voice = 0; voice < VOICES; voice++) self.last[voice] = -1;
        for (size_t i = measure->first; i < measure->last; i++) {
            if (list->notes[i].is_chord || list->notes[i].is_grace) continue;
            place(&self, graces, i, measure->last);
            graces = i + 1;
        }
    }
    drop_lone_graces(&self);
    return self.has_changed;
}
