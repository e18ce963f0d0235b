/* system_labels.h: a whole score's MusicXML to the labels of its printed systems. */
#ifndef RP_SCORE_BUILD_SYSTEM_LABELS_H
#define RP_SCORE_BUILD_SYSTEM_LABELS_H

#include "base/arena.h"
#include "base/error.h"
#include "music/lmx.h"
#include "music/xml_reader.h"

/* A system of the piano part. Texts are the arena's. */
typedef struct rp_system_label {
    unsigned page, system; /* from 1: "p1-s1" */
    int32_t measures, tokens;
    const char *lmx;      /* one line of tokens and a newline */
    const char *musicxml; /* the same music as a document */
    const char *problem;  /* why there is no LMX of it; NULL: there is */
} rp_system_label;

typedef struct rp_system_labels {
    rp_system_label *labels; /* in the order of the music; the arena's */
    size_t count;
    bool has_token[RP_LMX_COUNT]; /* which tokens the labels hold */
} rp_system_labels;

/* Where an engraver has broken the music, whatever the score's own breaks are. */
typedef struct rp_system_breaks {
    uint32_t *firsts; /* index of each system's first measure, from 0, rising; the arena's */
    bool *opens_page; /* does the system open a page? */
    size_t count;     /* of systems */
} rp_system_breaks;

/* Cuts the piano part of `bytes`, MusicXML as MuseScore writes it, at its printed breaks. `bytes`
 * are mended in place (music/musescore_mend.h); `name` is for messages. RP_INPUT: not MusicXML, or
 * no piano part (neither one so named nor a single one with two staves). */
rp_status rp_system_labels_make(rp_system_labels *labels, uint8_t *bytes, size_t size,
                                const char *name, rp_arena *arena, rp_error *error);

/* The same, broken as `breaks` says. */
rp_status rp_system_labels_make_broken(rp_system_labels *labels, const rp_xml_source *source,
                                       const rp_system_breaks *breaks, rp_arena *arena,
                                       rp_error *error);

#endif
