/* mapped_file.c: see mapped_file.h. */
#include "base/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PIECE_BYTES = 8 << 20 };

rp_status rp_mapped_file_open(rp_mapped_file *file, const char *path, rp_error *error) {
    *file = (rp_mapped_file){0};
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rp_fail(error, RP_INPUT, -1, "%s: %s", path, strerror(errno));
    rp_status status = RP_OK;
    if (fstat(fd, &about) != 0) {
        status = rp_fail_errno(error, "%s", path);
    } else if (S_ISDIR(about.st_mode)) {
        status = rp_fail(error, RP_INPUT, -1, "%s: is a directory; name a file in it", path);
    } else if (!S_ISREG(about.st_mode)) {
        status = rp_fail(error, RP_INPUT, -1, "%s: not a regular file; copy it to one", path);
    } else if (about.st_size > 0) {
        void *data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) status = rp_fail_errno(error, "%s", path);
        else *file = (rp_mapped_file){.data = data, .size = (size_t)about.st_size};
    }
    close(fd);
    return status;
}

void rp_mapped_file_close(rp_mapped_file *file) {
    if (file->data != NULL) munmap((void *)file->data, file->size);
    *file = (rp_mapped_file){0};
}

void rp_mapped_file_release(const uint8_t *data, size_t size) {
    const uintptr_t first = ((uintptr_t)data + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    const uintptr_t end = ((uintptr_t)data + size) & ~(uintptr_t)(PAGE_BYTES - 1);
    if (end > first) madvise((void *)first, end - first, MADV_DONTNEED);
}

void rp_mapped_file_want(const uint8_t *data, size_t size) {
    const uintptr_t first = (uintptr_t)data & ~(uintptr_t)(PAGE_BYTES - 1);
    madvise((void *)first, (uintptr_t)data + size - first, MADV_WILLNEED);
}

bool rp_mapped_file_is_uniform(const uint8_t *data, size_t size) {
    for (size_t at = 0; at + 1 < size;) {
        const size_t left = size - 1 - at, piece = left < PIECE_BYTES ? left : PIECE_BYTES;
        if (memcmp(data + at, data + at + 1, piece) != 0) return false;
        if (piece == PIECE_BYTES) rp_mapped_file_release(data + at, piece);
        at += piece;
    }
    return true;
}
