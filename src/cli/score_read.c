/* score_read.c: `reprise score read`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/model_path.h"
#include "cli/verb.h"
#include "reprise/score.h"

struct read_options {
    const char *output, *model, *picture, *part;
    int64_t threads, views;
    bool system, json, lmx;
};

static const struct read_options defaults = {0};

#define AT(member) offsetof(struct read_options, member)
static const rp_cli_option options[] = {
    {"output", 'o', RP_CLI_OUTPUT, "FILE", AT(output),
     "write to this file or folder; - is standard output. Default: beside the page, if none is "
     "there"},
    {"model", 'm', RP_CLI_INPUT, "FILE", AT(model), "weights to read with, instead of the shipped"},
    {"system", 0, RP_CLI_FLAG, NULL, AT(system), "the input is one system cut out, not a page"},
    {"picture", 'p', RP_CLI_OUTPUT, "FILE", AT(picture),
     "a PNG: the page with its systems, and the engraving of what was read"},
    {"json", 0, RP_CLI_FLAG, NULL, AT(json), "tokens, confidence and places to standard output"},
    {"lmx", 0, RP_CLI_FLAG, NULL, AT(lmx), "write LMX, a system a line, instead of MusicXML"},
    {"part", 0, RP_CLI_TEXT, "K/N", AT(part),
     "of a folder only every N-th page from the K-th on; under mpirun or srun: the rank's"},
    {"views", 0, RP_CLI_INTEGER, "1..4", AT(views),
     "look at each system so many times (2): more errs less and takes longer"},
    {"threads", 't', RP_CLI_THREADS, "N", AT(threads), "processors to use; 0: all"},
};
#undef AT

enum { PATH_BYTES = RP_CLI_PATH_BYTES };

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static bool is_stream(const struct read_options *values) {
    return values->output != NULL ? strcmp(values->output, "-") == 0 : values->json;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Where the result of `input` goes: beside it, to the file that was named, or into that folder.
 * False: the path is too long. */
static bool output_path(char path[PATH_BYTES], const struct read_options *values,
                        const char *input) {
    const char *ending = values->lmx ? "lmx" : "musicxml";
    const char *name = name_of(input), *dot = strrchr(name, '.');
    const int stem = (int)(dot != NULL && dot != name ? dot - name : (long)strlen(name));
    int used;
    if (values->output != NULL && !is_folder(values->output))
        used = snprintf(path, PATH_BYTES, "%s", values->output);
    else if (values->output != NULL)
        used = snprintf(path, PATH_BYTES, "%s/%.*s.%s", values->output, stem, name, ending);
    else used = snprintf(path, PATH_BYTES, "%.*s.%s", (int)(name - input) + stem, input, ending);
    return used > 0 && used < PATH_BYTES;
}

static void tell_left_out(const rp_cli_call *call, const char *input, int32_t notes) {
    char line[PATH_BYTES + 80];
    snprintf(line, sizeof line, "%s: %d note%s no place in the score and %s left out; see --lmx",
             input, notes, notes == 1 ? " has" : "s have", notes == 1 ? "is" : "are");
    if (call->log != NULL && call->log->write != NULL)
        call->log->write(call->log->context, 0, line);
}

static rp_status write_result(const rp_cli_call *call, const char *input,
                              const rp_score_result *result, rp_error *error) {
    const struct read_options *values = call->values;
    const char *text = values->lmx ? result->lmx : result->musicxml;
    char path[PATH_BYTES];
    if (result->left_out > 0 && !values->lmx) tell_left_out(call, input, result->left_out);
    if (values->json) printf("%s\n", result->json);
    if (is_stream(values)) {
        if (values->output != NULL) fputs(text, stdout);
        return RP_OK;
    }
    if (!output_path(path, values, input))
        return rp_cli_fail(error, RP_USAGE, "%s: the path is too long", input);
    const rp_status status = rp_new_file_write(path, text, strlen(text), error);
    if (status == RP_OK && !values->json)
        printf("%s: %d system%s, %d measures, confidence %.0f %% -> %s\n", input, result->systems,
               result->systems == 1 ? "" : "s", result->measures, 100 * result->confidence, path);
    return status;
}

/* Says which pages are missing and why: the result is there, but partial. */
static rp_status say_failures(const char *input, const rp_score_result *result, rp_error *error) {
    if (result->failed_pages == 0) return RP_OK;
    for (const char *line = result->failures; *line != '\0';) {
        const int length = (int)strcspn(line, "\n");
        fprintf(stderr, "reprise: %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
    return rp_cli_fail(error, RP_NO,
                       "%s: %d of %d pages could not be read; the score is of the others", input,
                       result->failed_pages, result->pages);
}

/* ---- a folder ---- */

/* Which part of how many: as asked for, or else the rank that a launcher of parallel programs gave
 * us. Ranks need not talk to one another, so no message passing library is needed. Of Slurm's
 * numbers of tasks the step's counts: the job's is there without srun too, where one process runs.
 */
static rp_status find_part(int32_t *part, int32_t *parts, const char *asked, rp_error *error) {
    static const char *const launchers[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                               {"PMI_RANK", "PMI_SIZE"},
                                               {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};
    int k = 1, n = 1;
    char rest;
    if (asked != NULL && (sscanf(asked, "%d/%d%c", &k, &n, &rest) != 2 || k < 1 || k > n))
        return rp_cli_fail(error, RP_USAGE, "--part %s: give K/N with K from 1 to N", asked);
    for (size_t i = 0; asked == NULL && i < RP_COUNT(launchers); i++) {
        const char *rank = getenv(launchers[i][0]), *size = getenv(launchers[i][1]);
        if (rank == NULL || size == NULL) continue;
        k = atoi(rank) + 1;
        n = atoi(size);
        break;
    }
    *part = k - 1;
    *parts = n;
    return RP_OK;
}

static rp_status read_folder(const rp_cli_call *call, rp_error *error) {
    const struct read_options *values = call->values;
    rp_score_folder_options options = {.folder = call->inputs[0],
                                       .output = values->output,
                                       .is_system = values->system,
                                       .lmx = values->lmx};
    rp_score_folder_report report;
    rp_score_reader *reader;
    char space[RP_CLI_PATH_BYTES];
    if (call->input_count > 1 || values->output == NULL || values->picture != NULL || values->json)
        return rp_cli_fail(error, RP_USAGE,
                           "%s is a folder: give it alone, with -o FOLDER, without --picture or "
                           "--json (the lines are in pages.*.jsonl)",
                           options.folder);
    rp_status status = find_part(&options.part, &options.parts, values->part, error);
    if (status == RP_OK)
        status = rp_score_reader_create(&reader, rp_cli_model_path(space, values->model),
                                        (int32_t)values->views, (int32_t)values->threads, error);
    if (status != RP_OK) return status;
    status = rp_score_read_folder(&report, reader, &options, call->progress, error);
    rp_score_reader_destroy(reader);
    if (report.read + report.partial + report.failed + report.skipped > 0)
        printf(
            "%s (part %d of %d): %lld files read, %lld in part, %lld not readable, %lld done "
            "before -> %s\n",
            options.folder, options.part + 1, options.parts, (long long)report.read,
            (long long)report.partial, (long long)report.failed, (long long)report.skipped,
            options.output);
    return status == RP_OK && report.failed + report.partial > 0 ? RP_NO : status;
}

/* ---- files ---- */

static int compare_names(const void *a, const void *b) {
    return strcmp(name_of(*(const char *const *)a), name_of(*(const char *const *)b));
}

/* Two of these results, sorted by name, that are one file however it is spelt; NULL: none. */
static const char *find_twin(const char *const *sorted, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && compare_names(&sorted[k - 1], &sorted[i]) == 0; k--)
            if (rp_new_file_replaces(sorted[i], sorted[k - 1])) return sorted[i];
    return NULL;
}

/* Where all results go. A score beside its page may have been corrected by hand since: it is
 * replaced only by name. */
static rp_status find_paths(char (*paths)[PATH_BYTES], const char **sorted, const rp_cli_call *call,
                            rp_error *error) {
    const struct read_options *values = call->values;
    for (size_t i = 0; i < call->input_count; i++) {
        sorted[i] = paths[i];
        if (!output_path(paths[i], values, call->inputs[i]))
            return rp_cli_fail(error, RP_USAGE, "%s: the path is too long", call->inputs[i]);
        if (values->output == NULL && access(paths[i], F_OK) == 0)
            return rp_cli_fail(error, RP_USAGE, "%s is there already; to replace it: -o %s",
                               paths[i], paths[i]);
    }
    return RP_OK;
}

/* Said before anything is read: of several inputs each must become a file of its own. */
static rp_status check_paths(const rp_cli_call *call, rp_error *error) {
    const struct read_options *values = call->values;
    const size_t count = call->input_count;
    if (is_stream(values)) return RP_OK;
    if (count > 1 && values->output != NULL && !is_folder(values->output))
        return rp_cli_fail(error, RP_USAGE, "-o %s: of several inputs it is a folder, to be there",
                           values->output);
    char(*paths)[PATH_BYTES] = calloc(count, sizeof *paths);
    const char **sorted = calloc(count, sizeof *sorted), *twin = NULL;
    rp_status status =
        paths != NULL && sorted != NULL
            ? find_paths(paths, sorted, call, error)
            : rp_cli_fail(error, RP_SYSTEM, "no memory for the names of the results");
    if (status == RP_OK) {
        qsort(sorted, count, sizeof *sorted, compare_names);
        twin = find_twin(sorted, count);
    }
    if (twin != NULL)
        status =
            rp_cli_fail(error, RP_USAGE,
                        "two inputs would both become %s; read them one by one, with -o", twin);
    free(sorted);
    free(paths);
    return status;
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct read_options *values = call->values;
    if (is_folder(call->inputs[0])) return read_folder(call, error);
    if (values->part != NULL) return rp_cli_fail(error, RP_USAGE, "--part goes with a folder");
    const rp_score_read_options read = {.is_system = values->system, .picture = values->picture};
    if (values->picture != NULL && call->input_count > 1)
        return rp_cli_fail(error, RP_USAGE, "--picture goes with one input");
    rp_score_reader *reader;
    char space[RP_CLI_PATH_BYTES];
    rp_status worst = check_paths(call, error);
    if (worst != RP_OK) return worst;
    worst = rp_score_reader_create(&reader, rp_cli_model_path(space, values->model),
                                   (int32_t)values->views, (int32_t)values->threads, error);
    if (worst != RP_OK) return worst;
    for (size_t i = 0; i < call->input_count && worst != RP_SYSTEM; i++) {
        rp_score_result result;
        rp_error one = {0};
        rp_status status =
            rp_score_read(&result, reader, call->inputs[i], &read, call->progress, &one);
        if (status == RP_OK) status = write_result(call, call->inputs[i], &result, &one);
        if (status == RP_OK) status = say_failures(call->inputs[i], &result, &one);
        rp_score_result_clear(&result);
        if (status == RP_OK) continue;
        /* The rest goes on; each but the last to fail says so at once, the last at the end. */
        if (worst != RP_OK) fprintf(stderr, "reprise: %s\n", error->text);
        *error = one;
        worst = status > worst ? status : worst;
    }
    rp_score_reader_destroy(reader);
    return worst;
}

const rp_cli_verb rp_cli_score_read = {
    .wing = "score",
    .name = "read",
    .inputs = "PAGE...|FOLDER",
    .inputs_min = 1,
    .inputs_max = SIZE_MAX,
    .summary = "read printed piano music into MusicXML",
    .description =
        "Reads PNG, JPEG, TIFF and PDF. Each input becomes one score: piano systems are found on\n"
        "its pages, read, and joined. Nothing is sent anywhere; the input is not changed. Of a\n"
        "folder each file becomes a score, with a JSON line in pages.*.jsonl; run again, it goes\n"
        "on where it stopped, and tries again what it could not read. Damaged pages of a document\n"
        "are named and the others read; the exit status is then 1.",
    .examples = {"reprise score read scan.pdf -o piece.musicxml", "a scanned piece",
                 "reprise score read page.png -p seen.png", "and a picture of what was read",
                 "mpirun -n 8 reprise score read scans -o scores -t 1", "a folder, in 8 processes"},
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values_size = sizeof(struct read_options),
    .defaults = &defaults,
    .run = run};
