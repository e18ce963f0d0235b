/* orientation.c: see orientation.h. */
#include "page/orientation.h"

#include <string.h>

enum { TAG_ORIENTATION = 0x112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

/* Column x, row y of the image as seen is column `x`, row `y` of the stored one: exchanged first,
 * then counted from the other end. */
static const struct {
    bool is_swapped, is_from_right, is_from_bottom;
} orientations[9] = {
    [2] = {false, true, false}, [3] = {false, true, true}, [4] = {false, false, true},
    [5] = {true, false, false}, [6] = {true, false, true}, [7] = {true, true, true},
    [8] = {true, true, false},
};

rp_status rp_page_orient(rp_page_image *image, rp_arena *arena, unsigned orientation,
                         const char *name, rp_error *error) {
    if (orientation < 2 || orientation > 8) return RP_OK;
    const bool is_swapped = orientations[orientation].is_swapped;
    const bool is_from_right = orientations[orientation].is_from_right;
    const bool is_from_bottom = orientations[orientation].is_from_bottom;
    const int32_t width = is_swapped ? image->height : image->width;
    const int32_t height = is_swapped ? image->width : image->height;
    rp_page_image seen = {0};
    RP_TRY(rp_page_image_make(&seen, arena, width, height, name, error));
    for (int32_t y = 0; y < height; y++) {
        uint8_t *row = seen.data + (size_t)y * seen.stride;
        for (int32_t x = 0; x < width; x++) {
            int32_t column = is_swapped ? y : x, line = is_swapped ? x : y;
            if (is_from_right) column = image->width - 1 - column;
            if (is_from_bottom) line = image->height - 1 - line;
            row[x] = image->data[(size_t)line * image->stride + (size_t)column];
        }
    }
    *image = seen;
    return RP_OK;
}

/* ---- Exif ------------------------------------------------------------------------------------ */

/* A TIFF in memory, of either order of bytes. Reading outside gives 0. */
typedef struct tiff_bytes {
    const uint8_t *data;
    size_t size;
    bool is_little;
} tiff_bytes;

static uint32_t number_at(const tiff_bytes *t, size_t at, size_t bytes) {
    uint32_t value = 0;
    if (at > t->size || bytes > t->size - at) return 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | t->data[at + (t->is_little ? bytes - 1 - i : i)];
    return value;
}

static unsigned orientation_of(const uint8_t *data, size_t size) {
    const tiff_bytes t = {data, size, size > 0 && data[0] == 'I'};
    if (number_at(&t, 2, 2) != 42) return 1;
    const size_t directory = number_at(&t, 4, 4), count = number_at(&t, directory, 2);
    for (size_t i = 0; i < count; i++) {
        const size_t entry = directory + 2 + i * ENTRY_BYTES;
        if (number_at(&t, entry, 2) == TAG_ORIENTATION && number_at(&t, entry + 2, 2) == TYPE_SHORT)
            return number_at(&t, entry + 8, 2);
    }
    return 1;
}

unsigned rp_page_exif_orientation(const uint8_t *jpeg, size_t size) {
    static const uint8_t magic[6] = {'E', 'x', 'i', 'f', 0, 0};
    enum { APP1 = 0xe1, START_OF_SCAN = 0xda };
    for (size_t at = 2; at + 4 <= size && jpeg[at] == 0xff && jpeg[at + 1] != START_OF_SCAN;) {
        const size_t length = (size_t)jpeg[at + 2] << 8 | jpeg[at + 3]; /* its own two bytes too */
        if (length < 2 || length > size - at - 2) break;
        const uint8_t *payload = jpeg + at + 4;
        if (jpeg[at + 1] == APP1 && length >= 2 + sizeof magic &&
            memcmp(payload, magic, sizeof magic) == 0)
            return orientation_of(payload + sizeof magic, length - 2 - sizeof magic);
        at += 2 + length;
    }
    return 1;
}
