/* json_reader.c: see json_reader.h. Recursive descent; the depth is bounded. */
#include "base/json_reader.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

typedef struct reader {
    const char *text;
    size_t size, at;
    rp_arena *arena;
    bool failed;
} reader;

static int peek(reader *r) {
    while (r->at < r->size && strchr(" \t\r\n", r->text[r->at]) != NULL && r->text[r->at] != '\0')
        r->at++;
    return r->at < r->size ? (unsigned char)r->text[r->at] : -1;
}

static bool take(reader *r, const char *word) {
    const size_t length = strlen(word);
    if (r->size - r->at < length || memcmp(r->text + r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

/* Four hexadecimal digits. */
static unsigned hex4(reader *r) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        const int c = r->at < r->size ? r->text[r->at++] : 0;
        if (c >= '0' && c <= '9') value = value * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f') value = value * 16 + (unsigned)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F') value = value * 16 + (unsigned)(c - 'A') + 10;
        else r->failed = true;
    }
    return value;
}

static size_t put_utf8(char *out, unsigned code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* What stands behind a backslash, as UTF-8. */
static size_t escape(reader *r, char *out) {
    static const char plain[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    const char c = r->at < r->size ? r->text[r->at++] : '\0';
    const char *found = c != '\0' ? strchr(plain, c) : NULL;
    if (found != NULL) {
        out[0] = meaning[found - plain];
        return 1;
    }
    if (c != 'u') r->failed = true;
    unsigned code = r->failed ? 0 : hex4(r);
    if (code >= 0xd800 && code < 0xdc00 && take(r, "\\u")) { /* a surrogate pair */
        const unsigned low = hex4(r);
        if (low < 0xdc00 || low > 0xdfff) r->failed = true;
        code = 0x10000 + ((code - 0xd800) << 10) + (low & 0x3ff);
    }
    return r->failed ? 0 : put_utf8(out, code); /* what failed may be shorter than its meaning */
}

static const char *read_text(reader *r) {
    r->at++; /* the opening quote */
    const size_t start = r->at;
    while (r->at < r->size && r->text[r->at] != '"') r->at += r->text[r->at] == '\\' ? 2 : 1;
    if (r->at >= r->size) r->failed = true;
    const size_t end = r->at;
    char *out = r->failed ? NULL : rp_arena_alloc_raw(r->arena, end - start + 1);
    if (out == NULL) {
        r->failed = true;
        return "";
    }
    size_t used = 0;
    r->at = start;
    while (r->at < end && !r->failed) {
        const char c = r->text[r->at++];
        if ((unsigned char)c < 0x20) r->failed = true;
        if (c == '\\') used += escape(r, out + used);
        else out[used++] = c;
    }
    r->at = end + 1;
    out[used] = '\0';
    return out;
}

static rp_json_value *read_value(reader *r, int depth);

static rp_json_value *read_items(reader *r, int depth, rp_json_value *value, char closer) {
    rp_json_value **link = &value->first;
    r->at++; /* the opener */
    if (peek(r) == closer) {
        r->at++;
        return value;
    }
    while (!r->failed) {
        const char *key = NULL;
        if (value->kind == RP_JSON_OBJECT) {
            if (peek(r) != '"') break;
            key = read_text(r);
            if (peek(r) != ':') break;
            r->at++;
        }
        rp_json_value *item = read_value(r, depth + 1);
        if (item == NULL) break;
        item->key = key;
        *link = item;
        link = &item->next;
        const int c = peek(r);
        if (c != ',' && c != closer) break;
        r->at++;
        if (c == closer) return value;
    }
    r->failed = true;
    return NULL;
}

static rp_json_value *read_number(reader *r, rp_json_value *value) {
    char digits[64];
    size_t used = 0;
    while (r->at + used < r->size && used < sizeof digits - 1 && r->text[r->at + used] != '\0' &&
           strchr("+-0123456789.eE", r->text[r->at + used]) != NULL) {
        digits[used] = r->text[r->at + used];
        used++;
    }
    digits[used] = '\0';
    char *end = digits;
    value->kind = RP_JSON_NUMBER;
    value->number = strtod(digits, &end);
    if (end == digits || *end != '\0') r->failed = true;
    r->at += used;
    return r->failed ? NULL : value;
}

static rp_json_value *read_value(reader *r, int depth) {
    rp_json_value *value = rp_arena_alloc(r->arena, sizeof *value);
    if (value == NULL || depth > DEPTH_MAX) {
        r->failed = true;
        return NULL;
    }
    const int c = peek(r);
    if (c == '{' || c == '[') {
        value->kind = c == '{' ? RP_JSON_OBJECT : RP_JSON_ARRAY;
        return read_items(r, depth, value, c == '{' ? '}' : ']');
    }
    if (c == '"') {
        value->kind = RP_JSON_TEXT;
        value->text = read_text(r);
        return r->failed ? NULL : value;
    }
    if (take(r, "null")) return value;
    value->kind = RP_JSON_BOOL;
    value->number = take(r, "true");
    if (value->number == 1 || take(r, "false")) return value;
    return read_number(r, value);
}

rp_status rp_json_read(const rp_json_value **value, const char *text, size_t size, rp_arena *arena,
                       const char *name, rp_error *error) {
    reader r = {.text = text, .size = size, .arena = arena};
    *value = read_value(&r, 0);
    if (arena->failed) return rp_fail_memory(error, "a JSON text");
    if (r.failed || *value == NULL || peek(&r) != -1) {
        const size_t at = r.at < size ? r.at : size;
        *value = NULL;
        return rp_fail(error, RP_INPUT, (int64_t)at, "%s: byte %zu: not valid JSON", name, at);
    }
    return RP_OK;
}

const rp_json_value *rp_json_member(const rp_json_value *object, const char *key) {
    if (object == NULL || object->kind != RP_JSON_OBJECT) return NULL;
    for (const rp_json_value *item = object->first; item != NULL; item = item->next)
        if (strcmp(item->key, key) == 0) return item;
    return NULL;
}
