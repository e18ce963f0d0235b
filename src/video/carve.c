/* carve.c: `rp_video_carve` (video.h): recordings out of the image of a card.
 *
 * Read the file system, search what nobody owns (carve_search.h), write each recording that was
 * found; one that comes to its own end is whole as it is, another gets a new index with a healthy
 * clip as reference: the caller's, else one from the card itself. */
#include "video/carve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "video/report.h"

enum { REFERENCES_MAX = 4, MARKS_MIN = 4, PATH_BYTES = 1200 };

struct carve {
    rp_mapped_file image;
    rp_arena arena;
    rp_volume volume;
    rp_carve_found found;
    const rp_video_carve_options *options;
    char *references[REFERENCES_MAX]; /* paths, memory of the arena */
    bool is_borrowed[REFERENCES_MAX]; /* not to be removed at the end */
    size_t reference_count;
    rp_carved *carved; /* one row for each recording, memory of the arena */
    size_t carved_count;
};

/* ---- hints of the file system ---- */

static bool is_media_name(const char *path) {
    static const char *const endings[] = {".mp4", ".mov", ".m4v", ".rsv", ".mdt",
                                          ".dat", ".3gp", ".lrv", ".insv"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < RP_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

/* links[c]: what comes after c by the table, or by a deleted entry that says it is contiguous. */
static uint32_t *make_links(struct carve *carve) {
    const rp_volume *volume = &carve->volume;
    uint32_t *links =
        rp_arena_array(&carve->arena, (size_t)volume->cluster_count + 2, sizeof *links);
    if (links == NULL) return NULL;
    for (uint32_t c = 2; c - 2 < volume->cluster_count; c++)
        if (volume->use[c] != RP_CLUSTER_OWNED) links[c] = rp_volume_next(volume, c);
    for (size_t i = 0; i < volume->file_count; i++) {
        const rp_volume_file *file = &volume->files[i];
        if (!file->is_deleted || !file->is_contiguous || !is_media_name(file->path)) continue;
        const uint64_t count = file->size_bytes / volume->cluster_bytes;
        for (uint64_t k = 0; k < count && file->first_cluster + k + 1 < volume->cluster_count + 2 &&
                             file->first_cluster >= 2;
             k++)
            links[file->first_cluster + k] = file->first_cluster + (uint32_t)k + 1;
    }
    return links;
}

/* ---- writing ---- */

/* Writes the first `size` bytes of a chain of clusters to `path`. */
static rp_status write_runs(const struct carve *carve, const rp_volume_runs *runs, uint64_t size,
                            const char *path, rp_error *error) {
    rp_new_file file;
    RP_TRY(rp_new_file_open(&file, path, error));
    uint64_t left = size;
    for (size_t r = 0; r < runs->count && left > 0; r++) {
        for (uint32_t k = 0; k < runs->rows[r].count && left > 0; k++) {
            size_t part;
            const uint8_t *data =
                rp_volume_cluster(&carve->volume, runs->rows[r].first_cluster + k, &part);
            if (data == NULL) break;
            if (part > left) part = (size_t)left;
            if (fwrite(data, 1, part, file.stream) != part) {
                const rp_status status = rp_fail_errno(error, "%s", path);
                rp_new_file_abandon(&file);
                return status;
            }
            left -= part;
        }
    }
    return rp_new_file_commit(&file, error);
}

static char *path_in_folder(struct carve *carve, const char *name, unsigned number,
                            const char *ending) {
    if (number == 0)
        return rp_arena_format(&carve->arena, "%s/%s%s", carve->options->folder, name, ending);
    return rp_arena_format(&carve->arena, "%s/%s-%u%s", carve->options->folder, name, number,
                           ending);
}

/* A path in the output folder that nothing stands at yet. */
static char *free_path(struct carve *carve, const char *name, const char *ending) {
    for (unsigned number = 0; number < 10000; number++) {
        char *path = path_in_folder(carve, name, number, ending);
        if (path == NULL || access(path, F_OK) != 0) return path;
    }
    return NULL;
}

/* ---- references ---- */

static void add_reference(struct carve *carve, char *path, bool is_borrowed) {
    if (path == NULL || carve->reference_count == REFERENCES_MAX) return;
    carve->is_borrowed[carve->reference_count] = is_borrowed;
    carve->references[carve->reference_count++] = path;
}

static bool is_whole_film(const char *path) {
    rp_video_report *report = NULL;
    const rp_status status = rp_video_inspect(&report, path, NULL);
    rp_video_report_destroy(report);
    return status == RP_OK;
}

/* Copies the smallest live recordings of the card: healthy clips of the same camera. */
static rp_status take_references(struct carve *carve, rp_error *error) {
    const rp_volume *volume = &carve->volume;
    uint64_t above = 0;
    for (size_t tries = 0; tries < REFERENCES_MAX; tries++) {
        const rp_volume_file *smallest = NULL;
        for (size_t i = 0; i < volume->file_count; i++) {
            const rp_volume_file *file = &volume->files[i];
            if (file->is_deleted || file->is_folder || file->size_bytes <= above ||
                !is_media_name(file->path))
                continue;
            if (smallest == NULL || file->size_bytes < smallest->size_bytes) smallest = file;
        }
        if (smallest == NULL) return RP_OK;
        above = smallest->size_bytes;
        rp_volume_runs runs;
        char *path = free_path(carve, ".reference", ".mp4");
        if (path == NULL) return rp_fail_memory(error, "a file name");
        RP_TRY(rp_volume_file_runs(&runs, volume, smallest, error));
        RP_TRY(write_runs(carve, &runs, smallest->size_bytes, path, error));
        if (is_whole_film(path)) add_reference(carve, path, false);
        else unlink(path);
    }
    return RP_OK;
}

static void remove_references(const struct carve *carve) {
    for (size_t i = 0; i < carve->reference_count; i++)
        if (!carve->is_borrowed[i]) unlink(carve->references[i]);
}

/* ---- one recording ---- */

static const rp_volume_file *entry_of(const struct carve *carve, uint32_t start) {
    for (size_t i = 0; i < carve->volume.file_count; i++) {
        const rp_volume_file *file = &carve->volume.files[i];
        if (file->first_cluster == start && !file->is_folder) return file;
    }
    return NULL;
}

/* The name of the entry that begins there, without folders and ending; else a number. */
static const char *name_of(struct carve *carve, const rp_volume_file *entry, size_t number) {
    if (entry == NULL) return rp_arena_format(&carve->arena, "carved-%04zu", number);
    const char *slash = strrchr(entry->path, '/'), *name = slash != NULL ? slash + 1 : entry->path;
    const char *dot = strrchr(name, '.');
    return rp_arena_text(&carve->arena, name, dot != NULL ? (size_t)(dot - name) : strlen(name));
}

/* Zeros at the end of the last cluster are what was never written. */
static uint64_t slack_of(const struct carve *carve, const rp_volume_runs *runs) {
    const rp_volume_run *last = &runs->rows[runs->count - 1];
    size_t size, used;
    const uint8_t *data =
        rp_volume_cluster(&carve->volume, last->first_cluster + last->count - 1, &size);
    for (used = size; used > 0 && data[used - 1] == 0; used--) {
    }
    return size - used;
}

/* How many bytes belong to it: up to its own end, by its entry where that fits, else all. */
static uint64_t size_of(const struct carve *carve, const rp_carve_stream *stream,
                        const rp_volume_file *entry) {
    if (stream->follow.end != 0) return stream->follow.end;
    const uint64_t length = stream->follow.length;
    if (entry != NULL && entry->size_bytes <= length &&
        length - entry->size_bytes < carve->volume.cluster_bytes && entry->size_bytes > 0)
        return entry->size_bytes;
    return length - slack_of(carve, &stream->runs);
}

/* Tries the references one after the other; the first whose camera fits gives the index. */
static rp_status recover(const struct carve *carve, rp_carved *carved, const char *raw,
                         rp_error *error) {
    for (size_t i = 0; i < carve->reference_count + 1; i++) {
        const rp_video_recover_options options = {
            .reference = i < carve->reference_count ? carve->references[i] : NULL,
            .output = carved->path,
            .progress = carve->options->progress,
            .log = carve->options->log};
        rp_video_report *report = NULL;
        rp_error reason = {0};
        const rp_status status = rp_video_recover(&report, raw, &options, &reason);
        const bool is_written = report != NULL && (status == RP_OK || status == RP_NO);
        if (is_written)
            carved->report = rp_arena_text(carved->arena, rp_video_report_text(report),
                                           strlen(rp_video_report_text(report)));
        rp_video_report_destroy(report);
        if (is_written) return status;
        if (status == RP_SYSTEM) return rp_fail(error, RP_SYSTEM, reason.place, "%s", reason.text);
    }
    return RP_INPUT;
}

static rp_status write_recording(struct carve *carve, rp_carved *carved,
                                 const rp_carve_stream *stream, rp_error *error) {
    const rp_volume_file *entry = entry_of(carve, stream->start);
    const char *name = name_of(carve, entry, carve->carved_count);
    const uint64_t size = size_of(carve, stream, entry);
    char *path = name != NULL ? free_path(carve, name, ".mp4") : NULL;
    char *raw = name != NULL ? free_path(carve, name, ".dat") : NULL;
    if (path == NULL || raw == NULL) return rp_fail_memory(error, "a file name");
    *carved = (rp_carved){.path = path,
                          .entry = entry != NULL ? entry->path : NULL,
                          .first_cluster = stream->start,
                          .fragments = stream->runs.count,
                          .size_bytes = size,
                          .arena = &carve->arena};
    if (stream->follow.end != 0) {
        RP_TRY(write_runs(carve, &stream->runs, size, path, error));
        carved->state = is_whole_film(path) ? RP_CARVED_WHOLE : RP_CARVED_DOUBTFUL;
        if (carved->state == RP_CARVED_WHOLE) add_reference(carve, path, true);
        return RP_OK;
    }
    RP_TRY(write_runs(carve, &stream->runs, size, raw, error));
    const rp_status status = recover(carve, carved, raw, error);
    if (status == RP_SYSTEM) return status;
    if (status == RP_INPUT && is_whole_film(raw)) {
        /* Nothing to recover: its index is its last box, so that nothing told its end before. */
        if (rename(raw, path) != 0) return rp_fail_errno(error, "%s", path);
        carved->state = RP_CARVED_WHOLE;
        add_reference(carve, path, true);
    } else if (status == RP_INPUT) {
        carved->path = raw;
        carved->state = RP_CARVED_RAW;
    } else {
        carved->state = status == RP_OK ? RP_CARVED_RECOVERED : RP_CARVED_PARTLY;
        unlink(raw);
    }
    return RP_OK;
}

/* Whole ones first: they are references for the others. */
static rp_status write_recordings(struct carve *carve, rp_error *error) {
    carve->carved = rp_arena_array(&carve->arena, carve->found.count + 1, sizeof *carve->carved);
    if (carve->carved == NULL) return rp_fail_memory(error, "the list of recordings");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < carve->found.count; i++) {
            const rp_carve_stream *stream = &carve->found.streams[i];
            const bool is_whole = stream->follow.end != 0;
            if (is_whole != (round == 0) || stream->follow.marks < MARKS_MIN) continue;
            RP_TRY(write_recording(carve, &carve->carved[carve->carved_count++], stream, error));
        }
    }
    return RP_OK;
}

/* ---- the call ---- */

static rp_status open_card(struct carve *carve, const char *image, rp_error *error) {
    RP_TRY(rp_mapped_file_open(&carve->image, image, error));
    if (carve->image.size == 0) return rp_fail(error, RP_INPUT, 0, "%s: is empty", image);
    if (mkdir(carve->options->folder, 0777) != 0 && access(carve->options->folder, W_OK) != 0)
        return rp_fail_errno(error, "%s", carve->options->folder);
    return rp_volume_open(&carve->volume, carve->image.data, carve->image.size, &carve->arena,
                          error);
}

rp_status rp_video_carve(rp_video_report **out, const char *image,
                         const rp_video_carve_options *options, rp_error *error) {
    *out = NULL;
    if (options == NULL || options->folder == NULL)
        return rp_fail(error, RP_USAGE, -1, "%s: no folder is named for its recordings", image);
    struct carve carve = {.options = options};
    rp_video_report *report = rp_video_report_create();
    rp_status status =
        report == NULL ? rp_fail_memory(error, "the report") : open_card(&carve, image, error);
    if (status != RP_OK) goto done;
    const uint32_t *links = make_links(&carve);
    if (links == NULL) status = rp_fail_memory(error, "the card's chains");
    if (status == RP_OK)
        status = rp_carve_search(&carve.found, &carve.volume, links, options->progress, error);
    if (status == RP_OK && options->reference != NULL)
        add_reference(&carve,
                      rp_arena_text(&carve.arena, options->reference, strlen(options->reference)),
                      true);
    else if (status == RP_OK) status = take_references(&carve, error);
    if (status == RP_OK) status = write_recordings(&carve, error);
    remove_references(&carve);
    if (status != RP_OK) goto done;
    rp_carve_report(report, &carve.volume, carve.carved, carve.carved_count);
    if (report->text.failed || report->json.failed) status = rp_fail_memory(error, "the report");
    else if (carve.carved_count == 0)
        status =
            rp_fail(error, RP_NO, -1, "%s: no recording in the clusters that no file owns", image);
    for (size_t i = 0; status == RP_OK && i < carve.carved_count; i++)
        if (carve.carved[i].state > RP_CARVED_RECOVERED)
            status = rp_fail(error, RP_NO, -1, "%s: not all recordings are whole; see the report",
                             image);
    *out = report;
    report = NULL;
done:
    rp_video_report_destroy(report);
    rp_arena_clear(&carve.arena);
    rp_mapped_file_close(&carve.image);
    return status;
}
