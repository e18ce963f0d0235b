/* musescore_mend.h: what Debian's MuseScore 3.2.3 writes wrongly into MusicXML, put right. */
#ifndef RP_MUSIC_MUSESCORE_MEND_H
#define RP_MUSIC_MUSESCORE_MEND_H

#include <stdint.h>

#include "music/xml_tree.h"

/* Overwrites with blanks every element without a name (`< default-x="3"/>`, an articulation that
 * this version does not know): it is not XML. */
void rp_musescore_mend_text(uint8_t *bytes, size_t size);

/* A whole-measure rest can lack its type and measure="yes": every rest of the measure that has no
 * type becomes a measure rest. */
void rp_musescore_mend_measure(rp_xml_tree *tree, rp_xml_node *measure);

#endif
