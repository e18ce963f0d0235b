/* head_attributes.c: see head_attributes.h. */
#include "music/head_attributes.h"

#include <string.h>

/* MusicXML 4.0, element attributes: the order of its children. */
static const uint8_t schema_order[] = {
    RP_XML_FOOTNOTE,  RP_XML_LEVEL,         RP_XML_DIVISIONS,   RP_XML_KEY,
    RP_XML_TIME,      RP_XML_STAVES,        RP_XML_PART_SYMBOL, RP_XML_INSTRUMENTS,
    RP_XML_CLEF,      RP_XML_STAFF_DETAILS, RP_XML_TRANSPOSE,   RP_XML_FOR_PART,
    RP_XML_DIRECTIVE, RP_XML_MEASURE_STYLE,
};

static bool is_passed_over(const rp_xml_node *node) {
    return node->tag == RP_XML_PRINT || node->tag == RP_XML_BARLINE;
}

rp_xml_node *rp_head_attributes_find(const rp_xml_node *measure) {
    rp_xml_node *child = measure->first;
    while (child != NULL && is_passed_over(child)) child = child->next;
    return child != NULL && child->tag == RP_XML_ATTRIBUTES ? child : NULL;
}

rp_xml_node *rp_head_attributes_make(rp_xml_tree *tree, rp_xml_node *measure) {
    rp_xml_node *found = rp_head_attributes_find(measure), *previous = NULL;
    if (found != NULL) return found;
    for (rp_xml_node *child = measure->first;
         child != NULL && child->next != NULL && is_passed_over(child); child = child->next)
        previous = child;
    return rp_xml_insert(tree, measure, previous, RP_XML_ATTRIBUTES, NULL);
}

/* Place of a tag in the schema; RP_COUNT(schema_order) if it has none. */
static size_t place_of(const rp_xml_node *node) {
    size_t place = 0;
    while (place < RP_COUNT(schema_order) && schema_order[place] != node->tag) place++;
    return place;
}

static bool is_before(const rp_xml_node *a, const rp_xml_node *b) {
    const size_t a_place = place_of(a), b_place = place_of(b);
    if (a_place != b_place) return a_place < b_place;
    const char *a_number = rp_xml_attribute_value(a, RP_XML_ATTRIBUTE_NUMBER);
    const char *b_number = rp_xml_attribute_value(b, RP_XML_ATTRIBUTE_NUMBER);
    return strcmp(a_number != NULL ? a_number : "1", b_number != NULL ? b_number : "1") < 0;
}

const rp_xml_node *rp_head_attributes_sort(rp_xml_node *attributes) {
    rp_xml_node *rest = attributes->first;
    for (const rp_xml_node *child = rest; child != NULL; child = child->next)
        if (place_of(child) == RP_COUNT(schema_order)) return child;
    attributes->first = attributes->last = NULL;
    while (rest != NULL) { /* insertion: there are few, and they are nearly sorted */
        rp_xml_node *node = rest, *previous = NULL;
        rest = rest->next;
        if (attributes->last == NULL || !is_before(node, attributes->last)) {
            rp_xml_append(attributes, node);
            continue;
        }
        for (rp_xml_node *at = attributes->first; !is_before(node, at); at = at->next)
            previous = at;
        node->next = previous != NULL ? previous->next : attributes->first;
        if (previous != NULL) previous->next = node;
        else attributes->first = node;
    }
    return NULL;
}
