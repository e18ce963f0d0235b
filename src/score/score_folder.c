/* score_folder.c: rp_score_read_folder: every page of a folder, each its own score.
 *
 *     FOLDER/a.png, b.pdf, ...  ->  OUTPUT/a.musicxml, b.musicxml, ...
 *                                   OUTPUT/pages.PART.jsonl    a line a page, when it is done
 *
 * The list is sorted by name; part k of n takes every n-th page from the k-th on, so that many
 * processes share a folder without a word between them. A page is done when a line says that it was
 * read and the score that the line names is there, of the kind that is asked for. A run that was
 * killed goes on where it stopped, with as many parts as it likes: all pages.*.jsonl are read
 * first. A line cut short by a kill does not count, nor one of a page that could not be read, or
 * not whole: it may have been scanned anew. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_reader.h"
#include "base/mapped_file.h"
#include "base/progress.h"
#include "reprise/score.h"

enum { PATH_BYTES = 4096, NAME_BYTES = 512 };

typedef struct page {
    char *name; /* of the file, in FOLDER */
    bool is_done;
} page;

typedef struct folder {
    const rp_score_folder_options *options;
    rp_score_reader *reader;
    rp_arena arena;
    page *pages; /* (count) by name */
    size_t count;
    FILE *lines; /* pages.PART.jsonl, at its end */
    rp_score_folder_report *report;
} folder;

/* ---- what there is to read ---------------------------------------------------------------------
 */

static int is_page(const struct dirent *entry) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pdf"};
    const char *dot = strrchr(entry->d_name, '.');
    if (dot == NULL || dot == entry->d_name) return 0;
    for (size_t i = 0; i < RP_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0) return 1;
    return 0;
}

static int compare_pages(const void *a, const void *b) {
    return strcmp(((const page *)a)->name, ((const page *)b)->name);
}

static rp_status list_pages(folder *f, rp_error *error) {
    struct dirent **entries = NULL;
    const int count = scandir(f->options->folder, &entries, is_page, NULL);
    if (count < 0) return rp_fail_errno(error, "%s", f->options->folder);
    f->pages = rp_arena_array(&f->arena, (size_t)count, sizeof *f->pages);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (f->pages != NULL)
            f->pages[f->count++].name = rp_arena_text(&f->arena, name, strlen(name));
        free(entries[i]);
    }
    free(entries);
    if (f->arena.failed) return rp_fail_memory(error, "the list of pages");
    qsort(f->pages, f->count, sizeof *f->pages, compare_pages);
    if (f->count > 0) return RP_OK;
    return rp_fail(error, RP_NO, -1, "%s: holds no .png, .jpg, .tif or .pdf", f->options->folder);
}

static size_t stem_length(const char *name) { return (size_t)(strrchr(name, '.') - name); }

/* Is there another page of the same name but for its ending? They lie together, by name. */
static bool has_twin(const folder *f, size_t i) {
    const char *name = f->pages[i].name;
    const size_t stem = stem_length(name);
    for (int step = -1; step <= 1; step += 2)
        for (size_t k = i + (size_t)step; k < f->count; k += (size_t)step) {
            if (strncmp(f->pages[k].name, name, stem + 1) != 0) break;
            if (stem_length(f->pages[k].name) == stem) return true;
        }
    return false;
}

/* The score of page i, a file in OUTPUT. */
static void name_output(char *name, size_t size, const folder *f, size_t i) {
    const char *input = f->pages[i].name;
    const int stem = (int)(has_twin(f, i) ? strlen(input) : stem_length(input));
    snprintf(name, size, "%.*s.%s", stem, input, f->options->lmx ? "lmx" : "musicxml");
}

/* ---- what was done before ----------------------------------------------------------------------
 */

static void mark_done(folder *f, const char *line, size_t length, rp_arena *scratch) {
    const rp_json_value *value;
    rp_arena_reset(scratch);
    if (rp_json_read(&value, line, length, scratch, "pages", NULL) != RP_OK) return;
    const rp_json_value *input = rp_json_member(value, "input");
    const rp_json_value *output = rp_json_member(value, "output"); /* only where it was read */
    if (input == NULL || input->kind != RP_JSON_TEXT) return;
    const rp_json_value *failed = rp_json_member(value, "failed_pages");
    if (output == NULL || output->kind != RP_JSON_TEXT) return;
    if (failed != NULL && failed->number > 0) return;
    page key = {.name = (char *)input->text};
    page *found = bsearch(&key, f->pages, f->count, sizeof *f->pages, compare_pages);
    if (found == NULL || found->is_done) return;
    char wanted[NAME_BYTES], path[PATH_BYTES];
    name_output(wanted, sizeof wanted, f, (size_t)(found - f->pages));
    if (strcmp(output->text, wanted) != 0) return;
    snprintf(path, sizeof path, "%s/%s", f->options->output, wanted);
    found->is_done = access(path, F_OK) == 0;
}

static int is_record(const struct dirent *entry) {
    const size_t length = strlen(entry->d_name);
    return length > 12 && strncmp(entry->d_name, "pages.", 6) == 0 &&
           strcmp(entry->d_name + length - 6, ".jsonl") == 0;
}

/* Reads the lines of all parts. */
static void read_records(folder *f) {
    struct dirent **entries = NULL;
    rp_arena scratch = {0};
    const int count = scandir(f->options->output, &entries, is_record, NULL);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        rp_mapped_file file;
        snprintf(path, sizeof path, "%s/%s", f->options->output, entries[i]->d_name);
        free(entries[i]);
        if (rp_mapped_file_open(&file, path, NULL) != RP_OK) continue;
        const char *at = (const char *)file.data, *end = at + file.size, *stop;
        for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))) != NULL; at = stop + 1)
            mark_done(f, at, (size_t)(stop - at), &scratch);
        rp_mapped_file_close(&file);
    }
    free(entries);
    rp_arena_clear(&scratch);
}

/* Opens this part's record; a line that a kill cut short is ended, so that the next is whole. */
static rp_status open_record(folder *f, rp_error *error) {
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/pages.%d.jsonl", f->options->output, f->options->part) >=
        (int)sizeof path)
        return rp_fail(error, RP_USAGE, -1, "%s: the path is too long", f->options->output);
    f->lines = fopen(path, "a+");
    if (f->lines == NULL) return rp_fail_errno(error, "%s", path);
    const bool is_cut = fseek(f->lines, -1, SEEK_END) == 0 && fgetc(f->lines) != '\n';
    if (fseek(f->lines, 0, SEEK_END) != 0) return rp_fail_errno(error, "%s", path);
    if (is_cut) fputc('\n', f->lines);
    return RP_OK;
}

/* ---- one page ----------------------------------------------------------------------------------
 */

static rp_status write_line(const folder *f, const page *p, const char *output,
                            const rp_score_result *r, const rp_error *failure, double seconds,
                            rp_error *error) {
    rp_text text = {0};
    rp_json json = {.text = &text};
    rp_json_object(&json, NULL);
    rp_json_integer(&json, "reprise", 1);
    rp_json_text(&json, "input", p->name);
    rp_json_bool(&json, "read", failure == NULL);
    if (failure != NULL) {
        rp_json_text(&json, "error", failure->text);
    } else {
        rp_json_text(&json, "output", output);
        rp_json_integer(&json, "pages", r->pages);
        rp_json_integer(&json, "failed_pages", r->failed_pages);
        rp_json_integer(&json, "systems", r->systems);
        rp_json_integer(&json, "measures", r->measures);
        rp_json_integer(&json, "repaired_measures", r->repaired);
        rp_json_integer(&json, "doubtful_measures", r->doubtful);
        rp_json_integer(&json, "notes_left_out", r->left_out);
        rp_json_number(&json, "confidence", r->confidence, 3);
    }
    rp_json_number(&json, "seconds", seconds, 2);
    rp_json_end(&json);
    rp_text_add_char(&text, '\n');
    rp_status status = RP_OK;
    if (text.failed) status = rp_fail_memory(error, "the record");
    else if (fwrite(text.data, 1, text.length, f->lines) != text.length || fflush(f->lines) != 0)
        status = rp_fail_errno(error, "%s/pages.%d.jsonl", f->options->output, f->options->part);
    rp_text_clear(&text);
    return status;
}

/* A page that cannot be read is a line with its error; only the system's failures end the run. */
static rp_status read_page(folder *f, size_t i, rp_error *error) {
    const rp_score_folder_options *o = f->options;
    const page *p = &f->pages[i];
    const rp_score_read_options how = {.is_system = o->is_system};
    char input[PATH_BYTES], output[PATH_BYTES], name[NAME_BYTES];
    rp_score_result result = {0};
    rp_error failure = {0};
    const double started = rp_clock_seconds();
    name_output(name, sizeof name, f, i);
    if (snprintf(input, sizeof input, "%s/%s", o->folder, p->name) >= (int)sizeof input ||
        snprintf(output, sizeof output, "%s/%s", o->output, name) >= (int)sizeof output)
        return rp_fail(error, RP_USAGE, -1, "%s: the path is too long", p->name);
    const rp_status status = rp_score_read(&result, f->reader, input, &how, NULL, &failure);
    const char *text = o->lmx ? result.lmx : result.musicxml;
    rp_status written = status;
    if (status == RP_OK) written = rp_new_file_write(output, text, strlen(text), error);
    else if (status == RP_SYSTEM && error != NULL) *error = failure;
    if (status != RP_OK) f->report->failed++;
    else if (result.failed_pages > 0) f->report->partial++;
    else f->report->read++;
    if (written != RP_SYSTEM)
        written = write_line(f, p, name, &result, status == RP_OK ? NULL : &failure,
                             rp_clock_seconds() - started, error);
    rp_score_result_clear(&result);
    return written;
}

static rp_status read_pages(folder *f, const rp_progress *progress, rp_error *error) {
    const size_t parts = (size_t)f->options->parts, first = (size_t)f->options->part;
    rp_progress_state state = rp_progress_begin(progress, "reading", f->count);
    for (size_t i = first; i < f->count; i += parts) {
        if (f->pages[i].is_done) f->report->skipped++;
        else RP_TRY(read_page(f, i, error));
        if (!rp_progress_update(&state, i + 1)) return rp_fail(error, RP_NO, -1, "stopped");
    }
    return RP_OK;
}

rp_status rp_score_read_folder(rp_score_folder_report *report, rp_score_reader *reader,
                               const rp_score_folder_options *options, const rp_progress *progress,
                               rp_error *error) {
    folder f = {.options = options, .reader = reader, .report = report};
    *report = (rp_score_folder_report){0};
    if (options->parts < 1 || options->part < 0 || options->part >= options->parts)
        return rp_fail(error, RP_USAGE, -1, "part %d of %d: parts count from 0", options->part,
                       options->parts);
    if (mkdir(options->output, 0777) != 0 && errno != EEXIST)
        return rp_fail_errno(error, "%s", options->output);
    rp_status status = list_pages(&f, error);
    if (status == RP_OK) {
        read_records(&f);
        status = open_record(&f, error);
    }
    if (status == RP_OK) status = read_pages(&f, progress, error);
    if (f.lines != NULL) fclose(f.lines);
    rp_arena_clear(&f.arena);
    return status;
}
