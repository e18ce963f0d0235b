#include "check.h"
#include "page/document.h"
#include "page/picture.h"

enum { WIDTH = 200, HEIGHT = 300 };

/* White paper with a black bar whose rows are `first` .. `first` + 9. */
static rp_page_image make_page(rp_arena *arena, int32_t first) {
    rp_page_image page = {0};
    if (rp_page_image_make(&page, arena, WIDTH, HEIGHT, "test", NULL) != RP_OK) return page;
    rp_page_image_fill(&page, 255);
    const rp_page_image bar =
        rp_page_image_part(&page, (rp_page_box){50, first, WIDTH - 50, first + 10});
    rp_page_image_fill(&bar, 0);
    return page;
}

static rp_status read_back(rp_page_image *image, rp_arena *arena, const char *path) {
    rp_page_document *document = NULL;
    rp_status status = rp_page_document_open(&document, path, NULL);
    if (status == RP_OK) status = rp_page_document_read(image, arena, document, 0, NULL);
    rp_page_document_close(document);
    return status;
}

static int pixel(const rp_page_image *image, int32_t x, int32_t y) {
    return image->data[(size_t)y * image->stride + (size_t)x];
}

TEST(the_page_stands_above_what_was_read_and_its_systems_are_marked) {
    rp_arena arena = {0};
    const rp_page_image page = make_page(&arena, 100), below = make_page(&arena, 20);
    const rp_page_box systems[] = {{20, 90, 180, 120}, {-50, 130, 9999, 9999}};
    const rp_page_picture picture = {.page = &page,
                                     .systems = systems,
                                     .system_count = 2,
                                     .below = &below,
                                     .below_count = 1,
                                     .width = WIDTH};
    char path[300];
    snprintf(path, sizeof path, "%s/picture.png", check_scratch());
    rp_error error = {0};
    REQUIRE(rp_page_picture_write(path, &picture, &error) == RP_OK);

    rp_page_image drawn = {0};
    REQUIRE(read_back(&drawn, &arena, path) == RP_OK);
    CHECK_INT(drawn.width, WIDTH);
    /* The bars end at rows 110 and 30; 40 rows of paper stay under the ink; 24 rows of gap. */
    const int32_t page_height = 109 + 40, gap = 24;
    CHECK_INT(drawn.height, page_height + gap + 29 + 40);
    CHECK_INT(pixel(&drawn, 100, 105), 0); /* ink is not tinted */
    CHECK_INT(pixel(&drawn, 5, 105), 255); /* paper outside a system */
    CHECK(pixel(&drawn, 30, 105) < 250);   /* paper inside one */
    CHECK(pixel(&drawn, 30, 105) > 200);
    CHECK(pixel(&drawn, 100, 84) < 150);  /* the frame */
    CHECK(pixel(&drawn, 100, 140) < 250); /* a box beyond the page is cut */
    CHECK_INT(pixel(&drawn, 100, page_height + gap / 2), 0x90);
    CHECK_INT(pixel(&drawn, 100, page_height + gap + 25), 0); /* the second bar */
    rp_arena_clear(&arena);
}

TEST(parts_of_different_size_share_the_width) {
    rp_arena arena = {0};
    const rp_page_image page = make_page(&arena, 250);
    rp_page_image small = {0};
    REQUIRE(rp_page_image_make(&small, &arena, 10, 20, "test", NULL) == RP_OK);
    rp_page_image_fill(&small, 255);
    const rp_page_picture picture = {
        .page = &page, .below = &small, .below_count = 1, .width = 100};
    char path[300];
    snprintf(path, sizeof path, "%s/small.png", check_scratch());
    REQUIRE(rp_page_picture_write(path, &picture, NULL) == RP_OK);
    rp_page_image drawn = {0};
    REQUIRE(read_back(&drawn, &arena, path) == RP_OK);
    CHECK_INT(drawn.width, 100);
    CHECK_INT(drawn.height, 150 + 24 + 200); /* an empty part keeps its height */
    rp_arena_clear(&arena);
}

TEST(a_width_out_of_range_and_a_folder_that_is_not_there_are_refused) {
    rp_arena arena = {0};
    const rp_page_image page = make_page(&arena, 10);
    rp_error error = {0};
    rp_page_picture picture = {.page = &page, .width = 10};
    CHECK_INT(rp_page_picture_write("x.png", &picture, &error), RP_USAGE);
    CHECK_TEXT(error.text, "a picture is 64 to 8000 pixels wide, not 10");
    picture.width = 100;
    char path[300];
    snprintf(path, sizeof path, "%s/none/x.png", check_scratch());
    CHECK_INT(rp_page_picture_write(path, &picture, &error), RP_SYSTEM);
    rp_arena_clear(&arena);
}
