/* Pictures of digits become what MNIST's are. */
#include <math.h>
#include <png.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/random.h"
#include "check.h"
#include "reprise/learn.h"

/* A vertical bar of `ink` on `paper`, 60 wide and 200 high in a picture of 400 x 300, off the
 * middle. */
static void write_bar(const char *path, uint8_t paper, uint8_t ink, int width, int height) {
    uint8_t *pixels = malloc((size_t)width * (size_t)height);
    if (pixels == NULL) abort();
    for (int i = 0; i < width * height; i++) {
        const int x = i % width, y = i / width;
        pixels[i] =
            x >= width / 10 && x < width / 4 && y >= height / 6 && y < height * 5 / 6 ? ink : paper;
    }
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)width,
                     .height = (png_uint_32)height,
                     .format = PNG_FORMAT_GRAY};
    if (!png_image_write_to_file(&png, path, 0, pixels, 0, NULL)) abort();
    free(pixels);
}

static const char *path_of(const char *name) {
    static char path[700];
    snprintf(path, sizeof path, "%s/%s", check_scratch(), name);
    return path;
}

TEST(dark_on_light_and_light_on_dark_give_the_same_centred_digit) {
    uint8_t dark[784], light[784];
    rp_error error = {0};
    double ink = 0, x = 0, y = 0;
    write_bar(path_of("dark.png"), 240, 20, 400, 300);
    CHECK_INT(rp_digit_read(path_of("dark.png"), dark, &error), RP_OK);
    write_bar(path_of("light.png"), 15, 235, 400, 300);
    CHECK_INT(rp_digit_read(path_of("light.png"), light, &error), RP_OK);
    CHECK(memcmp(dark, light, sizeof dark) == 0);
    int top = 28, bottom = 0;
    for (int i = 0; i < 784; i++) {
        ink += dark[i];
        x += dark[i] * (i % 28 + 0.5);
        y += dark[i] * (i / 28 + 0.5);
        if (dark[i] > 0) top = i / 28 < top ? i / 28 : top;
        if (dark[i] > 0) bottom = i / 28;
    }
    CHECK_NEAR(x / ink, 14, 0.51);
    CHECK_NEAR(y / ink, 14, 0.51);
    CHECK_INT(bottom - top + 1, 20);
}

/* A seven as a camera sees it: the light falls from one corner, every pixel has its noise, the
 * paper has specks; `contrast` is what the ink takes away from the paper's light (or adds to it).
 */
static void write_seven(const char *path, double light_low, double light_high, double contrast,
                        double noise) {
    enum { WIDE = 320, HIGH = 240 };
    static uint8_t pixels[WIDE * HIGH];
    rp_random random = rp_random_make(7, 0);
    for (int i = 0; i < WIDE * HIGH; i++) {
        const int x = i % WIDE, y = i / WIDE;
        const bool is_bar = x >= 110 && x < 210 && y >= 50 && y < 70;
        const double slant = 200 - (y - 60) * 0.45;
        const bool is_leg = y >= 60 && y < 190 && x >= slant - 10 && x < slant + 10;
        const bool is_speck = noise > 0 && x % 97 == 30 && y % 71 == 20;
        double grey =
            light_low + (light_high - light_low) * (x / (double)WIDE + y / (double)HIGH) / 2;
        if (is_bar || is_leg || is_speck) grey *= 1 + contrast;
        grey += noise * rp_random_normal(&random);
        pixels[i] = (uint8_t)fmin(fmax(grey, 0), 255);
    }
    png_image png = {
        .version = PNG_IMAGE_VERSION, .width = WIDE, .height = HIGH, .format = PNG_FORMAT_GRAY};
    if (!png_image_write_to_file(&png, path, 0, pixels, 0, NULL)) abort();
}

static double mean_difference(const uint8_t *a, const uint8_t *b) {
    double sum = 0;
    for (int i = 0; i < 784; i++) sum += abs(a[i] - b[i]);
    return sum / 784;
}

TEST(uneven_light_noise_and_specks_change_a_digit_little) {
    static const struct {
        double low, high, contrast, noise;
    } rows[] = {{90, 230, -0.7, 4},   /* light paper, one corner in the shade */
                {40, 120, -0.6, 3},   /* a dim room: the paper is darker than grey 128 */
                {15, 60, 2.2, 3},     /* chalk on a board */
                {120, 200, -0.5, 6}}; /* pencil */
    uint8_t even[784], uneven[784];
    rp_error error = {0};
    write_seven(path_of("even.png"), 255, 255, -1, 0);
    REQUIRE(rp_digit_read(path_of("even.png"), even, &error) == RP_OK);
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        write_seven(path_of("uneven.png"), rows[i].low, rows[i].high, rows[i].contrast,
                    rows[i].noise);
        REQUIRE(rp_digit_read(path_of("uneven.png"), uneven, &error) == RP_OK);
        printf("# light %.0f to %.0f: mean difference %.2f greys\n", rows[i].low, rows[i].high,
               mean_difference(even, uneven));
        CHECK(mean_difference(even, uneven) < 5);
    }
}

/* A seven `high` pixels high somewhere on a sheet of 2,400 x 1,800, in a `light` from which
 * a `shadow` with a soft edge takes away on its right third; high 0: an empty sheet. */
typedef struct sheet {
    int high, left, top;
    double light, shadow, contrast, noise;
} sheet;

static void write_sheet(const char *path, const sheet *sheet) {
    enum { WIDE = 2400, HIGH = 1800 };
    uint8_t *pixels = malloc((size_t)WIDE * HIGH);
    if (pixels == NULL) abort();
    rp_random random = rp_random_make(11, 0);
    for (int i = 0; i < WIDE * HIGH; i++) {
        const double scale = sheet->high > 0 ? sheet->high / 140.0 : 1;
        const double x = (i % WIDE - sheet->left) / scale, y = (i / WIDE - sheet->top) / scale;
        const bool is_bar = x >= 0 && x < 100 && y >= 0 && y < 20;
        const double slant = 90 - (y - 10) * 0.45;
        const bool is_leg = y >= 10 && y < 140 && x >= slant - 10 && x < slant + 10;
        double grey = sheet->light - sheet->shadow / (1 + exp((1600 - i % WIDE) / 100.0));
        if (sheet->high > 0 && (is_bar || is_leg)) grey *= 1 + sheet->contrast;
        if (sheet->noise > 0) grey += sheet->noise * rp_random_normal(&random);
        pixels[i] = (uint8_t)fmin(fmax(grey, 0), 255);
    }
    png_image png = {
        .version = PNG_IMAGE_VERSION, .width = WIDE, .height = HIGH, .format = PNG_FORMAT_GRAY};
    png.flags = PNG_IMAGE_FLAG_FAST;
    if (!png_image_write_to_file(&png, path, 0, pixels, 0, NULL)) abort();
    free(pixels);
}

TEST(a_small_digit_is_found_on_a_large_sheet) {
    static const sheet rows[] = {
        {60, 1500, 900, 245, 0, -0.9, 0},    /* a clean scan */
        {24, 301, 77, 245, 0, -0.9, 0},      /* between the samples of a coarse look */
        {60, 200, 1700, 230, 0, -0.8, 10},   /* grainy paper, near the edge */
        {60, 1590, 400, 230, 70, -0.8, 5},   /* at the edge of a shadow */
        {80, 2000, 1200, 50, 20, 2.5, 5},    /* chalk on a board */
        {200, 900, 500, 200, 60, -0.5, 12}}; /* pencil in poor light */
    uint8_t even[784], found[784];
    rp_error error = {0};
    write_seven(path_of("even.png"), 255, 255, -1, 0);
    REQUIRE(rp_digit_read(path_of("even.png"), even, &error) == RP_OK);
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        write_sheet(path_of("sheet.png"), &rows[i]);
        CHECK_INT(rp_digit_read(path_of("sheet.png"), found, &error), RP_OK);
        printf("# row %zu: mean difference %.2f greys\n", i, mean_difference(even, found));
        CHECK(mean_difference(even, found) < 10);
    }
}

TEST(an_empty_sheet_has_no_digit_however_grainy_or_shaded) {
    static const sheet rows[] = {{0, 0, 0, 245, 0, 0, 3},
                                 {0, 0, 0, 200, 0, 0, 20},
                                 {0, 0, 0, 230, 70, 0, 5},
                                 {0, 0, 0, 50, 20, 0, 8}};
    uint8_t pixels[784];
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_error error = {0};
        write_sheet(path_of("bare.png"), &rows[i]);
        CHECK_INT(rp_digit_read(path_of("bare.png"), pixels, &error), RP_NO);
        CHECK(strstr(error.text, "no digit found") != NULL);
    }
}

TEST(small_pictures_are_enlarged) {
    uint8_t pixels[784];
    write_bar(path_of("small.png"), 255, 0, 12, 12);
    CHECK_INT(rp_digit_read(path_of("small.png"), pixels, NULL), RP_OK);
}

TEST(what_holds_no_digit_is_refused) {
    uint8_t pixels[784];
    rp_error error = {0};
    write_bar(path_of("empty.png"), 200, 200, 40, 40);
    CHECK_INT(rp_digit_read(path_of("empty.png"), pixels, &error), RP_NO);
    CHECK(strstr(error.text, "no digit found") != NULL);
    CHECK(strstr(error.text, "nothing is drawn") != NULL);
    static const int sides[] = {1, 2, 3, 28, 100}, greys[] = {0, 128, 255};
    for (size_t i = 0; i < RP_COUNT(sides) * RP_COUNT(greys); i++) {
        const int side = sides[i % RP_COUNT(sides)];
        const uint8_t grey = (uint8_t)greys[i / RP_COUNT(sides)];
        write_bar(path_of("blank.png"), grey, grey, side, side);
        CHECK_INT(rp_digit_read(path_of("blank.png"), pixels, &error), RP_NO);
    }
    write_bar(path_of("speck.png"), 255, 0, 24, 6); /* 4 x 4 pixels */
    CHECK_INT(rp_digit_read(path_of("speck.png"), pixels, &error), RP_NO);
    CHECK(strstr(error.text, "pixels") != NULL);
    CHECK_INT(rp_digit_read(path_of("missing.png"), pixels, &error), RP_INPUT);
    FILE *file = fopen(path_of("text.png"), "w");
    fputs("no picture", file);
    fclose(file);
    CHECK_INT(rp_digit_read(path_of("text.png"), pixels, &error), RP_INPUT);
}

TEST(a_cut_png_is_refused) {
    uint8_t pixels[784], bytes[4096];
    write_bar(path_of("whole.png"), 255, 0, 60, 60);
    FILE *file = fopen(path_of("whole.png"), "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t kept = 0; kept < size; kept += 5) {
        file = fopen(path_of("cut.png"), "wb");
        fwrite(bytes, 1, kept, file);
        fclose(file);
        const rp_status status = rp_digit_read(path_of("cut.png"), pixels, NULL);
        CHECK(status == RP_INPUT || kept + 12 > size); /* IEND alone may be missing */
    }
}
