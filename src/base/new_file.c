/* new_file.c: see new_file.h. */
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(rp_new_file *file) {
    free(file->path);
    free(file->aside);
    *file = (rp_new_file){0};
}

/* Where the numbers go: the file that a link names, else the path as it is. NULL: no memory. */
static char *target_of(const char *path) {
    char *target = realpath(path, NULL);
    if (target != NULL || errno == ENOMEM) return target;
    const size_t size = strlen(path) + 1;
    target = malloc(size);
    if (target != NULL) memcpy(target, path, size);
    return target;
}

/* A new file beside `file->path`, its name in `file->aside`, with the rights that the process's
 * mask leaves; -1: errno says why not. The name is made here and not by mkstemp, whose file would
 * have other rights: the mask can only be asked for by changing it, for all threads. */
static int open_aside(rp_new_file *file, size_t size) {
    static atomic_uint serial;
    int fd;
    do {
        snprintf(file->aside, size, "%s.%x-%x.part", file->path, (unsigned)getpid(),
                 atomic_fetch_add(&serial, 1));
        fd = open(file->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

/* What is there already and is no plain file, /dev/stdout say, is written to as it is. */
static rp_status open_direct(rp_new_file *file, bool is_folder, rp_error *error) {
    free(file->aside);
    file->aside = NULL;
    if (is_folder) errno = EISDIR;
    else file->stream = fopen(file->path, "wb");
    if (file->stream != NULL) return RP_OK;
    const rp_status status = rp_fail_errno(error, "%s", file->path);
    forget(file);
    return status;
}

rp_status rp_new_file_open(rp_new_file *file, const char *path, rp_error *error) {
    enum { SUFFIX = sizeof ".ffffffff-ffffffff.part" };
    *file = (rp_new_file){.path = target_of(path)};
    const size_t size = file->path != NULL ? strlen(file->path) + SUFFIX : 0;
    file->aside = size > 0 ? malloc(size) : NULL;
    if (file->aside == NULL) {
        forget(file);
        return rp_fail_memory(error, "a file name");
    }
    struct stat there;
    if (stat(file->path, &there) == 0 && !S_ISREG(there.st_mode))
        return open_direct(file, S_ISDIR(there.st_mode), error);
    const int fd = open_aside(file, size);
    if (fd >= 0) file->stream = fdopen(fd, "w+b");
    if (file->stream != NULL) return RP_OK;
    const rp_status status = rp_fail_errno(error, "%s", path);
    if (fd >= 0) {
        close(fd);
        unlink(file->aside);
    }
    forget(file);
    return status;
}

/* Written to the end, and to disk where it is a file of its own that the source does not outlive.
 */
static bool is_settled(const rp_new_file *file) {
    if (ferror(file->stream) || fflush(file->stream) != 0) return false;
    return file->aside == NULL || file->is_copy || fsync(fileno(file->stream)) == 0;
}

rp_status rp_new_file_commit(rp_new_file *file, rp_error *error) {
    rp_status status = RP_OK;
    if (!is_settled(file)) status = rp_fail_errno(error, "%s", file->path);
    if (fclose(file->stream) != 0 && status == RP_OK)
        status = rp_fail_errno(error, "%s", file->path);
    file->stream = NULL;
    if (status == RP_OK && file->aside != NULL && rename(file->aside, file->path) != 0)
        status = rp_fail_errno(error, "%s", file->path);
    if (status != RP_OK && file->aside != NULL) unlink(file->aside);
    forget(file);
    return status;
}

void rp_new_file_abandon(rp_new_file *file) {
    if (file->stream == NULL) return;
    fclose(file->stream);
    if (file->aside != NULL) unlink(file->aside);
    forget(file);
}

rp_status rp_new_file_write(const char *path, const void *data, size_t size, rp_error *error) {
    rp_new_file file;
    RP_TRY(rp_new_file_open(&file, path, error));
    fwrite(data, 1, size, file.stream);
    return rp_new_file_commit(&file, error);
}

/* Of a file that is not there: its folder; the name in it is set apart. NULL: no memory. */
static char *split_path(const char **name, const char *path) {
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    if (slash == NULL) return strdup(".");
    return strndup(path, (size_t)(*name - path));
}

static bool is_same_node(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool rp_new_file_replaces(const char *path, const char *other) {
    struct stat a, b;
    if (path == NULL || other == NULL) return false;
    const bool is_there = stat(path, &a) == 0;
    if (is_there != (stat(other, &b) == 0)) return false;
    if (is_there) return S_ISREG(a.st_mode) && is_same_node(&a, &b);
    const char *name, *other_name;
    char *folder = split_path(&name, path), *other_folder = split_path(&other_name, other);
    const bool is_same = folder != NULL && other_folder != NULL && strcmp(name, other_name) == 0 &&
                         stat(folder, &a) == 0 && stat(other_folder, &b) == 0 &&
                         is_same_node(&a, &b);
    free(folder);
    free(other_folder);
    return is_same;
}
