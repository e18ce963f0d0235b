/* musicxml.c: see musicxml.h. */
#include "music/musicxml.h"

#include <string.h>

enum { DECIMAL_PLACES = 6 };

static const char *const piano_names[] = {"Piano",       "Grand Piano", "Acoustic Grand Piano",
                                          "Harpsichord", "Pianoforte",  "Piano (2)"};

bool rp_musicxml_integer(int64_t *value, const char *text) {
    static const char blanks[] = " \t\n\v\f\r";
    if (text == NULL) return false;
    text += strspn(text, blanks);
    const bool is_negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    const size_t digits = strspn(text, "0123456789");
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        number = 10 * number + (text[i] - '0');
        if (number > 1000000000000000) return false;
    }
    text += digits;
    text += strspn(text, blanks);
    *value = is_negative ? -number : number;
    return digits > 0 && *text == 0;
}

bool rp_musicxml_decimal(int64_t *numerator, int64_t *denominator, const char *text) {
    char digits[32];
    const char *point = text != NULL ? strchr(text, '.') : NULL;
    *denominator = 1;
    if (point == NULL) return rp_musicxml_integer(numerator, text);
    size_t length = (size_t)(point - text), places = strspn(point + 1, "0123456789");
    const char *behind = point + 1 + places;
    if (length > 16 || (length == 0 && places == 0)) return false;
    if (places > DECIMAL_PLACES) places = DECIMAL_PLACES;
    memcpy(digits, text, length);
    memcpy(digits + length, point + 1, places);
    digits[length += places] = 0;
    for (; places > 0; places--) *denominator *= 10;
    return behind[strspn(behind, " \t\n\r")] == 0 && rp_musicxml_integer(numerator, digits);
}

int64_t rp_musicxml_number(const rp_xml_node *parent, uint32_t tag, int64_t otherwise) {
    const rp_xml_node *child = rp_xml_child(parent, tag);
    int64_t number;
    return child != NULL && rp_musicxml_integer(&number, child->text) ? number : otherwise;
}

static bool is_piano(const rp_xml_node *score_part, bool *is_broken) {
    const rp_xml_node *instrument = NULL;
    for (const rp_xml_node *at = score_part->first; at != NULL && instrument == NULL; at = at->next)
        if (at->tag == RP_XML_SCORE_INSTRUMENT)
            instrument = rp_xml_child(at, RP_XML_INSTRUMENT_NAME);
    *is_broken = instrument == NULL;
    if (instrument == NULL) return false;
    for (size_t i = 0; i < RP_COUNT(piano_names); i++)
        if (rp_xml_text_is(instrument, piano_names[i])) return true;
    const rp_xml_node *name = rp_xml_child(score_part, RP_XML_PART_NAME);
    return name != NULL && rp_xml_text_is(name, "Pianoforte");
}

/* The id of the piano among the score-parts; NULL: the published choice finds none. */
static const char *choose_piano(const rp_xml_node *part_list) {
    for (const rp_xml_node *at = part_list != NULL ? part_list->first : NULL; at != NULL;
         at = at->next) {
        bool is_broken = false;
        if (at->tag != RP_XML_SCORE_PART) continue;
        if (is_piano(at, &is_broken)) return rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_ID);
        if (is_broken) return NULL;
    }
    return NULL;
}

static rp_status check_root(const rp_xml_node *root, const rp_xml_source *source, rp_error *error) {
    if (root != NULL && root->tag == RP_XML_SCORE_PARTWISE) return RP_OK;
    const size_t line = root != NULL ? rp_xml_line_of(source, root->offset_bytes) : 1;
    if (root != NULL && root->tag == RP_XML_SCORE_TIMEWISE)
        return rp_fail(error, RP_INPUT, (int64_t)line,
                       "%s: line %zu: the score is timewise; save it as partwise", source->name,
                       line);
    return rp_fail(error, RP_INPUT, (int64_t)line,
                   "%s: line %zu: not MusicXML (the root is not score-partwise)", source->name,
                   line);
}

static rp_status fail_no_part(const rp_xml_source *source, const char *part_id, rp_error *error) {
    if (part_id != NULL)
        return rp_fail(error, RP_INPUT, 0, "%s: there is no part with id %.64s", source->name,
                       part_id);
    return rp_fail(error, RP_INPUT, 0, "%s: the score has no part", source->name);
}

/* ---- streaming ---- */

struct choice {
    const rp_musicxml_sink *sink;
    const char *part_id;    /* asked for; NULL: the piano */
    bool takes_first;       /* second round: the first part, whatever it is called */
    int parts, taken_parts; /* seen; with the wanted id */
    int taken_index;        /* of the part given to the sink, from 1; 0: none */
};

static rp_xml_choice choose_part(void *context, const rp_xml_tree *tree, const rp_xml_node *part) {
    struct choice *choice = context;
    if (tree->root->tag != RP_XML_SCORE_PARTWISE) return RP_XML_SKIP;
    if (part->tag != RP_XML_PART) return part->tag == RP_XML_PART_LIST ? RP_XML_KEEP : RP_XML_SKIP;
    choice->parts++;
    const char *id = rp_xml_attribute_value(part, RP_XML_ATTRIBUTE_ID);
    const char *wanted = choice->part_id;
    if (wanted == NULL && !choice->takes_first)
        wanted = choose_piano(rp_xml_child(tree->root, RP_XML_PART_LIST));
    const bool is_it = wanted != NULL ? id != NULL && strcmp(id, wanted) == 0 : choice->parts == 1;
    if (!is_it) return RP_XML_SKIP;
    choice->taken_parts++;
    if (choice->taken_index != 0) return RP_XML_SKIP;
    choice->taken_index = choice->parts;
    choice->sink->begin(choice->sink->context, id != NULL ? id : "");
    return RP_XML_STREAM;
}

static rp_status take_child(void *context, rp_xml_tree *tree, rp_xml_node *child, rp_error *error) {
    struct choice *choice = context;
    return choice->sink->child(choice->sink->context, tree, child, error);
}

static rp_status read_round(struct choice *choice, const rp_xml_source *source, rp_error *error) {
    rp_arena arena = {.limit_bytes = 1 << 28};
    rp_xml_tree tree;
    rp_xml_tree_init(&tree, &arena);
    const rp_xml_stream stream = {.context = choice, .choose = choose_part, .take = take_child};
    rp_status status = rp_xml_read_stream(&tree, source, &stream, error);
    if (status == RP_OK) status = check_root(tree.root, source, error);
    rp_arena_clear(&arena);
    return status;
}

rp_status rp_musicxml_read_part(const rp_xml_source *source, const char *part_id,
                                const rp_musicxml_sink *sink, rp_error *error) {
    struct choice choice = {.sink = sink, .part_id = part_id};
    RP_TRY(read_round(&choice, source, error));
    if (choice.parts == 0) return fail_no_part(source, NULL, error);
    if (choice.taken_parts == 1) return RP_OK;
    if (part_id != NULL) {
        if (choice.taken_parts > 1) return RP_OK; /* the first of them */
        return fail_no_part(source, part_id, error);
    }
    if (choice.taken_index == 1) return RP_OK; /* the first part is what the second round takes */
    choice = (struct choice){.sink = sink, .takes_first = true};
    return read_round(&choice, source, error);
}

rp_status rp_musicxml_load_part(rp_xml_node **part, rp_xml_tree *tree, const rp_xml_source *source,
                                const char *part_id, rp_error *error) {
    RP_TRY(rp_xml_read(tree, source, error));
    RP_TRY(check_root(tree->root, source, error));
    const char *wanted =
        part_id != NULL ? part_id : choose_piano(rp_xml_child(tree->root, RP_XML_PART_LIST));
    rp_xml_node *found = NULL;
    size_t matches = 0;
    for (rp_xml_node *at = tree->root->first; at != NULL; at = at->next) {
        const char *id = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_ID);
        if (at->tag != RP_XML_PART || wanted == NULL || id == NULL || strcmp(id, wanted) != 0)
            continue;
        if (matches++ == 0) found = at;
    }
    if (part_id == NULL && matches != 1) found = rp_xml_child(tree->root, RP_XML_PART);
    if (found == NULL) return fail_no_part(source, part_id, error);
    *part = found;
    return RP_OK;
}

/* ---- checking ---- */

/* Counts what a score is made of: parts, or the measures of a timewise one. */
static rp_xml_choice count_part(void *context, const rp_xml_tree *tree, const rp_xml_node *node) {
    const bool is_timewise = tree->root->tag == RP_XML_SCORE_TIMEWISE;
    *(size_t *)context += node->tag == (is_timewise ? RP_XML_MEASURE : RP_XML_PART);
    return RP_XML_SKIP;
}

rp_status rp_musicxml_check(const rp_xml_source *source, bool is_timewise_fine, rp_error *error) {
    rp_arena arena = {.limit_bytes = 1 << 28};
    rp_xml_tree tree;
    size_t count = 0;
    const rp_xml_stream stream = {.context = &count, .choose = count_part};
    rp_xml_tree_init(&tree, &arena);
    rp_status status = rp_xml_read_stream(&tree, source, &stream, error);
    const bool is_fine =
        is_timewise_fine && tree.root != NULL && tree.root->tag == RP_XML_SCORE_TIMEWISE;
    if (status == RP_OK && !is_fine) status = check_root(tree.root, source, error);
    if (status == RP_OK && count == 0) status = fail_no_part(source, NULL, error);
    rp_arena_clear(&arena);
    return status;
}

/* How many staves a part has, by its first measure; 1 where it does not say. */
static int64_t staves_of(const rp_xml_node *part) {
    const rp_xml_node *measure = rp_xml_child(part, RP_XML_MEASURE);
    const rp_xml_node *attributes = rp_xml_child(measure, RP_XML_ATTRIBUTES);
    return rp_musicxml_number(attributes, RP_XML_STAVES, 1);
}

rp_xml_node *rp_musicxml_find_piano(const rp_xml_node *root) {
    const char *wanted = choose_piano(rp_xml_child(root, RP_XML_PART_LIST));
    rp_xml_node *named = NULL, *two_staves = NULL;
    size_t named_count = 0, two_staves_count = 0;
    for (rp_xml_node *at = root->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_PART) continue;
        const char *id = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_ID);
        if (wanted != NULL && id != NULL && strcmp(id, wanted) == 0) {
            named = at;
            named_count++;
        }
        if (staves_of(at) == 2) {
            two_staves = at;
            two_staves_count++;
        }
    }
    if (named_count == 1) return named;
    return two_staves_count == 1 ? two_staves : NULL;
}
