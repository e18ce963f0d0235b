/* jpeg_image.c: see jpeg_image.h. */
#include "page/jpeg_image.h"

#include <string.h>
#include <turbojpeg.h>

#include "page/grey.h"
#include "page/orientation.h"

bool rp_page_jpeg_is(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

typedef struct jpeg_reader {
    tjhandle handle;
    const uint8_t *bytes;
    unsigned long size;
    const char *name;
} jpeg_reader;

static rp_status damaged(const jpeg_reader *reader, rp_error *error) {
    const char *words = tjGetErrorStr2(reader->handle);
    if (strstr(words, "emory") != NULL) return rp_fail_memory(error, "a JPEG");
    return rp_fail(error, RP_INPUT, 0, "%s: JPEG of %lu bytes: %s; copy or scan it again",
                   reader->name, reader->size, words);
}

/* CMYK cannot be had as grey: four bytes a pixel first, then row by row. */
static rp_status decode_cmyk(const rp_page_image *image, const jpeg_reader *reader, rp_arena *arena,
                             rp_error *error) {
    uint8_t *inks = rp_arena_array(arena, (size_t)image->width * 4, (size_t)image->height);
    if (inks == NULL) return rp_fail_memory(error, "a JPEG in four inks");
    if (tjDecompress2(reader->handle, reader->bytes, reader->size, inks, image->width, 0,
                      image->height, TJPF_CMYK, 0) != 0)
        return damaged(reader, error);
    for (int32_t y = 0; y < image->height; y++)
        rp_page_grey_from_cmyk_inverted(image->data + (size_t)y * image->stride,
                                        inks + (size_t)y * (size_t)image->width * 4, image->width);
    return RP_OK;
}

static rp_status decode(rp_page_image *image, const jpeg_reader *reader, rp_arena *arena,
                        rp_error *error) {
    int width = 0, height = 0, sampling = 0, colours = 0;
    if (tjDecompressHeader3(reader->handle, reader->bytes, reader->size, &width, &height, &sampling,
                            &colours) != 0)
        return damaged(reader, error);
    rp_page_image made = {0};
    RP_TRY(rp_page_image_make(&made, arena, width, height, reader->name, error));
    if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
        RP_TRY(decode_cmyk(&made, reader, arena, error));
    } else if (tjDecompress2(reader->handle, reader->bytes, reader->size, made.data, width,
                             (int)made.stride, height, TJPF_GRAY, TJFLAG_LIMITSCANS) != 0) {
        return damaged(reader, error);
    }
    RP_TRY(rp_page_orient(&made, arena, rp_page_exif_orientation(reader->bytes, reader->size),
                          reader->name, error));
    *image = made;
    return RP_OK;
}

rp_status rp_page_jpeg_decode(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                              size_t size, const char *name, rp_error *error) {
    *image = (rp_page_image){0};
    if (!rp_page_jpeg_is(bytes, size))
        return rp_fail(error, RP_INPUT, 0, "%s: byte 0: this does not start as a JPEG does", name);
    const jpeg_reader reader = {
        .handle = tjInitDecompress(), .bytes = bytes, .size = size, .name = name};
    if (reader.handle == NULL) return rp_fail_memory(error, "a JPEG reader");
    const rp_status status = decode(image, &reader, arena, error);
    tjDestroy(reader.handle);
    return status;
}
