/* delinearize.c: tokens to elements.
 *
 * The tokens of a measure are read once. Prefixes gather for the next root, suffixes for the last
 * one, wherever they stand; at the next root (or the measure's end) the root in hand is finished
 * with what it has gathered. Building an element takes tokens from the two lists by range; what is
 * left over gets a message. Durations are kept as fractions until the end, when the divisions that
 * make them all whole are known. */
#include "music/delinearize.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "music/fraction.h"
#include "music/head_attributes.h"
#include "music/sounding.h"

/* A prefix or suffix that waits for its root. */
struct bound {
    uint32_t position; /* in words, from 1 */
    uint16_t token;
    bool is_taken;
};

struct bounds {
    struct bound *items; /* room for all tokens of the line */
    size_t count;
};

struct length {
    rp_xml_node *duration;
    rp_fraction value;
};

struct slur {
    size_t order;
    int is_start;
    unsigned number; /* 0: none */
};

struct delinearizer {
    rp_xml_tree *tree;
    const rp_log *log;
    rp_delinearize_report report;
    rp_xml_node *part, *measure;
    rp_xml_node *attributes; /* the last element, if key, time or clef made it */
    unsigned root, root_position;
    struct bounds prefixes, next_prefixes, suffixes; /* of the root in hand, and the next */
    unsigned voice, staff, stem;                     /* tokens that hold until changed; 0: none */
    unsigned open_beams, open_grace_beams, open_slurs;
    rp_fraction measure_duration; /* from the last time; denominator 0: none yet */
    struct length *lengths;
    size_t length_count;
    struct length *last_move; /* of the last element, if it is a move with a duration */
    rp_sounding sounding;
    rp_sounding_event *events; /* of the measure in hand */
    size_t event_count;
    struct rp_sounding_record *records;
    struct slur *slurs;
};

/* ---- messages and taking ---- */

static void message(struct delinearizer *self, const struct bound *at, const char *words) {
    self->report.messages++;
    const char *token = rp_lmx_text_of(at->token);
    rp_log_line(self->log, 0, "token %u (%s): %s", (unsigned)at->position,
                token != NULL ? token : "?", words);
}

static void message_root(struct delinearizer *self, const char *words) {
    const struct bound root = {.position = self->root_position, .token = (uint16_t)self->root};
    message(self, &root, words);
}

static void stop(struct delinearizer *self, rp_delinearize_stop stop, const char *words) {
    if (self->report.stop != RP_DELINEARIZE_NO_STOP) return;
    self->report.stop = stop;
    rp_log_line(self->log, 0, "%s", words);
}

/* The first suffix from `first` to `last`, 0 if there is none; further ones are dropped. */
static unsigned take_suffix(struct delinearizer *self, unsigned first, unsigned last) {
    unsigned found = 0;
    for (size_t i = 0; i < self->suffixes.count; i++) {
        struct bound *at = &self->suffixes.items[i];
        if (at->token < first || at->token > last) continue;
        at->is_taken = true;
        if (found == 0) found = at->token;
        else message(self, at, "the note has one already");
    }
    return found;
}

/* The last prefix from `first` to `last`, 0 if there is none; the others are dropped. */
static unsigned take_prefix(struct delinearizer *self, unsigned first, unsigned last) {
    unsigned found = 0;
    for (size_t i = self->prefixes.count; i-- > 0;) {
        struct bound *at = &self->prefixes.items[i];
        if (at->token < first || at->token > last) continue;
        at->is_taken = true;
        if (found == 0) found = at->token;
        else message(self, at, "another one follows before the note");
    }
    return found;
}

/* Takes all suffixes with this token and returns their number. */
static size_t take_all(struct delinearizer *self, unsigned token) {
    size_t count = 0;
    for (size_t i = 0; i < self->suffixes.count; i++) {
        struct bound *at = &self->suffixes.items[i];
        if (at->token == token) at->is_taken = true, count++;
    }
    return count;
}

static void drop_leftovers(struct delinearizer *self, struct bounds *bounds, const char *words) {
    for (size_t i = 0; i < bounds->count; i++)
        if (!bounds->items[i].is_taken) message(self, &bounds->items[i], words);
    bounds->count = 0;
}

/* ---- attributes ---- */

static void add_key(struct delinearizer *self, rp_xml_node *attributes) {
    const int fifths = rp_lmx_row_of(self->root)->a;
    if (rp_xml_child(attributes, RP_XML_KEY) == NULL) /* the first of an element counts */
        self->events[self->event_count++] =
            (rp_sounding_event){.kind = RP_SOUNDING_KEY, .fifths = (int8_t)fifths};
    rp_xml_node *key = rp_xml_add(self->tree, attributes, RP_XML_KEY, NULL);
    rp_xml_add(self->tree, key, RP_XML_FIFTHS, rp_xml_keep_integer(self->tree, fifths));
}

static void add_time(struct delinearizer *self, rp_xml_node *attributes) {
    const unsigned beats = take_suffix(self, RP_LMX_BEATS_1, RP_LMX_BEATS_16);
    const unsigned beat_type = take_suffix(self, RP_LMX_BEAT_TYPE_2, RP_LMX_BEAT_TYPE_16);
    if (beats == 0) message_root(self, "a time without beats: 4");
    if (beat_type == 0) message_root(self, "a time without beat type: 4");
    const int beats_number = beats != 0 ? rp_lmx_row_of(beats)->a : 4;
    const int beat_type_number = beat_type != 0 ? rp_lmx_row_of(beat_type)->a : 4;
    rp_xml_node *time = rp_xml_add(self->tree, attributes, RP_XML_TIME, NULL);
    rp_xml_add(self->tree, time, RP_XML_BEATS, rp_xml_keep_integer(self->tree, beats_number));
    rp_xml_add(self->tree, time, RP_XML_BEAT_TYPE,
               rp_xml_keep_integer(self->tree, beat_type_number));
    self->measure_duration = rp_fraction_make(4 * beats_number, beat_type_number);
}

static void add_clef(struct delinearizer *self, rp_xml_node *attributes) {
    static const char *const signs[] = {"G", "C", "F"};
    const unsigned staff = take_suffix(self, RP_LMX_STAFF_1, RP_LMX_STAFF_3);
    rp_xml_node *clef = rp_xml_add(self->tree, attributes, RP_XML_CLEF, NULL);
    if (staff != 0)
        rp_xml_set_attribute(self->tree, clef, RP_XML_ATTRIBUTE_NUMBER,
                             rp_xml_keep_integer(self->tree, rp_lmx_row_of(staff)->a));
    const unsigned index = self->root - RP_LMX_CLEF_G1;
    rp_xml_add(self->tree, clef, RP_XML_SIGN, signs[index / 5]);
    rp_xml_add(self->tree, clef, RP_XML_LINE, rp_xml_keep_integer(self->tree, index % 5 + 1));
}

static void add_attributes(struct delinearizer *self) {
    if (self->attributes == NULL)
        self->attributes = rp_xml_add(self->tree, self->measure, RP_XML_ATTRIBUTES, NULL);
    const unsigned kind = rp_lmx_row_of(self->root)->kind;
    if (kind == RP_LMX_KIND_KEY) add_key(self, self->attributes);
    if (kind == RP_LMX_KIND_TIME) add_time(self, self->attributes);
    if (kind == RP_LMX_KIND_CLEF) add_clef(self, self->attributes);
}

/* ---- lengths ---- */

static struct length *add_duration(struct delinearizer *self, rp_xml_node *element,
                                   rp_fraction value) {
    struct length *length = &self->lengths[self->length_count++];
    *length = (struct length){rp_xml_add(self->tree, element, RP_XML_DURATION, NULL), value};
    return length;
}

/* ---- backup and forward ---- */

/* Adds the move to the element before, if that is one of the same kind. */
static bool merge_move(struct delinearizer *self, uint32_t tag, rp_fraction value) {
    const rp_xml_node *last = self->measure->last;
    if (last == NULL || last->tag != tag) return false;
    if (self->last_move == NULL || !rp_fraction_is_number(value)) {
        stop(self, RP_DELINEARIZE_MOVE_LENGTH,
             "a backup or forward without a length stands beside another one: it counts as 0");
        if (self->last_move == NULL && rp_fraction_is_number(value))
            self->last_move = add_duration(self, self->measure->last, value);
        return true;
    }
    self->last_move->value = rp_fraction_add(self->last_move->value, value);
    return true;
}

static void add_move(struct delinearizer *self, uint32_t tag) {
    self->open_beams = self->open_grace_beams = 0;
    rp_fraction value = {0, 0};
    if (self->root == RP_LMX_REST_MEASURE) {
        message_root(self, "the length of a move cannot be a measure");
        self->prefixes.count = self->suffixes.count = 0;
    } else {
        value = rp_lmx_length(self->root, 0, take_suffix(self, RP_LMX_TM_3IN2, RP_LMX_TM_9IN2));
    }
    if (!merge_move(self, tag, value)) {
        rp_xml_node *move = rp_xml_add(self->tree, self->measure, tag, NULL);
        self->last_move = rp_fraction_is_number(value) ? add_duration(self, move, value) : NULL;
    }
    self->events[self->event_count++] = (rp_sounding_event){
        .kind = tag == RP_XML_BACKUP ? RP_SOUNDING_BACKUP : RP_SOUNDING_FORWARD, .duration = value};
}

/* ---- notes ---- */

/* All tokens of a note, taken from the lists. */
struct note_tokens {
    unsigned print_object, grace, grace_slash, chord, rest, pitch, voice;
    unsigned time_modification, accidental, stem, staff;
    unsigned tied_start, tied_stop, tuplet_start, tuplet_stop;
    unsigned fermata, arpeggiate, staccato, accent, strong_accent, tenuto;
    unsigned tremolo_type, tremolo_marks, trill_mark;
    size_t dots, beam_begins, beam_ends, slur_count;
};

/* One row for each token of a note that counts once. */
static const struct take_row {
    uint16_t field; /* in struct note_tokens */
    uint8_t first, last;
} prefix_rows[] =
    {
        {offsetof(struct note_tokens, print_object), RP_LMX_PRINT_OBJECT_NO,
         RP_LMX_PRINT_OBJECT_NO},
        {offsetof(struct note_tokens, grace), RP_LMX_GRACE, RP_LMX_GRACE},
        {offsetof(struct note_tokens, grace_slash), RP_LMX_GRACE_SLASH, RP_LMX_GRACE_SLASH},
        {offsetof(struct note_tokens, chord), RP_LMX_CHORD, RP_LMX_CHORD},
        {offsetof(struct note_tokens, rest), RP_LMX_REST, RP_LMX_REST},
        {offsetof(struct note_tokens, pitch), RP_LMX_C0, RP_LMX_B9},
        {offsetof(struct note_tokens, voice), RP_LMX_VOICE_1, RP_LMX_VOICE_12},
},
  suffix_rows[] = {
      {offsetof(struct note_tokens, time_modification), RP_LMX_TM_3IN2, RP_LMX_TM_9IN2},
      {offsetof(struct note_tokens, accidental), RP_LMX_SHARP, RP_LMX_NATURAL_FLAT},
      {offsetof(struct note_tokens, stem), RP_LMX_STEM_UP, RP_LMX_STEM_NONE},
      {offsetof(struct note_tokens, staff), RP_LMX_STAFF_1, RP_LMX_STAFF_3},
      {offsetof(struct note_tokens, tied_start), RP_LMX_TIED_START, RP_LMX_TIED_START},
      {offsetof(struct note_tokens, tied_stop), RP_LMX_TIED_STOP, RP_LMX_TIED_STOP},
      {offsetof(struct note_tokens, tuplet_start), RP_LMX_TUPLET_START, RP_LMX_TUPLET_START},
      {offsetof(struct note_tokens, tuplet_stop), RP_LMX_TUPLET_STOP, RP_LMX_TUPLET_STOP},
      {offsetof(struct note_tokens, fermata), RP_LMX_FERMATA, RP_LMX_FERMATA},
      {offsetof(struct note_tokens, arpeggiate), RP_LMX_ARPEGGIATE, RP_LMX_ARPEGGIATE},
      {offsetof(struct note_tokens, staccato), RP_LMX_STACCATO, RP_LMX_STACCATO},
      {offsetof(struct note_tokens, accent), RP_LMX_ACCENT, RP_LMX_ACCENT},
      {offsetof(struct note_tokens, strong_accent), RP_LMX_STRONG_ACCENT, RP_LMX_STRONG_ACCENT},
      {offsetof(struct note_tokens, tenuto), RP_LMX_TENUTO, RP_LMX_TENUTO},
      {offsetof(struct note_tokens, tremolo_type), RP_LMX_TREMOLO_SINGLE,
       RP_LMX_TREMOLO_UNMEASURED},
      {offsetof(struct note_tokens, tremolo_marks), RP_LMX_TREMOLO_1, RP_LMX_TREMOLO_4},
      {offsetof(struct note_tokens, trill_mark), RP_LMX_TRILL_MARK, RP_LMX_TRILL_MARK},
};

static struct note_tokens take_note(struct delinearizer *self) {
    struct note_tokens note = {0};
    char *fields = (char *)&note;
    if (self->prefixes.count > 0)
        for (size_t i = 0; i < RP_COUNT(prefix_rows); i++) {
            const struct take_row *row = &prefix_rows[i];
            const unsigned token = take_prefix(self, row->first, row->last);
            memcpy(fields + row->field, &token, sizeof token);
        }
    if (self->suffixes.count == 0) return note;
    for (size_t i = 0; i < RP_COUNT(suffix_rows); i++) {
        const struct take_row *row = &suffix_rows[i];
        const unsigned token = take_suffix(self, row->first, row->last);
        memcpy(fields + row->field, &token, sizeof token);
    }
    note.dots = take_all(self, RP_LMX_DOT);
    note.beam_begins = take_all(self, RP_LMX_BEAM_BEGIN);
    note.beam_ends = take_all(self, RP_LMX_BEAM_END);
    take_all(self, RP_LMX_BEAM_FORWARD_HOOK); /* written later, in their order */
    take_all(self, RP_LMX_BEAM_BACKWARD_HOOK);
    note.slur_count = take_all(self, RP_LMX_SLUR_START) + take_all(self, RP_LMX_SLUR_STOP);
    return note;
}

static rp_xml_node *add_typed(struct delinearizer *self, rp_xml_node *parent, uint32_t tag,
                              const char *type) {
    rp_xml_node *node = rp_xml_add(self->tree, parent, tag, NULL);
    rp_xml_set_attribute(self->tree, node, RP_XML_ATTRIBUTE_TYPE, type);
    return node;
}

/* pitch, or NULL for rests and notes without one. */
static rp_xml_node *add_pitch(struct delinearizer *self, rp_xml_node *element,
                              const struct note_tokens *note) {
    static const char *const steps[] = {"C", "D", "E", "F", "G", "A", "B"};
    if (note->rest != 0) {
        rp_xml_node *rest = rp_xml_add(self->tree, element, RP_XML_REST, NULL);
        if (self->root == RP_LMX_REST_MEASURE)
            rp_xml_set_attribute(self->tree, rest, RP_XML_ATTRIBUTE_MEASURE, "yes");
        return NULL;
    }
    if (note->pitch == 0) return NULL;
    const rp_lmx_row *row = rp_lmx_row_of(note->pitch);
    rp_xml_node *pitch = rp_xml_add(self->tree, element, RP_XML_PITCH, NULL);
    rp_xml_add(self->tree, pitch, RP_XML_STEP, steps[row->a]);
    rp_xml_add(self->tree, pitch, RP_XML_OCTAVE, rp_xml_keep_integer(self->tree, row->b));
    return pitch;
}

enum { BEAMS_MAX = 64 }; /* open at a time; MusicXML numbers eight */

static void add_beam(struct delinearizer *self, rp_xml_node *element, unsigned number,
                     const char *text) {
    rp_xml_node *beam = rp_xml_add(self->tree, element, RP_XML_BEAM, text);
    rp_xml_set_attribute(self->tree, beam, RP_XML_ATTRIBUTE_NUMBER,
                         rp_xml_keep_integer(self->tree, number));
}

/* The beams of a note: going on, begun or ended, then hooks; `open` counts those that go on. */
static void add_beams(struct delinearizer *self, rp_xml_node *element,
                      const struct note_tokens *note, unsigned *open) {
    const int64_t change = (int64_t)note->beam_begins - (int64_t)note->beam_ends;
    if (change > 0 && *open + change > BEAMS_MAX) return; /* no music: every note would have them */
    if (change < 0 && (int64_t)*open < -change) *open = (unsigned)-change;
    const unsigned before = *open;
    *open = (unsigned)((int64_t)before + change);
    const unsigned going_on = change < 0 ? *open : before;
    unsigned top = change < 0 ? before : *open;
    for (unsigned number = 1; number <= top; number++)
        add_beam(self, element, number,
                 number <= going_on ? "continue"
                 : change < 0       ? "end"
                                    : "begin");
    for (size_t i = 0; i < self->suffixes.count; i++) {
        const unsigned token = self->suffixes.items[i].token;
        if (token == RP_LMX_BEAM_FORWARD_HOOK) add_beam(self, element, ++top, "forward hook");
        if (token == RP_LMX_BEAM_BACKWARD_HOOK) add_beam(self, element, ++top, "backward hook");
    }
}

/* ---- notations ---- */

/* Stops first, then by the number as text; no number counts as 1. */
static int by_slur_order(const void *left, const void *right) {
    const struct slur *a = left, *b = right;
    if (a->is_start != b->is_start) return a->is_start - b->is_start;
    char a_text[16], b_text[16];
    snprintf(a_text, sizeof a_text, "%u", a->number != 0 ? a->number : 1);
    snprintf(b_text, sizeof b_text, "%u", b->number != 0 ? b->number : 1);
    const int order = strcmp(a_text, b_text);
    if (order != 0) return order;
    return a->order < b->order ? -1 : 1;
}

static void add_slurs(struct delinearizer *self, rp_xml_node *notations) {
    size_t count = 0;
    for (size_t i = 0; i < self->suffixes.count; i++) {
        const unsigned token = self->suffixes.items[i].token;
        struct slur *slur = &self->slurs[count];
        if (token == RP_LMX_SLUR_START) {
            *slur = (struct slur){count++, 1, ++self->open_slurs};
        } else if (token == RP_LMX_SLUR_STOP) {
            *slur = (struct slur){count++, 0, self->open_slurs};
            if (self->open_slurs > 0) self->open_slurs--;
        }
    }
    if (count > 1) qsort(self->slurs, count, sizeof *self->slurs, by_slur_order);
    for (size_t i = 0; i < count; i++) {
        const struct slur *slur = &self->slurs[i];
        rp_xml_node *node =
            add_typed(self, notations, RP_XML_SLUR, slur->is_start ? "start" : "stop");
        if (slur->number != 0)
            rp_xml_set_attribute(self->tree, node, RP_XML_ATTRIBUTE_NUMBER,
                                 rp_xml_keep_integer(self->tree, slur->number));
    }
}

static void add_articulations(struct delinearizer *self, rp_xml_node *notations,
                              const struct note_tokens *note) {
    if ((note->accent | note->strong_accent | note->tenuto | note->staccato) == 0) return;
    rp_xml_node *marks = rp_xml_add(self->tree, notations, RP_XML_ARTICULATIONS, NULL);
    if (note->accent != 0) rp_xml_add(self->tree, marks, RP_XML_ACCENT, NULL);
    if (note->strong_accent != 0) rp_xml_add(self->tree, marks, RP_XML_STRONG_ACCENT, NULL);
    if (note->tenuto != 0) rp_xml_add(self->tree, marks, RP_XML_TENUTO, NULL);
    if (note->staccato != 0) rp_xml_add(self->tree, marks, RP_XML_STACCATO, NULL);
}

static void add_ornaments(struct delinearizer *self, rp_xml_node *notations,
                          const struct note_tokens *note) {
    static const char *const types[] = {"single", "start", "stop", "unmeasured"};
    if ((note->tremolo_type | note->trill_mark) == 0) return;
    rp_xml_node *ornaments = rp_xml_add(self->tree, notations, RP_XML_ORNAMENTS, NULL);
    if (note->trill_mark != 0) rp_xml_add(self->tree, ornaments, RP_XML_TRILL_MARK, NULL);
    if (note->tremolo_type == 0) return;
    rp_xml_node *tremolo = add_typed(self, ornaments, RP_XML_TREMOLO,
                                     types[note->tremolo_type - RP_LMX_TREMOLO_SINGLE]);
    const int marks = note->tremolo_marks != 0 ? rp_lmx_row_of(note->tremolo_marks)->a : 3;
    tremolo->text = rp_xml_keep_integer(self->tree, marks);
}

static void add_notations(struct delinearizer *self, rp_xml_node *element,
                          const struct note_tokens *note) {
    if ((note->tied_start | note->tied_stop | note->tuplet_start | note->tuplet_stop |
         note->fermata | note->arpeggiate | note->staccato | note->accent | note->strong_accent |
         note->tenuto | note->tremolo_type | note->trill_mark) == 0 &&
        note->slur_count == 0)
        return;
    rp_xml_node *notations = rp_xml_add(self->tree, element, RP_XML_NOTATIONS, NULL);
    if (note->tied_stop != 0) add_typed(self, notations, RP_XML_TIED, "stop");
    if (note->tied_start != 0) add_typed(self, notations, RP_XML_TIED, "start");
    if (note->tuplet_stop != 0) add_typed(self, notations, RP_XML_TUPLET, "stop");
    if (note->tuplet_start != 0) add_typed(self, notations, RP_XML_TUPLET, "start");
    add_slurs(self, notations);
    if (note->fermata != 0) rp_xml_add(self->tree, notations, RP_XML_FERMATA, NULL);
    add_articulations(self, notations, note);
    add_ornaments(self, notations, note);
    if (note->arpeggiate != 0) rp_xml_add(self->tree, notations, RP_XML_ARPEGGIATE, NULL);
}

/* ---- the note ---- */

/* Duration of the note in hand; denominator 0: it has none. */
static rp_fraction note_duration(const struct delinearizer *self, const struct note_tokens *note) {
    if (note->grace != 0) return (rp_fraction){0, 0};
    if (self->root == RP_LMX_REST_MEASURE) return self->measure_duration;
    return rp_lmx_length(self->root, note->dots, note->time_modification);
}

static void add_type_and_dots(struct delinearizer *self, rp_xml_node *element,
                              const struct note_tokens *note) {
    rp_xml_tree *tree = self->tree;
    if (self->root != RP_LMX_REST_MEASURE)
        rp_xml_add(tree, element, RP_XML_TYPE, rp_lmx_text_of(self->root));
    for (size_t i = 0; i < note->dots; i++) rp_xml_add(tree, element, RP_XML_DOT, NULL);
    if (note->accidental != 0)
        rp_xml_add(tree, element, RP_XML_ACCIDENTAL, rp_lmx_text_of(note->accidental));
    if (note->time_modification == 0) return;
    const rp_lmx_row *row = rp_lmx_row_of(note->time_modification);
    rp_xml_node *modification = rp_xml_add(tree, element, RP_XML_TIME_MODIFICATION, NULL);
    rp_xml_add(tree, modification, RP_XML_ACTUAL_NOTES, rp_xml_keep_integer(tree, row->a));
    rp_xml_add(tree, modification, RP_XML_NORMAL_NOTES, rp_xml_keep_integer(tree, row->b));
}

static void add_stem_and_staff(struct delinearizer *self, rp_xml_node *element,
                               const struct note_tokens *note) {
    static const char *const stems[] = {"up", "down", "none"};
    if (note->rest == 0 && self->root != RP_LMX_TYPE_WHOLE) {
        if (note->stem != 0) self->stem = note->stem;
        if (self->stem != 0)
            rp_xml_add(self->tree, element, RP_XML_STEM, stems[self->stem - RP_LMX_STEM_UP]);
    }
    if (note->staff != 0) self->staff = note->staff;
    if (self->staff != 0)
        rp_xml_add(self->tree, element, RP_XML_STAFF,
                   rp_xml_keep_integer(self->tree, rp_lmx_row_of(self->staff)->a));
}

static void add_event(struct delinearizer *self, const struct note_tokens *note, rp_xml_node *pitch,
                      rp_fraction duration) {
    self->events[self->event_count++] =
        (rp_sounding_event){.kind = RP_SOUNDING_NOTE,
                            .duration = duration,
                            .pitch = pitch,
                            .pitch_token = (uint8_t)note->pitch,
                            .accidental_token = (uint8_t)note->accidental,
                            .staff = self->staff != 0 ? (uint8_t)rp_lmx_row_of(self->staff)->a : 1,
                            .is_chord = note->chord != 0,
                            .has_tie_stop = note->tied_stop != 0,
                            .has_tie_start = note->tied_start != 0};
}

static void add_note(struct delinearizer *self) {
    rp_xml_tree *tree = self->tree;
    const struct note_tokens note = take_note(self);
    rp_xml_node *element = rp_xml_add(tree, self->measure, RP_XML_NOTE, NULL);
    if (note.print_object != 0)
        rp_xml_set_attribute(tree, element, RP_XML_ATTRIBUTE_PRINT_OBJECT, "no");
    if (note.grace != 0) {
        rp_xml_node *grace = rp_xml_add(tree, element, RP_XML_GRACE, NULL);
        if (note.grace_slash != 0) rp_xml_set_attribute(tree, grace, RP_XML_ATTRIBUTE_SLASH, "yes");
    }
    if (note.chord != 0) rp_xml_add(tree, element, RP_XML_CHORD, NULL);
    rp_xml_node *pitch = add_pitch(self, element, &note);
    const rp_fraction duration = note_duration(self, &note);
    if (rp_fraction_is_number(duration)) add_duration(self, element, duration);
    if (note.tied_stop != 0) add_typed(self, element, RP_XML_TIE, "stop");
    if (note.tied_start != 0) add_typed(self, element, RP_XML_TIE, "start");
    if (note.voice != 0) self->voice = note.voice;
    if (self->voice != 0)
        rp_xml_add(tree, element, RP_XML_VOICE,
                   rp_xml_keep_integer(tree, rp_lmx_row_of(self->voice)->a));
    add_type_and_dots(self, element, &note);
    add_stem_and_staff(self, element, &note);
    if (note.chord == 0 && note.rest == 0)
        add_beams(self, element, &note,
                  note.grace != 0 ? &self->open_grace_beams : &self->open_beams);
    add_notations(self, element, &note);
    add_event(self, &note, pitch, duration);
}

/* ---- measures ---- */

/* Builds the element of the root in hand. */
static void finish_root(struct delinearizer *self) {
    if (self->root == 0) return;
    const unsigned kind = rp_lmx_row_of(self->root)->kind;
    if (kind == RP_LMX_KIND_KEY || kind == RP_LMX_KIND_TIME || kind == RP_LMX_KIND_CLEF) {
        add_attributes(self);
    } else {
        self->attributes = NULL;
        const unsigned backup = take_prefix(self, RP_LMX_BACKUP, RP_LMX_BACKUP);
        const unsigned forward = take_prefix(self, RP_LMX_FORWARD, RP_LMX_FORWARD);
        if (backup != 0) add_move(self, RP_XML_BACKUP);
        else if (forward != 0) add_move(self, RP_XML_FORWARD);
        else add_note(self);
    }
    drop_leftovers(self, &self->prefixes, "does not fit what follows");
    drop_leftovers(self, &self->suffixes, "does not fit what it follows");
    self->root = 0;
}

static void read_token(struct delinearizer *self, unsigned token, size_t position) {
    const struct bound bound = {.position = (uint32_t)position, .token = (uint16_t)token};
    switch (rp_lmx_role_of(token)) {
        case RP_LMX_ROLE_PREFIX:
            self->next_prefixes.items[self->next_prefixes.count++] = bound;
            break;
        case RP_LMX_ROLE_SUFFIX: self->suffixes.items[self->suffixes.count++] = bound; break;
        case RP_LMX_ROLE_ROOT: {
            if (self->root == 0) drop_leftovers(self, &self->suffixes, "nothing stands before it");
            finish_root(self);
            const struct bounds empty = self->prefixes;
            self->prefixes = self->next_prefixes;
            self->next_prefixes = empty;
            self->root = token;
            self->root_position = (unsigned)position;
            break;
        }
        case RP_LMX_ROLE_MEASURE: assert(false); break;
    }
}

static void read_measure(struct delinearizer *self, const rp_lmx_line *line, size_t first,
                         size_t last) {
    self->measure = rp_xml_add(self->tree, self->part, RP_XML_MEASURE, NULL);
    self->attributes = NULL;
    self->last_move = NULL;
    self->voice = self->staff = self->stem = 0;
    self->open_beams = self->open_grace_beams = 0;
    self->event_count = 0;
    bool has_root = false;
    for (size_t i = first; i < last; i++) {
        if (line->tokens[i] >= RP_LMX_COUNT) continue;
        read_token(self, line->tokens[i], i + 1);
        has_root = has_root || self->root != 0;
    }
    if (!has_root) self->suffixes.count = 0; /* these vanish without a message */
    finish_root(self);
    drop_leftovers(self, &self->next_prefixes, "nothing follows it");
    rp_sounding_measure(&self->sounding, self->tree, self->events, self->event_count,
                        self->records);
}

/* Is there a known token among these? */
static bool has_token(const rp_lmx_line *line, size_t first, size_t last) {
    for (size_t i = first; i < last; i++)
        if (line->tokens[i] < RP_LMX_COUNT) return true;
    return false;
}

static void read_measures(struct delinearizer *self, const rp_lmx_line *line) {
    size_t begin = 0;
    while (begin < line->count && line->tokens[begin] != RP_LMX_MEASURE) begin++;
    if (has_token(line, 0, begin)) {
        stop(self, RP_DELINEARIZE_BEFORE_MEASURE,
             "tokens stand before the first measure: they count as a measure");
        read_measure(self, line, 0, begin);
    }
    while (begin < line->count) {
        size_t end = begin + 1;
        while (end < line->count && line->tokens[end] != RP_LMX_MEASURE) end++;
        if (end < line->count || has_token(line, begin + 1, end))
            read_measure(self, line, begin + 1, end);
        begin = end;
    }
}

/* ---- the head ---- */

static void add_staves(struct delinearizer *self) {
    int staves = 1;
    for (const rp_xml_node *measure = self->part->first; measure != NULL; measure = measure->next)
        for (const rp_xml_node *at = measure->first; at != NULL; at = at->next)
            for (const rp_xml_node *clef = at->tag == RP_XML_ATTRIBUTES ? at->first : NULL;
                 clef != NULL; clef = clef->next) {
                const char *number = rp_xml_attribute_value(clef, RP_XML_ATTRIBUTE_NUMBER);
                if (number != NULL && atoi(number) > staves) staves = atoi(number);
            }
    if (staves == 1) return;
    rp_xml_node *head = rp_head_attributes_make(self->tree, self->part->first);
    rp_xml_add(self->tree, head, RP_XML_STAVES, rp_xml_keep_integer(self->tree, staves));
    rp_head_attributes_sort(head);
}

static const char *fraction_text(rp_xml_tree *tree, rp_fraction value) {
    if (value.denominator == 1) return rp_xml_keep_integer(tree, value.numerator);
    char text[64];
    const int length = snprintf(text, sizeof text, "%lld/%lld", (long long)value.numerator,
                                (long long)value.denominator);
    return rp_xml_keep(tree, text, (size_t)length);
}

/* Least common multiple of all denominators, as far as it fits. */
static int64_t common_divisions(const struct delinearizer *self) {
    int64_t divisions = 1;
    for (size_t i = 0; i < self->length_count; i++) {
        const int64_t denominator = self->lengths[i].value.denominator;
        if (denominator == 0) continue;
        int64_t larger;
        if (rp_multiply_checked(&larger, divisions, denominator / rp_gcd(divisions, denominator)))
            divisions = larger;
    }
    return divisions;
}

static void write_durations(struct delinearizer *self, bool is_fractional) {
    const int64_t divisions = is_fractional ? 1 : common_divisions(self);
    for (size_t i = 0; i < self->length_count; i++) {
        const struct length *length = &self->lengths[i];
        if (is_fractional) {
            length->duration->text = fraction_text(self->tree, length->value);
            continue;
        }
        int64_t whole = 1;
        const rp_fraction exact =
            rp_fraction_multiply(length->value, rp_fraction_make(divisions, 1));
        if (rp_fraction_is_number(exact)) whole = exact.numerator / exact.denominator;
        length->duration->text = rp_xml_keep_integer(self->tree, whole > 0 ? whole : 1);
    }
    if (is_fractional) return;
    if (self->length_count == 0)
        stop(self, RP_DELINEARIZE_NO_DURATION, "nothing has a duration: divisions is 1");
    rp_xml_node *head = rp_head_attributes_make(self->tree, self->part->first);
    rp_xml_add(self->tree, head, RP_XML_DIVISIONS, rp_xml_keep_integer(self->tree, divisions));
    rp_head_attributes_sort(head);
}

/* ---- public ---- */

static void delinearizer_init(struct delinearizer *self, rp_arena *arena, size_t count) {
    self->prefixes.items = rp_arena_array(arena, count, sizeof(struct bound));
    self->next_prefixes.items = rp_arena_array(arena, count, sizeof(struct bound));
    self->suffixes.items = rp_arena_array(arena, count, sizeof(struct bound));
    self->lengths = rp_arena_array(arena, count, sizeof *self->lengths);
    self->events = rp_arena_array(arena, count, sizeof *self->events);
    self->records = rp_arena_array(arena, count, sizeof *self->records);
    self->slurs = rp_arena_array(arena, count, sizeof *self->slurs);
}

rp_status rp_delinearize(rp_xml_node **part, rp_xml_tree *tree, const rp_lmx_line *line,
                         const rp_delinearize_options *options, rp_delinearize_report *report,
                         rp_error *error) {
    struct delinearizer self = {.tree = tree, .log = options != NULL ? options->log : NULL};
    rp_arena scratch = {0};
    if (line->count > UINT32_MAX / 2)
        return rp_fail(error, RP_INPUT, 0, "the line has more than 2^31 tokens");
    delinearizer_init(&self, &scratch, line->count);
    if (scratch.failed) {
        rp_arena_clear(&scratch);
        return rp_fail_memory(error, "the music of the tokens");
    }
    self.part = rp_xml_add(tree, NULL, RP_XML_PART, NULL);
    rp_xml_set_attribute(tree, self.part, RP_XML_ATTRIBUTE_ID, "P2");
    self.report.messages = line->unknown;
    if (line->unknown > 0)
        rp_log_line(self.log, 0, "%zu words are no tokens of LMX: left out", line->unknown);
    read_measures(&self, line);
    if (self.part->first != NULL) {
        add_staves(&self);
        write_durations(&self, options != NULL && options->fractional);
    }
    rp_arena_clear(&scratch);
    *part = self.part;
    if (report != NULL) *report = self.report;
    return tree->arena->failed ? rp_fail_memory(error, "the music of the tokens") : RP_OK;
}

rp_xml_node *rp_delinearize_wrap(rp_xml_tree *tree, rp_xml_node *part) {
    rp_xml_node *score = rp_xml_add(tree, NULL, RP_XML_SCORE_PARTWISE, NULL);
    rp_xml_set_attribute(tree, score, RP_XML_ATTRIBUTE_VERSION, "3.1");
    rp_xml_node *list = rp_xml_add(tree, score, RP_XML_PART_LIST, NULL);
    rp_xml_node *score_part = rp_xml_add(tree, list, RP_XML_SCORE_PART, NULL);
    rp_xml_set_attribute(tree, score_part, RP_XML_ATTRIBUTE_ID, "P2");
    rp_xml_add(tree, score_part, RP_XML_PART_NAME, "Piano");
    if (score != &tree->spare) rp_xml_append(score, part);
    return score;
}

void rp_delinearize_print(rp_text *text, const rp_xml_tree *tree, const rp_xml_node *score) {
    rp_text_add(text, "<?xml version='1.0' encoding='utf-8'?>\n");
    rp_xml_write(text, tree, score);
    rp_text_add_char(text, '\n');
}
