/* build_record.h: what came of one score, as a small text that makes a build resumable.
 *
 *     reprise-dataset 1 SIGNATURE                 the options it was built with
 *     sample p1-s1 WIDTH TOKENS EDGE EDGE ...      px at the built height; edges at 256 px
 *     problem page 2: 3 systems seen, 4 in the music
 *     tokens HEX                                   which of the vocabulary occur, 4 a digit
 *
 * It lies at OUT/built/ID.txt and is written last: what has one is whole. */
#ifndef RP_SCORE_BUILD_BUILD_RECORD_H
#define RP_SCORE_BUILD_BUILD_RECORD_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "music/lmx.h"

typedef struct rp_build_sample {
    const char *name;  /* "p1-s1" */
    int32_t width;     /* px */
    int32_t tokens;    /* in its label */
    const char *edges; /* "63.9 195.7", or "" */
} rp_build_sample;

typedef struct rp_build_record {
    rp_build_sample *samples;
    size_t sample_count;
    const char **problems;
    size_t problem_count;
    bool has_token[RP_LMX_COUNT];
} rp_build_record;

/* Begins a record's text. */
void rp_build_record_begin(rp_text *text, const char *signature);
void rp_build_record_add_sample(rp_text *text, const rp_build_sample *sample);
void rp_build_record_add_problem(rp_text *text, const char *format, ...) RP_PRINTF(2, 3);
void rp_build_record_end(rp_text *text, const bool has_token[RP_LMX_COUNT]);

/* Reads a record; texts are the arena's. False: there is none at `path`, it is damaged, or it was
 * made with other options: build the score anew. */
bool rp_build_record_read(rp_build_record *record, const char *path, const char *signature,
                          rp_arena *arena);

#endif
