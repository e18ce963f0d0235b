/* The PNGs are made here with libpng, in every layout it can write. */
#include "page/png_image.h"

#include <png.h>
#include <stdlib.h>

#include "base/random.h"
#include "check.h"

enum { WIDTH = 37, HEIGHT = 11 };

static void append(png_structp png, png_bytep bytes, size_t count) {
    rp_text_add_bytes(png_get_io_ptr(png), bytes, count);
}

/* A PNG of packed rows; `interlace` is PNG_INTERLACE_NONE or PNG_INTERLACE_ADAM7. */
static void make_png(rp_text *text, int colour_type, int depth, int interlace, uint8_t **rows) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, text, append, NULL);
    png_set_IHDR(png, info, WIDTH, HEIGHT, depth, colour_type, interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (colour_type == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[256];
        for (int i = 0; i < 256; i++)
            palette[i] = (png_color){(png_byte)i, (png_byte)(255 - i), (png_byte)(i * 7)};
        png_set_PLTE(png, info, palette, 1 << depth);
    }
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

static unsigned sample(const uint8_t *row, int index, int depth) {
    if (depth == 16) return row[2 * index]; /* high byte: equal bytes are written below */
    if (depth == 8) return row[index];
    const int bit = index * depth;
    return row[bit / 8] >> (8 - depth - bit % 8) & ((1u << depth) - 1);
}

/* What pixel x of a row must come to, in doubles. */
static double expected_grey(const uint8_t *row, int x, int colour_type, int depth) {
    const double full = depth >= 8 ? 255 : (1 << depth) - 1;
    double c[4];
    static const int channels_of[] = {1, 0, 3, 1, 2, 0, 4};
    const int channels = channels_of[colour_type];
    for (int k = 0; k < channels; k++) c[k] = sample(row, x * channels + k, depth) / full;
    if (colour_type == PNG_COLOR_TYPE_PALETTE) {
        const unsigned i = sample(row, x, depth);
        return 0.299 * i + 0.587 * (255 - i) + 0.114 * (uint8_t)(i * 7);
    }
    const double grey = channels >= 3 ? 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] : c[0];
    const double alpha = channels % 2 == 0 ? c[channels - 1] : 1;
    return 255 * (grey * alpha + 1 - alpha);
}

static void check_layout(int colour_type, int depth, int interlace) {
    static uint8_t store[HEIGHT][WIDTH * 8];
    uint8_t *rows[HEIGHT];
    rp_random random = rp_random_make(7, (uint64_t)(colour_type * 100 + depth));
    for (int y = 0; y < HEIGHT; y++) {
        rows[y] = store[y];
        for (size_t i = 0; i < sizeof store[y]; i += 2)
            store[y][i] = (uint8_t)rp_random_u32(&random),
            store[y][i + 1] = depth == 16 ? store[y][i] : (uint8_t)rp_random_u32(&random);
    }
    rp_text text = {0};
    make_png(&text, colour_type, depth, interlace, rows);
    rp_arena arena = {0};
    rp_page_image image = {0};
    rp_error error = {0};
    CHECK_INT(rp_page_png_decode(&image, &arena, (uint8_t *)text.data, text.length, "t", &error),
              RP_OK);
    CHECK_TEXT(error.text, "");
    CHECK(image.width == WIDTH && image.height == HEIGHT);
    for (int y = 0; y < HEIGHT && image.data != NULL; y++)
        for (int x = 0; x < WIDTH; x++)
            CHECK_NEAR(image.data[(size_t)y * image.stride + (size_t)x],
                       expected_grey(rows[y], x, colour_type, depth), 1.01);
    rp_arena_clear(&arena);
    rp_text_clear(&text);
}

TEST(every_layout_of_png_becomes_grey_over_white) {
    static const struct {
        int colour_type, depth;
    } layouts[] = {
        {PNG_COLOR_TYPE_GRAY, 1},       {PNG_COLOR_TYPE_GRAY, 2},
        {PNG_COLOR_TYPE_GRAY, 4},       {PNG_COLOR_TYPE_GRAY, 8},
        {PNG_COLOR_TYPE_GRAY, 16},      {PNG_COLOR_TYPE_RGB, 8},
        {PNG_COLOR_TYPE_RGB, 16},       {PNG_COLOR_TYPE_PALETTE, 1},
        {PNG_COLOR_TYPE_PALETTE, 2},    {PNG_COLOR_TYPE_PALETTE, 4},
        {PNG_COLOR_TYPE_PALETTE, 8},    {PNG_COLOR_TYPE_GRAY_ALPHA, 8},
        {PNG_COLOR_TYPE_RGB_ALPHA, 8},  {PNG_COLOR_TYPE_GRAY_ALPHA, 16},
        {PNG_COLOR_TYPE_RGB_ALPHA, 16},
    };
    for (size_t i = 0; i < RP_COUNT(layouts); i++) {
        check_layout(layouts[i].colour_type, layouts[i].depth, PNG_INTERLACE_NONE);
        check_layout(layouts[i].colour_type, layouts[i].depth, PNG_INTERLACE_ADAM7);
    }
}

static rp_page_image noise_image(rp_arena *arena, int width, int height) {
    rp_page_image image = {0};
    rp_random random = rp_random_make(3, 0);
    if (rp_page_image_make(&image, arena, width, height, "noise", NULL) != RP_OK) return image;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            image.data[(size_t)y * image.stride + (size_t)x] = (uint8_t)rp_random_u32(&random);
    return image;
}

TEST(what_is_written_is_read_back_and_every_prefix_is_refused) {
    rp_arena arena = {0};
    const rp_page_image image = noise_image(&arena, 41, 23);
    rp_text text = {0};
    REQUIRE(rp_page_png_encode(&text, &image, NULL) == RP_OK);
    rp_page_image back = {0};
    REQUIRE(rp_page_png_decode(&back, &arena, (uint8_t *)text.data, text.length, "t", NULL) ==
            RP_OK);
    for (int y = 0; y < 23; y++)
        CHECK(memcmp(image.data + (size_t)y * image.stride, back.data + (size_t)y * back.stride,
                     41) == 0);
    for (size_t kept = 0; kept < text.length; kept++) {
        uint8_t *cut = malloc(kept + 1); /* its own block, so that reading past it is noticed */
        REQUIRE(cut != NULL);
        memcpy(cut, text.data, kept);
        rp_error error = {0};
        rp_arena small = {0};
        CHECK_INT(rp_page_png_decode(&back, &small, cut, kept, "cut.png", &error), RP_INPUT);
        CHECK(strncmp(error.text, "cut.png: byte ", 14) == 0);
        rp_arena_clear(&small);
        free(cut);
    }
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}

TEST(a_flipped_bit_is_noticed_or_harmless) {
    rp_arena arena = {0};
    const rp_page_image image = noise_image(&arena, 20, 20);
    rp_text text = {0};
    REQUIRE(rp_page_png_encode(&text, &image, NULL) == RP_OK);
    for (size_t i = 0; i < text.length * 8; i += 3) {
        text.data[i / 8] ^= (char)(1 << i % 8);
        rp_page_image back = {0};
        rp_error error = {0};
        rp_arena small = {.limit_bytes = 1 << 24};
        const rp_status status =
            rp_page_png_decode(&back, &small, (uint8_t *)text.data, text.length, "t", &error);
        CHECK(status == RP_OK || (error.text[0] != 0 && back.data == NULL));
        rp_arena_clear(&small);
        text.data[i / 8] ^= (char)(1 << i % 8);
    }
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}

TEST(text_called_png_and_memory_running_out_are_said) {
    static const char words[] = "This is not a picture of music at all.";
    rp_arena arena = {.limit_bytes = 1 << 16};
    rp_page_image image = {0};
    rp_error error = {0};
    CHECK_INT(
        rp_page_png_decode(&image, &arena, (const uint8_t *)words, sizeof words, "a.png", &error),
        RP_INPUT);
    CHECK_TEXT(error.text, "a.png: byte 0: this does not start as a PNG does");
    rp_arena big = {0};
    const rp_page_image noise = noise_image(&big, 400, 400);
    rp_text text = {0};
    REQUIRE(rp_page_png_encode(&text, &noise, NULL) == RP_OK);
    CHECK_INT(rp_page_png_decode(&image, &arena, (uint8_t *)text.data, text.length, "t", &error),
              RP_SYSTEM);
    rp_text_clear(&text);
    rp_arena_clear(&big);
    rp_arena_clear(&arena);
}

TEST(a_colour_picture_is_written_as_a_file) {
    static const uint8_t pixels[2][2][3] = {{{255, 0, 0}, {0, 255, 0}}, {{0, 0, 255}, {9, 9, 9}}};
    char path[512];
    snprintf(path, sizeof path, "%s/colour.png", check_scratch());
    const rp_page_rgb picture = {.width = 2, .height = 2, .stride = 6, .data = pixels[0][0]};
    REQUIRE(rp_page_png_write_rgb(path, &picture, NULL) == RP_OK);
    FILE *file = fopen(path, "rb");
    REQUIRE(file != NULL);
    uint8_t bytes[1000];
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    rp_arena arena = {0};
    rp_page_image image = {0};
    REQUIRE(rp_page_png_decode(&image, &arena, bytes, size, "t", NULL) == RP_OK);
    CHECK_INT(image.data[0], 76);
    CHECK_INT(image.data[1], 150);
    CHECK_INT(image.data[image.stride], 29);
    CHECK_INT(image.data[image.stride + 1], 9);
    rp_arena_clear(&arena);
}
