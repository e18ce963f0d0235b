/* linearize.c: measures to tokens, in the order of lmx_grammar.h whatever the document's order. */
#include "music/linearize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "music/fraction.h"
#include "music/measure_rest.h"
#include "music/musicxml.h"

static const char *const warning_names[RP_LINEARIZE_WARNING_COUNT] = {
    "note-without-type",
    "unexpected-measure-child",
    "unsupported-accidental",
    "unknown-stem",
    "staff-out-of-range",
    "note-without-duration",
    "measure-rest-duration",
    "note-duration",
    "chord-duration",
    "chord-pitch-order",
    "unexpected-attributes-child",
    "forward-backup-remainder",
    "token-dropped",
};

const char *rp_linearize_warning_name(rp_linearize_warning warning) {
    return warning_names[warning];
}

/* ---- tokens, warnings, failures ---- */

static void emit(rp_linearizer *self, unsigned token) {
    if (self->count == self->capacity) {
        const size_t capacity = self->capacity == 0 ? 512 : 2 * self->capacity;
        uint16_t *tokens = realloc(self->tokens, capacity * sizeof *tokens);
        if (tokens == NULL) {
            self->has_failed_memory = true;
            return;
        }
        self->tokens = tokens;
        self->capacity = capacity;
    }
    self->tokens[self->count++] = (uint16_t)token;
}

/* Line of a node. Counts on from the last one asked for, so that thousands of warnings do not
 * read the file thousands of times. */
static size_t line_of(rp_linearizer *self, const rp_xml_node *node) {
    const rp_xml_source *source = self->source;
    size_t at = self->known_offset_bytes, line = self->known_line;
    if (node->offset_bytes < at || line == 0) at = 0, line = 1;
    for (; at < node->offset_bytes && at < source->size; at++) line += source->data[at] == '\n';
    self->known_offset_bytes = at;
    self->known_line = line;
    return line;
}

static void warn(rp_linearizer *self, rp_linearize_warning warning, const rp_xml_node *node) {
    self->warnings[warning]++;
    if (self->log == NULL || self->log->write == NULL) return;
    const char *text = node->text != NULL ? node->text : "";
    rp_log_line(self->log, 0, "%s: line %zu, measure %.32s: %s%s%.64s", self->source->name,
                line_of(self, node), self->measure_number, warning_names[warning],
                *text != 0 ? ": " : "", text);
}

/* `what` is wrong with `node`. */
static rp_status fail(const rp_linearizer *self, const rp_xml_node *node, rp_error *error,
                      const char *what) {
    const size_t line = rp_xml_line_of(self->source, node->offset_bytes);
    const char *text = node->text != NULL ? node->text : "";
    return rp_fail(error, RP_INPUT, (int64_t)line, "%s: line %zu, measure %.32s: %s%s%.64s",
                   self->source->name, line, self->measure_number, what, *text != 0 ? ": " : "",
                   text);
}

/* Emits the word made of `head` and `tail` if it is a token from `first` to `last`. */
static unsigned find_word(const char *head, const char *tail, unsigned first, unsigned last) {
    char word[32];
    const size_t head_length = strlen(head), tail_length = tail != NULL ? strlen(tail) : 0;
    if (head_length + tail_length >= sizeof word) return RP_LMX_UNKNOWN;
    memcpy(word, head, head_length);
    if (tail_length > 0) memcpy(word + head_length, tail, tail_length);
    const unsigned token = rp_lmx_token_of(word, head_length + tail_length);
    return token >= first && token <= last ? token : RP_LMX_UNKNOWN;
}

/* As find_word; a word that is no token is dropped where that is allowed, fatal elsewhere. */
static rp_status require_word(rp_linearizer *self, unsigned *token, const rp_xml_node *node,
                              const char *head, const char *tail, rp_error *error) {
    *token = find_word(head, tail, 0, RP_LMX_COUNT - 1);
    if (*token != RP_LMX_UNKNOWN) return RP_OK;
    if (!self->is_lenient) return fail(self, node, error, "LMX has no token for this");
    warn(self, RP_LINEARIZE_TOKEN_DROPPED, node);
    return RP_OK;
}

static void emit_known(rp_linearizer *self, unsigned token) {
    if (token != RP_LMX_UNKNOWN) emit(self, token);
}

/* ---- a note's children ---- */

/* The first child of each kind, found in one pass. */
struct note_view {
    const rp_xml_node *grace, *chord, *rest, *pitch, *voice, *type, *time_modification;
    const rp_xml_node *accidental, *stem, *staff, *notations, *duration;
    size_t dots, beams, notations_count;
};

static void keep_first(const rp_xml_node **slot, const rp_xml_node *node) {
    if (*slot == NULL) *slot = node;
}

static struct note_view view_note(const rp_xml_node *note) {
    struct note_view view = {0};
    for (const rp_xml_node *at = note->first; at != NULL; at = at->next) {
        switch (at->tag) {
            case RP_XML_GRACE: keep_first(&view.grace, at); break;
            case RP_XML_CHORD: keep_first(&view.chord, at); break;
            case RP_XML_REST: keep_first(&view.rest, at); break;
            case RP_XML_PITCH: keep_first(&view.pitch, at); break;
            case RP_XML_VOICE: keep_first(&view.voice, at); break;
            case RP_XML_TYPE: keep_first(&view.type, at); break;
            case RP_XML_TIME_MODIFICATION: keep_first(&view.time_modification, at); break;
            case RP_XML_ACCIDENTAL: keep_first(&view.accidental, at); break;
            case RP_XML_STEM: keep_first(&view.stem, at); break;
            case RP_XML_STAFF: keep_first(&view.staff, at); break;
            case RP_XML_NOTATIONS:
                keep_first(&view.notations, at);
                view.notations_count++;
                break;
            case RP_XML_DURATION: keep_first(&view.duration, at); break;
            case RP_XML_DOT: view.dots++; break;
            case RP_XML_BEAM: view.beams++; break;
            default: break;
        }
    }
    return view;
}

/* ---- the note's head: pitch or rest, voice, root ---- */

/* Emits the pitch; *pitch is its token, or 0 where a lenient run dropped it. */
static rp_status add_pitch(rp_linearizer *self, unsigned *pitch, const rp_xml_node *note,
                           const struct note_view *view, rp_error *error) {
    const rp_xml_node *step = rp_xml_child(view->pitch, RP_XML_STEP);
    const rp_xml_node *octave = rp_xml_child(view->pitch, RP_XML_OCTAVE);
    if (step == NULL || octave == NULL || step->text == NULL || octave->text == NULL)
        return fail(self, note, error, "the note has neither pitch nor rest");
    const unsigned token = find_word(step->text, octave->text, RP_LMX_C0, RP_LMX_B9);
    if (token == RP_LMX_UNKNOWN && !self->is_lenient)
        return fail(self, octave, error, "the pitch is outside C0 to B9");
    if (token == RP_LMX_UNKNOWN) warn(self, RP_LINEARIZE_TOKEN_DROPPED, octave);
    emit_known(self, token);
    *pitch = token != RP_LMX_UNKNOWN ? token : 0;
    return RP_OK;
}

static rp_status add_voice(rp_linearizer *self, const rp_xml_node *voice, rp_error *error) {
    if (voice == NULL) return RP_OK;
    unsigned token;
    RP_TRY(require_word(self, &token, voice, "voice:", voice->text, error));
    if (token != RP_LMX_UNKNOWN && token != self->voice) {
        emit(self, token);
        self->voice = token;
    }
    return RP_OK;
}

static rp_status add_root(rp_linearizer *self, unsigned *type, const rp_xml_node *note,
                          const struct note_view *view, bool is_measure_rest, rp_error *error) {
    *type = 0;
    if (view->type != NULL) {
        *type = find_word("", view->type->text, RP_LMX_TYPE_1024TH, RP_LMX_TYPE_MAXIMA);
        if (*type == RP_LMX_UNKNOWN) return fail(self, view->type, error, "unknown note type");
        emit(self, *type);
    } else if (is_measure_rest) {
        emit(self, RP_LMX_REST_MEASURE);
    } else {
        warn(self, RP_LINEARIZE_NOTE_WITHOUT_TYPE, note);
    }
    return RP_OK;
}

/* ---- suffixes ---- */

static rp_status add_time_modification(rp_linearizer *self, unsigned *token,
                                       const struct note_view *view, rp_error *error) {
    const rp_xml_node *modification = view->time_modification;
    *token = 0;
    if (modification == NULL) return RP_OK;
    const rp_xml_node *actual = rp_xml_child(modification, RP_XML_ACTUAL_NOTES);
    const rp_xml_node *normal = rp_xml_child(modification, RP_XML_NORMAL_NOTES);
    if (actual == NULL || normal == NULL || actual->text == NULL || normal->text == NULL)
        return fail(self, modification, error, "a time modification without its two numbers");
    char word[32];
    const int length = snprintf(word, sizeof word, "%sin%s", actual->text, normal->text);
    if (length >= (int)sizeof word) word[0] = 0;
    RP_TRY(require_word(self, token, actual, word, NULL, error));
    emit_known(self, *token);
    if (*token == RP_LMX_UNKNOWN) *token = 0;
    return RP_OK;
}

static rp_status add_accidental(rp_linearizer *self, const rp_xml_node *accidental,
                                rp_error *error) {
    if (accidental == NULL) return RP_OK;
    const unsigned token = find_word("", accidental->text, RP_LMX_SHARP, RP_LMX_NATURAL_FLAT);
    if (token == RP_LMX_UNKNOWN) {
        warn(self, RP_LINEARIZE_UNSUPPORTED_ACCIDENTAL, accidental);
        if (!self->is_lenient)
            return fail(self, accidental, error, "LMX has no token for this accidental");
    }
    emit_known(self, token);
    return RP_OK;
}

static void add_stem(rp_linearizer *self, const rp_xml_node *stem) {
    if (stem == NULL) return;
    const unsigned token = find_word("stem:", stem->text, RP_LMX_STEM_UP, RP_LMX_STEM_NONE);
    if (token == RP_LMX_UNKNOWN) {
        warn(self, RP_LINEARIZE_UNKNOWN_STEM, stem);
    } else if (token != self->stem) {
        emit(self, token);
        self->stem = token;
    }
}

static rp_status add_staff(rp_linearizer *self, const rp_xml_node *staff, rp_error *error) {
    if (staff == NULL) return RP_OK;
    const unsigned token = find_word("staff:", staff->text, RP_LMX_STAFF_1, RP_LMX_STAFF_3);
    if (token == RP_LMX_UNKNOWN) {
        warn(self, RP_LINEARIZE_STAFF_OUT_OF_RANGE, staff);
        return RP_OK;
    }
    if (self->staves < 2)
        return fail(self, staff, error, "a staff is named, but attributes do not give 2 staves");
    if (token != self->staff) {
        emit(self, token);
        self->staff = token;
    }
    return RP_OK;
}

static rp_status add_beams(rp_linearizer *self, const rp_xml_node *note, rp_error *error) {
    static const struct {
        const char *text;
        uint8_t token; /* 0: none is written */
    } rows[] = {
        {"begin", RP_LMX_BEAM_BEGIN},
        {"end", RP_LMX_BEAM_END},
        {"continue", 0},
        {"forward hook", RP_LMX_BEAM_FORWARD_HOOK},
        {"backward hook", RP_LMX_BEAM_BACKWARD_HOOK},
    };
    for (const rp_xml_node *at = note->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_BEAM) continue;
        size_t row = 0;
        while (row < RP_COUNT(rows) && !rp_xml_text_is(at, rows[row].text)) row++;
        if (row == RP_COUNT(rows)) return fail(self, at, error, "unknown kind of beam");
        if (rows[row].token != 0) emit(self, rows[row].token);
    }
    return RP_OK;
}

/* Emits start or stop for all children `tag` of a notations element. `ignores_continue`: slurs. */
static rp_status add_starts_and_stops(rp_linearizer *self, const rp_xml_node *notations,
                                      uint32_t tag, unsigned start_token, rp_error *error) {
    for (const rp_xml_node *at = notations->first; at != NULL; at = at->next) {
        if (at->tag != tag) continue;
        const char *type = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_TYPE);
        if (type != NULL && strcmp(type, "start") == 0) emit(self, start_token);
        else if (type != NULL && strcmp(type, "stop") == 0) emit(self, start_token + 1);
        else if (tag != RP_XML_SLUR || type == NULL || strcmp(type, "continue") != 0)
            return fail(self, at, error, "neither start nor stop of a tie, slur or tuplet");
    }
    return RP_OK;
}

/* The same over all notations elements of the note. */
static rp_status add_over_all(rp_linearizer *self, const rp_xml_node *note, uint32_t tag,
                              unsigned start_token, rp_error *error) {
    for (const rp_xml_node *at = note->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_NOTATIONS)
            RP_TRY(add_starts_and_stops(self, at, tag, start_token, error));
    return RP_OK;
}

/* First grandchild below any child `outer`, or NULL. */
static const rp_xml_node *find_below(const rp_xml_node *node, uint32_t outer, uint32_t inner) {
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next) {
        const rp_xml_node *found = at->tag == outer ? rp_xml_child(at, inner) : NULL;
        if (found != NULL) return found;
    }
    return NULL;
}

static rp_status add_tremolo(rp_linearizer *self, const rp_xml_node *notations, rp_error *error) {
    const rp_xml_node *tremolo = find_below(notations, RP_XML_ORNAMENTS, RP_XML_TREMOLO);
    if (tremolo == NULL) return RP_OK;
    const char *type = rp_xml_attribute_value(tremolo, RP_XML_ATTRIBUTE_TYPE);
    const unsigned type_token = find_word("tremolo:", type != NULL ? type : "single",
                                          RP_LMX_TREMOLO_SINGLE, RP_LMX_TREMOLO_UNMEASURED);
    const unsigned marks_token =
        find_word("tremolo:", tremolo->text, RP_LMX_TREMOLO_1, RP_LMX_TREMOLO_4);
    if (type_token == RP_LMX_UNKNOWN || marks_token == RP_LMX_UNKNOWN)
        return fail(self, tremolo, error, "a tremolo without 1 to 4 marks, or of unknown type");
    emit(self, type_token);
    emit(self, marks_token);
    return RP_OK;
}

static rp_status add_notations(rp_linearizer *self, const rp_xml_node *note,
                               const struct note_view *view, rp_error *error) {
    static const struct {
        uint8_t outer, inner, token; /* outer 0: directly in notations */
    } marks[] = {
        {0, RP_XML_FERMATA, RP_LMX_FERMATA},
        {0, RP_XML_ARPEGGIATE, RP_LMX_ARPEGGIATE},
        {RP_XML_ARTICULATIONS, RP_XML_STACCATO, RP_LMX_STACCATO},
        {RP_XML_ARTICULATIONS, RP_XML_ACCENT, RP_LMX_ACCENT},
        {RP_XML_ARTICULATIONS, RP_XML_STRONG_ACCENT, RP_LMX_STRONG_ACCENT},
        {RP_XML_ARTICULATIONS, RP_XML_TENUTO, RP_LMX_TENUTO},
    };
    const rp_xml_node *notations = view->notations;
    if (notations == NULL) return RP_OK;
    RP_TRY(add_over_all(self, note, RP_XML_TIED, RP_LMX_TIED_START, error));
    RP_TRY(add_over_all(self, note, RP_XML_TUPLET, RP_LMX_TUPLET_START, error));
    RP_TRY(add_starts_and_stops(self, notations, RP_XML_SLUR, RP_LMX_SLUR_START, error));
    for (size_t i = 0; i < RP_COUNT(marks); i++) {
        const rp_xml_node *found = marks[i].outer == 0
                                       ? rp_xml_child(notations, marks[i].inner)
                                       : find_below(notations, marks[i].outer, marks[i].inner);
        if (found != NULL) emit(self, marks[i].token);
    }
    RP_TRY(add_tremolo(self, notations, error));
    if (find_below(notations, RP_XML_ORNAMENTS, RP_XML_TRILL_MARK) != NULL)
        emit(self, RP_LMX_TRILL_MARK);
    return RP_OK;
}

/* ---- checks ---- */

/* Numerator over denominator, rounded to the nearest integer, halves to even. */
static int64_t round_half_even(rp_fraction value) {
    const int64_t whole = value.numerator / value.denominator;
    const int64_t rest = value.numerator % value.denominator;
    if (rest > value.denominator - rest) return whole + 1;
    return whole + (rest == value.denominator - rest && whole % 2 != 0);
}

/* Duration in divisions that type, dots and time modification ask for; -1: beyond all bounds. */
static int64_t expected_duration(const rp_linearizer *self, unsigned type, size_t dots,
                                 unsigned time_modification) {
    if (dots > RP_LMX_DOTS_MAX) return -1;
    const rp_fraction length = rp_fraction_multiply(rp_lmx_length(type, dots, time_modification),
                                                    rp_fraction_make(self->divisions, 1));
    return rp_fraction_is_number(length) ? round_half_even(length) : -1;
}

/* The tokens a note's checks need. */
struct note_facts {
    unsigned pitch, type, time_modification;
    int64_t duration; /* 0: none */
    bool is_measure_rest;
};

static rp_status check_duration(rp_linearizer *self, const rp_xml_node *note,
                                const struct note_view *view, const struct note_facts *facts,
                                rp_error *error) {
    if (facts->duration == 0) return RP_OK;
    if (self->divisions == 0)
        return fail(self, note, error, "a duration before the first divisions");
    if (facts->is_measure_rest) {
        if (facts->duration != self->measure_duration)
            warn(self, RP_LINEARIZE_MEASURE_REST_DURATION, note);
        return RP_OK;
    }
    if (facts->type == 0) return fail(self, note, error, "a note with a duration needs a type");
    if (facts->duration !=
        expected_duration(self, facts->type, view->dots, facts->time_modification))
        warn(self, RP_LINEARIZE_NOTE_DURATION, note);
    return RP_OK;
}

static rp_status check_chord(rp_linearizer *self, const rp_xml_node *note,
                             const struct note_facts *facts, rp_error *error) {
    if (facts->duration != self->previous_duration) warn(self, RP_LINEARIZE_CHORD_DURATION, note);
    if (facts->pitch == 0 || self->previous_pitch == 0)
        return fail(self, note, error, "a chord note needs a pitch, and a pitched note before it");
    if (self->previous_pitch > facts->pitch) warn(self, RP_LINEARIZE_CHORD_PITCH_ORDER, note);
    return RP_OK;
}

static rp_status read_duration(rp_linearizer *self, int64_t *duration, const rp_xml_node *note,
                               const struct note_view *view, rp_error *error) {
    *duration = 0;
    if (view->duration == NULL) {
        if (view->grace == NULL) warn(self, RP_LINEARIZE_NOTE_WITHOUT_DURATION, note);
        return RP_OK;
    }
    if (!rp_musicxml_integer(duration, view->duration->text) || *duration <= 0)
        return fail(self, view->duration, error, "a duration has to be a whole number above 0");
    return RP_OK;
}

/* ---- notes ---- */

static rp_status add_note(rp_linearizer *self, const rp_xml_node *note, rp_error *error) {
    const struct note_view view = view_note(note);
    struct note_facts facts = {0};
    if (rp_xml_attribute_is(note, RP_XML_ATTRIBUTE_PRINT_OBJECT, "no"))
        emit(self, RP_LMX_PRINT_OBJECT_NO);
    if (view.grace != NULL) {
        emit(self, RP_LMX_GRACE);
        if (rp_xml_attribute_is(view.grace, RP_XML_ATTRIBUTE_SLASH, "yes"))
            emit(self, RP_LMX_GRACE_SLASH);
    }
    if (view.chord != NULL) emit(self, RP_LMX_CHORD);
    if (view.rest != NULL) {
        emit(self, RP_LMX_REST);
        facts.is_measure_rest = rp_measure_rest_is(note, self->measure_duration);
    } else {
        RP_TRY(add_pitch(self, &facts.pitch, note, &view, error));
    }
    RP_TRY(add_voice(self, view.voice, error));
    RP_TRY(add_root(self, &facts.type, note, &view, facts.is_measure_rest, error));
    RP_TRY(add_time_modification(self, &facts.time_modification, &view, error));
    for (size_t i = 0; i < view.dots; i++) emit(self, RP_LMX_DOT);
    RP_TRY(add_accidental(self, view.accidental, error));
    add_stem(self, view.stem);
    RP_TRY(add_staff(self, view.staff, error));
    if (view.beams > 0) RP_TRY(add_beams(self, note, error));
    RP_TRY(add_notations(self, note, &view, error));
    RP_TRY(read_duration(self, &facts.duration, note, &view, error));
    RP_TRY(check_duration(self, note, &view, &facts, error));
    if (view.chord != NULL) RP_TRY(check_chord(self, note, &facts, error));
    self->previous_duration = facts.duration;
    self->previous_pitch = facts.pitch;
    return RP_OK;
}

/* ---- attributes ---- */

enum { CLEFS_MAX = 32 };

struct clefs {
    struct {
        int64_t staff;
        unsigned token;
    } rows[CLEFS_MAX]; /* rising staffs */
    size_t count;
};

static rp_status enter_clef(const rp_linearizer *self, struct clefs *clefs, const rp_xml_node *node,
                            rp_error *error) {
    const char *number = rp_xml_attribute_value(node, RP_XML_ATTRIBUTE_NUMBER);
    int64_t staff = 1;
    if (number != NULL && !rp_musicxml_integer(&staff, number))
        return fail(self, node, error, "the number of a clef has to be a whole number");
    const rp_xml_node *sign = rp_xml_child(node, RP_XML_SIGN);
    const rp_xml_node *line = rp_xml_child(node, RP_XML_LINE);
    if (sign == NULL || line == NULL || sign->text == NULL || line->text == NULL)
        return fail(self, node, error,
                    "a clef needs sign and line (percussion and tablature are not piano music)");
    const char sign_letter[2] = {
        (char)(sign->text[0] >= 'a' && sign->text[0] <= 'z' ? sign->text[0] - 32 : sign->text[0]),
        0};
    char head[16];
    snprintf(head, sizeof head, "clef:%.1s%.8s", sign_letter, sign->text + (sign->text[0] != 0));
    const unsigned token = find_word(head, line->text, RP_LMX_CLEF_G1, RP_LMX_CLEF_F5);
    if (token == RP_LMX_UNKNOWN) return fail(self, sign, error, "LMX has no token for this clef");
    size_t at = 0;
    while (at < clefs->count && clefs->rows[at].staff < staff) at++;
    if (at == clefs->count || clefs->rows[at].staff != staff) {
        if (clefs->count == CLEFS_MAX) return fail(self, node, error, "clefs for over 32 staffs");
        memmove(&clefs->rows[at + 1], &clefs->rows[at],
                (clefs->count - at) * sizeof clefs->rows[0]);
        clefs->count++;
    }
    clefs->rows[at].staff = staff;
    clefs->rows[at].token = token;
    return RP_OK;
}

static rp_status add_clefs(rp_linearizer *self, const rp_xml_node *attributes, rp_error *error) {
    struct clefs clefs = {.count = 0};
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_CLEF) RP_TRY(enter_clef(self, &clefs, at, error));
    for (size_t i = 0; i < clefs.count; i++) {
        const int64_t staff = clefs.rows[i].staff;
        emit(self, clefs.rows[i].token);
        if (self->staves < 0) continue;
        if (staff < 1 || staff > 3)
            return fail(self, attributes, error, "a clef for a staff other than 1, 2, 3");
        emit(self, RP_LMX_STAFF_1 + (unsigned)staff - 1);
    }
    return RP_OK;
}

static rp_status add_key(rp_linearizer *self, const rp_xml_node *key, rp_error *error) {
    if (key == NULL) return RP_OK;
    const rp_xml_node *fifths = rp_xml_child(key, RP_XML_FIFTHS);
    int64_t number;
    if (fifths == NULL) return fail(self, key, error, "a key without fifths");
    if (!rp_musicxml_integer(&number, fifths->text))
        return fail(self, fifths, error, "fifths has to be a whole number");
    if (number < -7 || number > 7) return fail(self, fifths, error, "a key beyond 7 fifths");
    emit(self, (unsigned)(RP_LMX_KEY_0 + number));
    return RP_OK;
}

static rp_status add_time(rp_linearizer *self, const rp_xml_node *time, rp_error *error) {
    if (time == NULL) return RP_OK;
    const rp_xml_node *beats = rp_xml_child(time, RP_XML_BEATS);
    const rp_xml_node *beat_type = rp_xml_child(time, RP_XML_BEAT_TYPE);
    int64_t beats_number, type_number;
    if (self->divisions == 0) return fail(self, time, error, "a time before the first divisions");
    if (beats == NULL || beat_type == NULL)
        return fail(self, time, error, "a time needs beats and beat-type");
    if (!rp_musicxml_integer(&beats_number, beats->text) || beats_number < 1 || beats_number > 16)
        return fail(self, beats, error, "beats has to be a whole number from 1 to 16");
    if (!rp_musicxml_integer(&type_number, beat_type->text))
        return fail(self, beat_type, error, "beat-type has to be a whole number");
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)type_number);
    const unsigned token = find_word("beat-type:", number, RP_LMX_BEAT_TYPE_2, RP_LMX_BEAT_TYPE_16);
    if (token == RP_LMX_UNKNOWN)
        return fail(self, beat_type, error, "beat-type has to be 2, 4, 8 or 16");
    const int64_t duration = beats_number * 4 * self->divisions;
    if (duration % type_number != 0)
        return fail(self, time, error, "the measure is not a whole number of divisions long");
    emit(self, RP_LMX_TIME);
    emit(self, RP_LMX_BEATS_1 + (unsigned)beats_number - 1);
    emit(self, token);
    self->measure_duration = duration / type_number;
    return RP_OK;
}

static rp_status add_attributes(rp_linearizer *self, const rp_xml_node *attributes,
                                rp_error *error) {
    const rp_xml_node *divisions = rp_xml_child(attributes, RP_XML_DIVISIONS);
    if (divisions != NULL && (!rp_musicxml_integer(&self->divisions, divisions->text) ||
                              self->divisions < 1 || self->divisions > 1000000000))
        return fail(self, divisions, error, "divisions has to be a whole number above 0");
    RP_TRY(add_key(self, rp_xml_child(attributes, RP_XML_KEY), error));
    RP_TRY(add_time(self, rp_xml_child(attributes, RP_XML_TIME), error));
    const rp_xml_node *staves = rp_xml_child(attributes, RP_XML_STAVES);
    if (staves != NULL && !rp_musicxml_integer(&self->staves, staves->text))
        return fail(self, staves, error, "staves has to be a whole number");
    if (staves != NULL && self->staves < 0) self->staves = 0;
    RP_TRY(add_clefs(self, attributes, error));
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next) {
        switch (at->tag) {
            case RP_XML_DIVISIONS:
            case RP_XML_KEY:
            case RP_XML_TIME:
            case RP_XML_STAVES:
            case RP_XML_CLEF:
            case RP_XML_FOOTNOTE:
            case RP_XML_LEVEL:
            case RP_XML_PART_SYMBOL:
            case RP_XML_INSTRUMENTS:
            case RP_XML_STAFF_DETAILS:
            case RP_XML_DIRECTIVE:
            case RP_XML_MEASURE_STYLE: break;
            default: warn(self, RP_LINEARIZE_UNEXPECTED_ATTRIBUTES_CHILD, at);
        }
    }
    return RP_OK;
}

/* ---- backup and forward ---- */

/* The length is taken apart into note types, each at most once, largest first. The step is halved
 * with rounding down; a step of 0 with something left still emits its type, as published. */
static rp_status add_move(rp_linearizer *self, const rp_xml_node *move, unsigned token,
                          rp_error *error) {
    const rp_xml_node *duration = rp_xml_child(move, RP_XML_DURATION);
    int64_t rest;
    if (duration == NULL) return fail(self, move, error, "a backup or forward without duration");
    if (!rp_musicxml_integer(&rest, duration->text) || rest <= 0)
        return fail(self, duration, error, "a duration has to be a whole number above 0");
    if (self->divisions == 0)
        return fail(self, move, error, "a duration before the first divisions");
    int64_t step = 32 * self->divisions;
    for (unsigned type = RP_LMX_TYPE_MAXIMA; type >= RP_LMX_TYPE_1024TH && rest > 0; type--) {
        if (step <= rest) {
            emit(self, token);
            emit(self, type);
            rest -= step;
        }
        step /= 2;
    }
    if (rest > 0) warn(self, RP_LINEARIZE_FORWARD_BACKUP_REMAINDER, move);
    if (token == RP_LMX_BACKUP) self->voice = self->staff = self->stem = 0;
    return RP_OK;
}

/* ---- measures ---- */

static rp_status add_child(rp_linearizer *self, const rp_xml_node *child, rp_error *error) {
    switch (child->tag) {
        case RP_XML_NOTE: return add_note(self, child, error);
        case RP_XML_ATTRIBUTES: return add_attributes(self, child, error);
        case RP_XML_BACKUP: return add_move(self, child, RP_LMX_BACKUP, error);
        case RP_XML_FORWARD: return add_move(self, child, RP_LMX_FORWARD, error);
        case RP_XML_DIRECTION:
        case RP_XML_HARMONY:
        case RP_XML_FIGURED_BASS:
        case RP_XML_PRINT:
        case RP_XML_SOUND:
        case RP_XML_LISTENING:
        case RP_XML_GROUPING:
        case RP_XML_LINK:
        case RP_XML_BOOKMARK:
        case RP_XML_BARLINE: return RP_OK;
        default: warn(self, RP_LINEARIZE_UNEXPECTED_MEASURE_CHILD, child); return RP_OK;
    }
}

void rp_linearizer_begin(rp_linearizer *self) {
    self->count = self->measures = 0;
    memset(self->warnings, 0, sizeof self->warnings);
    self->divisions = self->measure_duration = 0;
    self->staves = -1;
    self->measure_number = "?";
}

rp_status rp_linearizer_add(rp_linearizer *self, const rp_xml_node *measure, rp_error *error) {
    if (measure->tag != RP_XML_MEASURE)
        return fail(self, measure, error, "the part holds something that is no measure");
    const char *number = rp_xml_attribute_value(measure, RP_XML_ATTRIBUTE_NUMBER);
    self->measure_number = number != NULL ? number : "?";
    self->measures++;
    self->voice = self->staff = self->stem = 0;
    self->previous_duration = 0;
    self->previous_pitch = 0;
    emit(self, RP_LMX_MEASURE);
    for (const rp_xml_node *child = measure->first; child != NULL; child = child->next)
        RP_TRY(add_child(self, child, error));
    return self->has_failed_memory ? rp_fail_memory(error, "the tokens") : RP_OK;
}

void rp_linearizer_clear(rp_linearizer *self) {
    free(self->tokens);
    self->tokens = NULL;
    self->count = self->capacity = 0;
}
