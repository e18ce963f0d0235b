/* measure_rest.c: see measure_rest.h. */
#include "music/measure_rest.h"

#include "music/musicxml.h"

/* Where the measure is furthest, in divisions; 0: that is beyond all bounds. */
static int64_t length_of(const rp_xml_node *measure) {
    int64_t now = 0, furthest = 0;
    for (const rp_xml_node *at = measure->first; at != NULL; at = at->next) {
        if (at->tag != RP_XML_NOTE && at->tag != RP_XML_BACKUP && at->tag != RP_XML_FORWARD)
            continue;
        if (at->tag == RP_XML_NOTE &&
            (rp_xml_child(at, RP_XML_CHORD) != NULL || rp_xml_child(at, RP_XML_GRACE) != NULL))
            continue;
        const int64_t duration = rp_musicxml_number(at, RP_XML_DURATION, 0);
        if (duration < 0 || duration > INT64_MAX / 4 - now) return 0;
        now = at->tag != RP_XML_BACKUP ? now + duration : now > duration ? now - duration : 0;
        if (now > furthest) furthest = now;
    }
    return furthest;
}

bool rp_measure_rest_is(const rp_xml_node *note, int64_t measure_duration) {
    const rp_xml_node *rest = rp_xml_child(note, RP_XML_REST);
    if (rest == NULL) return false;
    if (rp_xml_attribute_is(rest, RP_XML_ATTRIBUTE_MEASURE, "yes")) return true;
    const int64_t duration = rp_musicxml_number(note, RP_XML_DURATION, 0);
    if (duration <= 0 || rp_xml_child(note, RP_XML_TYPE) != NULL) return false;
    return duration == measure_duration ||
           (note->parent != NULL && duration == length_of(note->parent));
}
