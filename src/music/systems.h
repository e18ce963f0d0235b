/* systems.h: cutting a part into the systems it is printed in.
 *
 * A measure whose first `print` says new-system="yes" (or, if not, new-page="yes") opens a system.
 * Such a measure is given what holds from before: divisions, key, staves and clefs, but no time,
 * so that the system stands alone. Systems are named p1-s1: page and system on the page. A break
 * in the very first measure leaves an empty first system, as the published program does. */
#ifndef RP_MUSIC_SYSTEMS_H
#define RP_MUSIC_SYSTEMS_H

#include "base/error.h"
#include "music/xml_reader.h"

enum { RP_SYSTEMS_CLEFS_MAX = 32 };

typedef struct rp_systems {
    const rp_xml_source *source; /* borrowed, for messages */
    unsigned page, system;       /* of the measure in hand, from 1 */
    /* What holds at present; copies in `tree`. */
    rp_arena arena;
    rp_xml_tree tree;
    rp_xml_node *divisions, *key, *staves;
    struct {
        int64_t staff;
        rp_xml_node *clef;
    } clefs[RP_SYSTEMS_CLEFS_MAX]; /* rising staffs */
    size_t clef_count;
    size_t changes; /* kept copies: beyond a number they are gathered anew */
} rp_systems;

void rp_systems_begin(rp_systems *systems, const rp_xml_source *source);
void rp_systems_clear(rp_systems *systems);

/* Does the measure open a system? If so page and system have moved on. Changes the measure: the
 * break's attribute goes, and what holds is put into its head attributes. RP_INPUT: a child of
 * the head attributes has no place in the schema, or a clef's number is none. */
rp_status rp_systems_add(rp_systems *systems, bool *opens, rp_xml_tree *tree, rp_xml_node *measure,
                         rp_error *error);

#endif
