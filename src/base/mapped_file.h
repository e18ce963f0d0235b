/* mapped_file.h: a whole file as read-only memory. */
#ifndef RP_BASE_MAPPED_FILE_H
#define RP_BASE_MAPPED_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct rp_mapped_file {
    const uint8_t *data; /* NULL for an empty file */
    size_t size;
} rp_mapped_file;

/* Maps `path` for reading. RP_INPUT: no such file, a directory, not readable. The mapping is
 * yours: end it with rp_mapped_file_close. */
rp_status rp_mapped_file_open(rp_mapped_file *file, const char *path, rp_error *error);

/* Unmaps; accepts a zero-initialised or closed file. */
void rp_mapped_file_close(rp_mapped_file *file);

#endif
