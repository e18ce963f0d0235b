#include "base/json.h"
#include "check.h"

TEST(objects_arrays_and_escapes_are_written) {
    rp_text text = {0};
    rp_json json = {.text = &text};
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_array(&json, "rows");
    rp_json_number(&json, NULL, 1.5, 2);
    rp_json_number(&json, NULL, NAN, 2);
    rp_json_end(&json);
    rp_json_text(&json, "name", "a\"b\\\n");
    rp_json_bool(&json, "yes", true);
    rp_json_end(&json);
    CHECK_TEXT(text.data,
               "{\"reprise\": 1, \"rows\": [1.50, null], \"name\": \"a\\\"b\\\\\\u000a\", "
               "\"yes\": true}");
    rp_text_clear(&text);
}
