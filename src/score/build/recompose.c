/* recompose.c: rp_score_recompose: the labels of a data set to new pieces, a MusicXML file each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/progress.h"
#include "music/recomposition.h"
#include "reprise/score.h"
#include "score/dataset.h"

enum { PIECES_MAX = 1000000 };

/* The score's part of a sample's name: samples/SCORE/p1-s1 up to the last slash. */
static size_t score_length(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash != NULL ? (size_t)(slash - name) : 0;
}

static bool is_same_score(const rp_sample *a, const rp_sample *b) {
    const size_t length = score_length(a->name);
    return length == score_length(b->name) && strncmp(a->name, b->name, length) == 0;
}

static rp_lmx_line line_of(const rp_sample *sample) {
    return (rp_lmx_line){.tokens = (uint16_t *)sample->tokens,
                         .count = (size_t)sample->token_count};
}

/* Adds every score of the set, samples in a row that bear its name. */
static rp_status fill_pool(rp_hand_pool *pool, const rp_dataset *set, rp_error *error) {
    rp_arena arena = {0};
    rp_lmx_line *systems = rp_arena_array(&arena, (size_t)set->count, sizeof *systems);
    rp_status status = systems != NULL ? RP_OK : rp_fail_memory(error, "the labels");
    for (int32_t i = 0; i < set->count && status == RP_OK;) {
        size_t count = 0;
        const rp_sample *first = &set->samples[i];
        for (; i < set->count && is_same_score(first, &set->samples[i]); i++)
            systems[count++] = line_of(&set->samples[i]);
        status = rp_hand_pool_add(pool, systems, count, error);
    }
    rp_arena_clear(&arena);
    return status == RP_OK ? rp_hand_pool_seal(pool, error) : status;
}

static rp_status write_pieces(const rp_hand_pool *pool, const char *output,
                              const rp_score_recompose_options *options,
                              const rp_progress *progress, rp_error *error) {
    rp_progress_state state = rp_progress_begin(progress, "pieces", (uint64_t)options->pieces);
    rp_text musicxml = {0};
    rp_status status = RP_OK;
    for (int32_t k = 1; k <= options->pieces && status == RP_OK; k++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/r%" PRIu64 "-%05d.musicxml", output, options->seed, k);
        rp_text_reset(&musicxml);
        status = rp_recompose(&musicxml, pool, options->seed, (uint64_t)k, error);
        if (status == RP_OK)
            status = rp_new_file_write(path, musicxml.data, musicxml.length, error);
        if (status == RP_OK && !rp_progress_update(&state, (uint64_t)k) && k < options->pieces)
            status = rp_fail(error, RP_NO, k, "stopped after %d of %d pieces", k, options->pieces);
    }
    rp_text_clear(&musicxml);
    return status;
}

static rp_status make_folder(const char *path, rp_error *error) {
    if (strlen(path) > 4000) return rp_fail(error, RP_USAGE, -1, "%.60s...: too long", path);
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return RP_OK;
    return rp_fail_errno(error, "%s", path);
}

rp_status rp_score_recompose(rp_score_recompose_report *report, const char *output,
                             const char *data, const rp_score_recompose_options *options,
                             const rp_progress *progress, rp_error *error) {
    static const rp_score_recompose_options defaults = {.pieces = 100, .seed = 1};
    *report = (rp_score_recompose_report){0};
    if (options == NULL) options = &defaults;
    if (options->pieces < 1 || options->pieces > PIECES_MAX)
        return rp_fail(error, RP_USAGE, -1, "1 to %d pieces", PIECES_MAX);
    const rp_dataset_options labels = {.split = options->split != NULL ? options->split : "train",
                                       .height = 1, /* of no image */
                                       .labels_only = true,
                                       .progress = progress};
    rp_dataset set;
    rp_hand_pool pool = {0};
    rp_status status = rp_dataset_load(&set, data, &labels, error);
    if (status == RP_OK) status = fill_pool(&pool, &set, error);
    if (status == RP_OK) status = make_folder(output, error);
    if (status == RP_OK) {
        *report = (rp_score_recompose_report){.systems = set.count,
                                              .measures = (int64_t)pool.count,
                                              .wholes = (int64_t)pool.whole_count,
                                              .times = (int32_t)pool.time_count,
                                              .pieces = options->pieces};
        status = write_pieces(&pool, output, options, progress, error);
    }
    rp_hand_pool_clear(&pool);
    rp_dataset_clear(&set);
    return status;
}
