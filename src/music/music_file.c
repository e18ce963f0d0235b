/* music_file.c: see music_file.h. */
#include "music/music_file.h"

#include <string.h>
#include <strings.h>

#include "music/lmx.h"
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

/* Pictures of music, by their first bytes: what people give by mistake. */
static bool is_picture(const uint8_t *data, size_t size) {
    static const struct {
        const char *bytes;
        size_t count;
    } begins[] = {{"\x89PNG", 4}, {"\xFF\xD8\xFF", 3}, {"II*\0", 4}, {"MM\0*", 4}, {"%PDF", 4}};
    for (size_t i = 0; i < RP_COUNT(begins); i++)
        if (size >= begins[i].count && memcmp(data, begins[i].bytes, begins[i].count) == 0)
            return true;
    return false;
}

/* LMX is what is called .lmx; else what begins with one of its tokens, or has nothing in it. */
static bool is_lmx(const uint8_t *data, size_t size, const char *path) {
    static const char blanks[] = " \t\r\n";
    size_t first = 0, end;
    while (first < size && memchr(blanks, data[first], 4) != NULL) first++;
    for (end = first; end < size && memchr(blanks, data[end], 4) == NULL; end++) continue;
    return first == size || rp_music_format_of(path) == RP_MUSIC_LMX ||
           rp_lmx_token_of((const char *)data + first, end - first) != RP_LMX_UNKNOWN;
}

/* What the first bytes, and else the ending, say. */
static rp_status find_format(rp_music_format *format, const rp_xml_source *source,
                             rp_error *error) {
    const uint8_t *data = source->data;
    const size_t size = source->size;
    if (is_picture(data, size))
        return rp_fail(error, RP_INPUT, 0,
                       "%s: is a picture; 'reprise score read' makes a score of it", source->name);
    const bool is_named_xml = rp_music_format_of(source->name) == RP_MUSIC_MUSICXML;
    if (size >= 4 && memcmp(data, "MThd", 4) == 0) *format = RP_MUSIC_MIDI;
    else if (is_xml(data, size) || is_named_xml) *format = RP_MUSIC_MUSICXML;
    else if (is_lmx(data, size, source->name)) *format = RP_MUSIC_LMX;
    else return rp_fail(error, RP_INPUT, 0, "%s: is neither MusicXML, LMX nor MIDI", source->name);
    return RP_OK;
}

rp_status rp_music_file_open(rp_music_file *file, const char *path, rp_error *error) {
    *file = (rp_music_file){.source.name = path};
    RP_TRY(rp_mapped_file_open(&file->mapped, path, error));
    const uint8_t *data = file->mapped.data;
    const size_t size = file->mapped.size;
    file->source.data = data;
    file->source.size = size;
    rp_status status;
    if (rp_mxl_is_mxl(data, size)) {
        status = rp_mxl_read(&file->unpacked, path, data, size, error);
        file->format = RP_MUSIC_MUSICXML;
        file->source.data = (const uint8_t *)file->unpacked.data;
        file->source.size = file->unpacked.length;
    } else {
        status = find_format(&file->format, &file->source, error);
    }
    if (status != RP_OK) rp_music_file_close(file);
    return status;
}

void rp_music_file_close(rp_music_file *file) {
    rp_mapped_file_close(&file->mapped);
    rp_text_clear(&file->unpacked);
    *file = (rp_music_file){0};
}
