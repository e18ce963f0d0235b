/* musicxml.h: finding the piano part of a MusicXML score.
 *
 * The part is the first score-part whose first score-instrument/instrument-name is one of Piano,
 * Grand Piano, Acoustic Grand Piano, Harpsichord, Pianoforte, Piano (2), or whose part-name is
 * Pianoforte; if that names no single part, the first part of the file. A part can also be asked
 * for by its id. */
#ifndef RP_MUSIC_MUSICXML_H
#define RP_MUSIC_MUSICXML_H

#include "music/xml_reader.h"

/* Receives a part, child by child. */
typedef struct rp_musicxml_sink {
    void *context;
    /* The part begins. May come twice, when the first choice turns out not to be the only part
     * of its id: forget then what came before. */
    void (*begin)(void *context, const char *part_id);
    /* A child of the part (a measure), in `tree` until the call returns. */
    rp_status (*child)(void *context, rp_xml_tree *tree, rp_xml_node *child, rp_error *error);
} rp_musicxml_sink;

/* Streams the piano part, or the one with id `part_id` if that is not NULL. RP_INPUT: not
 * well-formed, not partwise MusicXML, no such part; or what the sink says. */
rp_status rp_musicxml_read_part(const rp_xml_source *source, const char *part_id,
                                const rp_musicxml_sink *sink, rp_error *error);

/* Reads a whole document and gives its `part` element of choice, in `tree`. */
rp_status rp_musicxml_load_part(rp_xml_node **part, rp_xml_tree *tree, const rp_xml_source *source,
                                const char *part_id, rp_error *error);

/* Is the whole document a score: well-formed, with parts? `is_timewise_fine`: whether a
 * score-timewise is one too. Needs little memory, whatever its length. RP_INPUT: it is none; the
 * message names file and line. */
rp_status rp_musicxml_check(const rp_xml_source *source, bool is_timewise_fine, rp_error *error);

/* For scores of which a piano part is wanted and nothing else will do: the part that the names
 * above choose, else the only one that has two staves; NULL: there is none. `root` is that of a
 * whole document. */
rp_xml_node *rp_musicxml_find_piano(const rp_xml_node *root);

/* Text to integer as the published program reads it: white space around, a sign, decimal digits,
 * nothing else. False: it is none, or beyond 10^15. NULL is none. */
bool rp_musicxml_integer(int64_t *value, const char *text);

/* The same with decimal places, "1.5", of which six count: value is *numerator / *denominator. */
bool rp_musicxml_decimal(int64_t *numerator, int64_t *denominator, const char *text);

/* The integer in the first child with this tag; `otherwise` if there is no such child (or `parent`
 * is NULL), or no integer in it. */
int64_t rp_musicxml_number(const rp_xml_node *parent, uint32_t tag, int64_t otherwise);

#endif
