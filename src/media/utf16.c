/* utf16.c: see utf16.h. */
#include "media/utf16.h"

#include "base/bytes.h"

static char *put(char *at, uint32_t letter) {
    if (letter < 0x80) {
        *at++ = (char)letter;
    } else if (letter < 0x800) {
        *at++ = (char)(0xc0 | letter >> 6);
        *at++ = (char)(0x80 | (letter & 0x3f));
    } else if (letter < 0x10000) {
        *at++ = (char)(0xe0 | letter >> 12);
        *at++ = (char)(0x80 | (letter >> 6 & 0x3f));
        *at++ = (char)(0x80 | (letter & 0x3f));
    } else {
        *at++ = (char)(0xf0 | letter >> 18);
        *at++ = (char)(0x80 | (letter >> 12 & 0x3f));
        *at++ = (char)(0x80 | (letter >> 6 & 0x3f));
        *at++ = (char)(0x80 | (letter & 0x3f));
    }
    return at;
}

void rp_utf16_to_name(char *name, const uint8_t *units, size_t count) {
    char *at = name;
    for (size_t i = 0; i < count && i < 255; i++) {
        uint32_t letter = rp_le16(units + 2 * i);
        if (letter == 0) break;
        const uint32_t next = i + 1 < count ? rp_le16(units + 2 * i + 2) : 0;
        if (letter >> 10 == 0x36 && next >> 10 == 0x37) { /* a pair of surrogates */
            letter = 0x10000 + ((letter & 0x3ff) << 10 | (next & 0x3ff));
            i++;
        } else if (letter >> 11 == 0x1b || letter < 0x20 || letter == '/' || letter == '\\' ||
                   letter == 0x7f || (letter == '.' && at == name)) {
            letter = '_';
        }
        at = put(at, letter);
    }
    if (at == name) *at++ = '_';
    *at = '\0';
}
