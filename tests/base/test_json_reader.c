#include "base/json_reader.h"
#include "check.h"

static const rp_json_value *read(rp_arena *arena, const char *text) {
    const rp_json_value *value;
    return rp_json_read(&value, text, strlen(text), arena, "t", NULL) == RP_OK ? value : NULL;
}

TEST(a_tree_is_read_with_escapes_and_numbers) {
    rp_arena arena = {0};
    const rp_json_value *v = read(
        &arena, " {\"a\": [1, -2.5e1, true, null], \"b\\u00e9\\n\": {\"c\": \"\\ud834\\udd1e\"}} ");
    REQUIRE(v != NULL);
    const rp_json_value *a = rp_json_member(v, "a");
    REQUIRE(a != NULL && a->first != NULL);
    CHECK_NEAR(a->first->next->number, -25, 0);
    CHECK(a->first->next->next->kind == RP_JSON_BOOL);
    CHECK_TEXT(rp_json_member(rp_json_member(v, "b\xc3\xa9\n"), "c")->text, "\xf0\x9d\x84\x9e");
    rp_arena_clear(&arena);
}

/* The text's memory is a block of the arena's, to the byte: one more byte is seen by ASan. */
TEST(an_escape_cut_by_the_closing_quote_writes_nothing) {
    enum { BLOCK = 1 << 18 };
    static char text[BLOCK + 3];
    memset(text, 'a', sizeof text);
    for (int length = BLOCK - 128; length < BLOCK; length++) {
        rp_arena arena = {0};
        const rp_json_value *value;
        text[0] = '"';
        memcpy(text + length - 3, "\\u\"fff", 7);
        CHECK_INT(rp_json_read(&value, text, (size_t)length + 4, &arena, "t", NULL), RP_INPUT);
        text[length - 1] = text[length] = text[length + 1] = 'a';
        text[length - 3] = text[length - 2] = text[length + 2] = text[length + 3] = 'a';
        rp_arena_clear(&arena);
    }
}

TEST(what_is_not_json_is_refused_with_its_place) {
    static const char *const bad[] = {"",    "{",          "[1,]",    "{\"a\" 1}", "\"a",  "nul",
                                      "1 2", "{\"a\":1,}", "\"\\x\"", "--1",       "[1 2]"};
    rp_arena arena = {0};
    for (size_t i = 0; i < RP_COUNT(bad); i++) CHECK(read(&arena, bad[i]) == NULL);
    char deep[200];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    CHECK(read(&arena, deep) == NULL);
    rp_arena_clear(&arena);
}
