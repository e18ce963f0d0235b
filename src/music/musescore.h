/* musescore.h: MuseScore 3 as a helper program: reading MIDI, writing PDF, SVG and PNG. */
#ifndef RP_MUSIC_MUSESCORE_H
#define RP_MUSIC_MUSESCORE_H

#include "base/error.h"

enum { RP_MUSESCORE_SECONDS_MAX = 120 };

/* Turns one file into another, both known by their endings. Of several pages each gets its number:
 * NAME-1.png, NAME-2.png; a single page keeps the name. RP_SYSTEM: MuseScore is not installed, took
 * longer than `seconds_max` (0: 120 s), or wrote nothing; its words are in the message. */
rp_status rp_musescore_run(const char *to, const char *from, double seconds_max, rp_error *error);

#endif
