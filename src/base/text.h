/* text.h: a growing piece of text (or bytes) on the heap. `failed` is sticky: ask once at the end.
 */
#ifndef RP_BASE_TEXT_H
#define RP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* Zero-initialised is the empty text. `data` is NULL or zero-terminated at data[length]. */
typedef struct rp_text {
    char *data; /* owned */
    size_t length, capacity;
    bool failed; /* memory ran out: the text is not complete */
} rp_text;

void rp_text_add(rp_text *text, const char *words);
void rp_text_add_bytes(rp_text *text, const void *bytes, size_t count);
void rp_text_add_char(rp_text *text, char letter);
void rp_text_format(rp_text *text, const char *format, ...) RP_PRINTF(2, 3);
void rp_text_reset(rp_text *text); /* empties, keeps the memory */
void rp_text_clear(rp_text *text); /* frees */

/* A public call hands `data` over to its caller through a char **; the caller ends it with
 * rp_text_free (reprise/reprise.h). */

#endif
