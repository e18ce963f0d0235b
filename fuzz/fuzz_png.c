/* fuzz_png.c: the PNG reader. */
#include "page/png_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_arena arena = {.limit_bytes = 64 << 20};
    rp_page_image image;
    rp_error error = {0};
    const rp_status status = rp_page_png_decode(&image, &arena, data, size, "fuzz", &error);
    if (status == RP_OK ? image.data == NULL : error.text[0] == 0) __builtin_trap();
    rp_arena_clear(&arena);
    return 0;
}
