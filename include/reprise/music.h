/* music.h: Linearized MusicXML, MusicXML, MIDI, and how far two scores are apart.
 *
 * Texts that are given out (char **) are the caller's: free them with rp_text_free. Every
 * `options` may be NULL: the defaults are all zeros. */
#ifndef REPRISE_MUSIC_H
#define REPRISE_MUSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rp_music_format {
    RP_MUSIC_UNKNOWN,
    RP_MUSIC_MUSICXML, /* .musicxml, .xml */
    RP_MUSIC_MXL,      /* .mxl: compressed MusicXML */
    RP_MUSIC_LMX,      /* .lmx: Linearized MusicXML (Mayer et al., ICDAR 2024), one or more lines */
    RP_MUSIC_MIDI,     /* .mid, .midi */
    RP_MUSIC_PDF,      /* engraved by MuseScore 3: output only */
    RP_MUSIC_SVG,
    RP_MUSIC_PNG
} rp_music_format;

/* What a path's ending says. */
rp_music_format rp_music_format_of(const char *path);

/* ---- linearize ---- */

typedef struct rp_music_linearize_options {
    const char *part;  /* id of the part; NULL: the piano, or else the first */
    bool by_systems;   /* a line a printed system: "p1-s1", a tab, its tokens */
    bool is_lenient;   /* what LMX has no token for is dropped with a warning */
    const rp_log *log; /* warnings; NULL: silence */
} rp_music_linearize_options;

/* MusicXML (.musicxml or .mxl) at `path` to one line of tokens, joined by blanks, and a newline.
 * The file is streamed: memory is that of its largest measure and of the tokens.
 * RP_INPUT: unreadable, not partwise MusicXML, or music that LMX cannot say; the message names
 * file, line and measure. */
rp_status rp_music_linearize(char **lmx, const char *path,
                             const rp_music_linearize_options *options, rp_error *error);

/* ---- delinearize ---- */

typedef struct rp_music_delinearize_options {
    /* All false: exactly what the published Delinearizer writes for the whole text. */
    bool joins;   /* each line is a system: one score, keys and clefs said once, measures numbered
                     (a pick-up 0), within the rules of the MusicXML schema */
    bool repairs; /* joins, and makes every measure add up by the most likely single edit; changed
                     measures are marked with "[?]" */
    const rp_log *log; /* dropped tokens, repaired measures; NULL: silence */
} rp_music_delinearize_options;

typedef struct rp_music_delinearize_report {
    size_t messages;          /* tokens dropped, doubled or missing */
    size_t measures;          /* joined only */
    size_t repaired_measures; /* repaired only */
    bool has_stopped; /* the published program stops here; the nearest valid music was written */
} rp_music_delinearize_report;

/* LMX at `path` to MusicXML text. Any sequence of words is accepted. `report` may be NULL.
 * RP_INPUT: unreadable. */
rp_status rp_music_delinearize(char **musicxml, const char *path,
                               const rp_music_delinearize_options *options,
                               rp_music_delinearize_report *report, rp_error *error);

/* MusicXML text as the bytes of an .mxl file, *size of them. */
rp_status rp_music_compress(char **mxl, size_t *size, const char *musicxml, rp_error *error);

/* Writes a text as the whole of a file, aside and then renamed; with an ending .mxl compressed. */
rp_status rp_music_write(const char *path, const char *text, rp_error *error);

/* ---- compare ---- */

typedef enum rp_music_flavor {
    RP_MUSIC_FULL,    /* TEDn over all that is in the gold file */
    RP_MUSIC_LMX_ONLY /* TEDn without what LMX cannot say: directions, lyrics, layout */
} rp_music_flavor;

typedef struct rp_music_comparison {
    int64_t edit_cost, gold_cost;    /* TEDn's integers */
    double tedn;                     /* edit_cost / gold_cost; may exceed 1; NaN: gold is empty */
    double ser, ser_without_tuplets; /* in percent; NaN: a side cannot be linearized;
                                        infinite: gold is empty and the other is not */
    double note_f1, onset_f1;        /* 0 .. 1, see docs/steps/compare.md */
    size_t difference_count;
    char **differences; /* (difference_count) "measure 3, at 1/2, staff 1: F#4 is missing" */
} rp_music_comparison;

/* Compares two scores, each .musicxml, .mxl or .lmx (the piano part of the first two). A predicted
 * .lmx at which the published Delinearizer stops counts as an empty part in TEDn. End with
 * rp_music_comparison_clear. RP_INPUT: one cannot be read. RP_SYSTEM: no memory. */
rp_status rp_music_compare(rp_music_comparison *comparison, const char *gold, const char *predicted,
                           rp_music_flavor flavor, rp_error *error);
void rp_music_comparison_clear(rp_music_comparison *comparison);

/* Draws both scores at `to` (.png), a few measures of gold above what stands beside them in the
 * prediction, with the notes that differ in colour: missing, one too many, or read as something
 * else; a legend says which. MuseScore 3 engraves them; `seconds_max` for each (0: 120 s). Fails as
 * rp_music_compare; RP_USAGE: no .png; RP_SYSTEM: MuseScore is missing, failed or took too long. */
rp_status rp_music_picture(const char *to, const char *gold, const char *predicted,
                           double seconds_max, rp_error *error);

/* ---- convert ---- */

typedef struct rp_music_convert_options {
    bool unrolls_repeats; /* MIDI out: play repeats and their endings out */
    double seconds_max;   /* for MuseScore; 0: 120 s */
    const rp_log *log;    /* warnings; NULL: silence */
} rp_music_convert_options;

/* Writes the score at `from` to `to`, by their endings: .musicxml, .mxl, .lmx and .mid both ways;
 * .pdf, .svg and .png out. Pages are engraved by MuseScore 3; of several pages each gets its number
 * (NAME-1.png). MIDI becomes a piano score: two staves, voices, tuplets, grace notes, ties. LMX
 * lines are joined as systems of one score. To LMX and MIDI goes the piano part. RP_USAGE: an
 * ending that is none of these, or both paths are one file. RP_INPUT: `from` cannot be read, or is
 * no score. RP_SYSTEM: MuseScore is missing, failed or took too long; `to` cannot be written. */
rp_status rp_music_convert(const char *to, const char *from,
                           const rp_music_convert_options *options, rp_error *error);

#ifdef __cplusplus
}
#endif

#endif
