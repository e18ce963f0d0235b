/* linearize.h: MusicXML to Linearized MusicXML, as the published Linearizer does it, quirks
 * included. Measures are given one by one, so that a score of any length can be linearized. */
#ifndef RP_MUSIC_LINEARIZE_H
#define RP_MUSIC_LINEARIZE_H

#include "music/lmx.h"
#include "music/xml_reader.h"

/* What is odd in the music but can be written down. */
typedef enum rp_linearize_warning {
    RP_LINEARIZE_NOTE_WITHOUT_TYPE,
    RP_LINEARIZE_UNEXPECTED_MEASURE_CHILD,
    RP_LINEARIZE_UNSUPPORTED_ACCIDENTAL,
    RP_LINEARIZE_UNKNOWN_STEM,
    RP_LINEARIZE_STAFF_OUT_OF_RANGE,
    RP_LINEARIZE_NOTE_WITHOUT_DURATION,
    RP_LINEARIZE_MEASURE_REST_DURATION,
    RP_LINEARIZE_NOTE_DURATION,
    RP_LINEARIZE_CHORD_DURATION,
    RP_LINEARIZE_CHORD_PITCH_ORDER,
    RP_LINEARIZE_UNEXPECTED_ATTRIBUTES_CHILD,
    RP_LINEARIZE_FORWARD_BACKUP_REMAINDER,
    RP_LINEARIZE_TOKEN_DROPPED, /* lenient only: outside the vocabulary */
    RP_LINEARIZE_WARNING_COUNT
} rp_linearize_warning;

/* The published name of a warning: "note-without-type". */
const char *rp_linearize_warning_name(rp_linearize_warning warning);

/* A part on its way to tokens. Zero-initialise with source (for messages), log and lenient. */
typedef struct rp_linearizer {
    const rp_xml_source *source; /* borrowed */
    const rp_log *log;           /* borrowed; may be NULL */
    bool is_lenient; /* words outside the vocabulary are dropped with a warning, not fatal */
    size_t warnings[RP_LINEARIZE_WARNING_COUNT];
    uint16_t *tokens; /* (count) owned: rp_linearizer_clear frees them */
    size_t count, capacity;
    /* Per part. */
    int64_t divisions;        /* 0: unknown */
    int64_t measure_duration; /* in divisions; 0: unknown */
    int64_t staves;           /* -1: never given */
    size_t measures;
    /* Per measure. */
    unsigned voice, staff, stem;           /* tokens; 0: none */
    int64_t previous_duration;             /* of the note before; 0: none */
    unsigned previous_pitch;               /* token; 0: none */
    const char *measure_number;            /* borrowed from the measure in hand */
    size_t known_offset_bytes, known_line; /* of the last message: lines are counted on from it */
    bool has_failed_memory;
} rp_linearizer;

/* Forgets all music (tokens, warnings and state), for the next part. */
void rp_linearizer_begin(rp_linearizer *linearizer);

/* Appends the tokens of a child of the part. RP_INPUT: it is no measure, or holds what LMX cannot
 * say; the message names file, line and measure. RP_SYSTEM: no memory. */
rp_status rp_linearizer_add(rp_linearizer *linearizer, const rp_xml_node *measure, rp_error *error);

void rp_linearizer_clear(rp_linearizer *linearizer);

#endif
