/* json_reader.h: JSON (RFC 8259) as a tree in an arena. For headers and small files that are not
 * trusted: depth at most 64, numbers as double, duplicate keys kept (the first is found). */
#ifndef RP_BASE_JSON_READER_H
#define RP_BASE_JSON_READER_H

#include "base/arena.h"
#include "base/error.h"

typedef enum rp_json_kind {
    RP_JSON_NULL,
    RP_JSON_BOOL,
    RP_JSON_NUMBER,
    RP_JSON_TEXT,
    RP_JSON_ARRAY,
    RP_JSON_OBJECT
} rp_json_kind;

typedef struct rp_json_value {
    rp_json_kind kind;
    double number;               /* also 0 or 1 of a bool */
    const char *text;            /* zero-terminated; escapes resolved to UTF-8 */
    const char *key;             /* of a member of an object, else NULL */
    struct rp_json_value *first; /* of an array or object */
    struct rp_json_value *next;  /* sibling */
} rp_json_value;

/* Reads exactly one value. The tree lives in `arena`. RP_INPUT with the byte where it went wrong;
 * `name` leads the message. */
rp_status rp_json_read(const rp_json_value **value, const char *text, size_t size, rp_arena *arena,
                       const char *name, rp_error *error);

/* A member of an object, or NULL (also for a NULL or other kind of value). */
const rp_json_value *rp_json_member(const rp_json_value *object, const char *key);

#endif
