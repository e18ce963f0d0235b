/* Files of every kind, made here; cut, wrong and odd ones of each. */
#include "page/document.h"

#include <stdlib.h>
#include <tiffio.h>
#include <turbojpeg.h>
#include <unistd.h>

#include "base/child.h"
#include "base/new_file.h"
#include "base/random.h"
#include "check.h"
#include "page/jpeg_image.h"
#include "page/orientation.h"
#include "page/pdf_page.h"
#include "page/png_image.h"
#include "page/tiff_image.h"

static const char *scratch(const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", check_scratch(), name);
    return path;
}

/* A smooth picture, so that JPEG keeps it. */
static uint8_t value_at(int x, int y) {
    return (uint8_t)(130 + 60 * sin(x * 0.1) + 50 * cos(y * 0.07));
}

enum { WIDTH = 93, HEIGHT = 57 };

static void fill(uint8_t *pixels, int channels) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < channels; c++)
                pixels[(y * WIDTH + x) * channels + c] = value_at(x, y);
}

static void check_pixels(const rp_page_image *image, double tolerance) {
    REQUIRE(image->width == WIDTH && image->height == HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            CHECK_NEAR(image->data[(size_t)y * image->stride + (size_t)x], value_at(x, y),
                       tolerance);
}

/* Opens, reads page `page`, closes; the status of the first that fails. */
static rp_status read_page(rp_page_image *image, rp_arena *arena, const char *path, uint32_t page,
                           rp_error *error) {
    rp_page_document *document = NULL;
    rp_status status = rp_page_document_open(&document, path, error);
    if (status == RP_OK) status = rp_page_document_read(image, arena, document, page, error);
    rp_page_document_close(document);
    return status;
}

/* Every prefix of a file must be refused with RP_INPUT and a line that names it. */
typedef rp_status (*decode_fn)(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                               size_t size, rp_error *error);

static void check_prefixes(decode_fn decode, const uint8_t *bytes, size_t size) {
    for (size_t kept = 0; kept < size; kept += kept < 64 || kept > size - 64 ? 1 : 7) {
        uint8_t *cut = malloc(kept + 1);
        REQUIRE(cut != NULL);
        memcpy(cut, bytes, kept);
        rp_arena arena = {.limit_bytes = 64 << 20};
        rp_page_image image = {0};
        rp_error error = {0};
        const rp_status status = decode(&image, &arena, cut, kept, &error);
        if (status != RP_INPUT)
            check_failed(__FILE__, __LINE__, "%zu of %zu bytes: %d", kept, size, status);
        CHECK(strncmp(error.text, "cut: ", 5) == 0 && image.data == NULL);
        rp_arena_clear(&arena);
        free(cut);
    }
}

/* -- JPEG ------------------------------------------------------------------------------------- */

static rp_status decode_jpeg(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                             size_t size, rp_error *error) {
    return rp_page_jpeg_decode(image, arena, bytes, size, "cut", error);
}

static void make_jpeg(unsigned char **bytes, unsigned long *size, int format, int sampling) {
    static uint8_t pixels[WIDTH * HEIGHT * 4];
    static const int channels_of[] = {[TJPF_RGB] = 3, [TJPF_GRAY] = 1, [TJPF_CMYK] = 4};
    fill(pixels, channels_of[format]);
    if (format == TJPF_CMYK)
        for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[4 * i + 3] = 255; /* no black ink */
    tjhandle encoder = tjInitCompress();
    CHECK(tjCompress2(encoder, pixels, WIDTH, 0, HEIGHT, format, bytes, size, sampling, 95,
                      sampling == TJSAMP_420 ? TJFLAG_PROGRESSIVE : 0) == 0);
    tjDestroy(encoder);
}

TEST(jpegs_in_grey_colour_and_four_inks_are_read_and_prefixes_refused) {
    static const struct {
        int format, sampling;
    } rows[] = {{TJPF_GRAY, TJSAMP_GRAY}, {TJPF_RGB, TJSAMP_420}, {TJPF_CMYK, TJSAMP_444}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        unsigned char *bytes = NULL;
        unsigned long size = 0;
        make_jpeg(&bytes, &size, rows[i].format, rows[i].sampling);
        REQUIRE(rp_new_file_write(scratch("a.png"), bytes, size, NULL) == RP_OK); /* a wrong name */
        rp_arena arena = {0};
        rp_page_image image = {0};
        rp_error error = {0};
        CHECK_INT(read_page(&image, &arena, scratch("a.png"), 0, &error), RP_OK);
        CHECK_TEXT(error.text, "");
        check_pixels(&image, 6);
        check_prefixes(decode_jpeg, bytes, size);
        rp_arena_clear(&arena);
        tjFree(bytes);
    }
}

/* -- TIFF ------------------------------------------------------------------------------------- */

static rp_status decode_tiff(rp_page_image *image, rp_arena *arena, const uint8_t *bytes,
                             size_t size, rp_error *error) {
    const rp_page_tiff tiff = {.bytes = bytes, .size = size, .name = "cut"};
    return rp_page_tiff_decode(image, arena, &tiff, 0, error);
}

typedef struct tiff_layout {
    int bits, samples, photometric, compression, tile;
} tiff_layout;

static void write_tiff_page(TIFF *tiff, const tiff_layout *layout) {
    static uint8_t pixels[WIDTH * HEIGHT * 4], row[WIDTH * 4], tile[64 * 64];
    fill(pixels, layout->samples);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, layout->bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, layout->samples);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, layout->photometric);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, layout->compression);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    if (layout->tile) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 64);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, 64);
        for (int left = 0; left < WIDTH; left += 64) {
            for (int y = 0; y < 64; y++)
                for (int x = 0; x < 64; x++)
                    tile[y * 64 + x] =
                        y < HEIGHT && left + x < WIDTH ? pixels[y * WIDTH + left + x] : 0;
            TIFFWriteTile(tiff, tile, (uint32_t)left, 0, 0, 0);
        }
        return;
    }
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 20);
    for (int y = 0; y < HEIGHT; y++) {
        memcpy(row, pixels + y * WIDTH * layout->samples, (size_t)(WIDTH * layout->samples));
        if (layout->bits == 1) {
            memset(row, 0, sizeof row);
            for (int x = 0; x < WIDTH; x++)
                if ((pixels[y * WIDTH + x] > 120) ==
                    (layout->photometric == PHOTOMETRIC_MINISBLACK))
                    row[x / 8] |= (uint8_t)(128 >> x % 8);
        }
        if (layout->bits == 8 && layout->photometric == PHOTOMETRIC_MINISWHITE)
            for (int x = 0; x < WIDTH; x++) row[x] = (uint8_t)(255 - row[x]);
        TIFFWriteScanline(tiff, row, (uint32_t)y, 0);
    }
}

static size_t read_file(uint8_t *bytes, size_t room, const char *path) {
    FILE *file = fopen(path, "rb");
    const size_t size = file != NULL ? fread(bytes, 1, room, file) : 0;
    if (file != NULL) fclose(file);
    return size;
}

/* -- how it was held -------------------------------------------------------------------------- */

/* Corners of the picture as it is to be seen, of a stored one whose corners are 1 2 over 3 4. */
TEST(each_orientation_turns_a_picture_as_it_is_to_be_seen) {
    static const char *const seen[] = {"",     "1234", "2143", "4321", "3412",
                                       "1324", "3142", "4231", "2413"};
    for (unsigned orientation = 0; orientation < 10; orientation++) {
        uint8_t pixels[6] = {'1', 0, '2', '3', 0, '4'};
        rp_arena arena = {0};
        rp_page_image image = {.width = 3, .height = 2, .stride = 3, .data = pixels};
        const char *corners = seen[orientation > 8 || orientation == 0 ? 1 : orientation];
        CHECK_INT(rp_page_orient(&image, &arena, orientation, "x", NULL), RP_OK);
        const size_t right = (size_t)image.width - 1, below = (size_t)image.height - 1;
        CHECK_INT(image.width, orientation > 4 && orientation < 9 ? 2 : 3);
        CHECK_INT(image.data[0], corners[0]);
        CHECK_INT(image.data[right], corners[1]);
        CHECK_INT(image.data[below * image.stride], corners[2]);
        CHECK_INT(image.data[below * image.stride + right], corners[3]);
        rp_arena_clear(&arena);
    }
}

/* Exif in either order of bytes, behind another segment; no prefix is read beyond its end. */
TEST(a_jpeg_says_in_exif_how_it_was_held) {
    enum { HEAD = 8 + 36 };
    static const uint8_t heads[][HEAD] = {
        "\xff\xd8\xff\xe0\0\4ab\xff\xe1\0\42Exif\0\0MM\0*\0\0\0\10\0\1"
        "\1\22\0\3\0\0\0\1\0\6\0\0\0\0",
        "\xff\xd8\xff\xe0\0\4ab\xff\xe1\0\42Exif\0\0II*\0\10\0\0\0\1\0"
        "\22\1\3\0\1\0\0\0\6\0\0\0\0"};
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    make_jpeg(&bytes, &size, TJPF_GRAY, TJSAMP_GRAY);
    CHECK_INT(rp_page_exif_orientation(bytes, size), 1);
    for (size_t i = 0; i < RP_COUNT(heads); i++) {
        uint8_t *held = malloc(size + HEAD);
        REQUIRE(held != NULL);
        memcpy(held, heads[i], HEAD);
        memcpy(held + HEAD, bytes + 2, size - 2);
        CHECK_INT(rp_page_exif_orientation(held, size + HEAD - 2), 6);
        for (size_t kept = 0; kept < HEAD; kept++) {
            uint8_t *cut = malloc(kept + 1); /* the sanitizer sees a byte read behind it */
            REQUIRE(cut != NULL);
            memcpy(cut, held, kept);
            CHECK_INT(rp_page_exif_orientation(cut, kept), 1);
            free(cut);
        }
        rp_arena arena = {0};
        rp_page_image image = {0};
        CHECK_INT(rp_page_jpeg_decode(&image, &arena, held, size + HEAD - 2, "x", NULL), RP_OK);
        CHECK(image.width == HEIGHT && image.height == WIDTH);
        CHECK_NEAR(image.data[HEIGHT - 1], value_at(0, 0), 6); /* stored first: now right above */
        rp_arena_clear(&arena);
        free(held);
    }
    tjFree(bytes);
}

static void check_turned(const tiff_layout *layout) {
    rp_arena arena = {0};
    rp_page_image image = {0};
    TIFF *tiff = TIFFOpen(scratch("turned.tif"), "w");
    REQUIRE(tiff != NULL);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_BOTRIGHT);
    write_tiff_page(tiff, layout);
    TIFFClose(tiff);
    CHECK_INT(read_page(&image, &arena, scratch("turned.tif"), 0, NULL), RP_OK);
    REQUIRE(image.width == WIDTH && image.height == HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            CHECK_NEAR(image.data[(size_t)y * image.stride + (size_t)x],
                       value_at(WIDTH - 1 - x, HEIGHT - 1 - y), 2);
    rp_arena_clear(&arena);
}

/* In grey, by rows; in colour, where libtiff turns each strip or tile for itself. */
TEST(a_tiff_that_lies_upside_down_is_turned_as_a_whole) {
    check_turned(&(tiff_layout){8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 0});
    check_turned(&(tiff_layout){8, 3, PHOTOMETRIC_RGB, COMPRESSION_LZW, 0});
    check_turned(&(tiff_layout){8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 1});
}

TEST(a_smaller_copy_in_a_tiff_is_no_page) {
    static const tiff_layout layout = {8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 0};
    rp_page_document *document = NULL;
    rp_arena arena = {0};
    rp_page_image image = {0};
    TIFF *tiff = TIFFOpen(scratch("copies.tif"), "w");
    REQUIRE(tiff != NULL);
    for (int i = 0; i < 4; i++) { /* a copy, a page, a mask, a page */
        static const uint32_t types[] = {FILETYPE_REDUCEDIMAGE, FILETYPE_PAGE, FILETYPE_MASK, 0};
        TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, types[i]);
        write_tiff_page(tiff, &layout);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    REQUIRE(rp_page_document_open(&document, scratch("copies.tif"), NULL) == RP_OK);
    CHECK_INT(rp_page_document_pages(document), 2);
    for (uint32_t page = 0; page < 2; page++)
        CHECK_INT(rp_page_document_read(&image, &arena, document, page, NULL), RP_OK);
    rp_page_document_close(document);
    rp_arena_clear(&arena);
}

TEST(tiffs_of_every_layout_are_read_and_prefixes_refused) {
    static const tiff_layout layouts[] = {
        {1, 1, PHOTOMETRIC_MINISWHITE, COMPRESSION_CCITTFAX4, 0},
        {1, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 0},
        {8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_LZW, 0},
        {8, 1, PHOTOMETRIC_MINISWHITE, COMPRESSION_NONE, 0},
        {8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 1},
        {8, 3, PHOTOMETRIC_RGB, COMPRESSION_PACKBITS, 0},
    };
    for (size_t i = 0; i < RP_COUNT(layouts); i++) {
        TIFF *tiff = TIFFOpen(scratch("a.tif"), "w");
        REQUIRE(tiff != NULL);
        write_tiff_page(tiff, &layouts[i]);
        TIFFClose(tiff);
        rp_arena arena = {0};
        rp_page_image image = {0};
        rp_error error = {0};
        CHECK_INT(read_page(&image, &arena, scratch("a.tif"), 0, &error), RP_OK);
        CHECK_TEXT(error.text, "");
        if (layouts[i].bits == 8) check_pixels(&image, 1.01);
        for (int x = 0; layouts[i].bits == 1 && x < WIDTH; x++)
            CHECK_INT(image.data[3 * image.stride + (size_t)x], value_at(x, 3) > 120 ? 255 : 0);
        static uint8_t bytes[1 << 16];
        const size_t size = read_file(bytes, sizeof bytes, scratch("a.tif"));
        check_prefixes(decode_tiff, bytes, size);
        rp_arena_clear(&arena);
    }
}

TEST(pages_of_a_tiff_are_counted_and_read_one_by_one) {
    TIFF *tiff = TIFFOpen(scratch("many.tif"), "w");
    REQUIRE(tiff != NULL);
    for (int page = 0; page < 3; page++) {
        write_tiff_page(tiff, &(tiff_layout){8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_NONE, 0});
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    rp_page_document *document = NULL;
    REQUIRE(rp_page_document_open(&document, scratch("many.tif"), NULL) == RP_OK);
    CHECK_INT(rp_page_document_pages(document), 3);
    rp_arena arena = {0};
    rp_page_image image = {0};
    rp_error error = {0};
    for (uint32_t page = 0; page < 3; page++) {
        REQUIRE(rp_page_document_read(&image, &arena, document, page, NULL) == RP_OK);
        check_pixels(&image, 0);
    }
    CHECK_INT(rp_page_document_read(&image, &arena, document, 3, &error), RP_INPUT);
    CHECK(strstr(error.text, "page 4: there are 3") != NULL);
    rp_page_document_close(document);
    rp_arena_clear(&arena);
}

/* Overwrites `count` bytes of a file. */
static void patch(const char *path, uint64_t at, const void *bytes, size_t count) {
    FILE *file = fopen(path, "r+b");
    REQUIRE(file != NULL);
    CHECK(fseek(file, (long)at, SEEK_SET) == 0 && fwrite(bytes, 1, count, file) == count);
    CHECK(fclose(file) == 0);
}

/* Of four pages the second holds no LZW, the third's width has another name, and the link from the
 * fourth to whatever came then is broken. */
static void write_damaged_tiff(void) {
    static const tiff_layout layout = {8, 1, PHOTOMETRIC_MINISBLACK, COMPRESSION_LZW, 0};
    static const uint8_t other_tag[] = {0xff, 0x7f}, far[] = {0, 0, 0, 0x20};
    uint64_t directories[4] = {0};
    TIFF *tiff = TIFFOpen(scratch("hurt.tif"), "wl"); /* little-endian, as what is patched in */
    REQUIRE(tiff != NULL);
    for (int page = 0; page < 4; page++) {
        write_tiff_page(tiff, &layout);
        for (uint32_t strip = 0; page == 1 && strip < 3; strip++)
            CHECK(TIFFWriteRawStrip(tiff, strip, (uint8_t[64]){0xff, 0xff}, 64) == 64);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
    tiff = TIFFOpen(scratch("hurt.tif"), "r");
    REQUIRE(tiff != NULL);
    for (uint16_t page = 0; page < 4; page++) {
        CHECK(TIFFSetDirectory(tiff, page));
        directories[page] = TIFFCurrentDirOffset(tiff);
    }
    TIFFClose(tiff);
    uint8_t count[2] = {0};
    FILE *file = fopen(scratch("hurt.tif"), "rb");
    REQUIRE(file != NULL);
    CHECK(fseek(file, (long)directories[3], SEEK_SET) == 0 && fread(count, 1, 2, file) == 2);
    fclose(file);
    patch(scratch("hurt.tif"), directories[2] + 2, other_tag, sizeof other_tag);
    patch(scratch("hurt.tif"), directories[3] + 2 + 12u * count[0], far, sizeof far);
}

TEST(damaged_pages_of_a_tiff_are_named_and_the_others_read) {
    static const bool is_whole[] = {true, false, false, true, false};
    write_damaged_tiff();
    rp_page_document *document = NULL;
    REQUIRE(rp_page_document_open(&document, scratch("hurt.tif"), NULL) == RP_OK);
    CHECK_INT(rp_page_document_pages(document), RP_COUNT(is_whole));
    for (uint32_t page = 0; page < RP_COUNT(is_whole); page++) {
        rp_arena arena = {0};
        rp_page_image image = {0};
        rp_error error = {0};
        char name[32];
        snprintf(name, sizeof name, "hurt.tif: page %u: TIFF: ", page + 1);
        const rp_status status = rp_page_document_read(&image, &arena, document, page, &error);
        CHECK_INT(status, is_whole[page] ? RP_OK : RP_INPUT);
        if (status == RP_OK) check_pixels(&image, 0);
        else if (strstr(error.text, name) == NULL)
            check_failed(__FILE__, __LINE__, "page %u: %s", page + 1, error.text);
        rp_arena_clear(&arena);
    }
    rp_page_document_close(document);
}

/* -- PDF -------------------------------------------------------------------------------------- */

static bool has_poppler(void) { return system("pdftoppm -v >/dev/null 2>&1") == 0; }

/* A PDF without a table of objects, which poppler rebuilds; `trailer` adds to the trailer. */
static void write_pdf_of(const char *box, const char *name, const char *pages,
                         const char *trailer) {
    char text[4096];
    const int size =
        snprintf(text, sizeof text,
                 "%%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
                 "2 0 obj\n<</Type/Pages%s>>\nendobj\n"
                 "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R>>\nendobj\n"
                 "4 0 obj\n<</Length 26>>\nstream\n0 g 0 0 72 36 re f       \nendstream\nendobj\n"
                 "trailer\n<</Root 1 0 R/Size 5%s>>\n%%%%EOF\n",
                 pages, box, trailer);
    CHECK(rp_new_file_write(scratch(name), text, (size_t)size, NULL) == RP_OK);
}

static void write_pdf(const char *name, const char *pages, const char *trailer) {
    write_pdf_of("0 0 144 72", name, pages, trailer);
}

TEST(pages_of_a_pdf_are_drawn_at_300_dpi) {
    if (!has_poppler()) {
        check_skip("pdftoppm is not installed");
        return;
    }
    write_pdf("-two.pdf", "/Kids[3 0 R 3 0 R]/Count 2", "");
    rp_page_document *document = NULL;
    REQUIRE(rp_page_document_open(&document, scratch("-two.pdf"), NULL) == RP_OK);
    CHECK_INT(rp_page_document_pages(document), 2);
    rp_arena arena = {0};
    rp_page_image image = {0};
    REQUIRE(rp_page_document_read(&image, &arena, document, 1, NULL) == RP_OK);
    CHECK(image.width == 600 && image.height == 300); /* 2 x 1 inches */
    CHECK_INT(image.data[10 * image.stride + 10], 255);
    CHECK_INT(image.data[290 * image.stride + 10], 0); /* the black quarter, lower left */
    CHECK_INT(image.data[290 * image.stride + 590], 255);
    rp_page_document_close(document);
    rp_arena_clear(&arena);
}

/* Poppler draws nothing where a picture cannot be decoded, and ends well. */
TEST(a_page_of_a_pdf_whose_picture_is_damaged_is_named) {
    static const char text[] =
        "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        "2 0 obj\n<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>\nendobj\n"
        "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 6 0 R>>\nendobj\n"
        "4 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 7 0 R"
        "/Resources<</XObject<</P 8 0 R>>>>>>\nendobj\n"
        "5 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>\nendobj\n"
        "6 0 obj\n<</Length 16>>\nstream\n9 9 9 9 re f    \nendstream\nendobj\n"
        "7 0 obj\n<</Length 24>>\nstream\n72 0 0 72 0 0 cm /P Do  \nendstream\nendobj\n"
        "8 0 obj\n<</Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8"
        "/ColorSpace/DeviceGray/Filter/FlateDecode/Length 9>>\nstream\nx\234\377\377\377\377garble"
        "\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 9>>\n%%EOF\n";
    if (!has_poppler()) {
        check_skip("pdftoppm is not installed");
        return;
    }
    CHECK(rp_new_file_write(scratch("hurt.pdf"), text, sizeof text - 1, NULL) == RP_OK);
    rp_arena arena = {0};
    rp_page_image image = {0};
    rp_error error = {0};
    CHECK_INT(read_page(&image, &arena, scratch("hurt.pdf"), 0, NULL), RP_OK);
    CHECK_INT(read_page(&image, &arena, scratch("hurt.pdf"), 1, &error), RP_INPUT);
    if (strstr(error.text, "hurt.pdf: page 2: PDF: ") == NULL)
        check_failed(__FILE__, __LINE__, "%s", error.text);
    rp_arena_clear(&arena);
}

/* Scans are written to PDF with a point for each pixel: at 300 dpi 4 m of paper would be drawn. */
TEST(a_pdf_page_larger_than_any_sheet_is_drawn_smaller) {
    if (!has_poppler()) {
        check_skip("pdftoppm is not installed");
        return;
    }
    rp_arena arena = {0};
    rp_page_image image = {0};
    write_pdf_of("0 0 7200 3600", "huge.pdf", "/Kids[3 0 R]/Count 1", "");
    CHECK_INT(read_page(&image, &arena, scratch("huge.pdf"), 0, NULL), RP_OK);
    CHECK(image.width == 5000 && image.height == 2500);
    rp_arena_clear(&arena);
}

TEST(encrypted_empty_and_broken_pdfs_are_said_clearly) {
    if (!has_poppler()) {
        check_skip("pdftoppm is not installed");
        return;
    }
    write_pdf("locked.pdf", "/Kids[3 0 R]/Count 1",
              "/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O"
              "<0101010101010101010101010101010101010101010101010101010101010101>/U"
              "<0202020202020202020202020202020202020202020202020202020202020202>>>");
    write_pdf("empty.pdf", "/Kids[]/Count 0", "");
    CHECK(rp_new_file_write(scratch("broken.pdf"), "%PDF-1.4\nnothing", 16, NULL) == RP_OK);
    static const char *const rows[][2] = {{"locked.pdf", "is encrypted; remove its password"},
                                          {"empty.pdf", "has no pages"},
                                          {"broken.pdf", "broken.pdf: PDF: "}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_page_document *document = NULL;
        rp_error error = {0};
        CHECK_INT(rp_page_document_open(&document, scratch(rows[i][0]), &error), RP_INPUT);
        CHECK(document == NULL);
        if (strstr(error.text, rows[i][1]) == NULL)
            check_failed(__FILE__, __LINE__, "%s: %s", rows[i][0], error.text);
        CHECK(strchr(error.text, '\n') == NULL);
    }
}

TEST(helper_programs_are_held_to_their_limits) {
    static const struct {
        const char *arguments[4];
        rp_status status;
        const char *words;
    } rows[] = {
        {{"sh", "-c", "echo hello; exit 3", NULL}, RP_OK, ""},
        {{"sh", "-c", "exec sleep 20", NULL}, RP_SYSTEM, "took longer than"},
        {{"sh", "-c", "exec yes", NULL}, RP_SYSTEM, "wrote more than 1000 bytes"},
        {{"no-such-program", NULL}, RP_SYSTEM, "is not installed; apt-get install some-package"},
    };
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        const rp_child child = {.arguments = rows[i].arguments,
                                .package = "some-package",
                                .output_bytes_max = 1000,
                                .seconds_max = 0.5,
                                .memory_bytes_max = (size_t)1 << 30};
        rp_text output = {0}, complaints = {0};
        rp_error error = {0};
        int exit_status = 0;
        CHECK_INT(rp_child_run(&child, &output, &complaints, &exit_status, &error), rows[i].status);
        CHECK(strstr(error.text, rows[i].words) != NULL);
        if (i == 0) CHECK_TEXT(output.data, "hello\n");
        if (i == 0) CHECK_INT(exit_status, 3);
        rp_text_clear(&output);
        rp_text_clear(&complaints);
    }
}

/* -- anything --------------------------------------------------------------------------------- */

TEST(files_that_are_no_pages_are_refused_with_one_line) {
    static const char words[] = "Dear Sir, enclosed please find my opus 1.";
    CHECK(rp_new_file_write(scratch("letter.png"), words, sizeof words, NULL) == RP_OK);
    CHECK(rp_new_file_write(scratch("nothing.png"), words, 0, NULL) == RP_OK);
    static const char *const rows[][2] = {{"letter.png", "neither PNG, JPEG, TIFF nor PDF"},
                                          {"nothing.png", "the file is empty"},
                                          {"missing.png", "missing.png"},
                                          {".", ""}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_page_document *document = NULL;
        rp_error error = {0};
        CHECK_INT(rp_page_document_open(&document, scratch(rows[i][0]), &error), RP_INPUT);
        CHECK(strstr(error.text, rows[i][1]) != NULL && strchr(error.text, '\n') == NULL);
    }
}

TEST(a_tiny_and_a_very_wide_picture_are_read) {
    static const int32_t sizes[][2] = {{1, 1}, {20000, 30}};
    for (size_t i = 0; i < RP_COUNT(sizes); i++) {
        rp_arena arena = {0};
        rp_page_image image = {0}, back = {0};
        REQUIRE(rp_page_image_make(&image, &arena, sizes[i][0], sizes[i][1], "", NULL) == RP_OK);
        rp_page_image_fill(&image, 77);
        REQUIRE(rp_page_png_write(scratch("odd.png"), &image, NULL) == RP_OK);
        CHECK_INT(read_page(&back, &arena, scratch("odd.png"), 0, NULL), RP_OK);
        CHECK(back.width == sizes[i][0] && back.height == sizes[i][1] && back.data[0] == 77);
        rp_arena_clear(&arena);
    }
}

TEST(memory_running_out_is_said_by_each_decoder) {
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    make_jpeg(&bytes, &size, TJPF_CMYK, TJSAMP_444);
    static const size_t limits[] = {64, 1 << 12, 1 << 13};
    for (size_t i = 0; i < RP_COUNT(limits); i++) {
        rp_arena arena = {.limit_bytes = limits[i]};
        rp_page_image image = {0};
        CHECK_INT(rp_page_jpeg_decode(&image, &arena, bytes, size, "x", NULL), RP_SYSTEM);
        rp_arena_clear(&arena);
        TIFF *tiff = TIFFOpen(scratch("m.tif"), "w");
        REQUIRE(tiff != NULL);
        write_tiff_page(tiff, &(tiff_layout){8, 3, PHOTOMETRIC_RGB, COMPRESSION_NONE, 0});
        TIFFClose(tiff);
        arena = (rp_arena){.limit_bytes = limits[i]};
        CHECK_INT(read_page(&image, &arena, scratch("m.tif"), 0, NULL), RP_SYSTEM);
        rp_arena_clear(&arena);
    }
    tjFree(bytes);
}
