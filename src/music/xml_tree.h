/* xml_tree.h: an XML document as a tree of small nodes in one arena.
 *
 * Tags are numbers: those of xml_names.def are RP_XML_..., other names get numbers from
 * RP_XML_KNOWN on, per tree. Of the attributes only those of xml_names.def are kept, unless the
 * tree is told to keep the others too; a node remembers whether it had others. Text is what stands
 * before the first child (with children: only if it is more than white space); what follows a child
 * is dropped.
 *
 * Building never returns NULL: when memory runs out, calls return a spare node that is linked
 * nowhere, and `arena->failed` says so at the end. */
#ifndef RP_MUSIC_XML_TREE_H
#define RP_MUSIC_XML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

enum rp_xml_tag {
#define TAG(name, text) RP_XML_##name,
#define ATTRIBUTE(name, text)
#include "music/xml_names.def"
#undef TAG
#undef ATTRIBUTE
    RP_XML_KNOWN
};

enum rp_xml_attribute_name {
#define TAG(name, text)
#define ATTRIBUTE(name, text) RP_XML_ATTRIBUTE_##name,
#include "music/xml_names.def"
#undef TAG
#undef ATTRIBUTE
    RP_XML_ATTRIBUTE_COUNT
};

typedef struct rp_xml_attribute {
    struct rp_xml_attribute *next;
    const char *value;
    const char *other_name; /* NULL: `name` says it */
    uint8_t name;           /* RP_XML_ATTRIBUTE_..., or RP_XML_ATTRIBUTE_COUNT: other_name */
} rp_xml_attribute;

typedef struct rp_xml_node {
    struct rp_xml_node *parent, *first, *last, *next; /* last: the last child */
    const char *text;                                 /* NULL: none */
    rp_xml_attribute *attributes;
    uint32_t tag;
    uint32_t offset_bytes : 31; /* of the start tag in the source */
    uint32_t has_other_attributes : 1;
} rp_xml_node;

typedef struct rp_xml_tree {
    rp_arena *arena; /* borrowed */
    rp_xml_node *root;
    char *slab; /* the piece of the arena that is cut up at present */
    size_t slab_left;
    const char **other_names; /* (other_count) of tags from RP_XML_KNOWN on */
    uint32_t *other_slots;    /* hash table of other_count; 0: free, else index + 1 */
    uint32_t other_count, other_capacity;
    bool keeps_other_attributes; /* set it after rp_xml_tree_init, before reading */
    rp_xml_node spare;
} rp_xml_tree;

void rp_xml_tree_init(rp_xml_tree *tree, rp_arena *arena);

/* The number of a name; new names are entered. */
uint32_t rp_xml_tag_of(rp_xml_tree *tree, const char *name);
const char *rp_xml_name_of(const rp_xml_tree *tree, uint32_t tag);

/* RP_XML_ATTRIBUTE_..., or RP_XML_ATTRIBUTE_COUNT. */
unsigned rp_xml_attribute_of(const char *name);

/* A copy of the text that lives as long as the arena; "" when memory ran out. */
const char *rp_xml_keep(rp_xml_tree *tree, const char *text, size_t length);
const char *rp_xml_keep_integer(rp_xml_tree *tree, int64_t value);

/* A new last child of `parent` (NULL: a node on its own). `text` is borrowed, or NULL. */
rp_xml_node *rp_xml_add(rp_xml_tree *tree, rp_xml_node *parent, uint32_t tag, const char *text);

/* A new child behind `previous`, or the first child if that is NULL. */
rp_xml_node *rp_xml_insert(rp_xml_tree *tree, rp_xml_node *parent, rp_xml_node *previous,
                           uint32_t tag, const char *text);

/* Unlinks a child from its parent. */
void rp_xml_remove(rp_xml_node *child);

/* A copy of the node with all below it, texts and values included, linked nowhere. */
rp_xml_node *rp_xml_copy(rp_xml_tree *tree, const rp_xml_node *node);

/* Links a node that has no parent as the last child. */
void rp_xml_append(rp_xml_node *parent, rp_xml_node *child);

/* First direct child with that tag, or NULL. `node` may be NULL. */
rp_xml_node *rp_xml_child(const rp_xml_node *node, uint32_t tag);
size_t rp_xml_count(const rp_xml_node *node, uint32_t tag);

/* Value of an attribute (RP_XML_ATTRIBUTE_...), or NULL. */
const char *rp_xml_attribute_value(const rp_xml_node *node, unsigned name);
bool rp_xml_attribute_is(const rp_xml_node *node, unsigned name, const char *value);
void rp_xml_set_attribute(rp_xml_tree *tree, rp_xml_node *node, unsigned name, const char *value);
void rp_xml_remove_attribute(rp_xml_node *node, unsigned name);

/* An attribute that is not in xml_names.def and has not been added yet, appended; `name` is
 * borrowed, as `value` is. */
void rp_xml_add_other_attribute(rp_xml_tree *tree, rp_xml_node *node, const char *name,
                                const char *value);

/* Value of an attribute by its name, known or kept as another; NULL: there is none. */
const char *rp_xml_attribute_named(const rp_xml_node *node, const char *name);

/* Text equals; a missing text equals "". */
bool rp_xml_text_is(const rp_xml_node *node, const char *text);

/* Appends the node as XML on one line, without a declaration: `<slur type="stop" number="1" />`. */
void rp_xml_write(rp_text *text, const rp_xml_tree *tree, const rp_xml_node *node);

#endif
