/* Any bytes as a page of SVG, of MuseScore or Verovio, and as a file of positions. */
#include <stdint.h>

#include "score/build/engraved_page.h"
#include "score/build/verovio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source source = {"fuzz", data, size};
    rp_arena arena = {.limit_bytes = 1 << 26};
    rp_engraved_page page;
    rp_engraved_measures measures;
    (void)rp_engraved_page_read(&page, &source, &arena, NULL);
    (void)rp_engraved_measures_read(&measures, &source, &arena, NULL);
    static rp_engraved_measure placed[RP_VEROVIO_MEASURES_MAX];
    static uint32_t firsts[RP_VEROVIO_MEASURES_MAX];
    static bool opens_page[RP_VEROVIO_MEASURES_MAX];
    rp_engraved_box systems[RP_VEROVIO_SYSTEMS_MAX];
    rp_verovio_music music = {.measures = {.measures = placed},
                              .breaks = {.firsts = firsts, .opens_page = opens_page}};
    page.systems = systems;
    (void)rp_verovio_page_read(&page, &music, &source, 1, 300, NULL);
    rp_arena_clear(&arena);
    return 0;
}
