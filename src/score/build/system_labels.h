/* system_labels.h: a whole score's MusicXML to the labels of its printed systems. */
#ifndef RP_SCORE_BUILD_SYSTEM_LABELS_H
#define RP_SCORE_BUILD_SYSTEM_LABELS_H

#include "base/arena.h"
#include "base/error.h"
#include "music/lmx.h"

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

/* Cuts the piano part of `bytes`, MusicXML as MuseScore writes it, at its printed breaks. `bytes`
 * are mended in place (music/musescore_mend.h); `name` is for messages. RP_INPUT: not MusicXML, or
 * no piano part (neither one so named nor a single one with two staves). */
rp_status rp_system_labels_make(rp_system_labels *labels, uint8_t *bytes, size_t size,
                                const char *name, rp_arena *arena, rp_error *error);

#endif
