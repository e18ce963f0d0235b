/* score_build.h: one score to the samples of its piano systems.
 *
 *     score -> MuseScore: MusicXML, SVG, PNG, positions -> labels beside boxes -> samples
 *
 * Labels (system_labels.h) and boxes (engraved_page.h) of a page are paired in order; a page on
 * which their counts differ is left out and said. */
#ifndef RP_SCORE_BUILD_SCORE_BUILD_H
#define RP_SCORE_BUILD_SCORE_BUILD_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/text.h"
#include "score/build/engraving_style.h"

typedef struct rp_score_build {
    const char *id;                  /* the folder's name below OUT/samples */
    const char *path;                /* of the score */
    const char *output;              /* OUT */
    const char *work;                /* an empty folder of this score's own, emptied afterwards */
    int32_t height;                  /* px of the samples */
    int32_t dpi;                     /* that the page is drawn with */
    double seconds_max;              /* for each run of MuseScore */
    const rp_engraving_style *style; /* NULL: as the score has it */
    bool is_verovio;                 /* the engraver; else MuseScore */
    bool keeps_pages; /* OUT/pages/ID-N.png and .txt: whole pages, boxes of their systems */
} rp_score_build;

/* Builds the samples and appends the score's record to `record` (without its first line).
 * RP_INPUT: nothing can be had of this score, or it took too long. RP_SYSTEM: MuseScore is missing,
 * no memory, the disk is full. `arena` is for scratch. */
rp_status rp_score_build_run(rp_text *record, const rp_score_build *build, rp_arena *arena,
                             rp_error *error);

#endif
