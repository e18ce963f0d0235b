/* Any text as LMX: exactly, joined, and repaired; what is repaired is read again; and a new piece
 * of its hands, if any can be parted. */
#include <stdint.h>

#include "music/delinearize_file.h"
#include "music/linearize_file.h"
#include "music/recomposition.h"

static void read_again(const rp_text *xml) {
    const rp_xml_source written = {"written", (const uint8_t *)xml->data, xml->length};
    rp_text lmx = {0};
    rp_error error = {0};
    (void)rp_linearize_source(&lmx, NULL, &written, NULL, &error);
    rp_text_clear(&lmx);
}

static void recompose(const uint8_t *data, size_t size) {
    rp_arena arena = {0};
    rp_lmx_words words = {.arena = &arena};
    rp_lmx_line line;
    rp_hand_pool pool = {0};
    rp_text xml = {0};
    rp_error error = {0};
    if (rp_lmx_lex(&line, &words, (const char *)data, size, &error) == RP_OK &&
        rp_hand_pool_add(&pool, &line, 1, &error) == RP_OK &&
        rp_hand_pool_seal(&pool, &error) == RP_OK &&
        rp_recompose(&xml, &pool, size, 1, &error) == RP_OK)
        read_again(&xml);
    rp_text_clear(&xml);
    rp_hand_pool_clear(&pool);
    rp_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source source = {"fuzz", data, size};
    if (size > 1 << 16) return 0;
    for (int way = 0; way < 3; way++) {
        const rp_music_delinearize_options options = {.joins = way > 0, .repairs = way > 1};
        rp_text xml = {0};
        rp_error error = {0};
        if (rp_delinearize_source(&xml, &source, &options, NULL, &error) == RP_OK) read_again(&xml);
        rp_text_clear(&xml);
    }
    recompose(data, size);
    return 0;
}
