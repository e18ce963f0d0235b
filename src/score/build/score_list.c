/* score_list.c: see score_list.h. */
#include "score/build/score_list.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mapped_file.h"

enum { ID_BYTES_MAX = 200, PATH_BYTES = 4096, DEPTH_MAX = 16, SCORES_MAX = 1000000 };

static const char *const score_endings[] = {".mscx", ".mscz", ".musicxml", ".xml", ".mxl"};

static bool is_file_name(const char *id) {
    if (id[0] == 0 || id[0] == '.' || strlen(id) > ID_BYTES_MAX) return false;
    for (const char *at = id; *at != 0; at++)
        if (*at == '/' || *at == ' ' || (unsigned char)*at < ' ') return false;
    return true; /* no blanks: the lists of samples are parted by them */
}

static rp_status add(rp_score_list *scores, size_t *capacity, rp_score_entry entry, rp_arena *arena,
                     rp_error *error) {
    if (entry.id == NULL || entry.path == NULL) return rp_fail_memory(error, "the list of scores");
    if (scores->count == SCORES_MAX)
        return rp_fail(error, RP_INPUT, 0, "more than %d scores", SCORES_MAX);
    if (scores->count == *capacity) {
        *capacity = *capacity == 0 ? 256 : 2 * *capacity;
        rp_score_entry *larger = rp_arena_array(arena, *capacity, sizeof *larger);
        if (larger == NULL) return rp_fail_memory(error, "the list of scores");
        if (scores->count > 0) memcpy(larger, scores->entries, scores->count * sizeof *larger);
        scores->entries = larger;
    }
    scores->entries[scores->count++] = entry;
    return RP_OK;
}

/* ---- a list ---- */

static rp_status read_lines(rp_score_list *scores, char *text, const char *folder, const char *name,
                            rp_arena *arena, rp_error *error) {
    size_t capacity = 0, number = 0;
    for (char *line = text; line != NULL && *line != 0;) {
        char *next = strchr(line, '\n');
        if (next != NULL) *next++ = 0;
        line[strcspn(line, "\r")] = 0;
        number++;
        char *tab = strchr(line, '\t');
        if (*line != 0 && tab == NULL)
            return rp_fail(error, RP_INPUT, (int64_t)number,
                           "%s: line %zu: an id, a tab and a path are wanted", name, number);
        if (*line != 0) {
            *tab = 0;
            if (!is_file_name(line))
                return rp_fail(error, RP_INPUT, (int64_t)number,
                               "%s: line %zu: the id cannot name a folder of samples", name,
                               number);
            const rp_score_entry entry = {line, rp_arena_format(arena, "%s/%s", folder, tab + 1)};
            RP_TRY(add(scores, &capacity, entry, arena, error));
        }
        line = next;
    }
    return RP_OK;
}

static rp_status read_list(rp_score_list *scores, const char *folder, const char *list,
                           rp_arena *arena, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(rp_mapped_file_open(&file, list, error));
    char *text = rp_arena_text(arena, (const char *)file.data, file.size);
    rp_mapped_file_close(&file);
    if (text == NULL) return rp_fail_memory(error, "the list of scores");
    return read_lines(scores, text, folder, list, arena, error);
}

/* ---- a folder ---- */

typedef struct walk {
    rp_score_list *scores;
    rp_arena *arena;
    size_t capacity;
    size_t root_length; /* of the folder's own path, cut off for ids */
} walk;

static const char *ending_of(const char *path) {
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < RP_COUNT(score_endings); i++)
        if (strcasecmp(dot, score_endings[i]) == 0) return dot;
    return NULL;
}

static rp_status add_found(walk *self, const char *path, rp_error *error) {
    const char *ending = ending_of(path), *start = path + self->root_length;
    while (*start == '/') start++;
    char *id = rp_arena_text(self->arena, start, (size_t)(ending - start));
    for (char *at = id; at != NULL && *at != 0; at++)
        if (*at == '/' || (unsigned char)*at <= ' ') *at = '_';
    if (id != NULL && id[0] == '.') id[0] = '_';
    const rp_score_entry entry = {id, rp_arena_text(self->arena, path, strlen(path))};
    return add(self->scores, &self->capacity, entry, self->arena, error);
}

static rp_status walk_folder(walk *self, const char *folder, int depth, rp_error *error) {
    struct dirent **entries = NULL;
    const int count = depth < DEPTH_MAX ? scandir(folder, &entries, NULL, alphasort) : 0;
    rp_status status = RP_OK;
    if (count < 0) return rp_fail(error, RP_INPUT, 0, "%s: not a readable folder", folder);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        struct stat about;
        const char *name = entries[i]->d_name;
        const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
        const bool is_known = name[0] != '.' && length < PATH_BYTES && stat(path, &about) == 0;
        if (status == RP_OK && is_known && S_ISDIR(about.st_mode))
            status = walk_folder(self, path, depth + 1, error);
        else if (status == RP_OK && is_known && ending_of(name) != NULL)
            status = add_found(self, path, error);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static rp_status find_scores(rp_score_list *scores, const char *folder, rp_arena *arena,
                             rp_error *error) {
    struct stat about;
    walk self = {.scores = scores, .arena = arena, .root_length = strlen(folder)};
    if (stat(folder, &about) != 0)
        return rp_fail(error, RP_INPUT, 0, "%s: no such file or folder", folder);
    if (S_ISDIR(about.st_mode)) return walk_folder(&self, folder, 0, error);
    if (ending_of(folder) == NULL)
        return rp_fail(error, RP_INPUT, 0, "%s: not a score (.mscx .mscz .musicxml .xml .mxl)",
                       folder);
    const char *name = strrchr(folder, '/');
    self.root_length = name != NULL ? (size_t)(name - folder) : 0;
    return add_found(&self, folder, error);
}

/* ---- both ---- */

static int compare_ids(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static rp_status check_ids(const rp_score_list *scores, const char *name, rp_error *error) {
    const char **ids = calloc(scores->count, sizeof *ids), *twice = NULL;
    if (ids == NULL) return rp_fail_memory(error, "the list of scores");
    for (size_t i = 0; i < scores->count; i++) ids[i] = scores->entries[i].id;
    qsort(ids, scores->count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < scores->count && twice == NULL; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0) twice = ids[i];
    free(ids);
    if (twice == NULL) return RP_OK;
    return rp_fail(error, RP_INPUT, 0, "%s: two scores would be named %s", name, twice);
}

rp_status rp_score_list_read(rp_score_list *scores, const char *folder, const char *list,
                             rp_arena *arena, rp_error *error) {
    *scores = (rp_score_list){0};
    if (list != NULL) RP_TRY(read_list(scores, folder, list, arena, error));
    else RP_TRY(find_scores(scores, folder, arena, error));
    const char *name = list != NULL ? list : folder;
    if (scores->count == 0) return rp_fail(error, RP_INPUT, 0, "%s: no scores there", name);
    return check_ids(scores, name, error);
}
