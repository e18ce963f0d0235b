/* archive.h: the files of a .tgz, in memory, in the order in which they lie there.
 *
 * A gzip stream (RFC 1952) of a tar archive (POSIX ustar, with the GNU and pax long names skipped):
 *     512 bytes header: name at 0 (100 bytes), size at 124 (12, octal), type at 156, "ustar" at
 * 257, prefix at 345 (155); then the contents, padded to 512. Two empty headers end it. */
#ifndef RP_SCORE_ARCHIVE_H
#define RP_SCORE_ARCHIVE_H

#include "base/error.h"

/* Gets one regular file; the bytes are borrowed for the call. Anything but RP_OK ends the walk. */
typedef rp_status (*rp_archive_fn)(void *context, const char *name, const uint8_t *bytes,
                                   size_t size, rp_error *error);

/* Calls `receive` for every regular file of the archive at `path`. One file is in memory at a time.
 * RP_INPUT: not a .tgz, damaged, cut short, or a member over 256 MiB. */
rp_status rp_archive_walk(const char *path, rp_archive_fn receive, void *context, rp_error *error);

#endif
