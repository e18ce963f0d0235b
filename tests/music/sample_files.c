/* sample_files.c: see sample_files.h. */
#include "sample_files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"

/* nftw has no context argument: the list that is being filled. Tests run in one thread. */
static struct sample_files *filling;
static const char *wanted;

static int visit(const char *path, const struct stat *facts, int type, struct FTW *where) {
    (void)facts, (void)where;
    const size_t length = strlen(path), ending = strlen(wanted);
    if (type != FTW_F || length < ending || strcmp(path + length - ending, wanted) != 0) return 0;
    if ((filling->count & (filling->count - 1)) == 0) {
        const size_t capacity = filling->count == 0 ? 1 : 2 * filling->count;
        char **paths = realloc(filling->paths, capacity * sizeof *paths);
        if (paths == NULL) return 1;
        filling->paths = paths;
    }
    filling->paths[filling->count++] = strdup(path);
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct sample_files sample_files_list(const char *folder, const char *ending) {
    struct sample_files files = {0};
    filling = &files;
    wanted = ending;
    if (folder != NULL) nftw(folder, visit, 16, FTW_PHYS);
    filling = NULL;
    if (files.count > 0) qsort(files.paths, files.count, sizeof *files.paths, by_name);
    return files;
}

void sample_files_clear(struct sample_files *files) {
    for (size_t i = 0; i < files->count; i++) free(files->paths[i]);
    free(files->paths);
    *files = (struct sample_files){0};
}

char *sample_files_read(const char *path, size_t *size) {
    FILE *file = path != NULL ? fopen(path, "rb") : NULL;
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    const long length = ftell(file);
    rewind(file);
    char *bytes = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (bytes != NULL && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    if (bytes == NULL) return NULL;
    bytes[length] = 0;
    if (size != NULL) *size = (size_t)length;
    return bytes;
}

char *sample_files_sibling(const char *path, const char *from, const char *ending) {
    const char *last = NULL;
    for (const char *at = path; (at = strstr(at, from)) != NULL; at++) last = at;
    if (last == NULL) return NULL;
    char *sibling = malloc((size_t)(last - path) + strlen(ending) + 1);
    if (sibling == NULL) return NULL;
    memcpy(sibling, path, (size_t)(last - path));
    strcpy(sibling + (last - path), ending);
    return sibling;
}

char *sample_files_data(const char *folder, const char *name) {
    const char *data = check_data();
    char *path = NULL;
    struct stat facts;
    if (data == NULL) return NULL;
    const int length = name != NULL ? asprintf(&path, "%s/%s/%s", data, folder, name)
                                    : asprintf(&path, "%s/%s", data, folder);
    if (length < 0) return NULL;
    if (stat(path, &facts) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

char *sample_files_unpack(const char *archive, const char *pattern) {
    char *source = sample_files_data(archive, NULL), *command = NULL, *folder = NULL;
    if (source == NULL) return NULL;
    unsigned hash = 0; /* one folder an archive and pattern */
    for (const char *at = archive; *at != 0; at++) hash = hash * 31 + (unsigned char)*at;
    for (const char *at = pattern; *at != 0; at++) hash = hash * 31 + (unsigned char)*at;
    struct stat facts;
    if (asprintf(&folder, "%s/unpacked-%08x", check_scratch(), hash) < 0) folder = NULL;
    if (folder != NULL && stat(folder, &facts) != 0) {
        if (asprintf(&command, "mkdir -p '%s' && tar xzf '%s' -C '%s' --wildcards '%s'", folder,
                     source, folder, pattern) < 0 ||
            system(command) != 0) {
            free(folder);
            folder = NULL;
        }
    }
    free(command);
    free(source);
    return folder;
}
