/* dressing.c: see dressing.h. Shares and words are guesses from looking at songs. */
#include "music/dressing.h"

#include <stdio.h>

#include "base/compiler.h"
#include "music/hand_variation.h"
#include "music/joined_score.h"
#include "music/musicxml.h"

enum {
    DIGITS_HIDDEN_PERCENT = 50,
    DIGITS_KEPT_MAX = 12,
    SUNG_PERCENT = 75,
    MARKED_PERCENT_MAX = 50, /* of the measures of one piece have a mark */
    USUAL_SIZE_PERCENT = 50,
    PAUSE_PERCENT = 15,
    DIVISIONS = 4, /* of the singer's quarter */
    STEPS = 7
};
static const double staff_mm[2] = {5.4, 7.4}, usual_staff_mm = 6.2;

typedef struct dresser {
    rp_xml_tree *tree;
    rp_random *random;
    /* The singer's: */
    int fifths, pitch; /* pitch: steps from C0 */
    int64_t beats, beat_type;
} dresser;

static rp_xml_node *add(dresser *d, rp_xml_node *parent, const char *name, const char *text) {
    return rp_xml_add(d->tree, parent, rp_xml_tag_of(d->tree, name), text);
}

static rp_xml_node *add_number(dresser *d, rp_xml_node *parent, const char *name, int64_t value) {
    return add(d, parent, name, rp_xml_keep_integer(d->tree, value));
}

/* ---- digits ---- */

/* All tuplets but the first few, in the document's order, are printed without their digit. */
static void hide_digits(dresser *d, rp_xml_node *part, uint32_t kept) {
    uint32_t seen = 0;
    for (rp_xml_node *measure = part->first; measure != NULL; measure = measure->next) {
        for (rp_xml_node *note = measure->first; note != NULL; note = note->next) {
            rp_xml_node *notations = rp_xml_child(note, RP_XML_NOTATIONS);
            rp_xml_node *tuplet = rp_xml_child(notations, RP_XML_TUPLET);
            for (; tuplet != NULL; tuplet = tuplet->next) {
                if (tuplet->tag != RP_XML_TUPLET ||
                    !rp_xml_attribute_is(tuplet, RP_XML_ATTRIBUTE_TYPE, "start") || seen++ < kept)
                    continue;
                rp_xml_set_attribute(d->tree, tuplet, RP_XML_ATTRIBUTE_SHOW_NUMBER, "none");
                rp_xml_set_attribute(d->tree, tuplet, RP_XML_ATTRIBUTE_BRACKET, "no");
            }
        }
    }
}

/* ---- marks ---- */

static const char *draw(dresser *d, const char *const *list, size_t count) {
    return list[rp_random_below(d->random, (uint32_t)count)];
}

static void fill_mark(dresser *d, rp_xml_node *direction, const char **staff) {
    static const char *const loudness[] = {"p", "f", "pp", "mf", "ff", "sf", "mp"};
    static const char *const words[] = {"dolce",  "rit.",      "cresc.",     "dim.",
                                        "legato", "poco rit.", "espressivo", "a tempo",
                                        "Ped.",   "leggiero",  "colla voce", "Andante",
                                        "ten.",   "sempre p",  "marcato",    "calando"};
    rp_xml_node *type = rp_xml_add(d->tree, direction, RP_XML_DIRECTION_TYPE, NULL);
    const uint32_t drawn = rp_random_below(d->random, 100);
    *staff = "1";
    if (drawn < 50) {
        add(d, add(d, type, "dynamics", NULL), draw(d, loudness, RP_COUNT(loudness)), NULL);
    } else if (drawn < 85) {
        rp_xml_add(d->tree, type, RP_XML_WORDS, draw(d, words, RP_COUNT(words)));
    } else {
        rp_xml_node *pedal = add(d, type, "pedal", NULL);
        rp_xml_set_attribute(d->tree, pedal, RP_XML_ATTRIBUTE_TYPE, "start");
        *staff = "2";
    }
}

static void mark(dresser *d, rp_xml_node *part, uint32_t percent) {
    for (rp_xml_node *measure = part->first; measure != NULL; measure = measure->next) {
        if (!rp_random_happens(d->random, percent)) continue;
        rp_xml_node *first = measure->first;
        if (first != NULL && first->tag != RP_XML_ATTRIBUTES) first = NULL;
        rp_xml_node *direction = rp_xml_insert(d->tree, measure, first, RP_XML_DIRECTION, NULL);
        const char *staff;
        rp_xml_set_attribute(d->tree, direction, RP_XML_ATTRIBUTE_PLACEMENT,
                             rp_random_happens(d->random, 67) ? "below" : "above");
        fill_mark(d, direction, &staff);
        rp_xml_add(d->tree, direction, RP_XML_STAFF, staff);
    }
}

/* ---- the singer ---- */

static const struct tone {
    uint8_t duration; /* of DIVISIONS a quarter */
    bool has_dot;
    const char *type;
} tones[] = {{1, false, "16th"},    {2, false, "eighth"},  {2, false, "eighth"},
             {4, false, "quarter"}, {4, false, "quarter"}, {6, true, "quarter"},
             {8, false, "half"}};

static void sing_note(dresser *d, rp_xml_node *measure, const struct tone *tone) {
    static const char *const syllables[] = {
        "la",  "mei",   "ne",  "See",  "le",  "Herz", "und",   "lie",   "be",   "Nacht", "von",
        "den", "Ster",  "nen", "ruht", "du",  "bist", "sweet", "a",     "the",  "love",  "O",
        "my",  "heart", "is",  "like", "l'a", "mour", "fleur", "je",    "te",   "veux",  "au",
        "dor", "mant",  "wie", "ein",  "so",  "rose", "still", "Traum", "sanft"};
    enum { LOWEST = 30, HIGHEST = 41, LEAP = 3 };
    d->pitch += (int)rp_random_below(d->random, 2 * LEAP + 1) - LEAP;
    if (d->pitch < LOWEST) d->pitch = LOWEST;
    if (d->pitch > HIGHEST) d->pitch = HIGHEST;
    const int alter = rp_key_alter(d->fifths, d->pitch % STEPS);
    const char step[2] = {"CDEFGAB"[d->pitch % STEPS], 0};
    rp_xml_node *note = rp_xml_add(d->tree, measure, RP_XML_NOTE, NULL);
    rp_xml_node *pitch = rp_xml_add(d->tree, note, RP_XML_PITCH, NULL);
    rp_xml_add(d->tree, pitch, RP_XML_STEP, rp_xml_keep(d->tree, step, 1));
    if (alter != 0) add_number(d, pitch, "alter", alter);
    add_number(d, pitch, "octave", d->pitch / STEPS);
    add_number(d, note, "duration", tone->duration);
    rp_xml_add(d->tree, note, RP_XML_TYPE, tone->type);
    if (tone->has_dot) rp_xml_add(d->tree, note, RP_XML_DOT, NULL);
    rp_xml_node *lyric = rp_xml_add(d->tree, note, RP_XML_LYRIC, NULL);
    add(d, lyric, "syllabic", "single");
    add(d, lyric, "text", draw(d, syllables, RP_COUNT(syllables)));
}

static void sing_measure(dresser *d, rp_xml_node *measure) {
    int64_t left = d->beats * 4 * DIVISIONS / d->beat_type;
    if (rp_random_happens(d->random, PAUSE_PERCENT) ||
        d->beats * 4 * DIVISIONS % d->beat_type != 0) {
        rp_xml_node *note = rp_xml_add(d->tree, measure, RP_XML_NOTE, NULL);
        rp_xml_set_attribute(d->tree, rp_xml_add(d->tree, note, RP_XML_REST, NULL),
                             RP_XML_ATTRIBUTE_MEASURE, "yes");
        add_number(d, note, "duration", left > 0 ? left : 1);
        return;
    }
    while (left > 0) {
        size_t fitting = RP_COUNT(tones); /* they rise */
        while (tones[fitting - 1].duration > left) fitting--;
        const struct tone *tone = &tones[rp_random_below(d->random, (uint32_t)fitting)];
        sing_note(d, measure, tone);
        left -= tone->duration;
    }
}

/* The piano's key and time, where they are said, are the singer's too. */
static void follow_attributes(dresser *d, rp_xml_node *measure, const rp_xml_node *of_piano,
                              bool is_first) {
    static const uint32_t shared[] = {RP_XML_KEY, RP_XML_TIME};
    const rp_xml_node *said = rp_xml_child(of_piano, RP_XML_ATTRIBUTES);
    const rp_xml_node *time = rp_xml_child(said, RP_XML_TIME);
    if (!is_first && time == NULL && rp_xml_child(said, RP_XML_KEY) == NULL) return;
    rp_xml_node *own = rp_xml_add(d->tree, measure, RP_XML_ATTRIBUTES, NULL);
    if (is_first) add_number(d, own, "divisions", DIVISIONS);
    for (size_t i = 0; i < RP_COUNT(shared); i++) {
        const rp_xml_node *node = rp_xml_child(said, shared[i]);
        if (node != NULL) rp_xml_append(own, rp_xml_copy(d->tree, node));
    }
    d->fifths = (int)rp_musicxml_number(rp_xml_child(said, RP_XML_KEY), RP_XML_FIFTHS, d->fifths);
    d->beats = rp_musicxml_number(time, RP_XML_BEATS, d->beats);
    d->beat_type = rp_musicxml_number(time, RP_XML_BEAT_TYPE, d->beat_type);
    if (!is_first) return;
    rp_xml_node *clef = rp_xml_add(d->tree, own, RP_XML_CLEF, NULL);
    rp_xml_add(d->tree, clef, RP_XML_SIGN, "G");
    rp_xml_add(d->tree, clef, RP_XML_LINE, "2");
}

static void sing(dresser *d, rp_xml_node *score, const rp_xml_node *piano) {
    rp_xml_node *list = rp_xml_child(score, RP_XML_PART_LIST);
    rp_xml_node *entry = rp_xml_insert(d->tree, list, NULL, RP_XML_SCORE_PART, NULL);
    rp_xml_set_attribute(d->tree, entry, RP_XML_ATTRIBUTE_ID, "P1");
    rp_xml_add(d->tree, entry, RP_XML_PART_NAME, "Voice");
    rp_xml_node *part = rp_xml_insert(d->tree, score, list, RP_XML_PART, NULL);
    rp_xml_set_attribute(d->tree, part, RP_XML_ATTRIBUTE_ID, "P1");
    for (const rp_xml_node *at = piano->first; at != NULL; at = at->next) {
        rp_xml_node *measure = rp_xml_add(d->tree, part, RP_XML_MEASURE, NULL);
        const char *number = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_NUMBER);
        if (number != NULL) rp_xml_set_attribute(d->tree, measure, RP_XML_ATTRIBUTE_NUMBER, number);
        follow_attributes(d, measure, at, at == piano->first);
        sing_measure(d, measure);
    }
}

/* ---- the size of the staves ---- */

static void size_staves(dresser *d, rp_xml_node *score) {
    char text[16];
    double size = usual_staff_mm;
    if (!rp_random_happens(d->random, USUAL_SIZE_PERCENT))
        size = rp_random_between(d->random, staff_mm[0], staff_mm[1]);
    const int length = snprintf(text, sizeof text, "%.2f", size);
    rp_xml_node *defaults =
        rp_xml_insert(d->tree, score, NULL, rp_xml_tag_of(d->tree, "defaults"), NULL);
    rp_xml_node *scaling = add(d, defaults, "scaling", NULL);
    add(d, scaling, "millimeters", rp_xml_keep(d->tree, text, (size_t)length));
    add(d, scaling, "tenths", "40"); /* four staff spaces of ten */
}

rp_xml_node *rp_dress_part(rp_xml_tree *tree, rp_xml_node *part, rp_random *random) {
    dresser d = {.tree = tree, .random = random, .pitch = 35, .beats = 4, .beat_type = 4};
    rp_xml_node *score = rp_joined_score_wrap(tree, part);
    if (rp_random_happens(random, DIGITS_HIDDEN_PERCENT))
        hide_digits(&d, part, rp_random_below(random, DIGITS_KEPT_MAX + 1));
    mark(&d, part, rp_random_below(random, MARKED_PERCENT_MAX + 1));
    if (rp_random_happens(random, SUNG_PERCENT)) sing(&d, score, part);
    size_staves(&d, score);
    return score;
}
