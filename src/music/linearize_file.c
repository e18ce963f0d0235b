/* linearize_file.c: see linearize_file.h. */
#include "music/linearize_file.h"

#include <stdlib.h>
#include <string.h>

#include "music/music_file.h"
#include "music/musicxml.h"
#include "music/systems.h"

struct job {
    const rp_music_linearize_options *options;
    rp_text *lmx;
    size_t lmx_begin; /* what stood in the text before */
    rp_linearizer linearizer;
    rp_systems systems;
};

static void begin_part(void *context, const char *part_id) {
    (void)part_id;
    struct job *job = context;
    job->lmx->length = job->lmx_begin;
    rp_linearizer_begin(&job->linearizer);
    rp_systems_begin(&job->systems, job->linearizer.source);
}

/* Writes the tokens gathered so far as a line. */
static void end_line(struct job *job, unsigned page, unsigned system) {
    if (job->options->by_systems) rp_text_format(job->lmx, "p%u-s%u\t", page, system);
    rp_lmx_print(job->lmx, job->linearizer.tokens, job->linearizer.count);
    rp_text_add_char(job->lmx, '\n');
}

static rp_status add_measure(void *context, rp_xml_tree *tree, rp_xml_node *measure,
                             rp_error *error) {
    struct job *job = context;
    if (job->options->by_systems && measure->tag == RP_XML_MEASURE) {
        bool opens;
        const unsigned page = job->systems.page, system = job->systems.system;
        RP_TRY(rp_systems_add(&job->systems, &opens, tree, measure, error));
        if (opens) {
            end_line(job, page, system);
            size_t warnings[RP_LINEARIZE_WARNING_COUNT];
            memcpy(warnings, job->linearizer.warnings, sizeof warnings);
            rp_linearizer_begin(&job->linearizer); /* each system stands alone */
            memcpy(job->linearizer.warnings, warnings, sizeof warnings);
        }
    }
    return rp_linearizer_add(&job->linearizer, measure, error);
}

rp_status rp_linearize_source(rp_text *lmx, size_t *warnings, const rp_xml_source *source,
                              const rp_music_linearize_options *options, rp_error *error) {
    static const rp_music_linearize_options defaults = {0};
    if (options == NULL) options = &defaults;
    struct job job = {
        .options = options,
        .lmx = lmx,
        .lmx_begin = lmx->length,
        .linearizer = {.source = source, .log = options->log, .is_lenient = options->is_lenient}};
    const rp_musicxml_sink sink = {.context = &job, .begin = begin_part, .child = add_measure};
    rp_status status = rp_musicxml_read_part(source, options->part, &sink, error);
    if (status == RP_OK) end_line(&job, job.systems.page, job.systems.system);
    if (status == RP_OK && lmx->failed) status = rp_fail_memory(error, "the tokens");
    if (warnings != NULL) memcpy(warnings, job.linearizer.warnings, sizeof job.linearizer.warnings);
    rp_linearizer_clear(&job.linearizer);
    rp_systems_clear(&job.systems);
    return status;
}

rp_status rp_music_linearize(char **lmx, const char *path,
                             const rp_music_linearize_options *options, rp_error *error) {
    rp_music_file file;
    rp_text text = {0};
    *lmx = NULL;
    RP_TRY(rp_music_file_open(&file, path, error));
    rp_status status;
    if (file.format != RP_MUSIC_MUSICXML)
        status = rp_fail(error, RP_INPUT, 0, "%s: not MusicXML; give a .musicxml or .mxl", path);
    else status = rp_linearize_source(&text, NULL, &file.source, options, error);
    rp_music_file_close(&file);
    if (status == RP_OK) *lmx = text.data;
    else rp_text_clear(&text);
    return status;
}
