/* engraving.h: MusicXML to pictures, through MuseScore as a child process. */
#ifndef RP_SCORE_ENGRAVING_H
#define RP_SCORE_ENGRAVING_H

#include "page/image.h"

enum { RP_ENGRAVING_PAGES_MAX = 32 };

/* Engraves `musicxml` and decodes the pages into `arena`. RP_SYSTEM: MuseScore is not installed,
 * took too long, or could not open it. */
rp_status rp_engrave(rp_page_image pages[RP_ENGRAVING_PAGES_MAX], int32_t *count,
                     const char *musicxml, rp_arena *arena, rp_error *error);

#endif
