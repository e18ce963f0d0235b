/* json.h: writes JSON (RFC 8259) into an rp_text. Commas and quotes are the writer's business:
 *
 *     rp_json json = {.text = &text};
 *     rp_json_object(&json, NULL);
 *     rp_json_integer(&json, "reprise", 1);
 *     rp_json_array(&json, "rows"); ... rp_json_end(&json);
 *     rp_json_end(&json);
 *
 * `key` is NULL inside arrays and at the top. At most 32 levels. */
#ifndef RP_BASE_JSON_H
#define RP_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { RP_JSON_DEPTH_MAX = 32 };

typedef struct rp_json {
    rp_text *text; /* borrowed */
    int depth;
    bool has_item[RP_JSON_DEPTH_MAX + 1];
    char closer[RP_JSON_DEPTH_MAX + 1];
} rp_json;

void rp_json_object(rp_json *json, const char *key);
void rp_json_array(rp_json *json, const char *key);
void rp_json_end(rp_json *json); /* closes the innermost object or array */
void rp_json_text(rp_json *json, const char *key, const char *value); /* NULL becomes null */
void rp_json_integer(rp_json *json, const char *key, int64_t value);
/* With `decimals` digits behind the point; NaN and infinities become null. */
void rp_json_number(rp_json *json, const char *key, double value, int decimals);
void rp_json_bool(rp_json *json, const char *key, bool value);
void rp_json_null(rp_json *json, const char *key);

#endif
