#include "page/crop.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "drawn_page.h"
#include "page/ink.h"
#include "page/staves.h"

static double overlap(rp_page_box a, rp_page_box b) {
    const double width = fmin(a.right, b.right) - fmax(a.left, b.left);
    const double height = fmin(a.bottom, b.bottom) - fmax(a.top, b.top);
    const double both = fmax(0, width) * fmax(0, height);
    const double first = (double)(a.right - a.left) * (a.bottom - a.top);
    const double second = (double)(b.right - b.left) * (b.bottom - b.top);
    return both / (first + second - both);
}

/* Finds the systems of the image and checks that they are exactly those of the boxes, in order. */
static void check_systems(rp_page_systems *systems, const rp_page_image *image,
                          const rp_page_box *boxes, size_t count, double space, const char *what,
                          rp_arena *arena) {
    rp_error error = {0};
    const rp_status status = rp_page_find_systems(systems, image, what, arena, &error);
    if (status != RP_OK || systems->count != count)
        check_failed(__FILE__, __LINE__, "%s: %zu systems, %zu staves; %s", what, systems->count,
                     systems->staves, error.text);
    else
        for (size_t i = 0; i < count; i++) {
            const double same = overlap(systems->systems[i].box, boxes[i]);
            if (same < 0.9) check_failed(__FILE__, __LINE__, "%s: overlap %.3f", what, same);
            CHECK_NEAR(systems->systems[i].staff_space, space, 0.05 * space);
            CHECK(systems->systems[i].confidence > 0.2 && systems->systems[i].confidence <= 1);
        }
}

/* Finds the systems of the drawn page and checks that they are exactly the ones drawn. */
static void check_page(const drawn_page *page, const char *what) {
    rp_arena arena = {0};
    rp_page_box boxes[20];
    const rp_page_image image = drawn_page_make(page, boxes, &arena);
    rp_page_systems systems;
    check_systems(&systems, &image, boxes, (size_t)page->systems, page->space, what, &arena);
    rp_arena_clear(&arena);
}

TEST(systems_of_a_clean_page_are_found_at_any_resolution) {
    for (double space = 7; space < 60; space *= 1.5) {
        drawn_page page = drawn_page_plain;
        page.space = space;
        page.thickness = fmax(1, 0.12 * space);
        page.width = (int32_t)(120 * space);
        page.height = (int32_t)(110 * space);
        char what[32];
        snprintf(what, sizeof what, "space %.0f", space);
        check_page(&page, what);
    }
}

TEST(skew_of_two_degrees_either_way_is_no_obstacle) {
    for (double slope = -0.035; slope <= 0.036; slope += 0.0175) {
        drawn_page page = drawn_page_plain;
        page.slope = slope;
        check_page(&page, "skewed");
        rp_arena arena = {0};
        rp_page_box boxes[4];
        const rp_page_image image = drawn_page_make(&page, boxes, &arena);
        rp_page_systems systems;
        REQUIRE(rp_page_find_systems(&systems, &image, "", &arena, NULL) == RP_OK);
        CHECK_NEAR(systems.skew_radians, atan(slope), 0.002);
        rp_arena_clear(&arena);
    }
}

TEST(bent_pages_broken_lines_borders_and_noise_are_no_obstacle) {
    drawn_page page = drawn_page_plain;
    page.bend = 18;
    check_page(&page, "bent");
    page.bend = -18;
    page.slope = 0.02;
    check_page(&page, "bent and skewed");
    page = drawn_page_plain;
    page.broken = 0.3;
    check_page(&page, "broken lines");
    page = drawn_page_plain;
    page.has_border = true;
    check_page(&page, "black borders");
    page = drawn_page_plain;
    page.noise = 0.01;
    check_page(&page, "noise");
    page.broken = 0.15;
    page.slope = -0.02;
    page.bend = 6;
    page.has_border = true;
    check_page(&page, "everything");
}

TEST(pairs_are_found_by_any_one_of_their_joints) {
    for (int kept = 0; kept < 3; kept++) {
        drawn_page page = drawn_page_plain;
        page.has_brace = kept == 0;
        page.has_barlines = kept == 1;
        page.has_left_line = kept == 2;
        check_page(&page, (const char *[]){"brace only", "barlines only", "line only"}[kept]);
    }
}

TEST(piano_staves_are_found_among_voices) {
    for (int voices = 1; voices <= 3; voices++) {
        drawn_page page = drawn_page_plain;
        page.voices = voices;
        page.systems = 2;
        check_page(&page, "voices");
        page.has_brace = false;
        check_page(&page, "voices, no brace");
        page.has_brace = true;
        page.has_barlines = false;
        check_page(&page, "voices, no barlines");
    }
}

/* -- side by side ------------------------------------------------------------------------------ */

/* Two pages of a book in one picture, the right one's systems `down` px lower, `gutter` spaces
 * between their staves. */
static void check_spread(double down, double gutter, double slope, const char *what) {
    rp_arena arena = {0};
    rp_page_box boxes[8];
    rp_page_systems systems;
    drawn_page page = drawn_page_plain;
    page.width = 2400;
    page.slope = slope;
    page.left = 0.05;
    page.right = 0.5 - gutter * page.space / 2 / page.width;
    page.top = 60 + fmax(0, -slope * page.width);
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    page.left = 1 - page.right;
    page.right = 0.95;
    page.top += down;
    page.seed = 2;
    drawn_page_add(&image, &page, boxes + 4);
    check_systems(&systems, &image, boxes, 8, page.space, what, &arena);
    for (size_t i = 0; i < systems.count; i++)
        CHECK_NEAR(i < 4 ? systems.systems[i].reach_right : systems.systems[i].reach_left,
                   gutter * page.space / 2, 0.7 * page.space);
    rp_arena_clear(&arena);
}

TEST(of_two_pages_side_by_side_the_left_one_is_read_first) {
    check_spread(0, 30, 0, "spread");
    check_spread(0, 10, 0, "spread, narrow gutter");
    check_spread(0, 8, 0.02, "spread, skewed");
    check_spread(0, 8, -0.02, "spread, skewed upwards");
    check_spread(3, 9, 0, "spread, one page a little lower");
    check_spread(80, 30, 0, "spread, one page lower");
    check_spread(105, 10, 0, "spread, upper staves at the height of lower ones");
    check_spread(140, 10, 0, "spread, far lower");
}

/* Two full lines, and a third of two systems, of which the right one starts at `start`. */
static void check_coda(double start, double gap, int voices, const char *what) {
    rp_arena arena = {0};
    rp_page_box boxes[4];
    rp_page_systems systems;
    drawn_page page = drawn_page_plain;
    page.systems = 2;
    page.voices = voices;
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    page.top = 5 * page.space + 2 * (voices * 12 + 23) * page.space;
    page.systems = 1;
    page.right = start - gap * page.space / page.width;
    drawn_page_add(&image, &page, boxes + 2);
    page.left = start;
    page.right = 0.94;
    drawn_page_add(&image, &page, boxes + 3);
    check_systems(&systems, &image, boxes, 4, page.space, what, &arena);
    if (systems.count == 4) {
        const rp_page_system *coda = &systems.systems[3];
        CHECK_NEAR(systems.systems[2].reach_right, gap * page.space / 2, page.space);
        CHECK_NEAR(coda->reach_left, gap * page.space / 2, page.space);
        CHECK_INT(systems.systems[0].reach_right + systems.systems[1].reach_left, 0);
        rp_page_image crop = {0};
        CHECK_INT(rp_page_crop_system(&crop, &image, coda, RP_FRAME_HALF, 128, &arena, NULL),
                  RP_OK);
        CHECK(rp_page_crop_to_page(coda, &image, &crop, 0) >= coda->box.left - coda->reach_left);
    }
    rp_arena_clear(&arena);
}

TEST(a_coda_beside_the_last_system_is_read_after_it) {
    check_coda(0.6, 8, 0, "coda");
    check_coda(0.7, 5, 0, "coda, close");
    check_coda(0.75, 15, 0, "coda, far off");
    check_coda(0.6, 6, 1, "coda of a song");
}

/* What a stain or a tear leaves of the lines is one staff still. */
TEST(a_gap_that_no_barline_ends_does_not_part_a_system) {
    rp_arena arena = {0};
    rp_page_box boxes[4];
    rp_page_systems systems;
    const rp_page_image image = drawn_page_make(&drawn_page_plain, boxes, &arena);
    for (int i = 0; i < 4; i++) {
        rp_page_box hole = boxes[i];
        hole.left += 140;
        hole.right = hole.left + 45;
        if (i % 2 == 0) hole.bottom = hole.top + 50; /* the upper staff alone, beside a barline */
        if (i % 2 == 0) hole.left += 104, hole.right += 104;
        const rp_page_image part = rp_page_image_part(&image, hole);
        rp_page_image_fill(&part, 255);
    }
    check_systems(&systems, &image, boxes, 4, drawn_page_plain.space, "holes", &arena);
    rp_arena_clear(&arena);
}

/* -- what is no music ------------------------------------------------------------------------- */

static void fill(const rp_page_image *image, const char *kind) {
    rp_random random = rp_random_make(4, 4);
    double cloud = 128;
    for (int32_t y = 0; y < image->height; y++)
        for (int32_t x = 0; x < image->width; x++) {
            uint8_t *at = &image->data[(size_t)y * image->stride + (size_t)x];
            cloud += rp_random_between(&random, -6, 6) + 0.02 * (128 - cloud);
            if (kind[0] == 'w') *at = 255;
            else if (kind[0] == 'b') *at = 0;
            else if (kind[0] == 'n') *at = (uint8_t)rp_random_u32(&random);
            else if (kind[0] == 'p')
                *at = (uint8_t)fmin(255, fmax(0, cloud + 60 * sin(x * 0.01) * cos(y * 0.013)));
            else if (kind[0] == 's') *at = y % 12 < 2 ? 0 : 255; /* ruled paper */
            else *at = (x / 9 + y / 11) % 3 == 0 ? 20 : 240;     /* tiles */
        }
}

TEST(pages_without_music_say_so) {
    static const char *const kinds[] = {"white", "black", "noise", "photo", "stripes", "tiles"};
    static const int32_t sizes[][2] = {{1, 1}, {3, 700}, {900, 4}, {640, 480}, {20000, 60}};
    for (size_t k = 0; k < RP_COUNT(kinds); k++)
        for (size_t i = 0; i < RP_COUNT(sizes); i++) {
            rp_arena arena = {0};
            rp_page_image image = {0};
            REQUIRE(rp_page_image_make(&image, &arena, sizes[i][0], sizes[i][1], "", NULL) ==
                    RP_OK);
            fill(&image, kinds[k]);
            rp_page_systems systems;
            rp_error error = {0};
            const rp_status status =
                rp_page_find_systems(&systems, &image, "x.png", &arena, &error);
            if (status != RP_NO)
                check_failed(__FILE__, __LINE__, "%s %d x %d: %d", kinds[k], sizes[i][0],
                             sizes[i][1], status);
            CHECK(strncmp(error.text, "x.png: no ", 10) == 0);
            CHECK_INT(systems.count, 0);
            rp_arena_clear(&arena);
        }
}

/* The drawn page has staves, eight of them, and no piano. */
static void check_no_piano(const drawn_page *page) {
    rp_arena arena = {0};
    rp_page_box boxes[4];
    const rp_page_image image = drawn_page_make(page, boxes, &arena);
    rp_page_systems systems;
    rp_error error = {0};
    CHECK_INT(rp_page_find_systems(&systems, &image, "x", &arena, &error), RP_NO);
    CHECK_INT(systems.staves, 8);
    CHECK(strstr(error.text, "of 8 staves no two are joined") != NULL);
    rp_arena_clear(&arena);
}

TEST(single_staves_are_seen_but_are_no_piano_system) {
    drawn_page page = drawn_page_plain;
    page.has_brace = page.has_barlines = page.has_left_line = false;
    check_no_piano(&page);
}

/* Four staves with barlines through all of them: no two belong together more than others, unless a
 * brace says so. */
TEST(a_quartet_is_no_piano) {
    drawn_page page = drawn_page_plain;
    page.systems = 2;
    page.voices = 2;
    page.has_long_barlines = true;
    check_page(&page, "a piano whose barlines go through the voices");
    page.has_brace = false;
    check_no_piano(&page);
}

/* Barlines that join two and two, or the upper two alone, make no piano of what a bracket holds
 * together; braces do. */
TEST(a_quartet_in_a_bracket_is_no_piano_whatever_its_barlines_join) {
    drawn_page page = drawn_page_plain;
    page.systems = 2;
    page.voices = 2;
    page.has_bracket = true;
    page.has_brace = false;
    page.has_voice_barlines = true;
    check_no_piano(&page);
    page.slope = 0.02;
    check_no_piano(&page);
    page.slope = 0;
    page.has_barlines = false;
    check_no_piano(&page);
    page.has_barlines = page.has_brace = page.has_voice_brace = true;
    page.has_bracket = false;
    rp_arena arena = {0};
    rp_page_box boxes[4];
    rp_page_systems systems;
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    CHECK_INT(rp_page_find_systems(&systems, &image, "two pianos", &arena, NULL), RP_OK);
    CHECK_INT(systems.count, 4);
    rp_arena_clear(&arena);
    page.has_voice_brace = page.has_voice_barlines = false;
    page.has_bracket = true;
    page.has_brace = false;
    check_page(&page, "a piano below two voices, whose brace cannot be told from a bracket");
}

TEST(memory_running_out_is_said_wherever_it_happens) {
    rp_arena arena = {0};
    drawn_page page = drawn_page_plain;
    page.systems = 1;
    page.height = 400;
    rp_page_box boxes[4];
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    bool has_succeeded = false;
    for (size_t limit = 1 << 16; limit < 6 << 20; limit += 1 << 16) {
        rp_arena small = {.limit_bytes = limit};
        rp_page_systems systems;
        rp_page_image crop = {0};
        rp_status status = rp_page_find_systems(&systems, &image, "x", &small, NULL);
        if (status == RP_OK)
            status = rp_page_crop_system(&crop, &image, &systems.systems[0], RP_FRAME_HALF, 256,
                                         &small, NULL);
        CHECK(status == RP_OK || status == RP_SYSTEM);
        CHECK(!has_succeeded || status == RP_OK);
        has_succeeded = has_succeeded || status == RP_OK;
        rp_arena_clear(&small);
    }
    CHECK(has_succeeded);
    rp_arena_clear(&arena);
}

TEST(ink_is_found_under_uneven_light) {
    rp_arena arena = {0};
    rp_page_image image = {0}, ink = {0};
    REQUIRE(rp_page_image_make(&image, &arena, 300, 200, "", NULL) == RP_OK);
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 300; x++) {
            const double light = 0.4 + 0.6 * x / 300;
            const bool is_ink = y % 20 < 3;
            image.data[(size_t)y * image.stride + (size_t)x] =
                (uint8_t)(light * (is_ink ? 90 : 240));
        }
    REQUIRE(rp_page_ink_make(&ink, &image, &arena, NULL) == RP_OK);
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 300; x++)
            CHECK_INT(ink.data[(size_t)y * ink.stride + (size_t)x], y % 20 < 3);
    rp_arena_clear(&arena);
}
