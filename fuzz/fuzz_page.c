/* fuzz_page.c: page finding, the one system of an image, and crops, on pictures made of the input:
 * two bytes of size, then runs of (length, grey) along a line that is repeated down the page,
 * shifted by the bytes that follow: so that a few bytes make staves, borders and stripes. */
#include "page/crop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fills column by column from the runs; the third byte leans the columns. */
static void paint(const rp_page_image *image, const uint8_t *data, size_t size) {
    const int lean = size > 0 ? data[0] % 9 - 4 : 0;
    for (int32_t x = 0; x < image->width; x++) {
        size_t at = 1;
        int32_t left = 0;
        uint8_t grey = 255;
        const int32_t shift = x * lean / 64;
        for (int32_t y = 0; y < image->height; y++) {
            if (left-- <= 0 && at + 1 < size) {
                left = data[at] % 64;
                grey = data[at + 1];
                at += 2;
            }
            if (at + 1 >= size) at = 1;
            const int32_t row = y + shift;
            if (row >= 0 && row < image->height)
                image->data[(size_t)row * image->stride + (size_t)x] = grey;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    rp_arena arena = {.limit_bytes = 64 << 20};
    rp_page_image image = {0}, crop = {0};
    rp_page_systems systems = {0};
    rp_error error = {0};
    const int64_t width = 1 + 3 * data[0], height = 1 + 3 * data[1];
    if (rp_page_image_make(&image, &arena, width, height, "fuzz", NULL) == RP_OK) {
        rp_page_image_fill(&image, 255);
        paint(&image, data + 2, size - 2);
        const rp_status status = rp_page_find_systems(&systems, &image, "fuzz", &arena, &error);
        if (status == RP_OK ? systems.count == 0 : error.text[0] == 0) __builtin_trap();
        for (size_t i = 0; i < systems.count && i < 4; i++)
            (void)rp_page_crop_system(&crop, &image, &systems.systems[i], (rp_page_frame)(i % 2),
                                      64, &arena, NULL);
        rp_page_system one;
        (void)rp_page_straighten(&crop, &one, &image, "fuzz", RP_FRAME_LEVEL, 64, &arena, NULL);
    }
    rp_arena_clear(&arena);
    return 0;
}
