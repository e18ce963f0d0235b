/* tedn.c: parts to forests with labels, and labels to gains; the distance itself is tree_gain.c's.
 *
 * The two roots (`part`) are matched with each other when they are equal: any script that does
 * otherwise can be changed into one that does, at no greater cost, since no other node's change
 * into a root is free. So the forests below them are compared. */
#include "music/tedn.h"

#include <stdio.h>
#include <string.h>

#include "music/fraction.h"
#include "music/musicxml.h"
#include "music/tree_gain.h"

enum {
    SCRATCH_BYTES_MAX = INT32_MAX, /* memory of one comparison */
    CODE_LETTERS_MAX = 68,         /* of a note; a voice has one or two letters in music */
};

/* ---- making ready ---- */

static rp_status fail_at(const rp_xml_source *source, const rp_xml_node *node, rp_error *error,
                         const char *what) {
    const size_t line = rp_xml_line_of(source, node->offset_bytes);
    return rp_fail(error, RP_INPUT, (int64_t)line, "%s: line %zu: %s", source->name, line, what);
}

static rp_status make_duration_fractional(rp_xml_tree *tree, rp_xml_node *element,
                                          int64_t divisions, const rp_xml_source *source,
                                          rp_error *error) {
    rp_xml_node *duration = rp_xml_child(element, RP_XML_DURATION);
    int64_t number;
    if (duration == NULL) return RP_OK;
    if (divisions == 0)
        return fail_at(source, duration, error, "a duration before the first divisions");
    if (!rp_musicxml_integer(&number, duration->text))
        return fail_at(source, duration, error, "a duration has to be a whole number");
    const rp_fraction value = rp_fraction_make(number, divisions);
    if (value.denominator == 1) {
        duration->text = rp_xml_keep_integer(tree, value.numerator);
        return RP_OK;
    }
    char text[64];
    const int length = snprintf(text, sizeof text, "%lld/%lld", (long long)value.numerator,
                                (long long)value.denominator);
    duration->text = rp_xml_keep(tree, text, (size_t)length);
    return RP_OK;
}

rp_status rp_tedn_make_fractional(rp_xml_tree *tree, rp_xml_node *part, const rp_xml_source *source,
                                  rp_error *error) {
    int64_t number = 0;
    for (rp_xml_node *measure = part->first; measure != NULL; measure = measure->next)
        for (rp_xml_node *at = measure->first; at != NULL; at = at->next) {
            if (at->tag == RP_XML_ATTRIBUTES) {
                rp_xml_node *divisions = rp_xml_child(at, RP_XML_DIVISIONS);
                if (divisions == NULL) continue;
                if (!rp_musicxml_integer(&number, divisions->text) || number == 0)
                    return fail_at(source, divisions, error,
                                   "divisions has to be a whole number above 0");
                rp_xml_remove(divisions);
            } else if (at->tag == RP_XML_NOTE || at->tag == RP_XML_FORWARD ||
                       at->tag == RP_XML_BACKUP) {
                RP_TRY(make_duration_fractional(tree, at, number, source, error));
            }
        }
    return tree->arena->failed ? rp_fail_memory(error, "the score") : RP_OK;
}

/* ---- pruning ---- */

/* What goes from each element (`keeps`: what stays), a 0 ends each list. */
static const uint8_t of_measure[] = {
    RP_XML_SOUND, RP_XML_LISTENING, RP_XML_FIGURED_BASS, RP_XML_BOOKMARK, RP_XML_GROUPING,
    RP_XML_PRINT, RP_XML_DIRECTION, RP_XML_BARLINE,      RP_XML_HARMONY,  0};
static const uint8_t of_attributes[] = {RP_XML_INSTRUMENTS,   RP_XML_STAFF_DETAILS,
                                        RP_XML_MEASURE_STYLE, RP_XML_DIRECTIVE,
                                        RP_XML_PART_SYMBOL,   0};
static const uint8_t of_note[] = {
    RP_XML_CUE,    RP_XML_LYRIC,         RP_XML_INSTRUMENT, RP_XML_PLAY,
    RP_XML_LISTEN, RP_XML_NOTEHEAD_TEXT, RP_XML_NOTEHEAD,   0};
static const uint8_t kept_of_time_modification[] = {RP_XML_ACTUAL_NOTES, RP_XML_NORMAL_NOTES, 0};
static const uint8_t kept_of_notations[] = {
    RP_XML_TIED,    RP_XML_SLUR,          RP_XML_TUPLET,     RP_XML_ORNAMENTS,
    RP_XML_FERMATA, RP_XML_ARTICULATIONS, RP_XML_ARPEGGIATE, 0};
static const uint8_t kept_of_articulations[] = {RP_XML_STACCATO, RP_XML_ACCENT,
                                                RP_XML_STRONG_ACCENT, RP_XML_TENUTO, 0};
static const uint8_t kept_of_ornaments[] = {RP_XML_TREMOLO, RP_XML_TRILL_MARK, 0};

static bool is_listed(const uint8_t *list, uint32_t tag) {
    while (*list != 0 && *list != tag) list++;
    return *list != 0;
}

/* Removes the children that are listed, or those that are not. */
static void remove_children(rp_xml_node *node, const uint8_t *list, bool is_kept_list) {
    rp_xml_node *last = NULL;
    for (rp_xml_node *at = node->first; at != NULL; at = at->next) {
        if (is_listed(list, at->tag) != is_kept_list) continue;
        if (last != NULL) last->next = at;
        else node->first = at;
        last = at;
    }
    if (last != NULL) last->next = NULL;
    else node->first = NULL;
    node->last = last;
}

static void empty(rp_xml_node *node) {
    node->first = node->last = NULL;
    node->text = NULL;
}

static void prune_notations(rp_xml_node *notations) {
    remove_children(notations, kept_of_notations, true);
    for (rp_xml_node *at = notations->first, *next; at != NULL; at = next) {
        next = at->next;
        if (at->tag == RP_XML_TUPLET) at->first = at->last = NULL;
        if (at->tag == RP_XML_ARTICULATIONS) {
            remove_children(at, kept_of_articulations, true);
            for (rp_xml_node *mark = at->first; mark != NULL; mark = mark->next) empty(mark);
        }
        if (at->tag == RP_XML_ORNAMENTS) {
            remove_children(at, kept_of_ornaments, true);
            for (rp_xml_node *mark = at->first; mark != NULL; mark = mark->next)
                if (mark->tag == RP_XML_TRILL_MARK) empty(mark);
        }
        const bool is_group = at->tag == RP_XML_ARTICULATIONS || at->tag == RP_XML_ORNAMENTS;
        if (is_group && at->first == NULL) rp_xml_remove(at);
    }
    if (notations->first == NULL) rp_xml_remove(notations);
}

static void prune_note(rp_xml_node *note) {
    remove_children(note, of_note, false);
    rp_xml_node *rest = rp_xml_child(note, RP_XML_REST);
    rp_xml_node *modification = rp_xml_child(note, RP_XML_TIME_MODIFICATION);
    rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
    if (rest != NULL) rest->first = rest->last = NULL;
    if (modification != NULL) remove_children(modification, kept_of_time_modification, true);
    if (notations != NULL) prune_notations(notations);
}

void rp_tedn_prune(rp_xml_node *part) {
    for (rp_xml_node *measure = part->first; measure != NULL; measure = measure->next) {
        remove_children(measure, of_measure, false);
        for (rp_xml_node *at = measure->first; at != NULL; at = at->next) {
            if (at->tag == RP_XML_ATTRIBUTES) remove_children(at, of_attributes, false);
            if (at->tag == RP_XML_NOTE) prune_note(at);
        }
    }
}

/* ---- labels ---- */

/* A label: a tag and a text; the text of a note is its code. */
struct label {
    uint32_t tag;
    uint32_t length; /* of the text, in code points */
    uint32_t *text;  /* code points */
};

struct comparison {
    rp_arena arena; /* of all below */
    rp_error *error;
    struct label *labels;
    size_t label_count, label_capacity;
    uint32_t *slots; /* hash table of labels: 0 free, else index + 1 */
    size_t slot_capacity;
    struct pitch {
        const char *step, *alter, *octave;
    } * pitches;
    size_t pitch_count, pitch_capacity;
};

/* The published letters for pitches, in the order of their first use. */
static const uint16_t pitch_letters[169] = {
    '0',   '1',   '2',   '3',   '4',   '5',   '6',   '7',   '8',   '9',   'a',   'b',   'c',
    'd',   'e',   'f',   'g',   'h',   'i',   'j',   'k',   'l',   'm',   'n',   'o',   'p',
    'q',   'r',   's',   't',   'u',   'v',   'w',   'x',   'y',   'z',   'A',   'B',   'C',
    'D',   'E',   'F',   'G',   'H',   'I',   'J',   'K',   'L',   'M',   'N',   'O',   'P',
    'Q',   'S',   'T',   'U',   'V',   'W',   'X',   'Y',   'Z',   '.',   ',',   '!',   '?',
    ':',   ';',   '/',   '\\',  '|',   '-',   '_',   '=',   '+',   '>',   '<',   '[',   ']',
    '{',   '}',   '(',   ')',   '*',   '&',   '^',   '%',   '$',   '#',   '@',   '~',   '`',
    0xE1,  0x10D, 0x10F, 0xE9,  0x11B, 0xED,  0x148, 0xF3,  0x159, 0x161, 0x165, 0xFA,  0x16F,
    0xFD,  0x17E, 0xE4,  0xEB,  0xEF,  0xF6,  0xFC,  0xFF,  0xC1,  0x10C, 0x10E, 0xC9,  0x11A,
    0xCD,  0x147, 0xD3,  0x158, 0x160, 0x164, 0xDA,  0x16E, 0xDD,  0x17D, 0xC4,  0xCB,  0xCF,
    0xD6,  0xDC,  0x178, 0x431, 0x433, 0x491, 0x434, 0x454, 0x439, 0x436, 0x438, 0x43B, 0x43F,
    0x444, 0x446, 0x447, 0x448, 0x449, 0x44C, 0x44E, 0x44F, 0x411, 0x413, 0x490, 0x414, 0x404,
    0x419, 0x416, 0x418, 0x41B, 0x41F, 0x424, 0x426, 0x427, 0x428, 0x429, 0x42C, 0x42E, 0x42F,
};

/* UTF-8 (well-formed, as expat gives it) to code points; `out` has room for the bytes. */
static uint32_t decode(uint32_t *out, const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if ((bytes[i] & 0xC0) == 0x80 && count > 0)
            out[count - 1] = out[count - 1] << 6 | (bytes[i] & 0x3Fu);
        else
            out[count++] = bytes[i] < 0x80   ? bytes[i]
                           : bytes[i] < 0xE0 ? bytes[i] & 0x1Fu
                           : bytes[i] < 0xF0 ? bytes[i] & 0x0Fu
                                             : bytes[i] & 0x07u;
    }
    return count;
}

static size_t label_hash(uint32_t tag, const uint32_t *text, uint32_t length) {
    uint64_t hash = tag * 0x9E3779B97F4A7C15u;
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ text[i]) * 0x9E3779B97F4A7C15u;
    return (size_t)(hash >> 24);
}

static uint32_t *find_label(const struct comparison *self, uint32_t tag, const uint32_t *text,
                            uint32_t length) {
    size_t at = label_hash(tag, text, length) & (self->slot_capacity - 1);
    for (; self->slots[at] != 0; at = (at + 1) & (self->slot_capacity - 1)) {
        const struct label *label = &self->labels[self->slots[at] - 1];
        if (label->tag == tag && label->length == length &&
            (length == 0 || memcmp(label->text, text, length * sizeof *text) == 0))
            break;
    }
    return &self->slots[at];
}

/* Number of a label; new ones are entered with a copy of their text. */
static uint32_t label_number(struct comparison *self, uint32_t tag, const uint32_t *text,
                             uint32_t length) {
    uint32_t *slot = find_label(self, tag, text, length);
    if (*slot != 0) return *slot - 1;
    uint32_t *copy = rp_arena_array(&self->arena, length, sizeof *copy);
    if (copy == NULL || self->label_count == self->label_capacity) return 0;
    if (length > 0) memcpy(copy, text, length * sizeof *text);
    self->labels[self->label_count] = (struct label){tag, length, copy};
    *slot = (uint32_t)++self->label_count;
    return *slot - 1;
}

/* ---- notes ---- */

static const char *text_of(const rp_xml_node *node) {
    return node != NULL && node->text != NULL ? node->text : "";
}

/* The text without white space around it. */
static const char *trim(const char *text, size_t *length) {
    static const char blanks[] = " \t\n\v\f\r";
    text += strspn(text, blanks);
    *length = strlen(text);
    while (*length > 0 && strchr(blanks, text[*length - 1]) != NULL) --*length;
    return text;
}

static bool is_trimmed_equal(const char *a, const char *b) {
    size_t a_length, b_length;
    a = trim(a, &a_length);
    b = trim(b, &b_length);
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

/* The letter of a pitch. Past the published 169 the letters go on in a private area. */
static uint32_t pitch_letter(struct comparison *self, const rp_xml_node *pitch) {
    const rp_xml_node *alter_node = rp_xml_child(pitch, RP_XML_ALTER);
    const char *step = text_of(rp_xml_child(pitch, RP_XML_STEP));
    const char *octave = text_of(rp_xml_child(pitch, RP_XML_OCTAVE));
    const char *alter = alter_node != NULL ? text_of(alter_node) : "0";
    size_t i = 0;
    while (i < self->pitch_count && !(is_trimmed_equal(self->pitches[i].step, step) &&
                                      is_trimmed_equal(self->pitches[i].alter, alter) &&
                                      is_trimmed_equal(self->pitches[i].octave, octave)))
        i++;
    if (i == self->pitch_count && i < self->pitch_capacity)
        self->pitches[self->pitch_count++] = (struct pitch){step, alter, octave};
    return i < RP_COUNT(pitch_letters) ? pitch_letters[i] : (uint32_t)(0xF0000 + i);
}

static const struct {
    const char *text;
    char letter;
} type_letters[] =
    {
        {"quarter", '5'}, {"eighth", '4'}, {"16th", '3'},  {"half", '6'},   {"whole", '7'},
        {"32nd", '2'},    {"64th", '1'},   {"128th", '0'}, {"256th", '0'},  {"512th", '0'},
        {"1024th", '0'},  {"breve", '8'},  {"long", '9'},  {"maxima", '9'},
},
  stem_letters[] = {{"up", 'U'}, {"down", 'D'}, {"none", 'N'}};

/* Letter for the type and stem; 0: the metric does not know the text. */
static char type_letter(const rp_xml_node *type) {
    if (type == NULL) return '7';
    for (size_t i = 0; i < RP_COUNT(type_letters); i++)
        if (is_trimmed_equal(text_of(type), type_letters[i].text)) return type_letters[i].letter;
    return 0;
}

static char stem_letter(const rp_xml_node *stem) {
    if (stem == NULL) return '-';
    for (size_t i = 0; i < RP_COUNT(stem_letters); i++)
        if (is_trimmed_equal(text_of(stem), stem_letters[i].text)) return stem_letters[i].letter;
    return 0;
}

static rp_status note_label(struct comparison *self, uint32_t *label, const rp_xml_node *note) {
    uint32_t code[4 * CODE_LETTERS_MAX];
    uint32_t length = 0;
    const rp_xml_node *pitch = rp_xml_child(note, RP_XML_PITCH);
    const rp_xml_node *voice_node = rp_xml_child(note, RP_XML_VOICE);
    if (rp_xml_child(note, RP_XML_REST) != NULL) code[length++] = 'R';
    else code[length++] = pitch != NULL ? pitch_letter(self, pitch) : '~';
    size_t voice_length;
    const char *voice = trim(voice_node != NULL ? text_of(voice_node) : "1", &voice_length);
    if (voice_length > CODE_LETTERS_MAX - 3)
        return rp_fail(self->error, RP_INPUT, 0, "a note's voice has a name of %zu letters",
                       voice_length);
    length += decode(code + length, voice, voice_length);
    const char type = type_letter(rp_xml_child(note, RP_XML_TYPE));
    const char stem = stem_letter(rp_xml_child(note, RP_XML_STEM));
    if (type == 0)
        return rp_fail(self->error, RP_INPUT, 0, "TEDn does not know the note type %.32s",
                       text_of(rp_xml_child(note, RP_XML_TYPE)));
    if (stem == 0)
        return rp_fail(self->error, RP_INPUT, 0, "TEDn does not know the stem %.32s",
                       text_of(rp_xml_child(note, RP_XML_STEM)));
    code[length++] = (uint32_t)type;
    code[length++] = (uint32_t)stem;
    *label = label_number(self, RP_XML_NOTE, code, length);
    return RP_OK;
}

/* ---- forests ---- */

static bool is_left_out(const rp_xml_node *node) {
    const uint32_t parent = node->parent->tag;
    switch (node->tag) {
        case RP_XML_FOOTNOTE:
        case RP_XML_LEVEL: return true;
        case RP_XML_PRINT:
        case RP_XML_SOUND:
        case RP_XML_LISTENING: return parent == RP_XML_MEASURE;
        case RP_XML_DURATION:
        case RP_XML_LISTEN:
        case RP_XML_PLAY:
        case RP_XML_TIE:
        case RP_XML_PITCH:
        case RP_XML_VOICE:
        case RP_XML_TYPE:
        case RP_XML_STEM: return parent == RP_XML_NOTE;
        default: return false;
    }
}

static size_t count_nodes(const rp_xml_node *node) {
    size_t count = 1;
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next) count += count_nodes(at);
    return count;
}

/* Appends the node and all below it, children first. */
static rp_status add_subtree(struct comparison *self, rp_forest *forest, const rp_xml_node *node,
                             uint32_t depth) {
    const uint32_t first = (uint32_t)forest->count;
    uint32_t label = 0;
    if (node->tag == RP_XML_NOTE) RP_TRY(note_label(self, &label, node));
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next)
        if (!is_left_out(at)) RP_TRY(add_subtree(self, forest, at, depth + 1));
    if (node->tag != RP_XML_NOTE) {
        size_t length;
        const char *text = trim(text_of(node), &length);
        uint32_t *letters = rp_arena_alloc_raw(&self->arena, (length + 1) * sizeof *letters);
        if (letters == NULL) return RP_OK; /* the arena tells */
        label = label_number(self, node->tag, letters, decode(letters, text, length));
    }
    forest->labels[forest->count] = label;
    forest->firsts[forest->count] = first;
    forest->depths[forest->count++] = depth;
    return RP_OK;
}

/* The forest of a part's measures, or of the part itself if `with_root`. */
static rp_status make_forest(struct comparison *self, rp_forest *forest, const rp_xml_node *part,
                             bool with_root) {
    const size_t count = count_nodes(part);
    forest->labels = rp_arena_array(&self->arena, count, sizeof *forest->labels);
    forest->firsts = rp_arena_array(&self->arena, count, sizeof *forest->firsts);
    forest->depths = rp_arena_array(&self->arena, count, sizeof *forest->depths);
    if (self->arena.failed) return RP_OK;
    if (with_root) return add_subtree(self, forest, part, 0);
    for (const rp_xml_node *at = part->first; at != NULL; at = at->next)
        if (!is_left_out(at)) RP_TRY(add_subtree(self, forest, at, 0));
    return RP_OK;
}

static bool comparison_init(struct comparison *self, size_t nodes) {
    self->slot_capacity = 64;
    while (self->slot_capacity < 2 * nodes) self->slot_capacity *= 2;
    self->label_capacity = self->pitch_capacity = nodes;
    self->slots = rp_arena_array(&self->arena, self->slot_capacity, sizeof *self->slots);
    self->labels = rp_arena_array(&self->arena, nodes, sizeof *self->labels);
    self->pitches = rp_arena_array(&self->arena, nodes, sizeof *self->pitches);
    return !self->arena.failed;
}

/* ---- costs ---- */

static uint32_t insert_cost(const struct label *label) {
    return 1 + (label->tag == RP_XML_NOTE ? label->length : 0);
}

/* Levenshtein distance; `code` has at most CODE_LETTERS_MAX letters. */
static uint32_t letters_to_change(const struct label *code, const struct label *text) {
    uint32_t row[CODE_LETTERS_MAX + 1];
    const uint32_t width = code->length;
    for (uint32_t i = 0; i <= width; i++) row[i] = i;
    for (uint32_t j = 0; j < text->length; j++) {
        uint32_t corner = row[0];
        const uint32_t letter = text->text[j];
        row[0] = j + 1;
        for (uint32_t i = 1; i <= width; i++) {
            uint32_t best = corner + (code->text[i - 1] != letter);
            corner = row[i];
            if (row[i] + 1 < best) best = row[i] + 1;
            if (row[i - 1] + 1 < best) best = row[i - 1] + 1;
            row[i] = best;
        }
    }
    return row[width];
}

/* Labels are different texts or tags when their numbers differ. */
static bool is_text_equal(const struct label *a, const struct label *b) {
    return a->length == b->length &&
           (a->length == 0 || memcmp(a->text, b->text, a->length * sizeof *a->text) == 0);
}

/* What matching the predicted label with the gold one saves over delete and insert. */
static uint8_t gain_of(const struct label *predicted, const struct label *gold) {
    const uint32_t apart = 1 + insert_cost(gold);
    uint32_t change = predicted->tag != gold->tag;
    if (predicted->tag == RP_XML_NOTE) change += letters_to_change(predicted, gold);
    else if (gold->tag == RP_XML_NOTE) change += letters_to_change(gold, predicted);
    else change += !is_text_equal(predicted, gold);
    return change < apart ? (uint8_t)(apart - change) : 0;
}

/* gains: (labels, labels), of those rows and columns that occur. */
static uint8_t *make_gains(struct comparison *self, const rp_forest *predicted,
                           const rp_forest *gold) {
    const size_t count = self->label_count;
    uint8_t *gains = rp_arena_array(&self->arena, count, count);
    uint8_t *occurs = rp_arena_array(&self->arena, count, 1);
    if (self->arena.failed) return NULL;
    for (size_t i = 0; i < predicted->count; i++) occurs[predicted->labels[i]] |= 1;
    for (size_t i = 0; i < gold->count; i++) occurs[gold->labels[i]] |= 2;
    for (size_t i = 0; i < count; i++) {
        if ((occurs[i] & 1) == 0) continue;
        for (size_t j = 0; j < count; j++)
            if ((occurs[j] & 2) != 0)
                gains[i * count + j] = gain_of(&self->labels[i], &self->labels[j]);
    }
    return gains;
}

static rp_status compare(struct comparison *self, rp_tedn_cost *cost, const rp_xml_node *gold,
                         const rp_xml_node *predicted) {
    rp_forest gold_forest = {0}, predicted_forest = {0};
    const bool with_root =
        gold->tag != predicted->tag || !is_trimmed_equal(text_of(gold), text_of(predicted));
    RP_TRY(make_forest(self, &gold_forest, gold, with_root));
    if (self->arena.failed) return RP_OK;
    RP_TRY(make_forest(self, &predicted_forest, predicted, with_root));
    if (self->arena.failed) return RP_OK;
    const rp_gains gains = {make_gains(self, &predicted_forest, &gold_forest), self->label_count};
    if (gains.values == NULL) return RP_OK;
    uint64_t gain;
    RP_TRY(rp_tree_gain(&gain, &predicted_forest, &gold_forest, &gains, &self->arena, self->error));
    int64_t inserts = 0;
    for (size_t i = 0; i < gold_forest.count; i++)
        inserts += insert_cost(&self->labels[gold_forest.labels[i]]);
    cost->edit = inserts + (int64_t)predicted_forest.count - (int64_t)gain;
    cost->gold = inserts - with_root;
    return RP_OK;
}

rp_status rp_tedn(rp_tedn_cost *cost, const rp_xml_tree *tree, const rp_xml_node *gold,
                  const rp_xml_node *predicted, rp_error *error) {
    (void)tree;
    struct comparison self = {.arena = {.limit_bytes = SCRATCH_BYTES_MAX}, .error = error};
    rp_status status = RP_OK;
    *cost = (rp_tedn_cost){0, 0};
    if (comparison_init(&self, count_nodes(gold) + count_nodes(predicted)))
        status = compare(&self, cost, gold, predicted);
    if (status == RP_OK && self.arena.failed)
        status = rp_fail_memory(error, "the comparison of two scores");
    rp_arena_clear(&self.arena);
    return status;
}

/* ---- the published interface ---- */

rp_status rp_tedn_line(rp_tedn_cost *cost, const rp_xml_source *gold, const rp_lmx_line *predicted,
                       rp_tedn_flavor flavor, rp_error *error) {
    rp_arena arena = {0};
    rp_xml_tree tree;
    rp_xml_node *gold_part = NULL, *predicted_part = NULL;
    rp_delinearize_report report = {0};
    const rp_delinearize_options fractional = {.fractional = true};
    rp_xml_tree_init(&tree, &arena);
    rp_status status = rp_musicxml_load_part(&gold_part, &tree, gold, NULL, error);
    if (status == RP_OK) status = rp_tedn_make_fractional(&tree, gold_part, gold, error);
    if (status == RP_OK)
        status = rp_delinearize(&predicted_part, &tree, predicted, &fractional, &report, error);
    if (status == RP_OK && report.stop != RP_DELINEARIZE_NO_STOP)
        predicted_part->first = predicted_part->last = NULL;
    if (status == RP_OK && flavor == RP_TEDN_LMX) {
        rp_tedn_prune(gold_part);
        rp_tedn_prune(predicted_part);
    }
    if (status == RP_OK) status = rp_tedn(cost, &tree, gold_part, predicted_part, error);
    rp_arena_clear(&arena);
    return status;
}
