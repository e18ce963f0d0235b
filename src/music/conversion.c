/* conversion.c: one file of music into another. All ways lead over MusicXML text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/new_file.h"
#include "music/delinearize_file.h"
#include "music/linearize_file.h"
#include "music/midi.h"
#include "music/midi_score.h"
#include "music/musescore.h"
#include "music/music_file.h"
#include "music/musicxml.h"
#include "music/mxl.h"

/* Runs MuseScore between a temporary file with this ending and a path. */
static rp_status engrave_text(const char *to, const rp_text *musicxml, double seconds_max,
                              rp_error *error) {
    char path[] = P_tmpdir "/reprise-XXXXXX.musicxml";
    const int file = mkstemps(path, 9);
    if (file < 0) return rp_fail_errno(error, "%s", path);
    close(file);
    const rp_musescore_options how = {.seconds_max = seconds_max};
    rp_status status = rp_new_file_write(path, musicxml->data, musicxml->length, error);
    if (status == RP_OK) status = rp_musescore_run(to, path, &how, error);
    unlink(path);
    return status;
}

/* MusicXML is passed on as it is, once it is known to be that; MuseScore reads it partwise only. */
static rp_status take_musicxml(rp_text *musicxml, const rp_xml_source *source, const char *to,
                               rp_error *error) {
    const rp_music_format format = rp_music_format_of(to);
    const bool stays = format == RP_MUSIC_MUSICXML || format == RP_MUSIC_MXL;
    if (source->size == 0)
        return rp_fail(error, RP_INPUT, 0, "%s: the file is empty", source->name);
    RP_TRY(rp_musicxml_check(source, stays, error));
    rp_text_add_bytes(musicxml, source->data, source->size);
    return RP_OK;
}

static rp_status read_any(rp_text *musicxml, const rp_music_file *file, const char *to,
                          const rp_music_convert_options *options, rp_error *error) {
    const rp_music_delinearize_options joined = {.joins = true, .log = options->log};
    switch (file->format) {
        case RP_MUSIC_LMX:
            return rp_delinearize_source(musicxml, &file->source, &joined, NULL, error);
        case RP_MUSIC_MIDI: return rp_midi_score(musicxml, &file->source, error);
        default: return take_musicxml(musicxml, &file->source, to, error);
    }
}

static rp_status make_midi(rp_text *midi, const rp_xml_source *source, bool unrolls_repeats,
                           rp_error *error) {
    rp_arena arena = {0};
    rp_xml_tree tree;
    rp_xml_node *part;
    const rp_midi_options how = {.unrolls_repeats = unrolls_repeats};
    rp_xml_tree_init(&tree, &arena);
    rp_status status = rp_musicxml_load_part(&part, &tree, source, NULL, error);
    if (status == RP_OK) status = rp_midi_write(midi, part, &how, error);
    rp_arena_clear(&arena);
    return status;
}

static rp_status write_any(const char *to, const rp_text *musicxml, const char *name,
                           const rp_music_convert_options *options, rp_error *error) {
    const rp_xml_source source = {name, (const uint8_t *)musicxml->data, musicxml->length};
    const rp_music_linearize_options lenient = {.is_lenient = true, .log = options->log};
    rp_text out = {0};
    rp_status status = RP_OK;
    switch (rp_music_format_of(to)) {
        case RP_MUSIC_MUSICXML:
            return rp_new_file_write(to, musicxml->data, musicxml->length, error);
        case RP_MUSIC_MXL:
            status = rp_mxl_write(&out, musicxml->data, musicxml->length, error);
            break;
        case RP_MUSIC_LMX:
            status = rp_linearize_source(&out, NULL, &source, &lenient, error);
            break;
        case RP_MUSIC_MIDI:
            status = make_midi(&out, &source, options->unrolls_repeats, error);
            break;
        default: return engrave_text(to, musicxml, options->seconds_max, error);
    }
    if (status == RP_OK) status = rp_new_file_write(to, out.data, out.length, error);
    rp_text_clear(&out);
    return status;
}

rp_status rp_music_convert(const char *to, const char *from,
                           const rp_music_convert_options *options, rp_error *error) {
    static const rp_music_convert_options defaults = {0};
    rp_music_file file;
    rp_text musicxml = {0};
    if (options == NULL) options = &defaults;
    if (rp_music_format_of(to) == RP_MUSIC_UNKNOWN)
        return rp_fail(error, RP_USAGE, 0,
                       "%s: end it in .musicxml, .mxl, .lmx, .mid, .pdf, .svg or .png", to);
    if (rp_new_file_replaces(to, from))
        return rp_fail(error, RP_USAGE, -1, "%s: is the score itself; name a new file", to);
    RP_TRY(rp_music_file_open(&file, from, error));
    rp_status status = read_any(&musicxml, &file, to, options, error);
    if (status == RP_OK && musicxml.failed) status = rp_fail_memory(error, "the score");
    if (status == RP_OK) status = write_any(to, &musicxml, from, options, error);
    rp_text_clear(&musicxml);
    rp_music_file_close(&file);
    return status;
}
