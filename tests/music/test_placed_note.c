/* Times of notes. */
#include "music/placed_note.h"

#include "check.h"
#include "music/musicxml.h"

enum { NOTES = 10000 };

/* 10^15 is the longest duration that is read: ten thousand of them are more than a time holds. */
TEST(times_stop_before_they_overflow) {
    rp_arena arena = {0};
    rp_text text = {0};
    rp_xml_tree tree;
    rp_xml_node *part = NULL;
    rp_placed_notes list;
    rp_xml_tree_init(&tree, &arena);
    rp_text_add(&text, "<score-partwise><part-list/><part id='P1'><measure>");
    for (int i = 0; i < NOTES; i++)
        rp_text_add(&text, "<note><rest/><duration>1000000000000000</duration></note>");
    rp_text_add(&text, "</measure><measure/></part></score-partwise>");
    const rp_xml_source source = {"test", (const uint8_t *)text.data, text.length};
    REQUIRE(rp_musicxml_load_part(&part, &tree, &source, NULL, NULL) == RP_OK);
    rp_placed_notes_make(&list, &tree, part, 4);
    REQUIRE(list.count == NOTES && list.measure_count == 2);
    for (size_t i = 1; i < list.count; i++) {
        CHECK(list.notes[i].onset >= list.notes[i - 1].onset);
        CHECK(list.notes[i].end >= list.notes[i].onset);
        if (check_is_failed()) break;
    }
    CHECK(list.measures[1].end >= list.measures[1].begin && list.measures[1].begin > 0);
    rp_text_clear(&text);
    rp_arena_clear(&arena);
}
