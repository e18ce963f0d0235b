/* Any bytes as a page of SVG and as a positions file, as MuseScore writes them. */
#include <stdint.h>

#include "score/build/engraved_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source source = {"fuzz", data, size};
    rp_arena arena = {.limit_bytes = 1 << 26};
    rp_engraved_page page;
    rp_engraved_measures measures;
    (void)rp_engraved_page_read(&page, &source, &arena, NULL);
    (void)rp_engraved_measures_read(&measures, &source, &arena, NULL);
    rp_arena_clear(&arena);
    return 0;
}
