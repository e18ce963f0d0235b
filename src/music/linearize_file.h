/* linearize_file.h: a score's bytes to LMX text, streamed; what reprise/music.h offers by path. */
#ifndef RP_MUSIC_LINEARIZE_FILE_H
#define RP_MUSIC_LINEARIZE_FILE_H

#include "music/linearize.h"
#include "reprise/music.h"

/* Appends the line, or the lines by systems, to `lmx`. `warnings` (RP_LINEARIZE_WARNING_COUNT
 * counts) may be NULL. Fails as rp_music_linearize. */
rp_status rp_linearize_source(rp_text *lmx, size_t *warnings, const rp_xml_source *source,
                              const rp_music_linearize_options *options, rp_error *error);

#endif
