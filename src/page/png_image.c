/* png_image.c: see png_image.h.
 *
 * libpng reports by longjmp. Every call into it sits in one static function that holds no locals
 * across the jump (read_rows, write_rows); all state is in a struct of the caller's. */
#include "page/png_image.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "base/new_file.h"
#include "page/grey.h"

typedef struct png_reader {
    const uint8_t *bytes;
    size_t size, position;
    const char *name;
    rp_arena *arena;
    rp_page_image *image;
    rp_error *error;
    rp_status status; /* set before the jump when it is not the PNG's fault */
    int passes;
    size_t row_bytes;
    uint8_t *rows; /* one row, or all of them where the PNG is interlaced */
} png_reader;

bool rp_page_png_is(const uint8_t *bytes, size_t size) {
    return size >= 8 && png_sig_cmp(bytes, 0, 8) == 0;
}

static void on_error(png_structp png, png_const_charp message) {
    png_reader *reader = png_get_error_ptr(png);
    if (reader->status == RP_OK)
        reader->status = rp_fail(reader->error, RP_INPUT, (int64_t)reader->position,
                                 "%s: byte %zu: PNG: %s", reader->name, reader->position, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message; /* odd colour profiles and the like: the pixels are still there */
}

static void on_read(png_structp png, png_bytep out, size_t count) {
    png_reader *reader = png_get_io_ptr(png);
    if (count > reader->size - reader->position) {
        reader->status = rp_fail(reader->error, RP_INPUT, (int64_t)reader->size,
                                 "%s: byte %zu: the PNG ends early; copy or scan it again",
                                 reader->name, reader->size);
        png_error(png, "ends early");
    }
    memcpy(out, reader->bytes + reader->position, count);
    reader->position += count;
}

/* Asks libpng for 8-bit samples of 1 (grey), 2 (grey, alpha), 3 or 4 (RGB, alpha) channels. */
static void ask_for_bytes(png_structp png, png_infop info) {
    png_set_expand(png); /* palette to RGB, 1, 2, 4 bits to 8, tRNS to alpha */
    png_set_scale_16(png);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void row_to_grey(uint8_t *out, const uint8_t *row, int32_t width, int channels) {
    static void (*const convert[])(uint8_t *, const uint8_t *, int32_t) = {
        NULL, NULL, rp_page_grey_from_ya, rp_page_grey_from_rgb, rp_page_grey_from_rgba};
    if (channels == 1) memcpy(out, row, (size_t)width);
    else convert[channels](out, row, width);
}

static void make_image(png_structp png, png_infop info, png_reader *reader) {
    reader->status =
        rp_page_image_make(reader->image, reader->arena, png_get_image_width(png, info),
                           png_get_image_height(png, info), reader->name, reader->error);
    if (reader->status != RP_OK) png_error(png, "size");
    reader->passes = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE ? 1 : 7;
    ask_for_bytes(png, info);
    reader->row_bytes = png_get_rowbytes(png, info);
    const size_t rows = reader->passes == 1 ? 1 : (size_t)reader->image->height;
    reader->rows = rp_arena_array(reader->arena, rows, reader->row_bytes);
    if (reader->rows == NULL) {
        reader->status = rp_fail_memory(reader->error, "the rows of a PNG");
        png_error(png, "memory");
    }
}

static void read_pixels(png_structp png, png_infop info, png_reader *reader) {
    const rp_page_image *image = reader->image;
    const int channels = png_get_channels(png, info);
    const size_t advance = reader->passes == 1 ? 0 : reader->row_bytes;
    for (int pass = 0; pass < reader->passes; pass++) {
        for (int32_t y = 0; y < image->height; y++) {
            uint8_t *row = reader->rows + advance * (size_t)y;
            png_read_row(png, row, NULL);
            if (pass == reader->passes - 1)
                row_to_grey(image->data + (size_t)y * image->stride, row, image->width, channels);
        }
    }
    png_read_end(png, NULL);
}

static void read_rows(png_structp png, png_infop info, png_reader *reader) {
    if (setjmp(png_jmpbuf(png)) != 0) return;
    png_set_read_fn(png, reader, on_read);
    png_set_user_limits(png, RP_PAGE_SIDE_MAX, RP_PAGE_SIDE_MAX);
    png_set_chunk_malloc_max(png, 8 << 20); /* an ICC profile or a comment, never pixels */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_read_info(png, info);
    make_image(png, info, reader);
    read_pixels(png, info, reader);
}

rp_status rp_page_png_decode(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                             size_t size, const char *name, rp_error *error) {
    if (!rp_page_png_is(bytes, size))
        return rp_fail(error, RP_INPUT, 0, "%s: byte 0: this does not start as a PNG does", name);
    png_reader reader = {
        .bytes = bytes, .size = size, .name = name, .arena = arena, .image = image, .error = error};
    *image = (rp_page_image){0};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info != NULL) read_rows(png, info, &reader);
    else reader.status = rp_fail_memory(error, "a PNG reader");
    png_destroy_read_struct(&png, &info, NULL);
    if (reader.status != RP_OK) *image = (rp_page_image){0};
    return reader.status;
}

/* -- writing ---------------------------------------------------------------------------------- */

typedef struct png_writer {
    rp_text *text;
    const uint8_t *data;
    int32_t width, height;
    size_t stride;
    int colour_type;
    bool failed;
} png_writer;

static void on_write_error(png_structp png, png_const_charp message) {
    (void)message; /* memory is the only thing that can fail here */
    ((png_writer *)png_get_error_ptr(png))->failed = true;
    png_longjmp(png, 1);
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    png_writer *writer = png_get_io_ptr(png);
    rp_text_add_bytes(writer->text, bytes, count);
    if (writer->text->failed) png_error(png, "memory");
}

static void on_flush(png_structp png) { (void)png; }

static void write_rows(png_structp png, png_infop info, png_writer *writer) {
    if (setjmp(png_jmpbuf(png)) != 0) return;
    png_set_write_fn(png, writer, on_write, on_flush);
    png_set_compression_level(png, 4); /* pictures for looking at: fast rather than small */
    png_set_IHDR(png, info, (png_uint_32)writer->width, (png_uint_32)writer->height, 8,
                 writer->colour_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int32_t y = 0; y < writer->height; y++)
        png_write_row(png, writer->data + (size_t)y * writer->stride);
    png_write_end(png, NULL);
}

static rp_status encode(png_writer *writer, rp_error *error) {
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, on_write_error, on_warning);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info != NULL) write_rows(png, info, writer);
    else writer->failed = true;
    png_destroy_write_struct(&png, &info);
    return writer->failed ? rp_fail_memory(error, "a PNG to write") : RP_OK;
}

static rp_status write_text(const char *path, const rp_text *text, rp_status status,
                            rp_error *error) {
    if (status != RP_OK) return status;
    return rp_new_file_write(path, text->data, text->length, error);
}

rp_status rp_page_png_encode(rp_text *text, const rp_page_image *image, rp_error *error) {
    return encode(&(png_writer){.text = text,
                                .data = image->data,
                                .width = image->width,
                                .height = image->height,
                                .stride = image->stride,
                                .colour_type = PNG_COLOR_TYPE_GRAY},
                  error);
}

rp_status rp_page_png_encode_rgb(rp_text *text, const rp_page_rgb *picture, rp_error *error) {
    return encode(&(png_writer){.text = text,
                                .data = picture->data,
                                .width = picture->width,
                                .height = picture->height,
                                .stride = picture->stride,
                                .colour_type = PNG_COLOR_TYPE_RGB},
                  error);
}

rp_status rp_page_png_write(const char *path, const rp_page_image *image, rp_error *error) {
    rp_text text = {0};
    const rp_status status =
        write_text(path, &text, rp_page_png_encode(&text, image, error), error);
    rp_text_clear(&text);
    return status;
}

rp_status rp_page_png_write_rgb(const char *path, const rp_page_rgb *picture, rp_error *error) {
    rp_text text = {0};
    const rp_status status =
        write_text(path, &text, rp_page_png_encode_rgb(&text, picture, error), error);
    rp_text_clear(&text);
    return status;
}
