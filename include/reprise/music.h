/* music.h: Linearized MusicXML, MusicXML, MIDI, and how far two scores are apart.
 *
 * Texts that are given out (char **) are the caller's: free them with rp_music_free. Every
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

void rp_music_free(char *text);

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

#ifdef __cplusplus
}
#endif

#endif
