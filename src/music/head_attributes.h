/* head_attributes.h: the `attributes` element a measure begins with. */
#ifndef RP_MUSIC_HEAD_ATTRIBUTES_H
#define RP_MUSIC_HEAD_ATTRIBUTES_H

#include "music/xml_tree.h"

/* The first child of the measure that is neither print nor barline, if it is `attributes`. */
rp_xml_node *rp_head_attributes_find(const rp_xml_node *measure);

/* The same; where there is none an empty one is made, just before the child that ended the search.
 * If there are only print and barline children it goes before the last of them. */
rp_xml_node *rp_head_attributes_make(rp_xml_tree *tree, rp_xml_node *measure);

/* Sorts the children stably by the order of the MusicXML schema, then by their `number` as text
 * ("1" if they have none). Returns a child whose tag has no place there, or NULL: all is well. */
const rp_xml_node *rp_head_attributes_sort(rp_xml_node *attributes);

#endif
