/* utf16.h: the little-endian UTF-16 of card file names, as UTF-8 that is safe to make a file of. */
#ifndef RP_MEDIA_UTF16_H
#define RP_MEDIA_UTF16_H

#include <stddef.h>
#include <stdint.h>

enum { RP_UTF16_NAME_MAX = 3 * 256 + 1 };

/* Writes at most 255 units as UTF-8 with a terminating zero to `name` (RP_UTF16_NAME_MAX bytes).
 * Ends at a zero unit; control letters, slashes, lone surrogates and a leading dot become '_': a
 * name is never a path. */
void rp_utf16_to_name(char *name, const uint8_t *units, size_t count);

#endif
