#include "page/augment.h"

#include <stdlib.h>

#include "check.h"
#include "page/displace.h"

enum { WIDTH = 300, HEIGHT = 192 };

/* Staff lines, barlines and blobs: enough like a system for what is checked here. */
static rp_page_image picture(rp_arena *arena) {
    rp_page_image image = {0};
    if (rp_page_image_make(&image, arena, WIDTH, HEIGHT, "t", NULL) != RP_OK) return image;
    rp_page_image_fill(&image, 255);
    rp_random random = rp_random_make(1, 1);
    for (int staff = 0; staff < 2; staff++)
        for (int line = 0; line < 5; line++)
            memset(image.data + (size_t)(52 + staff * 60 + line * 7) * image.stride + 20, 0, 260);
    memset(image.data + 6 * image.stride + 100, 0, 80); /* the neighbours */
    memset(image.data + 185 * image.stride + 100, 0, 80);
    for (int x = 20; x < 280; x += 64)
        for (int y = 52; y < 140; y++) image.data[(size_t)y * image.stride + (size_t)x] = 0;
    for (int note = 0; note < 30; note++) {
        const uint32_t x = 24 + rp_random_below(&random, 240),
                       y = 45 + rp_random_below(&random, 90);
        for (uint32_t k = 0; k < 6; k++) memset(image.data + (y + k) * image.stride + x, 0, 8);
    }
    return image;
}

static rp_status apply(rp_page_image *image, const rp_page_image *source, const char *words,
                       uint64_t seed, rp_arena *arena) {
    rp_page_augment_list list = {0};
    if (rp_page_augment_parse(&list, words, NULL) != RP_OK) return RP_USAGE;
    rp_random random = rp_random_make(seed, 5);
    return rp_page_augment_apply(image, source, &list, 0, &random, arena, NULL);
}

static bool is_same(const rp_page_image *a, const rp_page_image *b) {
    if (a->width != b->width || a->height != b->height) return false;
    for (int32_t y = 0; y < a->height; y++)
        if (memcmp(a->data + (size_t)y * a->stride, b->data + (size_t)y * b->stride,
                   (size_t)a->width) != 0)
            return false;
    return true;
}

static double mean(const rp_page_image *image) {
    double sum = 0;
    for (int32_t y = 0; y < image->height; y++)
        for (int32_t x = 0; x < image->width; x++)
            sum += image->data[(size_t)y * image->stride + (size_t)x];
    return sum / ((double)image->width * image->height);
}

TEST(the_same_seed_gives_the_same_bytes_and_the_source_stays) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena), kept = picture(&arena);
    int changed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        rp_page_image a = {0}, b = {0};
        REQUIRE(apply(&a, &source, "published", seed, &arena) == RP_OK);
        REQUIRE(apply(&b, &source, "published", seed, &arena) == RP_OK);
        CHECK(is_same(&a, &b));
        CHECK_INT(a.height, HEIGHT);
        CHECK(a.width >= WIDTH - 8 && a.width <= WIDTH + 8);
        changed += !is_same(&a, &source);
    }
    CHECK(changed >= 38);
    CHECK(is_same(&source, &kept));
    rp_arena_clear(&arena);
}

TEST(none_is_a_copy) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    rp_page_image copy = {0};
    REQUIRE(apply(&copy, &source, "none", 1, &arena) == RP_OK);
    CHECK(is_same(&copy, &source) && copy.data != source.data);
    rp_arena_clear(&arena);
}

TEST(words_name_lists_and_rows_with_probabilities) {
    rp_page_augment_list list = {0};
    REQUIRE(rp_page_augment_parse(&list, "published,n=0,c=0.25", NULL) == RP_OK);
    CHECK_INT(list.count, 8);
    CHECK_TEXT(list.rows[0].name, "h");
    CHECK_NEAR(list.rows[5].probability, 0, 0);
    CHECK_NEAR(list.rows[6].probability, 0.25, 0);
    static const char *const wrong[] = {"publish", "n=2", "n=", "n=x", "n=-1", "none=1", "n =1"};
    for (size_t i = 0; i < RP_COUNT(wrong); i++) {
        rp_error error = {0};
        CHECK_INT(rp_page_augment_parse(&list, wrong[i], &error), RP_USAGE);
        CHECK(strstr(error.text, wrong[i]) != NULL);
    }
}

TEST(published_shifts_move_and_fill_with_paper) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    bool seen[17] = {false};
    for (uint64_t seed = 0; seed < 300; seed++) {
        rp_arena work = {0};
        rp_page_image image = {0};
        REQUIRE(apply(&image, &source, "h=1", seed, &work) == RP_OK);
        const int32_t move = image.width - WIDTH;
        seen[move + 8] = true;
        for (int32_t x = 0; x < image.width; x++)
            CHECK_INT(image.data[60 * image.stride + (size_t)x],
                      x < move ? 255 : source.data[60 * source.stride + (size_t)(x - move)]);
        REQUIRE(apply(&image, &source, "v=1", seed, &work) == RP_OK);
        CHECK_INT(image.height, HEIGHT);
        CHECK_NEAR(mean(&image), mean(&source), 1e-9); /* the margins are white */
        rp_arena_clear(&work);
    }
    for (int i = 0; i < 17; i++) CHECK(seen[i]);
    rp_arena_clear(&arena);
}

TEST(thin_is_never_darker_and_thick_never_lighter) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    int thinner = 0, thicker = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        rp_page_image image = {0};
        REQUIRE(apply(&image, &source, "de=1", seed, &arena) == RP_OK);
        bool darker = false, lighter = false;
        for (int32_t y = 0; y < HEIGHT; y++)
            for (int32_t x = 0; x < WIDTH; x++) {
                const int was = source.data[(size_t)y * source.stride + (size_t)x];
                const int is = image.data[(size_t)y * image.stride + (size_t)x];
                darker = darker || is < was, lighter = lighter || is > was;
            }
        CHECK(darker != lighter);
        thinner += lighter, thicker += darker;
    }
    CHECK(thinner > 8 && thicker > 8);
    rp_arena_clear(&arena);
}

TEST(noise_hits_as_often_as_it_should) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    double flipped = 0;
    enum { ROUNDS = 200 };
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        rp_arena work = {0};
        rp_page_image image = {0};
        REQUIRE(apply(&image, &source, "n=1", seed, &work) == RP_OK);
        for (int32_t y = 0; y < HEIGHT; y++)
            for (int32_t x = 0; x < WIDTH; x++)
                flipped += source.data[(size_t)y * source.stride + (size_t)x] !=
                           image.data[(size_t)y * image.stride + (size_t)x];
        rp_arena_clear(&work);
    }
    /* Mean chance 0.005; its deviation over 200 draws is 0.01 / sqrt(12 * 200) = 0.0002. */
    CHECK_NEAR(flipped / ROUNDS / (WIDTH * HEIGHT), 0.005, 0.0008);
    rp_arena_clear(&arena);
}

TEST(edge_noise_leaves_paper_and_solid_ink_alone) {
    rp_arena arena = {0};
    rp_page_image source = {0}, image = {0};
    REQUIRE(rp_page_image_make(&source, &arena, 64, 64, "t", NULL) == RP_OK);
    rp_page_image_fill(&source, 255);
    for (int y = 20; y < 40; y++) memset(source.data + (size_t)y * source.stride + 20, 0, 20);
    int flipped = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        REQUIRE(apply(&image, &source, "en3=1", seed, &arena) == RP_OK);
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++) {
                const int near_x = x < 30 ? x - 20 : 39 - x, near_y = y < 30 ? y - 20 : 39 - y;
                const int depth = near_x < near_y ? near_x : near_y; /* 0: outermost ink */
                const bool is_edge = depth == 0 || depth == -1;
                const bool is_flipped = source.data[(size_t)y * source.stride + (size_t)x] !=
                                        image.data[(size_t)y * image.stride + (size_t)x];
                CHECK(!is_flipped || is_edge);
                flipped += is_flipped;
            }
    }
    CHECK_NEAR(flipped / 20.0 / 160, 0.1, 0.04); /* about 160 edge pixels, mean chance 0.1 */
    rp_arena_clear(&arena);
}

TEST(a_rotation_there_and_back_is_nearly_nothing_and_white_outside) {
    rp_arena arena = {0};
    rp_page_image source = {0}, there = {0}, back = {0};
    REQUIRE(rp_page_image_make(&source, &arena, 101, 81, "t", NULL) == RP_OK);
    for (int y = 0; y < 81; y++)
        for (int x = 0; x < 101; x++)
            source.data[(size_t)y * source.stride + (size_t)x] =
                (uint8_t)(x + 2 * y > 130 ? 200 : 55);
    REQUIRE(rp_page_image_make(&there, &arena, 101, 81, "t", NULL) == RP_OK);
    REQUIRE(rp_page_image_make(&back, &arena, 101, 81, "t", NULL) == RP_OK);
    for (int sign = -1; sign <= 1; sign += 2) {
        rp_page_displace displace;
        const double centre[2] = {50, 40};
        REQUIRE(rp_page_displace_make(&displace, 101, 81, &arena));
        rp_page_displace_rotate(&displace, 101, 81, sign * 0.3, centre);
        rp_page_displace_apply(&there, &source, &displace);
        CHECK_INT(there.data[0], 255); /* the corner came from outside */
        rp_page_displace_rotate(&displace, 101, 81, -sign * 0.3, centre);
        rp_page_displace_apply(&back, &there, &displace);
        double difference = 0;
        for (int y = 25; y < 55; y++)
            for (int x = 25; x < 75; x++)
                difference += abs(back.data[(size_t)y * back.stride + (size_t)x] -
                                  source.data[(size_t)y * source.stride + (size_t)x]);
        CHECK(difference / (30 * 50) < 6);
    }
    rp_arena_clear(&arena);
}

TEST(contrast_and_brightness_stay_within_their_ranges) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    double least = 1e9, most = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        rp_page_image image = {0};
        REQUIRE(apply(&image, &source, "b=1", seed, &arena) == RP_OK);
        least = fmin(least, image.data[0]), most = fmax(most, image.data[60 * image.stride]);
    }
    CHECK(least >= 127 && least < 140); /* paper falls to no less than half */
    CHECK(most <= 255);
    rp_arena_clear(&arena);
}

/* "row=1" for row `i` of the list `words`. */
static const char *only(char *text, size_t size, const char *words, size_t i) {
    rp_page_augment_list list = {0};
    if (rp_page_augment_parse(&list, words, NULL) != RP_OK || i >= list.count) return NULL;
    snprintf(text, size, "%s=1", list.rows[i].name);
    return text;
}

TEST(every_row_of_print_changes_something_and_repeats_itself) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena), kept = picture(&arena);
    char text[64];
    size_t rows = 0;
    for (; only(text, sizeof text, "print", rows) != NULL; rows++) {
        int changed = 0;
        for (uint64_t seed = 0; seed < 12; seed++) {
            rp_arena work = {0};
            rp_page_image a = {0}, b = {0};
            REQUIRE(apply(&a, &source, text, seed, &work) == RP_OK);
            REQUIRE(apply(&b, &source, text, seed, &work) == RP_OK);
            CHECK(is_same(&a, &b));
            CHECK_INT(a.height, HEIGHT);
            CHECK(a.width > WIDTH / 4 && a.width <= WIDTH * 1.2);
            changed += !is_same(&a, &source);
            rp_arena_clear(&work);
        }
        if (changed < 6) check_failed(__FILE__, __LINE__, "%s changed %d of 12", text, changed);
    }
    CHECK(rows >= 20);
    CHECK(is_same(&source, &kept));
    rp_arena_clear(&arena);
}

TEST(ink_is_still_there_after_any_mixture) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    for (uint64_t seed = 0; seed < 100; seed++) {
        rp_arena work = {0};
        rp_page_image image = {0};
        REQUIRE(apply(&image, &source, "print", seed, &work) == RP_OK);
        int darkest = 255, lightest = 0;
        for (int32_t y = 0; y < image.height; y++)
            for (int32_t x = 0; x < image.width; x++) {
                const int value = image.data[(size_t)y * image.stride + (size_t)x];
                darkest = value < darkest ? value : darkest;
                lightest = value > lightest ? value : lightest;
            }
        CHECK(lightest - darkest > 60);
        rp_arena_clear(&work);
    }
    rp_arena_clear(&arena);
}

TEST(images_of_any_size_pass_through_every_row) {
    static const int32_t sizes[][2] = {{1, 1},  {2, 3},   {3, 2},    {17, 1},
                                       {1, 40}, {64, 16}, {900, 700}};
    for (size_t i = 0; i < RP_COUNT(sizes); i++) {
        rp_arena arena = {0};
        rp_page_image source = {0};
        REQUIRE(rp_page_image_make(&source, &arena, sizes[i][0], sizes[i][1], "t", NULL) == RP_OK);
        rp_page_image_fill(&source, 128);
        char text[64];
        for (size_t list = 0; list < 2; list++)
            for (size_t k = 0; only(text, sizeof text, list ? "print" : "published", k) != NULL;
                 k++)
                for (uint64_t seed = 0; seed < 3; seed++) {
                    rp_page_image image = {0};
                    CHECK_INT(apply(&image, &source, text, seed, &arena), RP_OK);
                    CHECK(image.width >= 1 && image.height == sizes[i][1]);
                }
        rp_arena_clear(&arena);
    }
}

TEST(memory_running_out_is_said_wherever_it_happens) {
    rp_arena arena = {0};
    const rp_page_image source = picture(&arena);
    for (size_t limit = 1 << 14; limit < 1 << 21; limit += 1 << 14) {
        rp_arena small = {.limit_bytes = limit};
        rp_page_image image = {0};
        const rp_status status = apply(&image, &source, "published,print", limit, &small);
        CHECK(status == RP_OK || status == RP_SYSTEM);
        CHECK((status == RP_OK) == (image.data != NULL));
        rp_arena_clear(&small);
    }
    rp_arena_clear(&arena);
}
