/* musescore.c: see musescore.h. MuseScore works in a folder of its own, so that nothing half
 * written is ever seen; its pages are then written where they are wanted. */
#include "music/musescore.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/work_folder.h"

enum { PATH_BYTES = 4096, WORDS_MAX = 8, OUTPUT_BYTES_MAX = 1 << 20 };

/* Qt asks for far more address space than it uses. */
static const size_t memory_bytes_max = (size_t)1 << 37;

static rp_status move_file(const char *to, const char *from, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(rp_mapped_file_open(&file, from, error));
    const rp_status status = rp_new_file_write(to, file.data, file.size, error);
    rp_mapped_file_close(&file);
    unlink(from);
    return status;
}

/* A run of the program, and what became of it. */
struct run {
    int dpi;            /* of PNG and of positions; 0: 300 */
    double seconds_max; /* on the clock; 0: RP_MUSESCORE_SECONDS_MAX */
    rp_text complaints; /* what it said on standard error; the caller's */
    int exit_status;
};

/* Runs it with the words (at most WORDS_MAX, then NULL). RP_SYSTEM: it is not installed, took too
 * long, or no memory. */
static rp_status run(struct run *self, const char *const *words, rp_error *error) {
    char dpi[16];
    const char *arguments[WORDS_MAX + 8] = {
        "env", "QT_QPA_PLATFORM=offscreen", "mscore3", "-f", "-r", dpi};
    const rp_child child = {
        .arguments = arguments,
        .package = "musescore3",
        .output_bytes_max = OUTPUT_BYTES_MAX,
        .seconds_max = self->seconds_max > 0 ? self->seconds_max : RP_MUSESCORE_SECONDS_MAX,
        .memory_bytes_max = memory_bytes_max};
    rp_text output = {0};
    snprintf(dpi, sizeof dpi, "%d", self->dpi > 0 ? self->dpi : 300);
    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) arguments[6 + i] = words[i];
    rp_status status = rp_child_run(&child, &output, &self->complaints, &self->exit_status, error);
    if (status == RP_OK && self->exit_status == 127)
        status =
            rp_fail(error, RP_SYSTEM, 0, "mscore3 is not installed; apt-get install musescore3");
    rp_text_clear(&output);
    return status;
}

/* ---- one output ---- */

/* The program knows endings in small letters only. */
static void out_name(char name[16], const char *ending) {
    snprintf(name, 16, "out%s", ending);
    for (char *at = name; *at != '\0'; at++) *at = (char)tolower((unsigned char)*at);
}

/* Moves the pages FOLDER/out-1.png (or out-01.png) ..., or FOLDER/out.png, to where they belong;
 * *pages: how many there were. */
static rp_status move_pages(const char *to, const char *folder, const char *ending, int *pages,
                            rp_error *error) {
    char from[PATH_BYTES], target[PATH_BYTES], name[16];
    const int stem = (int)(strlen(to) - strlen(ending));
    out_name(name, ending);
    const bool is_one = !rp_musescore_page(from, sizeof from, folder, name, 2);
    for (*pages = 0; rp_musescore_page(from, sizeof from, folder, name, *pages + 1); ++*pages) {
        if (is_one) snprintf(target, sizeof target, "%s", to);
        else snprintf(target, sizeof target, "%.*s-%d%s", stem, to, *pages + 1, ending);
        RP_TRY(move_file(target, from, error));
    }
    return RP_OK;
}

static rp_status convert_in(const char *folder, const char *to, const char *from,
                            const rp_musescore_options *options, rp_error *error) {
    char out[PATH_BYTES], name[16];
    const char *ending = strrchr(to, '.');
    int pages = 0;
    if (ending == NULL || strlen(ending) > 12 || strlen(to) > PATH_BYTES / 2)
        return rp_fail(error, RP_USAGE, 0, "%s: the name needs an ending", to);
    out_name(name, ending);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    const char *const words[] = {"-o", out, from, options->trims ? "-T" : NULL,
                                 "8",  NULL}; /* -T is followed by a margin in dots */
    struct run job = {.dpi = options->dots_an_inch, .seconds_max = options->seconds_max};
    rp_status status = run(&job, words, error);
    if (status == RP_OK) status = move_pages(to, folder, ending, &pages, error);
    if (status == RP_OK && pages == 0)
        status = rp_fail(error, RP_SYSTEM, 0, "MuseScore wrote nothing for %s: %.200s", from,
                         job.complaints.length > 0 ? job.complaints.data : "no reason given");
    rp_text_clear(&job.complaints);
    return status;
}

rp_status rp_musescore_run(const char *to, const char *from, const rp_musescore_options *options,
                           rp_error *error) {
    static const rp_musescore_options defaults = {0};
    rp_work_folder folder;
    RP_TRY(rp_work_folder_make(&folder, error));
    const rp_status status =
        convert_in(folder.path, to, from, options != NULL ? options : &defaults, error);
    rp_work_folder_remove(&folder);
    return status;
}

/* ---- several outputs at once ---- */

static rp_status write_job(const char *path, const rp_musescore_export *job, rp_error *error) {
    rp_text text = {0};
    rp_json json = {.text = &text};
    char out[PATH_BYTES];
    rp_json_array(&json, NULL);
    rp_json_object(&json, NULL);
    rp_json_text(&json, "in", job->from);
    rp_json_array(&json, "out");
    for (size_t i = 0; i < job->output_count; i++) {
        snprintf(out, sizeof out, "%s/%s", job->folder, job->outputs[i]);
        rp_json_text(&json, NULL, out);
    }
    for (int level = 0; level < 3; level++) rp_json_end(&json);
    const rp_status status = text.failed ? rp_fail_memory(error, "a job for MuseScore")
                                         : rp_new_file_write(path, text.data, text.length, error);
    rp_text_clear(&text);
    return status;
}

/* What MuseScore's exit says. It ends with 0 though an output failed: the caller looks. */
static rp_status judge_exit(const char *from, int exit_status, const rp_text *complaints,
                            rp_error *error) {
    const char *words = complaints->length > 0 ? complaints->data : "";
    if (exit_status > 128)
        return rp_fail(error, RP_INPUT, 0, "%s: MuseScore crashed (signal %d)", from,
                       exit_status - 128);
    const char *reason = strstr(words, "Cannot read file");
    if (reason != NULL && exit_status != 0) {
        const char *line = strchr(reason, '\n');
        reason = line != NULL ? line + 1 : "";
        return rp_fail(error, RP_INPUT, 0, "%s: MuseScore cannot read it: %.*s", from,
                       (int)strcspn(reason, "\n"), reason);
    }
    if (exit_status != 0)
        return rp_fail(error, RP_INPUT, 0, "%s: MuseScore gave up (exit %d)", from, exit_status);
    return RP_OK;
}

rp_status rp_musescore_export_all(const rp_musescore_export *job, rp_error *error) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/job.json", job->folder);
    RP_TRY(write_job(path, job, error));
    const char *const words[] = {"-j", path, NULL};
    struct run self = {
        .dpi = job->dpi,
        .seconds_max = job->seconds_max > 0 ? job->seconds_max : RP_MUSESCORE_SECONDS_MAX};
    const double started_s = rp_clock_seconds();
    rp_status status = run(&self, words, error);
    if (status == RP_OK) status = judge_exit(job->from, self.exit_status, &self.complaints, error);
    else if (rp_clock_seconds() - started_s >= self.seconds_max)
        status = rp_fail(error, RP_INPUT, 0, "%s: MuseScore took longer than %.0f s", job->from,
                         self.seconds_max);
    unlink(path);
    rp_text_clear(&self.complaints);
    return status;
}

bool rp_musescore_page(char *path, size_t path_bytes, const char *folder, const char *name,
                       int page) {
    const char *ending = strrchr(name, '.');
    const int stem = ending != NULL ? (int)(ending - name) : (int)strlen(name);
    if (ending == NULL) ending = "";
    for (int digits = 1; digits <= 3; digits++) {
        snprintf(path, path_bytes, "%s/%.*s-%0*d%s", folder, stem, name, digits, page, ending);
        if (access(path, R_OK) == 0) return true;
    }
    snprintf(path, path_bytes, "%s/%s", folder, name);
    return page == 1 && access(path, R_OK) == 0;
}
