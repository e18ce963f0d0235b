/* Any bytes as a MIDI file: what becomes a score can be linearized and played again. */
#include <stdint.h>
#include <stdlib.h>

#include "music/linearize_file.h"
#include "music/midi.h"
#include "music/midi_score.h"
#include "music/musicxml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source midi = {"fuzz", data, size};
    rp_text score = {0}, lmx = {0}, again = {0};
    rp_error error = {0};
    if (rp_midi_score(&score, &midi, &error) == RP_OK) {
        const rp_xml_source xml = {"fuzz", (const uint8_t *)score.data, score.length};
        rp_arena arena = {0};
        rp_xml_tree tree;
        rp_xml_node *part = NULL;
        rp_xml_tree_init(&tree, &arena);
        if (rp_linearize_source(&lmx, NULL, &xml, NULL, &error) != RP_OK ||
            rp_musicxml_load_part(&part, &tree, &xml, NULL, &error) != RP_OK ||
            rp_midi_write(&again, part, NULL, &error) != RP_OK)
            abort();
        rp_arena_clear(&arena);
    }
    rp_text_clear(&score);
    rp_text_clear(&lmx);
    rp_text_clear(&again);
    return 0;
}
