/* music_file.c: see music_file.h. */
#include "music/music_file.h"

#include <string.h>
#include <strings.h>

#include "music/mxl.h"

static const struct {
    const char *ending;
    rp_music_format format;
} endings[] = {
    {".musicxml", RP_MUSIC_MUSICXML}, {".xml", RP_MUSIC_MUSICXML}, {".mxl", RP_MUSIC_MXL},
    {".lmx", RP_MUSIC_LMX},           {".mid", RP_MUSIC_MIDI},     {".midi", RP_MUSIC_MIDI},
    {".pdf", RP_MUSIC_PDF},           {".svg", RP_MUSIC_SVG},      {".png", RP_MUSIC_PNG},
};

rp_music_format rp_music_format_of(const char *path) {
    const size_t length = strlen(path);
    for (size_t i = 0; i < RP_COUNT(endings); i++) {
        const size_t ending = strlen(endings[i].ending);
        if (length > ending && strcasecmp(path + length - ending, endings[i].ending) == 0)
            return endings[i].format;
    }
    return RP_MUSIC_UNKNOWN;
}

/* XML begins with '<', after white space or a byte order mark, in UTF-8 or UTF-16. */
static bool is_xml(const uint8_t *data, size_t size) {
    static const uint8_t passed_over[] = {0xEF, 0xBB, 0xBF, 0xFE, 0xFF, 0, ' ', '\t', '\r', '\n'};
    size_t at = 0;
    while (at < size && memchr(passed_over, data[at], sizeof passed_over) != NULL) at++;
    return at < size && data[at] == '<';
}

rp_status rp_music_file_open(rp_music_file *file, const char *path, rp_error *error) {
    *file = (rp_music_file){.source.name = path};
    RP_TRY(rp_mapped_file_open(&file->mapped, path, error));
    const uint8_t *data = file->mapped.data;
    const size_t size = file->mapped.size;
    file->source.data = data;
    file->source.size = size;
    if (rp_mxl_is_mxl(data, size)) {
        const rp_status status = rp_mxl_read(&file->unpacked, path, data, size, error);
        if (status != RP_OK) {
            rp_music_file_close(file);
            return status;
        }
        file->format = RP_MUSIC_MUSICXML;
        file->source.data = (const uint8_t *)file->unpacked.data;
        file->source.size = file->unpacked.length;
    } else if (size >= 4 && memcmp(data, "MThd", 4) == 0) {
        file->format = RP_MUSIC_MIDI;
    } else {
        file->format = is_xml(data, size) || rp_music_format_of(path) == RP_MUSIC_MUSICXML
                           ? RP_MUSIC_MUSICXML
                           : RP_MUSIC_LMX;
    }
    return RP_OK;
}

void rp_music_file_close(rp_music_file *file) {
    rp_mapped_file_close(&file->mapped);
    rp_text_clear(&file->unpacked);
    *file = (rp_music_file){0};
}
