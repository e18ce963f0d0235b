/* Pictures of digits become what MNIST's are. */
#include <png.h>
#include <stdlib.h>

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

TEST(small_pictures_are_enlarged) {
    uint8_t pixels[784];
    write_bar(path_of("small.png"), 255, 0, 12, 12);
    CHECK_INT(rp_digit_read(path_of("small.png"), pixels, NULL), RP_OK);
}

TEST(what_holds_no_digit_is_refused) {
    uint8_t pixels[784];
    rp_error error = {0};
    write_bar(path_of("empty.png"), 200, 200, 40, 40);
    CHECK_INT(rp_digit_read(path_of("empty.png"), pixels, &error), RP_INPUT);
    CHECK(strstr(error.text, "nothing is drawn") != NULL);
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
