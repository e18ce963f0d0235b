/* mxl.h: compressed MusicXML: a zip with the score in it.
 *
 *     META-INF/container.xml   names the score: rootfiles > rootfile full-path="score.xml",
 *                              media-type="application/vnd.recordare.musicxml+xml" or none
 *     score.xml                the score
 *
 * Reading takes what the container's first rootfile of that media type names (MusicXML 4.0,
 * "Compressed .mxl files"). Where no container names one, it takes the first entry, in the
 * directory's order, that lies outside META-INF and ends in .xml, as the published program does,
 * or else the first ending in .musicxml. */
#ifndef RP_MUSIC_MXL_H
#define RP_MUSIC_MXL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { RP_MXL_SCORE_BYTES_MAX = 1 << 28 };

/* Do the bytes begin like a zip? */
bool rp_mxl_is_mxl(const uint8_t *data, size_t size);

/* The score's bytes, appended to `score`. RP_INPUT: damaged, encrypted, no score in it, a score of
 * more than 256 MiB (whatever its header claims), an entry whose path leads outside, a container
 * that is not XML or names what is not there. */
rp_status rp_mxl_read(rp_text *score, const char *name, const uint8_t *data, size_t size,
                      rp_error *error);

/* The zip with `score` as score.xml, appended to `mxl`. RP_SYSTEM: no memory. */
rp_status rp_mxl_write(rp_text *mxl, const char *score, size_t size, rp_error *error);

#endif
