/* xml_tree.c: see xml_tree.h. Nodes, attributes and short texts are cut from slabs of the arena,
 * since the arena itself hands out 64 bytes at least. */
#include "music/xml_tree.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SLAB_BYTES = 1 << 15 };

static const char *const tag_names[RP_XML_KNOWN] = {
#define TAG(name, text) text,
#define ATTRIBUTE(name, text)
#include "music/xml_names.def"
#undef TAG
#undef ATTRIBUTE
};

static const char *const attribute_names[RP_XML_ATTRIBUTE_COUNT] = {
#define TAG(name, text)
#define ATTRIBUTE(name, text) text,
#include "music/xml_names.def"
#undef TAG
#undef ATTRIBUTE
};

/* ---- memory ---- */

static void *tree_bytes(rp_xml_tree *tree, size_t size, size_t alignment) {
    const size_t skip = tree->slab_left & (alignment - 1); /* slabs end aligned */
    if (size + skip > tree->slab_left) {
        const size_t slab = size > SLAB_BYTES / 4 ? size + 64 : SLAB_BYTES;
        char *bytes = rp_arena_alloc_raw(tree->arena, (slab + 63) & ~(size_t)63);
        if (bytes == NULL) return NULL;
        if (size > SLAB_BYTES / 4) return bytes; /* large pieces stand alone */
        tree->slab = bytes;
        tree->slab_left = slab;
        return tree_bytes(tree, size, alignment);
    }
    void *bytes = tree->slab + skip;
    tree->slab += skip + size;
    tree->slab_left -= skip + size;
    return bytes;
}

const char *rp_xml_keep(rp_xml_tree *tree, const char *text, size_t length) {
    char *copy = tree_bytes(tree, length + 1, 1);
    if (copy == NULL) return "";
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

const char *rp_xml_keep_integer(rp_xml_tree *tree, int64_t value) {
    static const char *const small[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                        "9", "10", "11", "12", "13", "14", "15", "16"};
    if (value >= 0 && value < (int64_t)RP_COUNT(small)) return small[value];
    char text[32];
    const int length = snprintf(text, sizeof text, "%" PRId64, value);
    return rp_xml_keep(tree, text, (size_t)length);
}

/* ---- names ---- */

static uint32_t hash_of(const char *name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name != 0; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static uint32_t *find_slot(const rp_xml_tree *tree, const char *name) {
    uint32_t at = hash_of(name) & (tree->other_capacity - 1);
    while (tree->other_slots[at] != 0 &&
           strcmp(rp_xml_name_of(tree, tree->other_slots[at] - 1), name) != 0)
        at = (at + 1) & (tree->other_capacity - 1);
    return &tree->other_slots[at];
}

/* Doubles the table of names and enters all again; known tags are in it too. */
static bool grow_names(rp_xml_tree *tree) {
    rp_xml_tree larger = *tree;
    larger.other_capacity = tree->other_capacity == 0 ? 512 : 2 * tree->other_capacity;
    larger.other_slots =
        rp_arena_array(tree->arena, larger.other_capacity, sizeof *larger.other_slots);
    larger.other_names =
        rp_arena_array(tree->arena, larger.other_capacity / 2, sizeof *larger.other_names);
    if (larger.other_slots == NULL || larger.other_names == NULL) return false;
    for (uint32_t i = 0; i < tree->other_count; i++) larger.other_names[i] = tree->other_names[i];
    tree->other_names = larger.other_names;
    for (uint32_t tag = 0; tag < RP_XML_KNOWN + tree->other_count; tag++)
        *find_slot(&larger, rp_xml_name_of(tree, tag)) = tag + 1;
    larger.slab = tree->slab;
    larger.slab_left = tree->slab_left;
    tree->other_slots = larger.other_slots;
    tree->other_capacity = larger.other_capacity;
    return true;
}

void rp_xml_tree_init(rp_xml_tree *tree, rp_arena *arena) { *tree = (rp_xml_tree){.arena = arena}; }

uint32_t rp_xml_tag_of(rp_xml_tree *tree, const char *name) {
    if (2 * (RP_XML_KNOWN + tree->other_count + 1) > tree->other_capacity && !grow_names(tree))
        return RP_XML_KNOWN;
    uint32_t *slot = find_slot(tree, name);
    if (*slot != 0) return *slot - 1;
    tree->other_names[tree->other_count] = rp_xml_keep(tree, name, strlen(name));
    *slot = RP_XML_KNOWN + ++tree->other_count;
    return *slot - 1;
}

const char *rp_xml_name_of(const rp_xml_tree *tree, uint32_t tag) {
    if (tag < RP_XML_KNOWN) return tag_names[tag];
    const uint32_t other = tag - RP_XML_KNOWN;
    return other < tree->other_count ? tree->other_names[other] : "?";
}

unsigned rp_xml_attribute_of(const char *name) {
    unsigned i = 0;
    while (i < RP_XML_ATTRIBUTE_COUNT &&
           (attribute_names[i][0] != name[0] || strcmp(attribute_names[i], name) != 0))
        i++;
    return i;
}

/* ---- nodes ---- */

static rp_xml_node *node_make(rp_xml_tree *tree, uint32_t tag, const char *text) {
    rp_xml_node *node = tree_bytes(tree, sizeof *node, 8);
    if (node == NULL) node = &tree->spare;
    *node = (rp_xml_node){.tag = tag, .text = text};
    return node;
}

void rp_xml_append(rp_xml_node *parent, rp_xml_node *child) {
    child->parent = parent;
    child->next = NULL;
    if (parent->last != NULL) parent->last->next = child;
    else parent->first = child;
    parent->last = child;
}

rp_xml_node *rp_xml_add(rp_xml_tree *tree, rp_xml_node *parent, uint32_t tag, const char *text) {
    rp_xml_node *node = node_make(tree, tag, text);
    if (parent != NULL && node != &tree->spare) rp_xml_append(parent, node);
    return node;
}

rp_xml_node *rp_xml_insert(rp_xml_tree *tree, rp_xml_node *parent, rp_xml_node *previous,
                           uint32_t tag, const char *text) {
    rp_xml_node *node = node_make(tree, tag, text);
    if (node == &tree->spare) return node;
    node->parent = parent;
    node->next = previous != NULL ? previous->next : parent->first;
    if (previous != NULL) previous->next = node;
    else parent->first = node;
    if (node->next == NULL) parent->last = node;
    return node;
}

void rp_xml_remove(rp_xml_node *child) {
    rp_xml_node *parent = child->parent, *previous = NULL;
    if (parent == NULL) return;
    for (rp_xml_node *at = parent->first; at != child; at = at->next) previous = at;
    if (previous != NULL) previous->next = child->next;
    else parent->first = child->next;
    if (parent->last == child) parent->last = previous;
    child->parent = child->next = NULL;
}

static const char *keep_text(rp_xml_tree *tree, const char *text) {
    return rp_xml_keep(tree, text, strlen(text));
}

rp_xml_node *rp_xml_copy(rp_xml_tree *tree, const rp_xml_node *node) {
    const char *text = node->text != NULL ? keep_text(tree, node->text) : NULL;
    rp_xml_node *copy = node_make(tree, node->tag, text);
    if (copy == &tree->spare) return copy;
    copy->offset_bytes = node->offset_bytes;
    copy->has_other_attributes = node->has_other_attributes;
    for (const rp_xml_attribute *at = node->attributes; at != NULL; at = at->next) {
        const char *value = keep_text(tree, at->value);
        if (at->other_name == NULL) rp_xml_set_attribute(tree, copy, at->name, value);
        else rp_xml_add_other_attribute(tree, copy, keep_text(tree, at->other_name), value);
    }
    for (const rp_xml_node *child = node->first; child != NULL; child = child->next) {
        rp_xml_node *child_copy = rp_xml_copy(tree, child);
        if (child_copy == &tree->spare) break;
        rp_xml_append(copy, child_copy);
    }
    return copy;
}

rp_xml_node *rp_xml_child(const rp_xml_node *node, uint32_t tag) {
    rp_xml_node *child = node != NULL ? node->first : NULL;
    while (child != NULL && child->tag != tag) child = child->next;
    return child;
}

size_t rp_xml_count(const rp_xml_node *node, uint32_t tag) {
    size_t count = 0;
    for (const rp_xml_node *child = node->first; child != NULL; child = child->next)
        count += child->tag == tag;
    return count;
}

/* ---- attributes and text ---- */

const char *rp_xml_attribute_value(const rp_xml_node *node, unsigned name) {
    for (const rp_xml_attribute *at = node->attributes; at != NULL; at = at->next)
        if (at->name == name) return at->value;
    return NULL;
}

bool rp_xml_attribute_is(const rp_xml_node *node, unsigned name, const char *value) {
    const char *actual = rp_xml_attribute_value(node, name);
    return actual != NULL && strcmp(actual, value) == 0;
}

/* A new attribute at `link`, the end of a node's list. */
static void attribute_make(rp_xml_tree *tree, rp_xml_attribute **link, rp_xml_attribute is) {
    rp_xml_attribute *attribute = tree_bytes(tree, sizeof *attribute, 8);
    if (attribute == NULL) return;
    *attribute = is;
    *link = attribute;
}

void rp_xml_set_attribute(rp_xml_tree *tree, rp_xml_node *node, unsigned name, const char *value) {
    rp_xml_attribute **link = &node->attributes;
    while (*link != NULL && (*link)->name != name) link = &(*link)->next;
    if (*link != NULL) (*link)->value = value;
    else attribute_make(tree, link, (rp_xml_attribute){.name = (uint8_t)name, .value = value});
}

void rp_xml_add_other_attribute(rp_xml_tree *tree, rp_xml_node *node, const char *name,
                                const char *value) {
    rp_xml_attribute **link = &node->attributes;
    while (*link != NULL) link = &(*link)->next;
    attribute_make(
        tree, link,
        (rp_xml_attribute){.name = RP_XML_ATTRIBUTE_COUNT, .other_name = name, .value = value});
}

static const char *attribute_text(const rp_xml_attribute *attribute) {
    return attribute->other_name != NULL ? attribute->other_name : attribute_names[attribute->name];
}

const char *rp_xml_attribute_named(const rp_xml_node *node, const char *name) {
    const rp_xml_attribute *at = node->attributes;
    while (at != NULL && strcmp(attribute_text(at), name) != 0) at = at->next;
    return at != NULL ? at->value : NULL;
}

void rp_xml_remove_attribute(rp_xml_node *node, unsigned name) {
    rp_xml_attribute **link = &node->attributes;
    while (*link != NULL && (*link)->name != name) link = &(*link)->next;
    if (*link != NULL) *link = (*link)->next;
}

bool rp_xml_text_is(const rp_xml_node *node, const char *text) {
    return strcmp(node->text != NULL ? node->text : "", text) == 0;
}

/* ---- writing ---- */

static void write_escaped(rp_text *text, const char *value, bool is_attribute) {
    for (size_t plain; *value != 0; value += plain) {
        plain = strcspn(value, is_attribute ? "&<>\"\n\r\t" : "&<>");
        rp_text_add_bytes(text, value, plain);
        const char letter = value[plain];
        if (letter == 0) return;
        if (letter == '&') rp_text_add(text, "&amp;");
        if (letter == '<') rp_text_add(text, "&lt;");
        if (letter == '>') rp_text_add(text, "&gt;");
        if (letter == '"') rp_text_add(text, "&quot;");
        if (letter == '\n' || letter == '\r' || letter == '\t')
            rp_text_format(text, "&#%02d;", letter);
        plain++;
    }
}

void rp_xml_write(rp_text *text, const rp_xml_tree *tree, const rp_xml_node *node) {
    const char *name = rp_xml_name_of(tree, node->tag);
    rp_text_add_char(text, '<');
    rp_text_add(text, name);
    for (const rp_xml_attribute *at = node->attributes; at != NULL; at = at->next) {
        rp_text_add_char(text, ' ');
        rp_text_add(text, attribute_text(at));
        rp_text_add(text, "=\"");
        write_escaped(text, at->value, true);
        rp_text_add_char(text, '"');
    }
    if (node->first == NULL && node->text == NULL) {
        rp_text_add(text, " />");
        return;
    }
    rp_text_add_char(text, '>');
    if (node->text != NULL) write_escaped(text, node->text, false);
    for (const rp_xml_node *child = node->first; child != NULL; child = child->next)
        rp_xml_write(text, tree, child);
    rp_text_add(text, "</");
    rp_text_add(text, name);
    rp_text_add_char(text, '>');
}
