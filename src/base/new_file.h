/* new_file.h: output that is whole or absent. Written aside (PATH.NUMBERS.part in the same folder),
 * flushed to disk, then renamed over PATH. A kill at any moment leaves PATH as it was. A link stays
 * one: what it names is written. A device or pipe is written to directly. */
#ifndef RP_BASE_NEW_FILE_H
#define RP_BASE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

typedef struct rp_new_file {
    FILE *stream;       /* write here */
    char *path, *aside; /* owned; aside NULL: written to directly */
    bool is_copy;       /* set it where the source stays: not flushed to disk, as cp does not */
} rp_new_file;

/* Opens the file aside. RP_SYSTEM: the folder is missing, full or not writable, or PATH is one. Any
 * number of threads may open files at once. */
rp_status rp_new_file_open(rp_new_file *file, const char *path, rp_error *error);

/* Checks the stream, flushes to disk and renames. On failure the file aside is removed and PATH
 * is as it was. `file` is closed either way. */
rp_status rp_new_file_commit(rp_new_file *file, rp_error *error);

/* Removes the file aside; does nothing after a commit. */
void rp_new_file_abandon(rp_new_file *file);

/* Public, in reprise/reprise.h: the same in one call, rp_new_file_write; and what a path would
 * replace, rp_new_file_replaces. */

#endif
