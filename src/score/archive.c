/* archive.c: see archive.h. */
#include "score/archive.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { RECORD = 512, MEMBER_BYTES_MAX = 256 << 20, NAME_MAX_BYTES = 256 };

static rp_status read_exactly(gzFile file, void *bytes, size_t size, const char *path,
                              rp_error *error) {
    const int got = gzread(file, bytes, (unsigned)size);
    if (got == (int)size) return RP_OK;
    return rp_fail(error, RP_INPUT, -1, "%s: the archive is damaged or cut short; copy it again",
                   path);
}

/* An octal number of a header; -1 if it is none. */
static int64_t octal(const char *field, size_t width) {
    int64_t value = 0;
    for (size_t i = 0; i < width && field[i] != '\0' && field[i] != ' '; i++) {
        if (field[i] < '0' || field[i] > '7') return -1;
        value = value * 8 + (field[i] - '0');
    }
    return value;
}

static void member_name(char name[NAME_MAX_BYTES + 8], const char *header) {
    const bool has_prefix = memcmp(header + 257, "ustar", 5) == 0 && header[345] != '\0';
    snprintf(name, NAME_MAX_BYTES + 8, "%.155s%s%.100s", has_prefix ? header + 345 : "",
             has_prefix ? "/" : "", header);
}

/* One member's contents, and the padding behind it, into a buffer that grows. */
static rp_status read_member(gzFile file, uint8_t **bytes, size_t *capacity, size_t size,
                             const char *path, rp_error *error) {
    const size_t padded = (size + RECORD - 1) / RECORD * RECORD;
    if (padded > *capacity) {
        uint8_t *larger = realloc(*bytes, padded);
        if (larger == NULL) return rp_fail_memory(error, "a member of an archive");
        *bytes = larger;
        *capacity = padded;
    }
    return read_exactly(file, *bytes, padded, path, error);
}

rp_status rp_archive_walk(const char *path, rp_archive_fn receive, void *context, rp_error *error) {
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return rp_fail(error, RP_INPUT, -1, "%s: no such file, or not readable", path);
    gzbuffer(file, 1 << 18);
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    char header[RECORD], name[NAME_MAX_BYTES + 8];
    rp_status status;
    for (;;) {
        status = read_exactly(file, header, RECORD, path, error);
        if (status != RP_OK || header[0] == '\0') break;
        const int64_t size = octal(header + 124, 12);
        if (size < 0 || size > MEMBER_BYTES_MAX) {
            status = rp_fail(error, RP_INPUT, -1, "%s: not a .tgz of this kind", path);
            break;
        }
        status = read_member(file, &bytes, &capacity, (size_t)size, path, error);
        if (status != RP_OK) break;
        if (header[156] != '0' && header[156] != '\0') continue; /* folders, links, long names */
        member_name(name, header);
        status = receive(context, name, bytes, (size_t)size, error);
        if (status != RP_OK) break;
    }
    free(bytes);
    gzclose(file);
    return status;
}
