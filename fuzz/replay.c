/* replay.c: runs a fuzz target over kept inputs, without libFuzzer, as an ordinary test.
 *
 *     replay FILE|FOLDER...
 *
 * Each input is copied into a block of exactly its size, so that a sanitizer sees a read of a
 * single byte too many. Beside the input itself a handful of its prefixes is tried: files are cut
 * anywhere. Folders are read to the bottom, in the order of their names. Output: TAP, one test a
 * target. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATHS_MAX = 20000, PREFIXES = 7 };

static char *paths[PATHS_MAX];
static size_t path_count;

static int add_file(const char *path, const struct stat *about, int kind, struct FTW *walk) {
    (void)about;
    (void)walk;
    if (kind != FTW_F) return 0;
    if (path_count == PATHS_MAX) return 1;
    paths[path_count] = strdup(path);
    return paths[path_count++] == NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static uint8_t *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    const long length = ftell(file);
    rewind(file);
    uint8_t *data = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *size = (size_t)length;
    return data;
}

static int run_exact(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) return 0;
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static int replay(const char *path) {
    size_t size = 0;
    uint8_t *data = read_whole(path, &size);
    if (data == NULL) {
        printf("# %s: not readable\n", path);
        return 0;
    }
    int done = run_exact(data, size);
    for (size_t i = 1; done && i <= PREFIXES; i++)
        done = run_exact(data, size * i / (PREFIXES + 1));
    free(data);
    return done;
}

int main(int argc, char **argv) {
    int failures = 0;
    for (int i = 1; i < argc; i++) failures += nftw(argv[i], add_file, 16, FTW_PHYS) != 0;
    qsort(paths, path_count, sizeof paths[0], by_name);
    for (size_t i = 0; i < path_count; i++) {
        failures += !replay(paths[i]);
        free(paths[i]);
    }
    const int is_ok = failures == 0 && path_count > 0;
    printf("%sok 1 - %zu kept inputs and their prefixes are survived\n1..1\n", is_ok ? "" : "not ",
           path_count);
    return is_ok ? 0 : 1;
}
