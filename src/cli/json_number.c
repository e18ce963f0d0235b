/* json_number.c: see json_number.h. */
#include "cli/json_number.h"

#include <math.h>
#include <stdio.h>

void rp_cli_json_number(const char *key, double value, int decimals) {
    if (isfinite(value)) printf(", \"%s\": %.*f", key, decimals, value);
    else printf(", \"%s\": null", key);
}
