/* musescore.h: MuseScore 3 as a helper program: writing PDF, SVG and PNG. */
#ifndef RP_MUSIC_MUSESCORE_H
#define RP_MUSIC_MUSESCORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { RP_MUSESCORE_SECONDS_MAX = 120, RP_MUSESCORE_OUTPUTS_MAX = 8 };

typedef struct rp_musescore_options {
    double seconds_max; /* 0: 120 s */
    int dots_an_inch;   /* of PNG; 0: 300 */
    bool trims;         /* PNG and SVG: cut each page down to its ink */
} rp_musescore_options;

/* Turns one file into another, both known by their endings. Of several pages each gets its number:
 * NAME-1.png, NAME-2.png; a single page keeps the name. `options` may be NULL. RP_SYSTEM: MuseScore
 * is not installed, took too long, or wrote nothing; its words are in the message. */
rp_status rp_musescore_run(const char *to, const char *from, const rp_musescore_options *options,
                           rp_error *error);

/* Several outputs of one score from one start of the program. */
typedef struct rp_musescore_export {
    const char *from;           /* anything MuseScore opens; an ASCII name fares best */
    const char *folder;         /* written into; exists, and holds nothing but this export */
    const char *const *outputs; /* file names in `folder`: "out.musicxml", "out.svg", "out.mpos" */
    size_t output_count;        /* at most RP_MUSESCORE_OUTPUTS_MAX */
    int dpi;                    /* of PNG and of positions; 0: MuseScore's 300 */
    double seconds_max;         /* on the clock; 0: 120 s */
} rp_musescore_export;

/* Writes FOLDER/job.json and has MuseScore do it. PNG and SVG come as pages: rp_musescore_page.
 * RP_INPUT: MuseScore cannot read the score, crashes, or takes too long over it. RP_SYSTEM: it is
 * not installed, no memory, the disk. An output it could not write is no failure here: look. */
rp_status rp_musescore_export_all(const rp_musescore_export *job, rp_error *error);

/* The path of page `page` (from 1) of FOLDER/STEM-N.ENDING in `path`: N has a leading zero or two
 * when there are many pages, and may be missing when there is one. False: no such page. */
bool rp_musescore_page(char *path, size_t path_bytes, const char *folder, const char *name,
                       int page);

#endif
