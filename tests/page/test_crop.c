/* test_crop.c: systems cut out as a network reads them, and the one system of an image. */
#include "page/crop.h"

#include "check.h"
#include "drawn_page.h"
#include "page/lone_system.h"

/* The first row from `y` on whose pixel in column x is ink. */
static int32_t ink_below(const rp_page_image *image, int32_t x, int32_t y) {
    while (y < image->height && image->data[(size_t)y * image->stride + (size_t)x] > 160) y++;
    return y;
}

TEST(a_crop_is_straight_centred_and_twice_the_staves_high) {
    drawn_page page = drawn_page_plain;
    page.slope = 0.03;
    page.bend = 10;
    page.has_notes = false;
    rp_arena arena = {0};
    rp_page_box boxes[4];
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    rp_page_systems systems;
    REQUIRE(rp_page_find_systems(&systems, &image, "", &arena, NULL) == RP_OK);
    REQUIRE(systems.count == 4);
    rp_page_image crop = {0};
    REQUIRE(rp_page_crop_system(&crop, &image, &systems.systems[1], RP_FRAME_HALF, 256, &arena,
                                NULL) == RP_OK);
    CHECK_INT(crop.height, 256);
    /* The staves are 14 spaces high and stand in the middle half: top line at 64, bottom at 192;
     * they are as wide as drawn. */
    const double scale = 256 / (28 * page.space);
    CHECK_NEAR(crop.width, (0.85 * page.width + 14 * page.space) * scale, 25);
    const int32_t left = (int32_t)(0.09 * page.width * scale);
    for (int32_t x = left; x < crop.width - left; x += 7) {
        int32_t first = 0, last = 255;
        while (first < 255 && crop.data[(size_t)first * crop.stride + (size_t)x] > 160) first++;
        while (last > 0 && crop.data[(size_t)last * crop.stride + (size_t)x] > 160) last--;
        CHECK_NEAR(first, 64, 3);
        CHECK_NEAR(last, 192, 3);
    }
    rp_arena_clear(&arena);
}

TEST(a_crop_at_the_edge_goes_on_as_paper) {
    drawn_page page = drawn_page_plain;
    page.systems = 1;
    rp_arena arena = {0};
    rp_page_box boxes[1];
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    /* Two spaces above the staves are left. */
    const int32_t top = boxes[0].top - (int32_t)(2 * page.space);
    const rp_page_image cut = rp_page_image_part(
        &image, (rp_page_box){0, top, page.width, boxes[0].bottom + (int32_t)(7 * page.space)});
    rp_page_image crop = {0};
    rp_page_system system;
    REQUIRE(rp_page_straighten(&crop, &system, &cut, "", RP_FRAME_HALF, 256, &arena, NULL) ==
            RP_OK);
    int32_t first = 0;
    while (first < 255 && crop.data[(size_t)first * crop.stride + 400] > 160) first++;
    CHECK_NEAR(first, 64, 3); /* where it is in every crop */
    rp_arena_clear(&arena);
}

TEST(of_several_systems_the_middle_one_is_the_images) {
    drawn_page page = drawn_page_plain;
    page.systems = 3;
    rp_arena arena = {0};
    rp_page_box boxes[3];
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    for (int i = 0; i < 3; i++) {
        /* As much above as below, whatever that shows of the others. */
        const int32_t middle = (boxes[i].top + boxes[i].bottom) / 2;
        const int32_t half = middle < image.height - middle ? middle : image.height - middle;
        const rp_page_image part =
            rp_page_image_part(&image, (rp_page_box){0, middle - half, page.width, middle + half});
        rp_page_system system;
        REQUIRE(rp_page_find_system(&system, &part, "", &arena, NULL) == RP_OK);
        CHECK_NEAR(system.box.top, boxes[i].top - (middle - half), 3);
        CHECK_NEAR(system.box.bottom, boxes[i].bottom - (middle - half), 3);
    }
    rp_arena_clear(&arena);
}

TEST(an_image_without_a_system_is_taken_as_it_is) {
    rp_arena arena = {0};
    rp_page_image image = {0}, crop = {0};
    REQUIRE(rp_page_image_make(&image, &arena, 600, 512, "", NULL) == RP_OK);
    rp_page_image_fill(&image, 128);
    rp_page_system system;
    REQUIRE(rp_page_straighten(&crop, &system, &image, "", RP_FRAME_HALF, 256, &arena, NULL) ==
            RP_OK);
    CHECK_INT(crop.width, 300);
    CHECK_INT(crop.height, 256);
    CHECK_INT(crop.data[0], 128);
    rp_arena_clear(&arena);
}

/* -- level crops ------------------------------------------------------------------------------ */

TEST(in_a_level_crop_each_line_has_its_row) {
    for (double gap = 4; gap <= 14; gap += 2.5) {
        drawn_page page = drawn_page_plain;
        page.has_notes = false;
        page.gap = gap;
        page.systems = 2;
        page.slope = 0.01;
        rp_arena arena = {0};
        rp_page_box boxes[2];
        const rp_page_image image = drawn_page_make(&page, boxes, &arena);
        rp_page_systems systems;
        REQUIRE(rp_page_find_systems(&systems, &image, "", &arena, NULL) == RP_OK);
        rp_page_image crop = {0};
        REQUIRE(rp_page_crop_system(&crop, &image, &systems.systems[0], RP_FRAME_LEVEL, 248, &arena,
                                    NULL) == RP_OK);
        /* 31 spaces of 8 px: 7, two staves of 4 with 9 between, 7. */
        for (int staff = 0; staff < 2; staff++)
            for (int line = 0; line < 5; line++) {
                const int32_t row = (7 + 13 * staff + line) * 8;
                CHECK_NEAR(ink_below(&crop, crop.width / 3, row - 4), row, 1.5);
            }
        rp_arena_clear(&arena);
    }
}

TEST(columns_lead_to_the_page_and_back) {
    drawn_page page = drawn_page_plain;
    rp_arena arena = {0};
    rp_page_box boxes[4];
    const rp_page_image image = drawn_page_make(&page, boxes, &arena);
    rp_page_systems systems;
    REQUIRE(rp_page_find_systems(&systems, &image, "", &arena, NULL) == RP_OK);
    for (int frame = RP_FRAME_HALF; frame <= RP_FRAME_LEVEL; frame++) {
        const rp_page_system *system = &systems.systems[2];
        rp_page_image crop = {0};
        REQUIRE(rp_page_crop_system(&crop, &image, system, (rp_page_frame)frame, 256, &arena,
                                    NULL) == RP_OK);
        const double left = rp_page_to_crop(system, &image, &crop, system->box.left);
        CHECK_NEAR(rp_page_crop_to_page(system, &image, &crop, left), system->box.left, 1e-6);
        /* The line at the staves' left end is where it is said to be. */
        const int32_t between = crop.height / 2;
        int32_t x = (int32_t)left - 4;
        while (x < crop.width && crop.data[(size_t)between * crop.stride + (size_t)x] > 160) x++;
        CHECK_NEAR(x, left, 3);
    }
    rp_arena_clear(&arena);
}

/* -- small images ----------------------------------------------------------------------------- */

TEST(lines_thinner_than_a_pixel_are_found_by_their_rows) {
    for (double gap = 5; gap <= 16; gap += 1.7) {
        drawn_page page = drawn_page_plain;
        page.systems = 1;
        page.gap = gap;
        page.space = 12;
        page.thickness = 1.5;
        rp_arena arena = {0};
        rp_page_box boxes[1];
        const rp_page_image image = drawn_page_make(&page, boxes, &arena);
        const int32_t half = (int32_t)((8 + gap) * page.space / 2);
        const rp_page_image part = rp_page_image_part(
            &image, (rp_page_box){0, boxes[0].top - half < 0 ? 0 : boxes[0].top - half, page.width,
                                  boxes[0].bottom + half});
        rp_page_image small = {0};
        REQUIRE(rp_page_image_scale(&small, &part, 200, &arena, NULL) == RP_OK);
        const double scale = 200.0 / part.height;
        rp_page_system system;
        REQUIRE(rp_page_find_system(&system, &small, "", &arena, NULL) == RP_OK);
        CHECK_NEAR(system.staff_space, page.space * scale, 0.1);
        const double above = boxes[0].top - half < 0 ? boxes[0].top : half;
        CHECK_NEAR(system.top[0], above * scale, 1.2);
        CHECK_NEAR(system.bottom[1], (above + (8 + gap) * page.space) * scale, 1.2);
        rp_arena_clear(&arena);
    }
}
