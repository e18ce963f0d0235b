/* new_file.c: see new_file.h. */
#include "base/new_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(rp_new_file *file) {
    free(file->path);
    free(file->aside);
    *file = (rp_new_file){0};
}

rp_status rp_new_file_open(rp_new_file *file, const char *path, rp_error *error) {
    *file = (rp_new_file){0};
    const size_t length = strlen(path);
    file->path = malloc(length + 1);
    file->aside = malloc(length + sizeof ".XXXXXX.part");
    if (file->path == NULL || file->aside == NULL) {
        forget(file);
        return rp_fail_memory(error, "a file name");
    }
    memcpy(file->path, path, length + 1);
    snprintf(file->aside, length + sizeof ".XXXXXX.part", "%s.XXXXXX.part", path);
    const int fd = mkstemps(file->aside, (int)strlen(".part"));
    if (fd >= 0) file->stream = fdopen(fd, "w+b");
    if (file->stream == NULL) {
        const rp_status status = rp_fail_errno(error, "%s", path);
        if (fd >= 0) {
            close(fd);
            unlink(file->aside);
        }
        forget(file);
        return status;
    }
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    return RP_OK;
}

rp_status rp_new_file_commit(rp_new_file *file, rp_error *error) {
    rp_status status = RP_OK;
    if (ferror(file->stream) || fflush(file->stream) != 0 ||
        (!file->is_copy && fsync(fileno(file->stream)) != 0))
        status = rp_fail_errno(error, "%s", file->path);
    if (fclose(file->stream) != 0 && status == RP_OK)
        status = rp_fail_errno(error, "%s", file->path);
    file->stream = NULL;
    if (status == RP_OK && rename(file->aside, file->path) != 0)
        status = rp_fail_errno(error, "%s", file->path);
    if (status != RP_OK) unlink(file->aside);
    forget(file);
    return status;
}

void rp_new_file_abandon(rp_new_file *file) {
    if (file->stream == NULL) return;
    fclose(file->stream);
    unlink(file->aside);
    forget(file);
}

rp_status rp_new_file_write(const char *path, const void *data, size_t size, rp_error *error) {
    rp_new_file file;
    RP_TRY(rp_new_file_open(&file, path, error));
    fwrite(data, 1, size, file.stream);
    return rp_new_file_commit(&file, error);
}
