/* delinearize_file.c: see delinearize_file.h. */
#include "music/delinearize_file.h"

#include <string.h>

#include "base/new_file.h"
#include "music/joined_score.h"
#include "music/music_file.h"
#include "music/mxl.h"

/* The text as one line of tokens, exactly as published. */
static rp_status write_exactly(rp_text *musicxml, rp_arena *arena, const rp_xml_source *source,
                               const rp_music_delinearize_options *options,
                               rp_delinearize_report *report, rp_error *error) {
    rp_lmx_words words = {.arena = arena};
    rp_lmx_line line;
    rp_xml_tree tree;
    rp_xml_node *part;
    const rp_delinearize_options how = {.log = options->log};
    rp_xml_tree_init(&tree, arena);
    RP_TRY(rp_lmx_lex(&line, &words, (const char *)source->data, source->size, error));
    RP_TRY(rp_delinearize(&part, &tree, &line, &how, report, error));
    rp_delinearize_print(musicxml, &tree, rp_delinearize_wrap(&tree, part));
    return musicxml->failed ? rp_fail_memory(error, "the score") : RP_OK;
}

/* Each line of the text cut into tokens; the lines are the arena's. */
static rp_status cut_lines(rp_lmx_line **lines, size_t *count, rp_arena *arena,
                           const rp_xml_source *source, rp_error *error) {
    rp_lmx_words words = {.arena = arena};
    size_t room = 1;
    for (size_t i = 0; i < source->size; i++) room += source->data[i] == '\n';
    *lines = rp_arena_array(arena, room, sizeof **lines);
    *count = 0;
    if (*lines == NULL) return rp_fail_memory(error, "the lines");
    const char *text = (const char *)source->data, *end = text + source->size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL) stop = end;
        RP_TRY(rp_lmx_lex(&(*lines)[(*count)++], &words, text, (size_t)(stop - text), error));
        text = stop + 1;
    }
    return RP_OK;
}

rp_status rp_delinearize_source(rp_text *musicxml, const rp_xml_source *source,
                                const rp_music_delinearize_options *options,
                                rp_music_delinearize_report *report, rp_error *error) {
    static const rp_music_delinearize_options defaults = {0};
    rp_music_delinearize_report unasked;
    rp_arena arena = {0};
    rp_joined_score_report joined = {0};
    if (options == NULL) options = &defaults;
    if (report == NULL) report = &unasked;
    rp_status status;
    if (options->joins || options->repairs) {
        rp_lmx_line *lines;
        size_t count;
        const rp_joined_score_options how = {.repairs = options->repairs, .log = options->log};
        status = cut_lines(&lines, &count, &arena, source, error);
        if (status == RP_OK) status = rp_joined_score(musicxml, lines, count, &how, &joined, error);
    } else {
        status = write_exactly(musicxml, &arena, source, options, &joined.delinearize, error);
    }
    *report = (rp_music_delinearize_report){
        .messages = joined.delinearize.messages,
        .measures = joined.measures,
        .repaired_measures = joined.repaired,
        .has_stopped = joined.delinearize.stop != RP_DELINEARIZE_NO_STOP};
    rp_arena_clear(&arena);
    return status;
}

rp_status rp_music_delinearize(char **musicxml, const char *path,
                               const rp_music_delinearize_options *options,
                               rp_music_delinearize_report *report, rp_error *error) {
    rp_music_file file;
    rp_text text = {0};
    *musicxml = NULL;
    RP_TRY(rp_music_file_open(&file, path, error));
    rp_status status;
    if (file.format != RP_MUSIC_LMX)
        status = rp_fail(error, RP_INPUT, 0, "%s: not LMX; give a file of tokens", path);
    else status = rp_delinearize_source(&text, &file.source, options, report, error);
    rp_music_file_close(&file);
    if (status == RP_OK) *musicxml = text.data;
    else rp_text_clear(&text);
    return status;
}

rp_status rp_music_compress(char **mxl, size_t *size, const char *musicxml, rp_error *error) {
    rp_text text = {0};
    *mxl = NULL;
    *size = 0;
    const rp_status status = rp_mxl_write(&text, musicxml, strlen(musicxml), error);
    if (status != RP_OK) {
        rp_text_clear(&text);
        return status;
    }
    *mxl = text.data;
    *size = text.length;
    return RP_OK;
}

rp_status rp_music_write(const char *path, const char *text, rp_error *error) {
    if (rp_music_format_of(path) != RP_MUSIC_MXL)
        return rp_new_file_write(path, text, strlen(text), error);
    char *mxl;
    size_t size;
    RP_TRY(rp_music_compress(&mxl, &size, text, error));
    const rp_status status = rp_new_file_write(path, mxl, size, error);
    rp_text_free(mxl);
    return status;
}
