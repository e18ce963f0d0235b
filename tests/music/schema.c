/* schema.c: see schema.h. Each row is the content model of one element, as the schema has it, with
 * what Reprise never writes left out. */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "music/musicxml.h"
#include "music/placed_note.h"
#include "music/xml_reader.h"

enum { STAVES = 8 };

/* A model is a row of particles: names joined by |, then ? * + or {most}. Several models are
 * divided by " or ". No children at all: "". */
static const struct model {
    const char *element, *content;
} models[] = {
    {"score-partwise", "work? movement-title? identification? defaults? part-list part+"},
    {"defaults", "scaling"},
    {"scaling", "millimeters tenths"},
    {"part-list", "score-part+"},
    {"score-part", "part-name score-instrument*"},
    {"score-instrument", "instrument-name"},
    {"part", "measure+"},
    {"measure", "note|backup|forward|direction|attributes|barline|print|sound*"},
    {"attributes", "divisions? key* time* staves? clef*"},
    {"key", "fifths mode?"},
    {"time", "beats beat-type"},
    {"clef", "sign line?"},
    {"note",
     "grace chord? pitch|rest tie{2} voice? type? dot* accidental? time-modification? stem? staff? "
     "beam{8} notations* or chord? pitch|rest duration tie{2} voice? type? dot* accidental? "
     "time-modification? stem? notehead? staff? beam{8} notations* lyric*"},
    {"lyric", "syllabic text"},
    {"pitch", "step alter? octave"},
    {"rest", ""},
    {"time-modification", "actual-notes normal-notes"},
    {"notations", "tied|slur|tuplet|fermata|articulations|ornaments|arpeggiate*"},
    {"articulations", "accent|strong-accent|staccato|tenuto*"},
    {"ornaments", "trill-mark|tremolo*"},
    {"tuplet", ""},
    {"backup", "duration"},
    {"forward", "duration voice? staff?"},
    {"direction", "direction-type+ staff? sound?"},
    {"direction-type", "words+ or metronome or dynamics or pedal"},
    {"dynamics", "p|f|pp|mf|ff|sf|mp*"},
    {"pedal", ""},
    {"metronome", "beat-unit beat-unit-dot* per-minute"},
};

#define TYPES "1024th 512th 256th 128th 64th 32nd 16th eighth quarter half whole breve long maxima"

/* Texts: words to choose from, or the least and the most of an integer. */
static const struct text_rule {
    const char *element, *words;
    long least, most;
} texts[] = {
    {"step", "A B C D E F G", 0, 0},
    {"alter", NULL, -3, 3},
    {"octave", NULL, 0, 9},
    {"duration", NULL, 1, 2147483647},
    {"divisions", NULL, 1, 2147483647},
    {"fifths", NULL, -7, 7},
    {"beats", NULL, 1, 64},
    {"beat-type", NULL, 1, 64},
    {"staves", NULL, 1, 3},
    {"sign", "G F C", 0, 0},
    {"line", NULL, 1, 5},
    {"voice", NULL, 1, 12},
    {"staff", NULL, 1, 3},
    {"type", TYPES, 0, 0},
    {"beat-unit", TYPES, 0, 0},
    {"accidental", "sharp flat natural double-sharp flat-flat natural-sharp natural-flat", 0, 0},
    {"actual-notes", NULL, 1, 255},
    {"normal-notes", NULL, 1, 255},
    {"stem", "up down none double", 0, 0},
    {"beam", "begin|continue|end|forward hook|backward hook", 0, 0},
    {"tremolo", NULL, 0, 8},
};

static const struct attribute_rule {
    const char *element;
    unsigned attribute;
    const char *words; /* NULL: an integer from least to most; "": anything */
    long least, most;
    bool is_required;
} attributes[] = {
    {"score-partwise", RP_XML_ATTRIBUTE_VERSION, "1.0 1.1 2.0 3.0 3.1 4.0", 0, 0, false},
    {"score-part", RP_XML_ATTRIBUTE_ID, "", 0, 0, true},
    {"score-instrument", RP_XML_ATTRIBUTE_ID, "", 0, 0, true},
    {"part", RP_XML_ATTRIBUTE_ID, "", 0, 0, true},
    {"measure", RP_XML_ATTRIBUTE_NUMBER, "", 0, 0, true},
    {"measure", RP_XML_ATTRIBUTE_IMPLICIT, "yes no", 0, 0, false},
    {"note", RP_XML_ATTRIBUTE_PRINT_OBJECT, "yes no", 0, 0, false},
    {"note", RP_XML_ATTRIBUTE_COLOR, "", 0, 0, false},
    {"grace", RP_XML_ATTRIBUTE_SLASH, "yes no", 0, 0, false},
    {"rest", RP_XML_ATTRIBUTE_MEASURE, "yes no", 0, 0, false},
    {"clef", RP_XML_ATTRIBUTE_NUMBER, NULL, 1, 3, false},
    {"beam", RP_XML_ATTRIBUTE_NUMBER, NULL, 1, 8, false},
    {"tie", RP_XML_ATTRIBUTE_TYPE, "start stop", 0, 0, true},
    {"tied", RP_XML_ATTRIBUTE_TYPE, "start stop continue let-ring", 0, 0, true},
    {"slur", RP_XML_ATTRIBUTE_TYPE, "start stop continue", 0, 0, true},
    {"slur", RP_XML_ATTRIBUTE_NUMBER, NULL, 1, 16, false},
    {"tuplet", RP_XML_ATTRIBUTE_TYPE, "start stop", 0, 0, true},
    {"tuplet", RP_XML_ATTRIBUTE_BRACKET, "yes no", 0, 0, false},
    {"tuplet", RP_XML_ATTRIBUTE_SHOW_NUMBER, "actual both none", 0, 0, false},
    {"tremolo", RP_XML_ATTRIBUTE_TYPE, "single start stop unmeasured", 0, 0, false},
    {"direction", RP_XML_ATTRIBUTE_PLACEMENT, "above below", 0, 0, false},
    {"pedal", RP_XML_ATTRIBUTE_TYPE, "start stop sostenuto change continue", 0, 0, true},
    {"sound", RP_XML_ATTRIBUTE_TEMPO, "", 0, 0, false},
};

struct check {
    const rp_xml_tree *tree;
    const struct schema_options *options;
    char *complaint;
    const char *measure; /* number of the one in hand */
};

static bool complain(struct check *self, const char *element, const char *what) {
    if (self->complaint == NULL &&
        asprintf(&self->complaint, "measure %s: %s: %s", self->measure, element, what) < 0)
        self->complaint = NULL;
    return false;
}

/* ---- content ---- */

/* Is `name` one of those joined by `joint` in the first `length` bytes of `names`? */
static bool is_among(const char *name, const char *names, size_t length, char joint) {
    const size_t name_length = strlen(name);
    for (const char *at = names, *end = names + length; at <= end;) {
        const char *stop = memchr(at, joint, (size_t)(end - at));
        if (stop == NULL) stop = end;
        if ((size_t)(stop - at) == name_length && memcmp(at, name, name_length) == 0) return true;
        at = stop + 1;
    }
    return false;
}

/* Takes from *child what one particle allows. */
static bool take_particle(const rp_xml_tree *tree, const rp_xml_node **child, const char *particle,
                          size_t length) {
    const size_t names = strcspn(particle, "?*+{ ");
    const size_t name_length = names < length ? names : length;
    const char kind = name_length < length ? particle[name_length] : '1';
    const long least = kind == '1' || kind == '+';
    const long most = kind == '*' || kind == '+' ? 1000000000
                      : kind == '{'              ? atol(particle + name_length + 1)
                                                 : 1;
    long count = 0;
    while (*child != NULL && count < most &&
           is_among(rp_xml_name_of(tree, (*child)->tag), particle, name_length, '|')) {
        *child = (*child)->next;
        count++;
    }
    return count >= least;
}

static bool fits(const rp_xml_tree *tree, const rp_xml_node *node, const char *model,
                 const char *end) {
    const rp_xml_node *child = node->first;
    while (model < end) {
        const char *stop = memchr(model, ' ', (size_t)(end - model));
        if (stop == NULL) stop = end;
        if (!take_particle(tree, &child, model, (size_t)(stop - model))) return false;
        model = stop + 1;
    }
    return child == NULL;
}

/* The published program writes a rest of a measure whose time it does not know without duration. */
static bool is_timeless_rest(const struct check *self, const rp_xml_node *node) {
    const rp_xml_node *rest = rp_xml_child(node, RP_XML_REST);
    return self->options->is_published && node->tag == RP_XML_NOTE && rest != NULL &&
           rp_xml_attribute_is(rest, RP_XML_ATTRIBUTE_MEASURE, "yes") &&
           rp_xml_child(node, RP_XML_DURATION) == NULL;
}

static bool check_content(struct check *self, const rp_xml_node *node, const char *name) {
    if (is_timeless_rest(self, node)) return true;
    for (size_t i = 0; i < RP_COUNT(models); i++) {
        if (strcmp(models[i].element, name) != 0) continue;
        const char *at = models[i].content;
        for (const char *stop; at != NULL; at = stop != NULL ? stop + 4 : NULL) {
            stop = strstr(at, " or ");
            if (fits(self->tree, node, at, stop != NULL ? stop : at + strlen(at))) return true;
        }
        return complain(self, name, "its children are not those of the schema, or in disorder");
    }
    return node->first == NULL ||
           complain(self, name, "it has children, or is no element we write");
}

/* ---- texts and attributes ---- */

static bool is_allowed(const char *text, const char *words, long least, long most) {
    if (words != NULL && words[0] == 0) return text[0] != 0;
    if (words != NULL)
        return is_among(text, words, strlen(words), strchr(words, '|') != NULL ? '|' : ' ');
    int64_t number;
    return rp_musicxml_integer(&number, text) && number >= least && number <= most;
}

static bool check_text(struct check *self, const rp_xml_node *node, const char *name) {
    for (size_t i = 0; i < RP_COUNT(texts); i++)
        if (strcmp(texts[i].element, name) == 0 &&
            !is_allowed(node->text != NULL ? node->text : "", texts[i].words, texts[i].least,
                        texts[i].most))
            return complain(self, name, node->text != NULL ? node->text : "it is empty");
    return true;
}

static bool check_attributes(struct check *self, const rp_xml_node *node, const char *name) {
    size_t known = 0, all = 0;
    for (const rp_xml_attribute *at = node->attributes; at != NULL; at = at->next) all++;
    for (size_t i = 0; i < RP_COUNT(attributes); i++) {
        const struct attribute_rule *rule = &attributes[i];
        if (strcmp(rule->element, name) != 0) continue;
        const char *value = rp_xml_attribute_value(node, rule->attribute);
        const bool is_exempt = self->options->is_published && node->tag == RP_XML_MEASURE;
        if (value == NULL && rule->is_required && !is_exempt)
            return complain(self, name, "an attribute is missing");
        if (value != NULL && !is_allowed(value, rule->words, rule->least, rule->most))
            return complain(self, name, value);
        known += value != NULL;
    }
    if (known != all || node->has_other_attributes)
        return complain(self, name, "it has an attribute that we do not write");
    return true;
}

static bool check_element(struct check *self, const rp_xml_node *node) {
    const char *name = rp_xml_name_of(self->tree, node->tag);
    if (node->tag == RP_XML_MEASURE) {
        const char *number = rp_xml_attribute_value(node, RP_XML_ATTRIBUTE_NUMBER);
        self->measure = number != NULL ? number : "?";
    }
    if (!check_content(self, node, name) || !check_text(self, node, name) ||
        !check_attributes(self, node, name))
        return false;
    for (const rp_xml_node *at = node->first; at != NULL; at = at->next)
        if (!check_element(self, at)) return false;
    return true;
}

/* ---- times ---- */

/* The staves end together. What follows until the next move back belongs to the staff of its first
 * note, though it may cross to the other. */
static bool check_ends(struct check *self, const rp_xml_node *measure) {
    int64_t now = 0, ends[STAVES] = {0};
    int64_t staff = 0;
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        const int64_t duration = rp_musicxml_number(at, RP_XML_DURATION, 0);
        if (at->tag == RP_XML_NOTE && staff == 0) staff = rp_musicxml_number(at, RP_XML_STAFF, 1);
        if (at->tag == RP_XML_BACKUP) now -= duration;
        else if (rp_xml_child(at, RP_XML_CHORD) == NULL) now += duration;
        if (staff > 0 && staff < STAVES && now > ends[staff]) ends[staff] = now;
        if (at->tag == RP_XML_BACKUP) staff = 0;
    }
    for (int other = 2; other < STAVES; other++)
        if (ends[other] != 0 && ends[1] != 0 && ends[other] != ends[1])
            return complain(self, "measure", "its staves do not end together");
    return true;
}

/* No time before the measure; what a chord has is as long as the chord. */
static bool check_moves(struct check *self, const rp_xml_node *measure) {
    int64_t now = 0, chord = 0;
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        const int64_t duration = rp_musicxml_number(at, RP_XML_DURATION, 0);
        const bool is_chord = rp_xml_child(at, RP_XML_CHORD) != NULL;
        if (at->tag == RP_XML_NOTE && is_chord && duration > chord)
            return complain(self, "chord", "a note is longer than its chord");
        if (at->tag == RP_XML_NOTE && !is_chord) chord = duration;
        if ((at->tag == RP_XML_NOTE && !is_chord) || at->tag == RP_XML_FORWARD) now += duration;
        if (at->tag == RP_XML_BACKUP) now -= duration;
        if (now < 0) return complain(self, "backup", "it leads before the measure");
    }
    return true;
}

/* A voice holds one thing at a time. */
static bool check_voices(struct check *self, const rp_placed_notes *list,
                         const rp_placed_measure *measure) {
    for (size_t i = measure->first; i < measure->last; i++) {
        const rp_placed_note *note = &list->notes[i];
        for (size_t j = measure->first; j < i && !note->is_chord && !note->is_grace; j++) {
            const rp_placed_note *other = &list->notes[j];
            if (!other->is_chord && other->voice == note->voice && other->onset < note->end &&
                note->onset < other->end)
                return complain(self, "voice", "it holds two things at a time");
        }
    }
    return true;
}

/* (As published not all durations are known.) */
static bool check_times(struct check *self, rp_xml_tree *tree, rp_xml_node *part) {
    rp_placed_notes list;
    rp_placed_notes_make(&list, tree, part, 1);
    for (size_t i = 0; i < list.measure_count && !self->options->is_published; i++) {
        const char *number = rp_xml_attribute_value(list.measures[i].node, RP_XML_ATTRIBUTE_NUMBER);
        self->measure = number != NULL ? number : "?";
        if (!check_moves(self, list.measures[i].node) ||
            !check_voices(self, &list, &list.measures[i]) ||
            (self->options->adds_up && !check_ends(self, list.measures[i].node)))
            return false;
    }
    return true;
}

char *schema_complaint(const char *musicxml, size_t size, const struct schema_options *options) {
    rp_arena arena = {0};
    rp_xml_tree tree;
    const rp_xml_source source = {"score", (const uint8_t *)musicxml, size};
    struct check self = {.tree = &tree, .options = options, .measure = "-"};
    rp_xml_tree_init(&tree, &arena);
    if (rp_xml_read(&tree, &source, NULL) != RP_OK) complain(&self, "document", "not well-formed");
    else if (check_element(&self, tree.root))
        check_times(&self, &tree, rp_xml_child(tree.root, RP_XML_PART));
    rp_arena_clear(&arena);
    return self.complaint;
}
