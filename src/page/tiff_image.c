/* tiff_image.c: see tiff_image.h. Bilevel and 8-bit grey in strips, which is what scanners write,
 * are read row by row; everything else goes through libtiff's RGBA reader, a strip or tile at a
 * time. */
#include "page/tiff_image.h"

#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include "page/grey.h"
#include "page/orientation.h"

/* More than any strip of a scan that image.h admits; libtiff refuses larger single blocks. */
enum { BLOCK_BYTES_MAX = 1 << 30, RGBA_PIXELS_MAX = 100 * 1000 * 1000 };

typedef struct tiff_reader {
    const rp_page_tiff *source;
    TIFF *tiff;
    uint64_t position;
    char words[200]; /* the first complaint of libtiff's */
} tiff_reader;

bool rp_page_tiff_is(const uint8_t *bytes, size_t size) {
    return size >= 4 && (memcmp(bytes, "II*", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
                         memcmp(bytes, "II+", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0);
}

/* -- a file that is memory -------------------------------------------------------------------- */

static tmsize_t on_read(thandle_t handle, void *out, tmsize_t count) {
    tiff_reader *reader = handle;
    const uint64_t left =
        reader->source->size -
        (reader->position < reader->source->size ? reader->position : reader->source->size);
    if ((uint64_t)count > left) count = (tmsize_t)left;
    if (count > 0) memcpy(out, reader->source->bytes + reader->position, (size_t)count);
    reader->position += (uint64_t)count;
    return count;
}

static tmsize_t on_write(thandle_t handle, void *bytes, tmsize_t count) {
    (void)handle, (void)bytes, (void)count;
    return -1;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_reader *reader = handle;
    if (whence == SEEK_SET) reader->position = offset;
    else if (whence == SEEK_CUR) reader->position += offset;
    else reader->position = reader->source->size + offset;
    return reader->position;
}

static toff_t on_size(thandle_t handle) { return ((tiff_reader *)handle)->source->size; }

static int on_map(thandle_t handle, void **base, toff_t *size) {
    const rp_page_tiff *source = ((tiff_reader *)handle)->source;
    *base = (void *)(uintptr_t)source->bytes; /* libtiff only reads it: the mode is "r" */
    *size = source->size;
    return 1;
}

static void on_unmap(thandle_t handle, void *base, toff_t size) {
    (void)handle, (void)base, (void)size;
}

static int on_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static int on_error(TIFF *tiff, void *context, const char *module, const char *format,
                    va_list arguments) {
    (void)tiff, (void)module;
    tiff_reader *reader = context;
    if (reader->words[0] == 0) vsnprintf(reader->words, sizeof reader->words, format, arguments);
    return 1; /* told: libtiff's own handler stays silent */
}

static int on_warning(TIFF *tiff, void *context, const char *module, const char *format,
                      va_list arguments) {
    (void)tiff, (void)context, (void)module, (void)format, (void)arguments;
    return 1;
}

static rp_status damaged(const tiff_reader *reader, rp_error *error) {
    return rp_fail(error, RP_INPUT, 0, "%s: TIFF: %s; copy or scan it again", reader->source->name,
                   reader->words[0] != 0 ? reader->words : "its layout cannot be read");
}

static rp_status reader_open(tiff_reader *reader, const rp_page_tiff *source, rp_error *error) {
    *reader = (tiff_reader){.source = source};
    if (!rp_page_tiff_is(source->bytes, source->size))
        return rp_fail(error, RP_INPUT, 0, "%s: byte 0: this does not start as a TIFF does",
                       source->name);
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (options == NULL) return rp_fail_memory(error, "a TIFF reader");
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, BLOCK_BYTES_MAX);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, reader);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, reader);
    /* The header alone ("h"): where the first page is damaged, the others are still wanted. */
    reader->tiff = TIFFClientOpenExt(source->name, "rh", reader, on_read, on_write, on_seek,
                                     on_close, on_size, on_map, on_unmap, options);
    TIFFOpenOptionsFree(options);
    return reader->tiff != NULL ? RP_OK : damaged(reader, error);
}

static void reader_close(tiff_reader *reader) {
    if (reader->tiff != NULL) TIFFClose(reader->tiff);
}

/* -- pixels ----------------------------------------------------------------------------------- */

/* Reads 1-bit or 8-bit grey rows. `paper_is_zero`: PHOTOMETRIC_MINISWHITE. */
static rp_status read_scanlines(const rp_page_image *image, tiff_reader *reader, rp_arena *arena,
                                bool paper_is_zero, rp_error *error) {
    uint16_t bits = 1;
    TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    const tmsize_t bytes = TIFFScanlineSize(reader->tiff);
    if (bytes < (image->width * (int64_t)bits + 7) / 8) return damaged(reader, error);
    uint8_t *line = rp_arena_alloc(arena, (size_t)bytes);
    if (line == NULL) return rp_fail_memory(error, "a row of a TIFF");
    const uint8_t flip = paper_is_zero ? 255 : 0;
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *row = image->data + (size_t)y * image->stride;
        if (TIFFReadScanline(reader->tiff, line, (uint32_t)y, 0) < 0) return damaged(reader, error);
        for (int32_t x = 0; x < image->width; x++) {
            const uint8_t value =
                bits == 8 ? line[x] : (uint8_t)(-(line[x / 8] >> (7 - x % 8) & 1));
            row[x] = value ^ flip;
        }
    }
    return RP_OK;
}

/* The RGBA reader fills rasters from the bottom row up, bytes R G B A, alpha premultiplied. */
static rp_status read_rgba(const rp_page_image *image, tiff_reader *reader, rp_arena *arena,
                           rp_error *error) {
    uint32_t width = (uint32_t)image->width, height = (uint32_t)image->height;
    const bool is_tiled = TIFFIsTiled(reader->tiff) != 0;
    uint32_t block_width = width, block_height = height;
    if (is_tiled) {
        TIFFGetField(reader->tiff, TIFFTAG_TILEWIDTH, &block_width);
        TIFFGetField(reader->tiff, TIFFTAG_TILELENGTH, &block_height);
    } else {
        TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_ROWSPERSTRIP, &block_height);
        if (block_height > height) block_height = height;
    }
    if (block_width == 0 || block_height == 0 ||
        (uint64_t)block_width * block_height > RGBA_PIXELS_MAX)
        return rp_fail(error, RP_INPUT, 0, "%s: TIFF blocks of %u x %u px are more than this reads",
                       reader->source->name, block_width, block_height);
    uint32_t *raster = rp_arena_array(arena, (size_t)block_width * block_height, sizeof *raster);
    if (raster == NULL) return rp_fail_memory(error, "a block of a TIFF");
    for (uint32_t top = 0; top < height; top += block_height) {
        for (uint32_t left = 0; left < width; left += block_width) {
            const int read = is_tiled ? TIFFReadRGBATileExt(reader->tiff, left, top, raster, 1)
                                      : TIFFReadRGBAStripExt(reader->tiff, top, raster, 1);
            if (!read) return damaged(reader, error);
            const uint32_t rows = top + block_height > height ? height - top : block_height;
            const uint32_t last = (is_tiled ? block_height : rows) - 1;
            const uint32_t count = left + block_width > width ? width - left : block_width;
            for (uint32_t y = 0; y < rows; y++)
                rp_page_grey_from_rgba_premultiplied(
                    image->data + (size_t)(top + y) * image->stride + left,
                    (const uint8_t *)(raster + (size_t)(last - y) * block_width), (int32_t)count);
        }
    }
    return RP_OK;
}

static rp_status read_page(rp_page_image *image, tiff_reader *reader, rp_arena *arena,
                           rp_error *error) {
    uint32_t width = 0, height = 0;
    uint16_t bits = 1, samples = 1, photometric = 0xffff, orientation = ORIENTATION_TOPLEFT;
    TIFFGetField(reader->tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(reader->tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetField(reader->tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(reader->tiff, TIFFTAG_ORIENTATION, &orientation);
    /* libtiff would turn what it reads, but each strip or tile for itself. */
    TIFFSetField(reader->tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    rp_page_image made = {0};
    RP_TRY(rp_page_image_make(&made, arena, width, height, reader->source->name, error));
    const bool is_plain =
        samples == 1 && (bits == 1 || bits == 8) && !TIFFIsTiled(reader->tiff) &&
        (photometric == PHOTOMETRIC_MINISWHITE || photometric == PHOTOMETRIC_MINISBLACK);
    if (is_plain)
        RP_TRY(read_scanlines(&made, reader, arena, photometric == PHOTOMETRIC_MINISWHITE, error));
    else RP_TRY(read_rgba(&made, reader, arena, error));
    RP_TRY(rp_page_orient(&made, arena, orientation, reader->source->name, error));
    *image = made;
    return RP_OK;
}

/* A page, and not a smaller copy or a mask of one. */
static bool is_page(TIFF *tiff) {
    uint32_t type = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SUBFILETYPE, &type);
    return (type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0;
}

/* Goes to a page. False: it is damaged, or there is none and *count receives how many there are. A
 * directory that cannot be read counts as a page, and so does one whatever lies behind a broken
 * link of the chain: whoever asks for it is told. */
static bool go_to_page(tiff_reader *reader, uint32_t page, uint32_t *count) {
    uint32_t seen = 0;
    const uint32_t directories = (uint32_t)TIFFNumberOfDirectories(reader->tiff);
    for (uint32_t i = 0; i < directories; i++) {
        reader->words[0] = 0; /* complaints about the page before */
        const bool is_read = TIFFReadDirectory(reader->tiff) != 0;
        if (is_read && !is_page(reader->tiff)) continue;
        if (seen++ == page) return is_read;
    }
    const bool is_broken = directories > 0 && !TIFFLastDirectory(reader->tiff);
    if (is_broken) {
        reader->words[0] = 0;
        TIFFReadDirectory(reader->tiff); /* for its complaint */
    }
    *count = seen + is_broken;
    return false;
}

rp_status rp_page_tiff_count(uint32_t *pages, const rp_page_tiff *tiff, rp_error *error) {
    tiff_reader reader;
    rp_status status = reader_open(&reader, tiff, error);
    if (status == RP_OK) go_to_page(&reader, UINT32_MAX, pages);
    if (status == RP_OK && *pages == 0) status = damaged(&reader, error);
    reader_close(&reader);
    return status;
}

rp_status rp_page_tiff_decode(rp_page_image *image, rp_arena *arena, const rp_page_tiff *tiff,
                              uint32_t page, rp_error *error) {
    *image = (rp_page_image){0};
    tiff_reader reader;
    uint32_t count;
    rp_status status = reader_open(&reader, tiff, error);
    if (status == RP_OK && !go_to_page(&reader, page, &count)) status = damaged(&reader, error);
    if (status == RP_OK) status = read_page(image, &reader, arena, error);
    reader_close(&reader);
    return status;
}
