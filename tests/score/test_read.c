/* Reading from file to MusicXML, with a network of random weights: what is read is nonsense, but it
 * must be music, and every bad input one clear line. */
#include <sys/resource.h>
#include <tiffio.h>

#include "check.h"
#include "reprise/score.h"

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "page/document.h"
#include "page/png_image.h"
#include "score/batch.h"
#include "score/model.h"

static char model_path[512];

/* A random network, made once. */
static const char *random_model(void) {
    rp_arena space = {0};
    rp_metadata metadata[RP_MODEL_METADATA];
    rp_model model;
    if (model_path[0] != '\0') return model_path;
    snprintf(model_path, sizeof model_path, "%s/random.safetensors", check_scratch());
    if (rp_model_create(&model, rp_configuration_find("measure"), 5, false, NULL) != RP_OK ||
        rp_model_metadata(&model, metadata, &space, NULL) != RP_OK ||
        rp_checkpoint_ship(model_path, &model.parameters, false, true, metadata, RP_MODEL_METADATA,
                           NULL) != RP_OK)
        check_failed(__FILE__, __LINE__, "the random model could not be written");
    rp_model_clear(&model);
    rp_arena_clear(&space);
    return model_path;
}

static rp_status read_file(rp_score_result *result, const char *path, bool is_system,
                           rp_error *error) {
    rp_score_reader *reader;
    const rp_score_read_options options = {.is_system = is_system};
    *result = (rp_score_result){0};
    if (rp_score_reader_create(&reader, random_model(), 0, 1, error) != RP_OK) return RP_SYSTEM;
    const rp_status status = rp_score_read(result, reader, path, &options, NULL, error);
    rp_score_reader_destroy(reader);
    return status;
}

/* ---- documents of several pages ----------------------------------------------------------------
 */

/* A TIFF of so many pages, each `page`, or in place of it what is no LZW. */
static void write_document(char path[512], const char *name, const rp_page_image *page,
                           const bool *is_damaged, int pages) {
    snprintf(path, 512, "%s/%s.tif", check_scratch(), name);
    TIFF *tiff = TIFFOpen(path, "w");
    REQUIRE(tiff != NULL);
    for (int i = 0; i < pages; i++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, page->width);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, page->height);
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, page->height);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
        if (is_damaged[i]) TIFFWriteRawStrip(tiff, 0, (uint8_t[64]){0xff, 0xff}, 64);
        for (int32_t y = 0; !is_damaged[i] && y < page->height; y++)
            TIFFWriteScanline(tiff, page->data + (size_t)y * page->stride, (uint32_t)y, 0);
        TIFFWriteDirectory(tiff);
    }
    TIFFClose(tiff);
}

#ifndef __has_feature
#define __has_feature(name) 0 /* gcc 13 and before say it with a macro of their own */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { KEEPS_FREED = true };
#else
enum { KEEPS_FREED = false };
#endif

/* Pages of 9 MB, twice that with all that is looked for on them. First of the tests: others take
 * more memory, and the most that was ever taken is what can be asked for. */
TEST(memory_does_not_grow_with_the_number_of_pages) {
    enum { PAGES = 12, GROWTH_KIB_MAX = 60 << 10 };
    static const bool whole[PAGES] = {false};
    long most_kib[2];
    if (KEEPS_FREED) {
        check_skip("the sanitizer keeps freed memory");
        return;
    }
    for (int i = 0; i < 2; i++) {
        char path[512];
        rp_arena arena = {0};
        rp_page_image page;
        rp_score_result result;
        rp_error error = {0};
        struct rusage usage;
        REQUIRE(rp_page_image_make(&page, &arena, 2500, 3500, "white", NULL) == RP_OK);
        rp_page_image_fill(&page, 255);
        write_document(path, "white", &page, whole, i == 0 ? 1 : PAGES);
        CHECK_INT(read_file(&result, path, false, &error), RP_NO);
        CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
        most_kib[i] = usage.ru_maxrss;
        rp_arena_clear(&arena);
    }
    if (most_kib[1] - most_kib[0] > GROWTH_KIB_MAX)
        check_failed(__FILE__, __LINE__, "%d pages: %ld KiB; one: %ld KiB", PAGES, most_kib[1],
                     most_kib[0]);
}

TEST(a_view_is_the_picture_moved) {
    enum { WIDTH = 6, HEIGHT = 4 };
    uint8_t pixels[WIDTH * HEIGHT];
    float data[8 * HEIGHT];
    rp_tensor images = rp_tensor_over(data, RP_F32, 4, (const int64_t[]){1, 8, HEIGHT, 1});
    const rp_page_image image = {WIDTH, HEIGHT, WIDTH, pixels};
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = (uint8_t)(10 * i);
    static const rp_shift shifts[] = {{0, 0}, {2, 1}, {-3, -2}, {9, 0}, {0, -9}};
    for (size_t k = 0; k < RP_COUNT(shifts); k++) {
        rp_batch_put_image(&images, 0, &image, shifts[k]);
        for (int x = 0; x < 8; x++) {
            for (int y = 0; y < HEIGHT; y++) {
                const int fx = x - shifts[k].right, fy = y - shifts[k].down;
                const bool inside = x < WIDTH && fx >= 0 && fx < WIDTH && fy >= 0 && fy < HEIGHT;
                const float ink = inside ? (float)(255 - pixels[fy * WIDTH + fx]) / 255.0f : 0;
                CHECK_NEAR(data[x * HEIGHT + y], ink, 1e-6);
            }
        }
    }
}

/* Checks that each key of the JSON stands in the table of a document, as `key`. */
static void check_described(const char *json, const char *document) {
    char path[1024], cell[64];
    rp_mapped_file file;
    snprintf(path, sizeof path, "%s/%s", check_source(), document);
    REQUIRE(rp_mapped_file_open(&file, path, NULL) == RP_OK);
    for (const char *end, *at = json; (at = strchr(at, '"')) != NULL; at = end + 1) {
        end = strchr(at + 1, '"');
        REQUIRE(end != NULL);
        if (end[1] != ':') continue;
        bool is_described = strncmp(at, "\"reprise\"", 9) == 0;
        for (int k = 0; k < 2; k++) {
            snprintf(cell, sizeof cell, "`%.*s%s", (int)(end - at - 1), at + 1,
                     k == 0 ? "`" : "[]`");
            is_described = is_described || memmem(file.data, file.size, cell, strlen(cell)) != NULL;
        }
        if (!is_described) check_failed(__FILE__, __LINE__, "%s is not described", cell);
    }
    rp_mapped_file_close(&file);
}

TEST(a_page_becomes_musicxml_lmx_and_json) {
    char page[1024];
    rp_score_result result;
    rp_error error = {0};
    snprintf(page, sizeof page, "%s/examples/pages/rain.png", check_source());
    REQUIRE(read_file(&result, page, false, &error) == RP_OK);
    CHECK_INT(result.pages, 1);
    CHECK_INT(result.systems, 5);
    CHECK(strncmp(result.musicxml, "<?xml", 5) == 0 &&
          strstr(result.musicxml, "</score-partwise>"));
    CHECK(strncmp(result.lmx, "measure", 7) == 0); /* the grammar lets nothing else begin */
    CHECK(strstr(result.json, "\"reprise\": 1") != NULL);
    check_described(result.json, "docs/score-json.md");
    rp_score_result_clear(&result);
}

static void write_white(char *path, int32_t width, int32_t height) {
    rp_page_image image;
    rp_arena arena = {0};
    snprintf(path, 512, "%s/white-%d.png", check_scratch(), width);
    REQUIRE(rp_page_image_make(&image, &arena, width, height, "white", NULL) == RP_OK);
    rp_page_image_fill(&image, 255);
    CHECK_INT(rp_page_png_write(path, &image, NULL), RP_OK);
    rp_arena_clear(&arena);
}

TEST(pages_without_music_say_so) {
    static const int32_t sizes[][2] = {{1, 1}, {600, 800}, {20000, 300}};
    for (size_t i = 0; i < RP_COUNT(sizes); i++) {
        char path[512];
        rp_score_result result;
        rp_error error = {0};
        write_white(path, sizes[i][0], sizes[i][1]);
        CHECK_INT(read_file(&result, path, false, &error), RP_NO);
        CHECK(strstr(error.text, "no music found") != NULL);
        CHECK(result.musicxml == NULL);
    }
}

TEST(a_damaged_page_is_named_and_the_others_are_read) {
    char path[512], rain[1024];
    rp_arena arena = {0};
    rp_page_image page;
    rp_page_document *document;
    rp_score_result result;
    rp_error error = {0};
    snprintf(rain, sizeof rain, "%s/examples/pages/rain.png", check_source());
    REQUIRE(rp_page_document_open(&document, rain, NULL) == RP_OK);
    CHECK_INT(rp_page_document_read(&page, &arena, document, 0, NULL), RP_OK);
    rp_page_document_close(document);
    write_document(path, "second", &page, (const bool[]){false, true, false}, 3);
    REQUIRE(read_file(&result, path, false, &error) == RP_OK);
    CHECK_INT(result.pages, 3);
    CHECK_INT(result.failed_pages, 1);
    CHECK_INT(result.systems, 10);
    check_described(result.json, "docs/score-json.md");
    CHECK(strstr(result.failures, "second.tif: page 2: TIFF: ") != NULL);
    CHECK(strchr(result.failures, '\n') == result.failures + strlen(result.failures) - 1);
    CHECK(strstr(result.json, "\"failed_pages\": 1, \"pages\": [{\"width\": 2480") != NULL);
    CHECK(strstr(result.json,
                 "{\"width\": 0, \"height\": 0, \"staff_space\": 0.00, \"systems\": [], "
                 "\"error\": \"") != NULL);
    rp_score_result_clear(&result);
    CHECK(result.failures == NULL);
    rp_arena_clear(&arena);
}

TEST(a_document_of_damaged_and_empty_pages_is_not_readable) {
    static const bool rows[][3] = {{true, true, true}, {false, true, false}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        uint8_t white[100 * 100];
        char path[512];
        const rp_page_image page = {100, 100, 100, memset(white, 255, sizeof white)};
        rp_score_result result;
        rp_error error = {0};
        write_document(path, "damaged", &page, rows[i], 3);
        CHECK_INT(read_file(&result, path, false, &error), RP_INPUT);
        CHECK_INT(error.status, RP_INPUT);
        CHECK(strstr(error.text, rows[i][0] ? "page 1: TIFF: " : "page 2: TIFF: ") != NULL);
        CHECK(result.json == NULL);
    }
}

TEST(what_is_no_picture_is_one_line_and_exit_3) {
    char path[512], page[1024];
    rp_mapped_file whole;
    rp_score_result result;
    rp_error error = {0};
    snprintf(path, sizeof path, "%s/text.png", check_scratch());
    CHECK_INT(rp_new_file_write(path, "not a picture\n", 14, NULL), RP_OK);
    CHECK_INT(read_file(&result, path, false, &error), RP_INPUT);
    snprintf(page, sizeof page, "%s/examples/pages/rain.png", check_source());
    REQUIRE(rp_mapped_file_open(&whole, page, NULL) == RP_OK);
    snprintf(path, sizeof path, "%s/cut.png", check_scratch());
    CHECK_INT(rp_new_file_write(path, whole.data, whole.size / 2, NULL), RP_OK);
    CHECK_INT(read_file(&result, path, false, &error), RP_INPUT);
    CHECK(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
    CHECK_INT(read_file(&result, "/nowhere.pdf", false, &error), RP_INPUT);
    rp_mapped_file_close(&whole);
}

TEST(a_model_cut_short_is_refused) {
    char path[512];
    rp_mapped_file whole;
    rp_score_reader *reader;
    rp_error error = {0};
    REQUIRE(rp_mapped_file_open(&whole, random_model(), NULL) == RP_OK);
    snprintf(path, sizeof path, "%s/cut.safetensors", check_scratch());
    CHECK_INT(rp_new_file_write(path, whole.data, whole.size - 1000, NULL), RP_OK);
    CHECK_INT(rp_score_reader_create(&reader, path, 0, 1, &error), RP_INPUT);
    CHECK(strstr(error.text, "cut short") != NULL);
    CHECK_INT(rp_score_reader_create(&reader, "/nowhere", 0, 1, &error), RP_INPUT);
    rp_mapped_file_close(&whole);
}
