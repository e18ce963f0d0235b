/* idx.c: see idx.h. */
#include "learn/idx.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/mapped_file.h"

enum { UNPACKED_MAX = 1 << 30, UNPACKED_FIRST = 1 << 16, PATH_MAX_BYTES = 4096 };

/* Unpacks gzip; the size at its end is not trusted. */
static rp_status unpack(uint8_t **out, size_t *out_size, const uint8_t *data, size_t size,
                        const char *path, rp_error *error) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};
    size_t capacity = UNPACKED_FIRST, length = 0;
    uint8_t *made = malloc(capacity);
    int code = size > UNPACKED_MAX ? Z_DATA_ERROR : inflateInit2(&stream, 16 + MAX_WBITS);
    while (made != NULL && code == Z_OK) {
        stream.next_out = made + length;
        stream.avail_out = (uInt)(capacity - length);
        code = inflate(&stream, Z_NO_FLUSH);
        length = capacity - stream.avail_out;
        if (code != Z_OK || length < capacity) continue;
        uint8_t *larger = capacity < UNPACKED_MAX ? realloc(made, capacity *= 2) : NULL;
        if (larger == NULL) break;
        made = larger;
    }
    inflateEnd(&stream);
    *out = made;
    *out_size = length;
    if (code == Z_STREAM_END) return RP_OK;
    free(made);
    *out = NULL;
    return rp_fail(error, RP_INPUT, (int64_t)stream.total_in,
                   "%s: byte %llu: the gzip data are damaged or end early; copy the file again",
                   path, (unsigned long long)stream.total_in);
}

static rp_status take_images(rp_digits *digits, rp_bytes *bytes, uint32_t count, const char *path,
                             rp_error *error) {
    const uint32_t rows = rp_bytes_be32(bytes), columns = rp_bytes_be32(bytes);
    if (bytes->failed || rows == 0 || columns == 0 || rows > RP_IDX_SIDE_MAX ||
        columns > RP_IDX_SIDE_MAX)
        return rp_fail(error, RP_INPUT, 8, "%s: byte 8: images of %u x %u pixels", path, columns,
                       rows);
    const uint64_t wanted = (uint64_t)count * rows * columns;
    if (wanted != rp_bytes_left(bytes))
        return rp_fail(error, RP_INPUT, 16,
                       "%s: %u images of %u x %u need %llu bytes, %zu follow; copy it again", path,
                       count, columns, rows, (unsigned long long)wanted, rp_bytes_left(bytes));
    digits->pixels = malloc(wanted > 0 ? wanted : 1);
    if (digits->pixels == NULL) return rp_fail_memory(error, "images");
    memcpy(digits->pixels, bytes->data + bytes->position, wanted);
    digits->rows = rows;
    digits->columns = columns;
    return RP_OK;
}

static rp_status take_labels(rp_digits *digits, rp_bytes *bytes, uint32_t count, const char *path,
                             rp_error *error) {
    const uint8_t *labels = bytes->data + bytes->position;
    if (count != rp_bytes_left(bytes))
        return rp_fail(error, RP_INPUT, 8, "%s: %u labels, but %zu bytes follow; copy it again",
                       path, count, rp_bytes_left(bytes));
    for (uint32_t i = 0; i < count; i++)
        if (labels[i] > 9)
            return rp_fail(error, RP_INPUT, 8 + (int64_t)i, "%s: byte %u: label %u is above 9",
                           path, 8 + i, labels[i]);
    digits->labels = malloc(count > 0 ? count : 1);
    if (digits->labels == NULL) return rp_fail_memory(error, "labels");
    memcpy(digits->labels, labels, count);
    return RP_OK;
}

static rp_status parse_plain(rp_digits *digits, rp_bytes *bytes, const char *path,
                             rp_error *error) {
    const uint32_t magic = rp_bytes_be32(bytes), count = rp_bytes_be32(bytes);
    if (bytes->failed || (magic != 0x801 && magic != 0x803))
        return rp_fail(error, RP_INPUT, 0,
                       "%s: byte 0: magic %08x is not that of IDX labels (801) or images (803)",
                       path, magic);
    if (count == 0 || count > RP_IDX_COUNT_MAX)
        return rp_fail(error, RP_INPUT, 4, "%s: byte 4: %u items", path, count);
    const bool has_other = magic == 0x801 ? digits->pixels != NULL : digits->labels != NULL;
    const bool is_second = magic == 0x801 ? digits->labels != NULL : digits->pixels != NULL;
    if (is_second || (has_other && count != digits->count))
        return rp_fail(error, RP_INPUT, 4, "%s: %u items do not go with the %u of the other file",
                       path, count, digits->count);
    digits->count = count;
    return magic == 0x801 ? take_labels(digits, bytes, count, path, error)
                          : take_images(digits, bytes, count, path, error);
}

rp_status rp_digits_parse(rp_digits *digits, const uint8_t *data, size_t size, const char *path,
                          rp_error *error) {
    rp_bytes bytes = {.data = data, .size = size};
    uint8_t *unpacked = NULL;
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
        RP_TRY(unpack(&unpacked, &bytes.size, data, size, path, error));
        bytes.data = unpacked;
    }
    const rp_status status = parse_plain(digits, &bytes, path, error);
    free(unpacked);
    return status;
}

static rp_status read_one(rp_digits *digits, const char *folder, const char *prefix,
                          const char *rest, rp_error *error) {
    char path[PATH_MAX_BYTES];
    rp_mapped_file file = {0};
    const int length = snprintf(path, sizeof path, "%s/%s-%s", folder, prefix, rest);
    if (length < 0 || length > PATH_MAX_BYTES - 4)
        return rp_fail(error, RP_INPUT, -1, "%.60s...: the path is too long", folder);
    if (access(path, F_OK) != 0) snprintf(path + length, sizeof path - (size_t)length, ".gz");
    RP_TRY(rp_mapped_file_open(&file, path, error));
    const rp_status status = rp_digits_parse(digits, file.data, file.size, path, error);
    rp_mapped_file_close(&file);
    return status;
}

rp_status rp_digits_read(rp_digits *digits, const char *folder, const char *prefix,
                         rp_error *error) {
    *digits = (rp_digits){0};
    rp_status status = read_one(digits, folder, prefix, "images-idx3-ubyte", error);
    if (status == RP_OK) status = read_one(digits, folder, prefix, "labels-idx1-ubyte", error);
    if (status != RP_OK) rp_digits_clear(digits);
    return status;
}

void rp_digits_clear(rp_digits *digits) {
    free(digits->pixels);
    free(digits->labels);
    *digits = (rp_digits){0};
}
