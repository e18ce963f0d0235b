/* text.c: see text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reprise/reprise.h"

/* Makes room for `count` more bytes and the final zero. */
static bool text_reserve(rp_text *text, size_t count) {
    if (text->failed || count > SIZE_MAX / 4 - text->length) text->failed = true;
    if (text->failed) return false;
    const size_t needed = text->length + count + 1;
    if (needed <= text->capacity) return true;
    size_t capacity = text->capacity < 64 ? 64 : text->capacity * 2;
    if (capacity < needed) capacity = needed;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void rp_text_add_bytes(rp_text *text, const void *bytes, size_t count) {
    if (!text_reserve(text, count)) return;
    if (count > 0) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void rp_text_add(rp_text *text, const char *words) {
    rp_text_add_bytes(text, words, strlen(words));
}

void rp_text_add_char(rp_text *text, char letter) { rp_text_add_bytes(text, &letter, 1); }

void rp_text_format(rp_text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && text_reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void rp_text_reset(rp_text *text) {
    text->length = 0;
    text->failed = false;
    if (text->data != NULL) text->data[0] = '\0';
}

void rp_text_clear(rp_text *text) {
    free(text->data);
    *text = (rp_text){0};
}

void rp_text_free(char *text) { free(text); }
