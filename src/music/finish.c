/* finish.c: see finish.h. */
#include "music/finish.h"

#include <stdlib.h>
#include <string.h>

#include "music/beam_groups.h"
#include "music/fraction.h"
#include "music/head_attributes.h"
#include "music/lmx.h"
#include "music/musicxml.h"
#include "music/note_joins.h"
#include "music/placed_note.h"
#include "music/tuplet_groups.h"
#include "music/voice_room.h"

enum {
    STAVES_MAX = 3,
    DOTS_MAX = 3,
    SAID_MAX = 8,
    ROUNDS_MAX = 8 /* of voices and tuplets, should they never settle */
};

struct finisher {
    rp_xml_tree *tree;
    int64_t divisions;
    int64_t measure_duration; /* in divisions; 4/4 until a time says otherwise */
    bool has_time;
    int64_t position, end; /* in the measure in hand: now, and the furthest so far */
    rp_xml_node *head;     /* the note a chord note would be added to; NULL: there is none */
    int64_t staves;        /* the highest that is used */
    struct said {          /* a key, time or clef of the measure, and where it was said */
        rp_xml_node *node;
        int64_t staff, position;
    } said[SAID_MAX];
    size_t said_count;
    uint32_t *left_out; /* (measures) pitched notes that were taken away */
    bool *is_loose;     /* (measures) there is a tuplet that is not whole */
    uint32_t index;     /* of the measure in hand */
};

static int64_t number_attribute(const rp_xml_node *node) {
    int64_t number = 1;
    const char *text = rp_xml_attribute_value(node, RP_XML_ATTRIBUTE_NUMBER);
    return text != NULL && rp_musicxml_integer(&number, text) ? number : 1;
}

static void use_staff(struct finisher *self, int64_t staff) {
    if (staff > self->staves && staff <= STAVES_MAX) self->staves = staff;
}

/* ---- attributes ---- */

/* Clefs that are in use; others become the usual one of their sign. */
static void finish_clef(rp_xml_node *clef) {
    static const struct {
        char sign;
        int8_t first_line, last_line, usual_line;
    } rows[] = {{'G', 1, 2, 2}, {'C', 1, 5, 3}, {'F', 3, 5, 4}};
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5"};
    const rp_xml_node *sign = rp_xml_child(clef, RP_XML_SIGN);
    rp_xml_node *line = rp_xml_child(clef, RP_XML_LINE);
    for (size_t i = 0; i < RP_COUNT(rows) && sign != NULL && line != NULL; i++) {
        if (sign->text == NULL || sign->text[0] != rows[i].sign) continue;
        const int64_t number = rp_musicxml_number(clef, RP_XML_LINE, 0);
        if (number < rows[i].first_line || number > rows[i].last_line)
            line->text = digits[rows[i].usual_line];
    }
}

/* Of two keys, times or clefs of a staff at one time the later one counts. */
static void say_once(struct finisher *self, rp_xml_node *node) {
    const struct said now = {node, number_attribute(node), self->position};
    size_t i = 0;
    while (i < self->said_count &&
           (self->said[i].node->tag != node->tag || self->said[i].staff != now.staff))
        i++;
    if (i == SAID_MAX) return;
    if (i < self->said_count && self->said[i].position == now.position)
        rp_xml_remove(self->said[i].node);
    self->said[i] = now;
    if (i == self->said_count) self->said_count++;
}

static void finish_attributes(struct finisher *self, rp_xml_node *attributes) {
    for (rp_xml_node *at = attributes->first; at != NULL; at = at->next) {
        if (at->tag == RP_XML_DIVISIONS)
            self->divisions = rp_musicxml_number(attributes, RP_XML_DIVISIONS, 0);
        if (at->tag == RP_XML_KEY || at->tag == RP_XML_TIME || at->tag == RP_XML_CLEF)
            say_once(self, at);
        if (at->tag == RP_XML_CLEF) {
            use_staff(self, number_attribute(at));
            finish_clef(at);
        }
        if (at->tag != RP_XML_TIME) continue;
        const int64_t beats = rp_musicxml_number(at, RP_XML_BEATS, 0);
        const int64_t beat_type = rp_musicxml_number(at, RP_XML_BEAT_TYPE, 0);
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
    int64_t length = rp_musicxml_number(move, RP_XML_DURATION, 0);
    self->head = NULL;
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

/* Makes the note a rest; one without a type, which only a rest of the whole measure can do
 * without, becomes that. */
static void make_rest(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *pitch = rp_xml_child(note, RP_XML_PITCH);
    rp_xml_node *rest = rp_xml_child(note, RP_XML_REST);
    if (rest == NULL) rest = rp_xml_insert(self->tree, note, NULL, RP_XML_REST, NULL);
    if (pitch != NULL) {
        rp_xml_remove(pitch);
        self->left_out[self->index]++;
    }
    if (rp_xml_child(note, RP_XML_TYPE) == NULL)
        rp_xml_set_attribute(self->tree, rest, RP_XML_ATTRIBUTE_MEASURE, "yes");
}

/* A note is pitched or a rest; a chord note is pitched, and a grace note just if its chord is.
 * Returns whether the note stays: a rest is no grace note. */
static bool finish_head(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *chord = rp_xml_child(note, RP_XML_CHORD);
    const bool is_grace = rp_xml_child(note, RP_XML_GRACE) != NULL;
    const bool is_pitched =
        rp_xml_child(note, RP_XML_PITCH) != NULL && rp_xml_child(note, RP_XML_REST) == NULL;
    const bool fits = is_pitched && self->head != NULL &&
                      rp_xml_child(self->head, RP_XML_PITCH) != NULL &&
                      is_grace == (rp_xml_child(self->head, RP_XML_GRACE) != NULL);
    if (!is_pitched && is_grace) return false;
    if (chord != NULL && !fits) {
        rp_xml_remove(chord);
        chord = NULL;
    }
    const bool is_typed = is_grace || chord != NULL || rp_xml_child(note, RP_XML_TYPE) != NULL;
    if (!is_pitched || !is_typed) make_rest(self, note);
    if (chord == NULL) self->head = note;
    return true;
}

/* Which notes of the measure are chords and rests. */
static void finish_heads(struct finisher *self, rp_xml_node *measure) {
    self->head = NULL;
    for (rp_xml_node *at = measure->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_BACKUP || at->tag == RP_XML_FORWARD) self->head = NULL;
        if (at->tag == RP_XML_NOTE && !finish_head(self, at)) rp_xml_remove(at);
    }
}

/* Takes away the children with one of these tags, here or among the notations. */
static void remove_children(rp_xml_node *parent, const uint16_t *tags, size_t count) {
    for (rp_xml_node *at = parent != NULL ? parent->first : NULL, *next; at != NULL; at = next) {
        next = at->next;
        for (size_t i = 0; i < count; i++)
            if (at->tag == tags[i]) {
                rp_xml_remove(at);
                break;
            }
    }
}

/* A rest has nothing that only a sound can have. */
static void finish_rest(rp_xml_node *note) {
    static const uint16_t of_note[] = {RP_XML_TIE, RP_XML_ACCIDENTAL, RP_XML_STEM, RP_XML_BEAM,
                                       RP_XML_PITCH};
    static const uint16_t of_notations[] = {RP_XML_TIED, RP_XML_ARTICULATIONS, RP_XML_ORNAMENTS,
                                            RP_XML_ARPEGGIATE, RP_XML_SLUR};
    rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    remove_children(note, of_note, RP_COUNT(of_note));
    remove_children(notations, of_notations, RP_COUNT(of_notations));
    if (notations != NULL && notations->first == NULL) rp_xml_remove(notations);
}

/* The length of a note type with dots and a time modification, in divisions; 0: none. */
static int64_t length_of(const struct finisher *self, const rp_xml_node *note, size_t dots) {
    const rp_xml_node *type = rp_xml_child(note, RP_XML_TYPE);
    const rp_xml_node *tuplet = rp_xml_child(note, RP_XML_TIME_MODIFICATION);
    const unsigned token = type != NULL && type->text != NULL
                               ? rp_lmx_token_of(type->text, strlen(type->text))
                               : RP_LMX_UNKNOWN;
    if (token < RP_LMX_TYPE_1024TH || token > RP_LMX_TYPE_MAXIMA) return 0;
    const int64_t actual = rp_musicxml_number(tuplet, RP_XML_ACTUAL_NOTES, 1);
    const int64_t normal = rp_musicxml_number(tuplet, RP_XML_NORMAL_NOTES, 1);
    const rp_fraction length = rp_fraction_multiply(
        rp_lmx_length(token, dots, 0), rp_fraction_make(normal * self->divisions, actual));
    return length.denominator == 1 ? length.numerator : 0;
}

/* No more dots than are ever printed. */
static void finish_dots(struct finisher *self, rp_xml_node *note) {
    size_t dots = rp_xml_count(note, RP_XML_DOT);
    if (dots <= DOTS_MAX) return;
    for (; dots > DOTS_MAX; dots--) rp_xml_remove(rp_xml_child(note, RP_XML_DOT));
    rp_xml_node *duration = rp_xml_child(note, RP_XML_DURATION);
    const int64_t length = length_of(self, note, DOTS_MAX);
    if (duration != NULL && length > 0) duration->text = rp_xml_keep_integer(self->tree, length);
}

/* Makes the child of the note, which stands behind `before`, equal to that of its chord's head. */
static rp_xml_node *take_child(struct finisher *self, rp_xml_node *note, rp_xml_node *before,
                               uint32_t tag) {
    rp_xml_node *own;
    while ((own = rp_xml_child(note, tag)) != NULL) rp_xml_remove(own);
    for (const rp_xml_node *at = self->head->first; at != NULL; at = at->next) {
        if (at->tag != tag) continue;
        rp_xml_node *copy = rp_xml_insert(self->tree, note, before, tag, at->text);
        for (const rp_xml_node *below = at->first; below != NULL; below = below->next)
            rp_xml_add(self->tree, copy, below->tag, below->text);
        before = copy;
    }
    return before;
}

/* All notes of a chord are of one length and voice: the duration, voice, type, dots and time
 * modification of the first. */
static void finish_chord(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *before = rp_xml_child(note, RP_XML_PITCH);
    if (rp_xml_child(note, RP_XML_DURATION) != NULL)
        before = take_child(self, note, before, RP_XML_DURATION);
    for (rp_xml_node *at = before->next; at != NULL; at = at->next)
        if (at->tag == RP_XML_TIE) before = at;
    before = take_child(self, note, before, RP_XML_VOICE);
    before = take_child(self, note, before, RP_XML_TYPE);
    before = take_child(self, note, before, RP_XML_DOT);
    rp_xml_node *accidental = rp_xml_child(note, RP_XML_ACCIDENTAL);
    take_child(self, note, accidental != NULL ? accidental : before, RP_XML_TIME_MODIFICATION);
}

/* Puts a duration behind the pitch or rest. */
static rp_xml_node *add_duration(struct finisher *self, rp_xml_node *note, int64_t length) {
    rp_xml_node *before = note->first;
    while (before != NULL && before->next != NULL && before->tag != RP_XML_PITCH &&
           before->tag != RP_XML_REST)
        before = before->next;
    return rp_xml_insert(self->tree, note, before, RP_XML_DURATION,
                         rp_xml_keep_integer(self->tree, length));
}

/* Gives the note a duration where it needs one, and moves on by it. */
static void finish_duration(struct finisher *self, rp_xml_node *note) {
    rp_xml_node *duration = rp_xml_child(note, RP_XML_DURATION);
    if (rp_xml_child(note, RP_XML_GRACE) != NULL) {
        if (duration != NULL) rp_xml_remove(duration);
        return;
    }
    if (duration == NULL) duration = add_duration(self, note, self->measure_duration);
    const int64_t length = rp_musicxml_number(note, RP_XML_DURATION, 0);
    if (rp_xml_child(note, RP_XML_CHORD) != NULL || length > INT64_MAX / 4 - self->position) return;
    self->position += length;
    if (self->position > self->end) self->end = self->position;
}

static void finish_note(struct finisher *self, rp_xml_node *note) {
    if (rp_xml_child(note, RP_XML_REST) != NULL) finish_rest(note);
    finish_dots(self, note);
    finish_duration(self, note);
    if (rp_xml_child(note, RP_XML_CHORD) != NULL) finish_chord(self, note);
    else self->head = note;
    use_staff(self, rp_musicxml_number(note, RP_XML_STAFF, 0));
}

/* ---- measures ---- */

static bool is_measure_rest(const rp_xml_node *at) {
    const rp_xml_node *rest = at->tag == RP_XML_NOTE ? rp_xml_child(at, RP_XML_REST) : NULL;
    return rest != NULL && rp_xml_attribute_is(rest, RP_XML_ATTRIBUTE_MEASURE, "yes");
}

/* How long the measure is by what stands in it beside measure rests, which count as `rest`; 0:
 * there is nothing else. */
static int64_t length_beside_rests(const rp_xml_node *measure, int64_t rest) {
    int64_t now = 0, end = 0;
    bool has_rest = false; /* the stream in hand has a measure rest */
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        const int64_t length = rp_musicxml_number(at, RP_XML_DURATION, 0);
        if (length > INT64_MAX / 4 - now) return 0;
        if (at->tag == RP_XML_BACKUP) {
            now = now > length ? now - length : 0;
            has_rest = false;
        } else if (is_measure_rest(at)) {
            has_rest = true;
            now += rest;
        } else if (rp_xml_child(at, RP_XML_CHORD) == NULL) {
            now += length;
        }
        if (at->tag == RP_XML_NOTE && !has_rest && now > end) end = now;
    }
    return end;
}

/* The longest move back; 0: there is none. */
static int64_t longest_backup(const rp_xml_node *measure) {
    int64_t longest = 0;
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        const int64_t length = rp_musicxml_number(at, RP_XML_DURATION, 0);
        if (at->tag == RP_XML_BACKUP && length > longest) longest = length;
    }
    return longest;
}

/* A measure rest is as long as its measure, which may be shorter than its time: a pick-up, or one
 * divided at a repeat. Nothing goes forward behind it. */
static void fit_measure_rests(struct finisher *self, rp_xml_node *measure) {
    const int64_t beside = length_beside_rests(measure, 0);
    int64_t length = beside > 0 ? beside : longest_backup(measure);
    if (length == 0 || length_beside_rests(measure, length) != beside)
        length = self->measure_duration; /* the moves do not fit the rest of that length */
    for (rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        if (!is_measure_rest(at)) continue;
        rp_xml_node *duration = rp_xml_child(at, RP_XML_DURATION);
        if (duration == NULL) add_duration(self, at, length);
        else duration->text = rp_xml_keep_integer(self->tree, length);
        while (at->next != NULL && at->next->tag == RP_XML_FORWARD) rp_xml_remove(at->next);
    }
}

static void finish_measure(struct finisher *self, rp_xml_node *measure) {
    self->position = self->end = 0;
    self->said_count = 0;
    finish_heads(self, measure);
    bool is_fitted = false; /* which asks for the time in front of the first note */
    for (rp_xml_node *at = measure->first, *next; at != NULL; at = next) {
        if (!is_fitted && at->tag != RP_XML_ATTRIBUTES) fit_measure_rests(self, measure);
        is_fitted = is_fitted || at->tag != RP_XML_ATTRIBUTES;
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

/* What takes more than one note to judge. Each step may drop notes or put rests in, so that the
 * next one looks anew; and where a voice belongs depends on what is left of it, so that voices and
 * tuplets take turns until neither changes. */
static void finish_groups(struct finisher *self, rp_xml_node *part) {
    rp_placed_notes list;
    bool is_settled = false;
    for (int round = 0; round < ROUNDS_MAX && !is_settled; round++) {
        rp_placed_notes_make(&list, self->tree, part, self->measure_duration);
        is_settled = !rp_voice_room_make(self->left_out, self->tree, &list);
        rp_placed_notes_make(&list, self->tree, part, self->measure_duration);
        is_settled = !rp_tuplet_groups_make(self->is_loose, self->tree, &list) && is_settled;
    }
    rp_placed_notes_make(&list, self->tree, part, self->measure_duration);
    rp_note_joins_make(self->tree, &list);
    rp_beam_groups_make(self->tree, &list);
}

/* Says in which measures the music is less than what the tokens said, or cannot be whole; returns
 * how many notes were left out. */
static size_t tell(const struct finisher *self, const rp_log *log, uint32_t measures) {
    size_t left_out = 0;
    for (uint32_t i = 0; i < measures; i++) {
        if (self->left_out[i] > 0)
            rp_log_line(log, 0, "measure %u of the score: %u note%s no place and %s left out",
                        i + 1, self->left_out[i], self->left_out[i] == 1 ? " has" : "s have",
                        self->left_out[i] == 1 ? "is" : "are");
        if (self->is_loose[i])
            rp_log_line(log, 0, "measure %u of the score: a tuplet is not whole", i + 1);
        left_out += self->left_out[i];
    }
    return left_out;
}

size_t rp_finish_part(rp_xml_tree *tree, rp_xml_node *part, const rp_measure_repairs *repairs,
                      const rp_log *log) {
    struct finisher self = {.tree = tree, .divisions = 1, .staves = 1};
    int64_t number = 1;
    size_t marked = 0;
    fill_empty_part(tree, part);
    const size_t measures = rp_xml_count(part, RP_XML_MEASURE);
    self.left_out = rp_arena_array(tree->arena, measures + 1, sizeof *self.left_out);
    self.is_loose = rp_arena_array(tree->arena, measures + 1, sizeof *self.is_loose);
    if (tree->arena->failed) return 0;
    const rp_xml_node *head = part->first != NULL ? rp_head_attributes_find(part->first) : NULL;
    const int64_t divisions = rp_musicxml_number(head, RP_XML_DIVISIONS, 0);
    if (divisions > 0 && divisions < INT64_MAX / 64) self.divisions = divisions;
    self.measure_duration = 4 * self.divisions;
    for (rp_xml_node *measure = part->first; measure != NULL;
         measure = measure->next, self.index++) {
        finish_measure(&self, measure);
        const bool is_pick_up =
            self.index == 0 && self.has_time && self.end > 0 && self.end < self.measure_duration;
        if (is_pick_up) number = 0;
        rp_xml_set_attribute(tree, measure, RP_XML_ATTRIBUTE_NUMBER,
                             rp_xml_keep_integer(tree, number++));
        if (is_pick_up) rp_xml_set_attribute(tree, measure, RP_XML_ATTRIBUTE_IMPLICIT, "yes");
        while (repairs != NULL && marked < repairs->count &&
               repairs->measures[marked].index < self.index)
            marked++;
        if (repairs != NULL && marked < repairs->count &&
            repairs->measures[marked].index == self.index)
            mark_measure(tree, measure);
    }
    set_staves(&self, part);
    finish_groups(&self, part);
    return tell(&self, log, (uint32_t)measures);
}
