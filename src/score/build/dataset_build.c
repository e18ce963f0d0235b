/* dataset_build.c: rp_score_dataset_build: many scores, some at a time, resumable.
 *
 *     OUT/samples/ID/p1-s1.png .lmx .musicxml   the samples
 *     OUT/built/ID.txt                          a score's record, written when all of it is there
 *     OUT/scratch/                              MuseScore's files, emptied score by score
 *     OUT/samples.SPLIT.txt ...                 the lists, written at the end from the records
 *
 * A kill loses the scores in hand and nothing else. One MuseScore is started for each score: to
 * share a start among several saves a tenth of the time, and one broken score ends them all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/progress.h"
#include "score/build/dataset_build.h"
#include "score/build/dataset_index.h"
#include "score/build/dataset_preview.h"
#include "score/build/score_build.h"
#include "score/build/verovio.h"

enum { PATH_BYTES = 4096, HEIGHT_MIN = 32, HEIGHT_MAX = 4096, DPI_MIN = 72, DPI_MAX = 1200 };

rp_score_dataset_options rp_score_dataset_defaults(void) {
    return (rp_score_dataset_options){
        .split = "train", .height = 256, .dpi = 300, .seconds_max = 300, .seed = 1};
}

typedef struct dataset_build {
    const rp_score_dataset_options *options;
    const char *output;
    const char *signature;
    rp_engraving_style style;
    bool is_styled;
    rp_score_list list;
    rp_built_score *scores; /* (list.count) */
    bool *is_resumed;       /* (list.count) */
    const rp_log *log;
    atomic_size_t next;
    /* Under the mutex: */
    pthread_mutex_t mutex;
    rp_progress_state progress;
    size_t done;
    int32_t built;
    atomic_bool is_stopped; /* progress asked for an end, or nothing more can be done */
    rp_status status;       /* of what stopped it */
    rp_error error;
} dataset_build;

/* ---- folders ---- */

static rp_status make_folder(const char *output, const char *name, rp_error *error) {
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/%s", output, name) >= PATH_BYTES / 2)
        return rp_fail(error, RP_USAGE, 0, "%.100s...: the path is too long", output);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return rp_fail_errno(error, "%s", path);
    return RP_OK;
}

/* Removes a folder of plain files, if it is there. */
static void remove_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(path);
}

/* One build at a time writes to a folder: the kernel ends the lock with the process. */
static rp_status lock_output(int *lock, const char *output, rp_error *error) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/scratch/lock", output);
    *lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (*lock < 0) return rp_fail_errno(error, "%s", path);
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0) return RP_OK;
    return rp_fail(error, RP_SYSTEM, 0, "%s: another build is writing there; wait for it", output);
}

/* ---- one score ---- */

static void note_problem(dataset_build *self, size_t at, const rp_error *why) {
    rp_built_score *score = &self->scores[at];
    score->has_failed = true;
    score->problem = strdup(why->text);
    rp_log_line(self->log, 0, "%s: %s", score->entry->id, why->text);
}

static rp_status build_one(dataset_build *self, size_t at, rp_arena *arena, rp_error *error) {
    char work[PATH_BYTES], path[PATH_BYTES];
    const rp_score_entry *entry = self->scores[at].entry;
    const rp_score_build build = {.id = entry->id,
                                  .path = entry->path,
                                  .output = self->output,
                                  .work = work,
                                  .height = self->options->height,
                                  .dpi = self->options->dpi,
                                  .seconds_max = self->options->seconds_max,
                                  .style = self->is_styled ? &self->style : NULL,
                                  .is_verovio = self->options->is_verovio,
                                  .keeps_pages = self->options->keeps_pages};
    rp_text record = {0};
    snprintf(work, sizeof work, "%.3800s/scratch/%zu", self->output, at);
    snprintf(path, sizeof path, "%.3800s/built/%s.txt", self->output, entry->id);
    remove_folder(work); /* what a kill left */
    if (mkdir(work, 0777) != 0) return rp_fail_errno(error, "%s", work);
    rp_build_record_begin(&record, self->signature);
    rp_status status = rp_score_build_run(&record, &build, arena, error);
    remove_folder(work);
    if (status == RP_OK) status = rp_new_file_write(path, record.data, record.length, error);
    rp_text_clear(&record);
    return status;
}

static bool is_built(const dataset_build *self, size_t at, rp_arena *arena) {
    char path[PATH_BYTES];
    rp_build_record record;
    snprintf(path, sizeof path, "%.3800s/built/%s.txt", self->output, self->scores[at].entry->id);
    return rp_build_record_read(&record, path, self->signature, arena);
}

static void settle(dataset_build *self, size_t at, rp_status status, const rp_error *error) {
    pthread_mutex_lock(&self->mutex);
    self->built += status == RP_OK && !self->is_resumed[at];
    if (status == RP_INPUT) note_problem(self, at, error);
    else if (status != RP_OK && self->status == RP_OK) {
        self->status = status;
        self->error = *error;
    }
    if (status != RP_OK && status != RP_INPUT) self->is_stopped = true;
    if (!rp_progress_update(&self->progress, ++self->done) && self->done < self->list.count)
        self->is_stopped = true;
    pthread_mutex_unlock(&self->mutex);
}

/* A worker: takes the next score until there are none. */
static void work(void *context, size_t first, size_t last, unsigned thread) {
    dataset_build *self = context;
    rp_arena arena = {0};
    (void)first, (void)last, (void)thread;
    while (!self->is_stopped) {
        const size_t at = atomic_fetch_add(&self->next, 1);
        rp_error error = {0};
        rp_status status = RP_OK;
        if (at >= self->list.count) break;
        self->is_resumed[at] = is_built(self, at, &arena);
        rp_arena_reset(&arena);
        if (!self->is_resumed[at]) status = build_one(self, at, &arena, &error);
        settle(self, at, status, &error);
        rp_arena_reset(&arena);
    }
    rp_arena_clear(&arena);
}

/* ---- the end ---- */

static rp_status finish(rp_score_dataset_report *report, dataset_build *self, rp_error *error) {
    for (size_t i = 0; i < self->list.count; i++) {
        report->resumed += self->is_resumed[i];
        report->failed += self->scores[i].has_failed;
    }
    report->scores = (int32_t)self->list.count;
    report->built = self->built;
    const rp_dataset_index index = {.output = self->output,
                                    .split = self->options->split,
                                    .signature = self->signature,
                                    .scores = self->scores,
                                    .score_count = self->list.count};
    RP_TRY(rp_dataset_index_write(report, &index, error));
    if (self->options->is_previewed)
        RP_TRY(rp_dataset_preview_write(self->output, self->options->split, error));
    if (self->status != RP_OK) {
        if (error != NULL) *error = self->error;
        return self->status;
    }
    return self->is_stopped || report->failed > 0 ? RP_NO : RP_OK;
}

/* ---- the whole ---- */

rp_status rp_score_dataset_check(const rp_score_dataset_options *options, rp_error *error) {
    if (options->height < HEIGHT_MIN || options->height > HEIGHT_MAX)
        return rp_fail(error, RP_USAGE, 0, "the height is %d to %d px", HEIGHT_MIN, HEIGHT_MAX);
    if (options->dpi < DPI_MIN || options->dpi > DPI_MAX)
        return rp_fail(error, RP_USAGE, 0, "the resolution is %d to %d dpi", DPI_MIN, DPI_MAX);
    if (options->jobs < 0 || options->jobs > 256)
        return rp_fail(error, RP_USAGE, 0, "1 to 256 scores at a time");
    if (options->split == NULL || strchr(options->split, '/') != NULL || options->split[0] == 0)
        return rp_fail(error, RP_USAGE, 0, "the split's name is part of a file name");
    const rp_engraving_style style = {.fonts = options->fonts};
    if (options->is_verovio) return rp_verovio_check(&style, error);
    return rp_engraving_style_check(&style, error);
}

static rp_status prepare(dataset_build *self, const char *scores, rp_arena *arena,
                         rp_error *error) {
    const rp_score_dataset_options *options = self->options;
    RP_TRY(rp_score_list_read(&self->list, scores, options->list, arena, error));
    self->scores = rp_arena_array(arena, self->list.count, sizeof *self->scores);
    self->is_resumed = rp_arena_array(arena, self->list.count, sizeof *self->is_resumed);
    self->signature = rp_arena_format(
        arena, "height=%d dpi=%d engraver=%s fonts=%s varied=%d seed=%llu pages=%d",
        options->height, options->dpi, options->is_verovio ? "verovio" : "musescore",
        options->fonts != NULL ? options->fonts : "-", options->is_varied,
        (unsigned long long)options->seed, options->keeps_pages);
    if (self->scores == NULL || self->is_resumed == NULL || self->signature == NULL)
        return rp_fail_memory(error, "the list of scores");
    for (size_t i = 0; i < self->list.count; i++) self->scores[i].entry = &self->list.entries[i];
    if (mkdir(self->output, 0777) != 0 && errno != EEXIST)
        return rp_fail_errno(error, "%s", self->output);
    static const char *const folders[] = {"samples", "built", "scratch", "pages"};
    for (size_t i = 0; i < RP_COUNT(folders) - !options->keeps_pages; i++)
        RP_TRY(make_folder(self->output, folders[i], error));
    return RP_OK;
}

static rp_status run_all(dataset_build *self, const rp_progress *progress, rp_error *error) {
    rp_pool *pool = NULL;
    RP_TRY(rp_pool_create(&pool, (unsigned)self->options->jobs, error));
    self->progress = rp_progress_begin(progress, "building the data set", self->list.count);
    rp_pool_run(pool, rp_pool_threads(pool), work, self);
    rp_pool_destroy(pool);
    return RP_OK;
}

rp_status rp_score_dataset_build(rp_score_dataset_report *report, const char *output,
                                 const char *scores, const rp_score_dataset_options *options,
                                 const rp_progress *progress, const rp_log *log, rp_error *error) {
    const rp_score_dataset_options defaults = rp_score_dataset_defaults();
    if (options == NULL) options = &defaults;
    *report = (rp_score_dataset_report){0};
    RP_TRY(rp_score_dataset_check(options, error));
    rp_arena arena = {0};
    int lock = -1;
    const double started_s = rp_clock_seconds();
    dataset_build self = {.options = options,
                          .output = output,
                          .style = {options->fonts, options->seed, options->is_varied},
                          .is_styled = options->fonts != NULL || options->is_varied,
                          .log = log};
    pthread_mutex_init(&self.mutex, NULL);
    rp_status status = prepare(&self, scores, &arena, error);
    if (status == RP_OK) status = lock_output(&lock, output, error);
    if (status == RP_OK) status = run_all(&self, progress, error);
    if (status == RP_OK) status = finish(report, &self, error);
    status = rp_dataset_report_finish(report, options->split, started_s, status, error);
    if (lock >= 0) close(lock);
    for (size_t i = 0; self.scores != NULL && i < self.list.count; i++)
        free((void *)(uintptr_t)self.scores[i].problem);
    pthread_mutex_destroy(&self.mutex);
    rp_arena_clear(&arena);
    return status;
}

void rp_score_dataset_report_clear(rp_score_dataset_report *report) {
    rp_text_free(report->json);
    *report = (rp_score_dataset_report){0};
}
