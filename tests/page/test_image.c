#include "page/image.h"

#include "base/random.h"
#include "check.h"

/* The mean over the exact source rectangle, in doubles: what area scaling must come to. */
static double area_mean(const rp_page_image *source, double left, double right, double top,
                        double bottom) {
    double sum = 0;
    for (int32_t y = (int32_t)top; y < source->height && y < bottom; y++) {
        const double high = fmin(bottom, y + 1.0) - fmax(top, y);
        for (int32_t x = (int32_t)left; x < source->width && x < right; x++)
            sum += high * (fmin(right, x + 1.0) - fmax(left, x)) *
                   source->data[(size_t)y * source->stride + (size_t)x];
    }
    return sum / ((right - left) * (bottom - top));
}

static void fill_with_noise(const rp_page_image *image, uint64_t seed) {
    rp_random random = rp_random_make(seed, 0);
    for (int32_t y = 0; y < image->height; y++)
        for (int32_t x = 0; x < image->width; x++)
            image->data[(size_t)y * image->stride + (size_t)x] = (uint8_t)rp_random_u32(&random);
}

TEST(shrinking_gives_the_exact_mean_of_the_area_each_pixel_covers) {
    static const struct {
        int32_t width, height, to_width, to_height;
    } rows[] = {{1152, 256, 864, 192}, {97, 61, 31, 17}, {64, 64, 1, 1},
                {50, 40, 50, 39},      {1000, 3, 7, 3},  {5, 5, 5, 5}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        rp_arena arena = {0};
        rp_page_image from = {0}, to = {0};
        REQUIRE(rp_page_image_make(&from, &arena, rows[i].width, rows[i].height, "", NULL) ==
                RP_OK);
        REQUIRE(rp_page_image_make(&to, &arena, rows[i].to_width, rows[i].to_height, "", NULL) ==
                RP_OK);
        fill_with_noise(&from, i);
        REQUIRE(rp_page_image_resize(&to, &from, &arena, NULL) == RP_OK);
        const double sx = (double)from.width / to.width, sy = (double)from.height / to.height;
        for (int32_t y = 0; y < to.height; y++)
            for (int32_t x = 0; x < to.width; x++)
                CHECK_NEAR(to.data[(size_t)y * to.stride + (size_t)x],
                           area_mean(&from, x * sx, (x + 1) * sx, y * sy, (y + 1) * sy),
                           0.6); /* rounding to a byte, and of each weight to 1/65536 */
        rp_arena_clear(&arena);
    }
}

TEST(flat_pictures_keep_their_value_whatever_the_scale) {
    for (int32_t size = 1; size < 60; size += 7) {
        for (int value = 0; value < 256; value += 51) {
            rp_arena arena = {0};
            rp_page_image from = {0}, to = {0};
            REQUIRE(rp_page_image_make(&from, &arena, 23, 17, "", NULL) == RP_OK);
            REQUIRE(rp_page_image_make(&to, &arena, size, 2 * size, "", NULL) == RP_OK);
            rp_page_image_fill(&from, (uint8_t)value);
            REQUIRE(rp_page_image_resize(&to, &from, &arena, NULL) == RP_OK);
            for (int32_t y = 0; y < to.height; y++)
                for (int32_t x = 0; x < to.width; x++)
                    CHECK_INT(to.data[(size_t)y * to.stride + (size_t)x], value);
            rp_arena_clear(&arena);
        }
    }
}

TEST(growing_interpolates_between_pixel_centres) {
    rp_arena arena = {0};
    rp_page_image from = {0}, to = {0};
    REQUIRE(rp_page_image_make(&from, &arena, 2, 1, "", NULL) == RP_OK);
    REQUIRE(rp_page_image_make(&to, &arena, 4, 1, "", NULL) == RP_OK);
    from.data[0] = 0, from.data[1] = 200;
    REQUIRE(rp_page_image_resize(&to, &from, &arena, NULL) == RP_OK);
    static const uint8_t expected[] = {0, 50, 150, 200};
    for (int i = 0; i < 4; i++) CHECK_INT(to.data[i], expected[i]);
    rp_arena_clear(&arena);
}

TEST(a_scaled_copy_keeps_the_proportions) {
    rp_arena arena = {0};
    rp_page_image from = {0}, to = {0};
    REQUIRE(rp_page_image_make(&from, &arena, 1001, 256, "", NULL) == RP_OK);
    rp_page_image_fill(&from, 255);
    REQUIRE(rp_page_image_scale(&to, &from, 192, &arena, NULL) == RP_OK);
    CHECK_INT(to.width, 751);
    CHECK_INT(to.height, 192);
    rp_arena_clear(&arena);
}

TEST(a_part_is_cut_at_the_edges_and_may_be_empty) {
    rp_arena arena = {0};
    rp_page_image image = {0};
    REQUIRE(rp_page_image_make(&image, &arena, 30, 20, "", NULL) == RP_OK);
    fill_with_noise(&image, 1);
    const rp_page_image part = rp_page_image_part(&image, (rp_page_box){-5, 5, 10, 99});
    CHECK_INT(part.width, 10);
    CHECK_INT(part.height, 15);
    CHECK(part.data == image.data + 5 * image.stride);
    CHECK_INT(rp_page_image_part(&image, (rp_page_box){40, 5, 50, 9}).width, 0);
    CHECK_INT(rp_page_image_part(&image, (rp_page_box){4, 9, 50, 5}).height, 0);
    rp_arena_clear(&arena);
}

TEST(sizes_beyond_the_limits_are_refused_with_their_numbers) {
    rp_arena arena = {0};
    rp_page_image image = {0};
    rp_error error = {0};
    CHECK_INT(rp_page_image_make(&image, &arena, 0, 5, "x.png", &error), RP_INPUT);
    CHECK_INT(rp_page_image_make(&image, &arena, 65000, 65000, "x.png", &error), RP_INPUT);
    CHECK(strstr(error.text, "65000 x 65000") != NULL);
    CHECK_INT(rp_page_image_make(&image, &arena, INT64_MAX, INT64_MAX, "x.png", &error), RP_INPUT);
    rp_arena_clear(&arena);
}

TEST(memory_running_out_is_said) {
    for (size_t limit = 1 << 16; limit < 1 << 20; limit += 1 << 16) {
        rp_arena arena = {.limit_bytes = limit};
        rp_page_image from = {0}, to = {0};
        rp_error error = {0};
        rp_status status = rp_page_image_make(&from, &arena, 700, 300, "", &error);
        if (status == RP_OK) rp_page_image_fill(&from, 9);
        if (status == RP_OK) status = rp_page_image_scale(&to, &from, 192, &arena, &error);
        CHECK(status == RP_OK || (status == RP_SYSTEM && error.text[0] != 0));
        CHECK(status == RP_OK || limit < 900000);
        rp_arena_clear(&arena);
    }
}
