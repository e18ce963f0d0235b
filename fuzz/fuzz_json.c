/* fuzz_json.c: any bytes as JSON: refused with their place, or a tree. */
#include <stddef.h>
#include <stdint.h>

#include "base/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_arena arena = {.limit_bytes = 1 << 24};
    const rp_json_value *value;
    if (rp_json_read(&value, (const char *)data, size, &arena, "input", NULL) == RP_OK)
        (void)rp_json_member(value, "x");
    rp_arena_clear(&arena);
    return 0;
}
