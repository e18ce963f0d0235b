/* scanned_build.c: rp_score_dataset_scanned: found systems of scanned pages beside the systems of a
 * piece's MusicXML.
 *
 *     pages -> found systems as crops        labels: the piano part cut at its printed breaks
 *             \                             /
 *              paired in order, page by page
 *
 * Where the music has as many pages as there are images, each page is paired by itself, so that a
 * page which does not come out even costs itself alone. Else the whole sequences are paired, if
 * they are of one length. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/progress.h"
#include "music/music_file.h"
#include "page/crop.h"
#include "page/document.h"
#include "score/build/dataset_build.h"
#include "score/build/dataset_index.h"
#include "score/build/dataset_preview.h"
#include "score/build/sample_files.h"
#include "score/build/score_list.h"

enum { PATH_BYTES = 4096, CROPS_MAX = 20000, PAGES_MAX = 2000 };

static const char *const page_endings[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pdf"};

typedef struct found_crop {
    rp_page_image image;
    unsigned page; /* from 1 */
} found_crop;

typedef struct scanned_build {
    const rp_score_dataset_options *options;
    const char *output;
    rp_score_entry entry; /* id and path of the labels */
    rp_arena arena;       /* crops and labels */
    rp_arena page_arena;
    rp_system_labels labels;
    found_crop *crops;
    size_t crop_count;
    unsigned pages;
    rp_text record;
    rp_progress_state progress;
} scanned_build;

/* ---- what is found ---- */

static rp_status take_page(scanned_build *self, const rp_page_image *page, const char *name,
                           rp_error *error) {
    rp_page_systems systems;
    rp_error why = {0};
    self->pages++;
    const rp_status status = rp_page_find_systems(&systems, page, name, &self->page_arena, &why);
    if (status == RP_NO) return RP_OK; /* the pairing will say so */
    if (status != RP_OK) {
        if (error != NULL) *error = why;
        return status;
    }
    for (size_t i = 0; i < systems.count && self->crop_count < CROPS_MAX; i++) {
        found_crop *crop = &self->crops[self->crop_count++];
        crop->page = self->pages;
        RP_TRY(rp_page_crop_system(&crop->image, page, &systems.systems[i], RP_FRAME_HALF,
                                   self->options->height, &self->arena, error));
    }
    return RP_OK;
}

/* A damaged page is one without systems, and is said: the others can be paired. */
static rp_status read_page(scanned_build *self, const rp_page_document *document, uint32_t number,
                           const char *path, rp_error *error) {
    rp_page_image page;
    rp_error why = {0};
    const rp_status status =
        rp_page_document_read(&page, &self->page_arena, document, number, &why);
    if (status == RP_OK) return take_page(self, &page, path, error);
    if (status == RP_INPUT) {
        self->pages++;
        rp_build_record_add_problem(&self->record, "%.400s", why.text);
        return RP_OK;
    }
    if (error != NULL) *error = why;
    return status;
}

static rp_status take_document(scanned_build *self, const char *path, rp_error *error) {
    rp_page_document *document = NULL;
    RP_TRY(rp_page_document_open(&document, path, error));
    rp_status status = RP_OK;
    for (uint32_t i = 0; i < rp_page_document_pages(document) && status == RP_OK; i++) {
        if (self->pages == PAGES_MAX)
            status = rp_fail(error, RP_INPUT, 0, "%s: more than %d pages", path, PAGES_MAX);
        if (status == RP_OK) status = read_page(self, document, i, path, error);
        rp_arena_reset(&self->page_arena);
        if (status == RP_OK && !rp_progress_update(&self->progress, self->pages))
            status = rp_fail(error, RP_NO, 0, "stopped");
    }
    rp_page_document_close(document);
    return status;
}

static int is_page(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');
    for (size_t i = 0; dot != NULL && dot != entry->d_name && i < RP_COUNT(page_endings); i++)
        if (strcasecmp(dot, page_endings[i]) == 0) return 1;
    return 0;
}

/* page-2.png before page-10.png. */
static int by_number(const struct dirent **a, const struct dirent **b) {
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static rp_status take_pages(scanned_build *self, const char *pages, rp_error *error) {
    struct stat about;
    struct dirent **entries = NULL;
    if (stat(pages, &about) != 0) return rp_fail(error, RP_INPUT, 0, "%s: no such pages", pages);
    if (!S_ISDIR(about.st_mode)) return take_document(self, pages, error);
    const int count = scandir(pages, &entries, is_page, by_number);
    rp_status status = RP_OK;
    if (count <= 0) status = rp_fail(error, RP_INPUT, 0, "%s: no images of pages there", pages);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%.3000s/%s", pages, entries[i]->d_name);
        if (status == RP_OK) status = take_document(self, path, error);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- what is written ---- */

static rp_status read_labels(scanned_build *self, rp_error *error) {
    rp_music_file file;
    RP_TRY(rp_music_file_open(&file, self->entry.path, error));
    rp_status status = RP_OK;
    uint8_t *bytes = rp_arena_alloc_raw(&self->arena, file.source.size + 1);
    if (file.format != RP_MUSIC_MUSICXML)
        status = rp_fail(error, RP_INPUT, 0, "%s: not MusicXML", self->entry.path);
    else if (bytes == NULL) status = rp_fail_memory(error, "the labels");
    if (status == RP_OK && bytes != NULL) {
        memcpy(bytes, file.source.data, file.source.size);
        status = rp_system_labels_make(&self->labels, bytes, file.source.size, self->entry.path,
                                       &self->arena, error);
    }
    rp_music_file_close(&file);
    return status;
}

/* Writes crops[i] with labels[i], `count` of them. */
static rp_status write_pairs(scanned_build *self, const found_crop *crops,
                             const rp_system_label *labels, size_t count, rp_error *error) {
    for (size_t i = 0; i < count; i++) {
        const rp_system_label *label = &labels[i];
        char name[RP_SAMPLE_NAME_BYTES];
        rp_sample_name(name, label->page, label->system);
        if (label->problem != NULL) {
            rp_build_record_add_problem(&self->record, "%s: %.400s", name, label->problem);
            continue;
        }
        RP_TRY(rp_sample_files_write(self->output, self->entry.id, &crops[i].image, label, error));
        const rp_build_sample line = {
            .name = name, .width = crops[i].image.width, .tokens = label->tokens, .edges = ""};
        rp_build_record_add_sample(&self->record, &line);
    }
    return RP_OK;
}

static size_t crops_on(const scanned_build *self, size_t first, unsigned page) {
    size_t end = first;
    while (end < self->crop_count && self->crops[end].page == page) end++;
    return end - first;
}

static size_t labels_on(const scanned_build *self, size_t first, unsigned page) {
    size_t end = first;
    while (end < self->labels.count && self->labels.labels[end].page == page) end++;
    return end - first;
}

static rp_status pair_by_page(scanned_build *self, rp_error *error) {
    size_t crop = 0, label = 0;
    for (unsigned page = 1; page <= self->pages; page++) {
        const size_t found = crops_on(self, crop, page), said = labels_on(self, label, page);
        if (found != said)
            rp_build_record_add_problem(
                &self->record, "page %u left out: %zu piano systems found, %zu in the music", page,
                found, said);
        else
            RP_TRY(
                write_pairs(self, self->crops + crop, self->labels.labels + label, found, error));
        crop += found;
        label += said;
    }
    return RP_OK;
}

static rp_status pair(scanned_build *self, rp_error *error) {
    const size_t count = self->labels.count;
    const unsigned label_pages = count > 0 ? self->labels.labels[count - 1].page : 0;
    if (label_pages == self->pages) return pair_by_page(self, error);
    if (self->crop_count == count)
        return write_pairs(self, self->crops, self->labels.labels, count, error);
    rp_build_record_add_problem(
        &self->record,
        "nothing paired: %zu piano systems found on %u pages, %zu on %u in the music",
        self->crop_count, self->pages, count, label_pages);
    return RP_OK;
}

/* ---- the whole ---- */

static int is_record(const struct dirent *entry) {
    const size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".txt") == 0;
}

/* The lists are of all pieces that were added to OUT, this one included. */
static rp_status write_index(scanned_build *self, rp_score_dataset_report *report,
                             const char *signature, rp_error *error) {
    char path[PATH_BYTES];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "%s/built", self->output);
    const int count = scandir(path, &entries, is_record, alphasort);
    const size_t size = count > 0 ? (size_t)count : 1;
    rp_built_score *scores = rp_arena_array(&self->arena, size, sizeof *scores);
    rp_score_entry *ids = rp_arena_array(&self->arena, size, sizeof *ids);
    const bool has_room = scores != NULL && ids != NULL;
    for (int i = 0; i < count; i++) {
        if (has_room) {
            const size_t length = strlen(entries[i]->d_name) - 4;
            ids[i].id = rp_arena_text(&self->arena, entries[i]->d_name, length);
            scores[i].entry = &ids[i];
        }
        free(entries[i]);
    }
    free(entries);
    if (!has_room || self->arena.failed) return rp_fail_memory(error, "the list of pieces");
    const rp_dataset_index index = {.output = self->output,
                                    .split = self->options->split,
                                    .signature = signature,
                                    .scores = scores,
                                    .score_count = count > 0 ? (size_t)count : 0};
    report->scores = report->built = 1;
    return rp_dataset_index_write(report, &index, error);
}

static rp_status build(scanned_build *self, rp_score_dataset_report *report, const char *pages,
                       rp_error *error) {
    char path[PATH_BYTES], signature[64];
    static const char *const folders[] = {"", "/samples", "/built"};
    snprintf(signature, sizeof signature, "scanned height=%d", self->options->height);
    for (size_t i = 0; i < RP_COUNT(folders); i++) {
        snprintf(path, sizeof path, "%.3000s%s", self->output, folders[i]);
        if (mkdir(path, 0777) != 0 && errno != EEXIST) return rp_fail_errno(error, "%s", path);
    }
    self->crops = rp_arena_array(&self->arena, CROPS_MAX, sizeof *self->crops);
    if (self->crops == NULL) return rp_fail_memory(error, "the crops");
    RP_TRY(read_labels(self, error));
    rp_build_record_begin(&self->record, signature);
    RP_TRY(take_pages(self, pages, error));
    RP_TRY(rp_sample_files_make_folder(self->output, self->entry.id, error));
    RP_TRY(pair(self, error));
    rp_build_record_end(&self->record, self->labels.has_token);
    if (self->record.failed) return rp_fail_memory(error, "a piece's record");
    snprintf(path, sizeof path, "%.3000s/built/%s.txt", self->output, self->entry.id);
    RP_TRY(rp_new_file_write(path, self->record.data, self->record.length, error));
    return write_index(self, report, signature, error);
}

rp_status rp_score_dataset_scanned(rp_score_dataset_report *report, const char *output,
                                   const char *pages, const char *labels,
                                   const rp_score_dataset_options *options,
                                   const rp_progress *progress, rp_error *error) {
    const rp_score_dataset_options defaults = rp_score_dataset_defaults();
    scanned_build self = {.options = options != NULL ? options : &defaults, .output = output};
    rp_score_list list;
    const double started_s = rp_clock_seconds();
    *report = (rp_score_dataset_report){0};
    RP_TRY(rp_score_dataset_check(self.options, error));
    self.progress = rp_progress_begin(progress, "finding systems", 0);
    rp_status status = rp_score_list_read(&list, labels, NULL, &self.arena, error);
    if (status == RP_OK && list.count != 1)
        status = rp_fail(error, RP_USAGE, 0, "%s: the labels are one file of MusicXML", labels);
    if (status == RP_OK) {
        self.entry = list.entries[0];
        status = build(&self, report, pages, error);
    }
    if (status == RP_OK && self.options->is_previewed)
        status = rp_dataset_preview_write(output, self.options->split, error);
    if (status == RP_OK && report->problems > 0) status = RP_NO;
    status = rp_dataset_report_finish(report, self.options->split, started_s, status, error);
    rp_text_clear(&self.record);
    rp_arena_clear(&self.page_arena);
    rp_arena_clear(&self.arena);
    return status;
}
