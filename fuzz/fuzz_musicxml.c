/* Any bytes as MusicXML: linearized by systems, delinearized again, and played as MIDI. */
#include <stdint.h>

#include "music/linearize_file.h"
#include "music/midi.h"
#include "music/musicxml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source source = {"fuzz", data, size};
    rp_text lmx = {0}, midi = {0};
    rp_error error = {0};
    const rp_music_linearize_options options = {.by_systems = true, .is_lenient = true};
    (void)rp_linearize_source(&lmx, NULL, &source, &options, &error);
    rp_arena arena = {.limit_bytes = 1 << 26};
    rp_xml_tree tree;
    rp_xml_node *part = NULL;
    const rp_midi_options unrolled = {.unrolls_repeats = true};
    rp_xml_tree_init(&tree, &arena);
    if (rp_musicxml_load_part(&part, &tree, &source, NULL, &error) == RP_OK)
        (void)rp_midi_write(&midi, part, &unrolled, &error);
    rp_arena_clear(&arena);
    rp_text_clear(&midi);
    rp_text_clear(&lmx);
    return 0;
}
