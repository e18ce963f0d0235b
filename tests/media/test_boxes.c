/* test_boxes.c: walking and writing boxes, honest and hostile. */
#include "base/bytes.h"
#include "check.h"
#include "media/boxes.h"

#define TYPE_FREE RP_MEDIA_TYPE('f', 'r', 'e', 'e')

TEST(what_is_written_is_read_again) {
    rp_text out = {0};
    const size_t outer = rp_media_box_open(&out, RP_MEDIA_TYPE('m', 'o', 'o', 'v'));
    const size_t inner = rp_media_full_box_open(&out, RP_MEDIA_TYPE('m', 'v', 'h', 'd'), 1, 7);
    rp_media_put_be64(&out, 99);
    rp_media_box_close(&out, inner);
    rp_media_box_close(&out, outer);
    const uint8_t *data = (const uint8_t *)out.data;
    rp_media_box_walk walk = {.data = data, .end = out.length};
    rp_media_box box, child;
    REQUIRE(rp_media_box_next(&box, &walk));
    CHECK_INT(box.size, 28);
    CHECK(!rp_media_box_next(&child, &walk) && !walk.failed);
    REQUIRE(rp_media_box_find(&child, data, &box, RP_MEDIA_TYPE('m', 'v', 'h', 'd')));
    CHECK_INT(rp_be32(rp_media_box_payload(data, &child)), 0x01000007);
    CHECK_INT(rp_media_box_payload_size(&child), 12);
    rp_text_clear(&out);
}

TEST(hostile_sizes_end_the_walk_or_are_cut) {
    static const struct {
        uint8_t bytes[16];
        bool found, failed, cut;
    } rows[] = {
        {{0, 0, 0, 0, 'f', 'r', 'e', 'e'}, true, false, false},      /* to the end */
        {{0, 0, 0, 7, 'f', 'r', 'e', 'e'}, false, true, false},      /* shorter than its header */
        {{0, 0, 0, 1, 'f', 'r', 'e', 'e', 0x80}, true, false, true}, /* 2^63 */
        {{0, 0, 0, 1, 'f', 'r', 'e', 'e', 0, 0, 0, 0, 0, 0, 0, 15}, false, true, false},
        {{0, 0, 0, 1, 'm', 'd', 'a', 't'}, true, false, false}, /* a placeholder of 64 bits */
        {{0, 0, 0, 17, 'f', 'r', 'e', 'e'}, true, false, true},
        {{0, 0, 0, 16, 0, 'r', 'e', 'e'}, false, true, false}, /* no type */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rp_media_box_walk walk = {.data = rows[i].bytes, .end = 16};
        rp_media_box box;
        CHECK_INT(rp_media_box_next(&box, &walk), rows[i].found);
        CHECK_INT(walk.failed, rows[i].failed);
        if (rows[i].found) CHECK_INT(box.is_cut, rows[i].cut);
        if (rows[i].found) CHECK_INT(box.offset + box.size, 16);
    }
}

TEST(every_row_has_a_type_of_four_letters_and_is_found) {
    size_t count;
    const rp_media_box_row *rows = rp_media_box_rows(&count);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(strlen(rows[i].type), 4);
        CHECK(rp_media_box_row_of(rp_be32((const uint8_t *)rows[i].type)) == &rows[i]);
    }
    CHECK(rp_media_box_row_of(RP_MEDIA_TYPE('x', 'x', 'x', 'x')) == NULL);
    CHECK(rp_media_box_row_of(TYPE_FREE) != NULL);
}
