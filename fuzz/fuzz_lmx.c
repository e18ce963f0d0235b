/* Any text as LMX: exactly, joined, and repaired; and what is repaired is read again. */
#include <stdint.h>

#include "music/delinearize_file.h"
#include "music/linearize_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const rp_xml_source source = {"fuzz", data, size};
    if (size > 1 << 16) return 0;
    for (int way = 0; way < 3; way++) {
        const rp_music_delinearize_options options = {.joins = way > 0, .repairs = way > 1};
        rp_text xml = {0}, lmx = {0};
        rp_error error = {0};
        if (rp_delinearize_source(&xml, &source, &options, NULL, &error) == RP_OK) {
            const rp_xml_source written = {"written", (const uint8_t *)xml.data, xml.length};
            (void)rp_linearize_source(&lmx, NULL, &written, NULL, &error);
        }
        rp_text_clear(&lmx);
        rp_text_clear(&xml);
    }
    return 0;
}
