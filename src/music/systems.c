/* systems.c: see systems.h. */
#include "music/systems.h"

#include <string.h>

#include "music/head_attributes.h"
#include "music/musicxml.h"

enum { CHANGES_MAX = 1000 };

void rp_systems_begin(rp_systems *systems, const rp_xml_source *source) {
    rp_systems_clear(systems);
    *systems = (rp_systems){.source = source, .page = 1, .system = 1};
}

void rp_systems_clear(rp_systems *systems) { rp_arena_clear(&systems->arena); }

static rp_status fail(const rp_systems *systems, const rp_xml_node *node, rp_error *error,
                      const char *what) {
    const size_t line = rp_xml_line_of(systems->source, node->offset_bytes);
    return rp_fail(error, RP_INPUT, (int64_t)line, "%s: line %zu: %s", systems->source->name, line,
                   what);
}

/* ---- what holds ---- */

static rp_xml_node *keep(rp_systems *systems, const rp_xml_node *node) {
    systems->tree.arena = &systems->arena; /* the struct may have been moved */
    systems->changes++;
    return rp_xml_copy(&systems->tree, node);
}

/* Copies what still holds into a new arena, so that a long score does not gather old clefs. */
static void gather(rp_systems *systems) {
    rp_systems fresh = *systems;
    fresh.arena = (rp_arena){0};
    rp_xml_tree_init(&fresh.tree, &fresh.arena);
    fresh.changes = 0;
    if (fresh.divisions != NULL) fresh.divisions = keep(&fresh, fresh.divisions);
    if (fresh.key != NULL) fresh.key = keep(&fresh, fresh.key);
    if (fresh.staves != NULL) fresh.staves = keep(&fresh, fresh.staves);
    for (size_t i = 0; i < fresh.clef_count; i++)
        fresh.clefs[i].clef = keep(&fresh, fresh.clefs[i].clef);
    rp_arena_clear(&systems->arena);
    *systems = fresh;
}

static rp_status note_clef(rp_systems *systems, const rp_xml_node *clef, rp_error *error) {
    const char *number = rp_xml_attribute_value(clef, RP_XML_ATTRIBUTE_NUMBER);
    int64_t staff = 1;
    if (number != NULL && !rp_musicxml_integer(&staff, number))
        return fail(systems, clef, error, "the number of a clef has to be a whole number");
    size_t at = 0;
    while (at < systems->clef_count && systems->clefs[at].staff < staff) at++;
    if (at == systems->clef_count || systems->clefs[at].staff != staff) {
        if (systems->clef_count == RP_SYSTEMS_CLEFS_MAX)
            return fail(systems, clef, error, "clefs for over 32 staffs");
        memmove(&systems->clefs[at + 1], &systems->clefs[at],
                (systems->clef_count - at) * sizeof systems->clefs[0]);
        systems->clef_count++;
    }
    systems->clefs[at].staff = staff;
    systems->clefs[at].clef = keep(systems, clef);
    return RP_OK;
}

/* Takes over what an attributes element says. */
static rp_status note_attributes(rp_systems *systems, const rp_xml_node *attributes,
                                 rp_error *error) {
    if (systems->changes > CHANGES_MAX) gather(systems);
    const rp_xml_node *divisions = rp_xml_child(attributes, RP_XML_DIVISIONS);
    const rp_xml_node *key = rp_xml_child(attributes, RP_XML_KEY);
    const rp_xml_node *staves = rp_xml_child(attributes, RP_XML_STAVES);
    if (divisions != NULL) systems->divisions = keep(systems, divisions);
    if (key != NULL) systems->key = keep(systems, key);
    if (staves != NULL) {
        int64_t number;
        if (!rp_musicxml_integer(&number, staves->text))
            return fail(systems, staves, error, "staves has to be a whole number");
        systems->staves = keep(systems, staves);
        while (systems->clef_count > 0 && systems->clefs[systems->clef_count - 1].staff > number)
            systems->clef_count--;
    }
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_CLEF) RP_TRY(note_clef(systems, at, error));
    return RP_OK;
}

/* ---- breaks ---- */

/* Does the measure open a system? Takes the break's attribute away. */
static bool take_break(rp_systems *systems, rp_xml_node *measure) {
    rp_xml_node *print = rp_xml_child(measure, RP_XML_PRINT);
    bool opens = false;
    if (print == NULL) return false;
    if (rp_xml_attribute_is(print, RP_XML_ATTRIBUTE_NEW_SYSTEM, "yes")) {
        rp_xml_remove_attribute(print, RP_XML_ATTRIBUTE_NEW_SYSTEM);
        systems->system++;
        opens = true;
    } else if (rp_xml_attribute_is(print, RP_XML_ATTRIBUTE_NEW_PAGE, "yes")) {
        rp_xml_remove_attribute(print, RP_XML_ATTRIBUTE_NEW_PAGE);
        systems->page++;
        systems->system = 1;
        opens = true;
    }
    if (print->first == NULL && print->attributes == NULL && !print->has_other_attributes)
        rp_xml_remove(print);
    return opens;
}

static bool has_clef(const rp_xml_node *attributes, int64_t staff) {
    for (const rp_xml_node *at = attributes->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_CLEF) continue;
        const char *number = rp_xml_attribute_value(at, RP_XML_ATTRIBUTE_NUMBER);
        int64_t own = 1;
        if (number == NULL || rp_musicxml_integer(&own, number))
            if (own == staff) return true;
    }
    return false;
}

static void add_if_missing(rp_xml_tree *tree, rp_xml_node *head, uint32_t tag,
                           const rp_xml_node *node) {
    if (node == NULL || rp_xml_child(head, tag) != NULL) return;
    rp_xml_node *copy = rp_xml_copy(tree, node);
    if (copy != &tree->spare) rp_xml_append(head, copy);
}

/* Puts what holds into the head of a measure that opens a system. */
static rp_status add_head(const rp_systems *systems, rp_xml_tree *tree, rp_xml_node *measure,
                          rp_error *error) {
    if (systems->divisions == NULL && systems->key == NULL && systems->staves == NULL &&
        systems->clef_count == 0)
        return RP_OK;
    rp_xml_node *head = rp_head_attributes_make(tree, measure);
    if (head == &tree->spare) return rp_fail_memory(error, "a measure");
    add_if_missing(tree, head, RP_XML_DIVISIONS, systems->divisions);
    add_if_missing(tree, head, RP_XML_KEY, systems->key);
    add_if_missing(tree, head, RP_XML_STAVES, systems->staves);
    for (size_t i = 0; i < systems->clef_count; i++) {
        if (has_clef(head, systems->clefs[i].staff)) continue;
        rp_xml_node *copy = rp_xml_copy(tree, systems->clefs[i].clef);
        if (copy != &tree->spare) rp_xml_append(head, copy);
    }
    const rp_xml_node *stranger = rp_head_attributes_sort(head);
    if (stranger != NULL)
        return fail(systems, stranger, error, "an element that does not belong into attributes");
    return RP_OK;
}

rp_status rp_systems_add(rp_systems *systems, bool *opens, rp_xml_tree *tree, rp_xml_node *measure,
                         rp_error *error) {
    *opens = take_break(systems, measure);
    const rp_xml_node *head = rp_head_attributes_find(measure);
    if (head != NULL) RP_TRY(note_attributes(systems, head, error));
    if (*opens) RP_TRY(add_head(systems, tree, measure, error));
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next)
        if (at->tag == RP_XML_ATTRIBUTES) RP_TRY(note_attributes(systems, at, error));
    return systems->arena.failed ? rp_fail_memory(error, "the clefs and keys") : RP_OK;
}
