/* json.c: see json.h. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

static void add_quoted(rp_text *text, const char *value) {
    rp_text_add_char(text, '"');
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') rp_text_format(text, "\\%c", *at);
        else if (*at < 0x20) rp_text_format(text, "\\u%04x", *at);
        else rp_text_add_char(text, (char)*at);
    }
    rp_text_add_char(text, '"');
}

static void begin_item(rp_json *json, const char *key) {
    if (json->has_item[json->depth]) rp_text_add(json->text, ", ");
    json->has_item[json->depth] = true;
    if (key == NULL) return;
    add_quoted(json->text, key);
    rp_text_add(json->text, ": ");
}

static void open_level(rp_json *json, const char *key, char opener, char closer) {
    assert(json->depth < RP_JSON_DEPTH_MAX);
    begin_item(json, key);
    rp_text_add_char(json->text, opener);
    json->depth++;
    json->has_item[json->depth] = false;
    json->closer[json->depth] = closer;
}

void rp_json_object(rp_json *json, const char *key) { open_level(json, key, '{', '}'); }
void rp_json_array(rp_json *json, const char *key) { open_level(json, key, '[', ']'); }

void rp_json_end(rp_json *json) {
    assert(json->depth > 0);
    rp_text_add_char(json->text, json->closer[json->depth]);
    json->depth--;
}

void rp_json_text(rp_json *json, const char *key, const char *value) {
    begin_item(json, key);
    if (value == NULL) rp_text_add(json->text, "null");
    else add_quoted(json->text, value);
}

void rp_json_integer(rp_json *json, const char *key, int64_t value) {
    begin_item(json, key);
    rp_text_format(json->text, "%" PRId64, value);
}

void rp_json_number(rp_json *json, const char *key, double value, int decimals) {
    begin_item(json, key);
    if (isfinite(value)) rp_text_format(json->text, "%.*f", decimals, value);
    else rp_text_add(json->text, "null");
}

void rp_json_bool(rp_json *json, const char *key, bool value) {
    begin_item(json, key);
    rp_text_add(json->text, value ? "true" : "false");
}

void rp_json_null(rp_json *json, const char *key) { rp_json_text(json, key, NULL); }
