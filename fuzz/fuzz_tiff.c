/* fuzz_tiff.c: the TIFF reader: page count, the first two pages. */
#include "page/tiff_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_page_tiff tiff = {.bytes = data, .size = size, .name = "fuzz"};
    uint32_t pages = 0;
    if (rp_page_tiff_count(&pages, &tiff, NULL) != RP_OK) return 0;
    for (uint32_t page = 0; page < 2; page++) {
        rp_arena arena = {.limit_bytes = 64 << 20};
        rp_page_image image;
        rp_error error = {0};
        const rp_status status = rp_page_tiff_decode(&image, &arena, &tiff, page, &error);
        if (status == RP_OK ? image.data == NULL : error.text[0] == 0) __builtin_trap();
        rp_arena_clear(&arena);
    }
    return 0;
}
