/* musescore_mend.c: see musescore_mend.h. A `<` of text is written `&lt;`, so `< ` is always the
 * start of such an element. */
#include "music/musescore_mend.h"

#include <string.h>

void rp_musescore_mend_text(uint8_t *bytes, size_t size) {
    uint8_t *at = bytes, *end = bytes + size;
    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        if (at + 1 == end || at[1] != ' ') {
            at++;
            continue;
        }
        const uint8_t *close = memchr(at, '>', (size_t)(end - at));
        if (close == NULL) return;
        memset(at, ' ', (size_t)(close + 1 - at));
    }
}

void rp_musescore_mend_measure(rp_xml_tree *tree, rp_xml_node *measure) {
    for (rp_xml_node *note = measure->first; note != NULL; note = note->next) {
        if (note->tag != RP_XML_NOTE || rp_xml_child(note, RP_XML_TYPE) != NULL) continue;
        rp_xml_node *rest = rp_xml_child(note, RP_XML_REST);
        if (rest != NULL) rp_xml_set_attribute(tree, rest, RP_XML_ATTRIBUTE_MEASURE, "yes");
    }
}
