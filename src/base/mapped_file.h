/* mapped_file.h: a whole file as read-only memory. */
#ifndef RP_BASE_MAPPED_FILE_H
#define RP_BASE_MAPPED_FILE_H

#include <stdbool.h>
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

/* Says that these bytes of a mapping will not be looked at again soon: its whole pages leave the
 * process's memory, and come back from the file if they are. Never of other memory than a
 * mapping's. */
void rp_mapped_file_release(const uint8_t *data, size_t size);

/* Asks for these bytes of a mapping to be read ahead. */
void rp_mapped_file_want(const uint8_t *data, size_t size);

/* Are all bytes of a piece of a mapping the same? Long pieces are released behind the look, so that
 * memory does not grow with them. */
bool rp_mapped_file_is_uniform(const uint8_t *data, size_t size);

#endif
