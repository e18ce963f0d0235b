/* fuzz_archive.c: any bytes as a shard of a data set (gzip passes plain tar through). */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "score/archive.h"

static rp_status count_bytes(void *context, const char *name, const uint8_t *bytes, size_t size,
                             rp_error *error) {
    uint64_t *sum = context;
    for (size_t i = 0; i < size; i++) *sum += bytes[i];
    for (; *name != '\0'; name++) *sum += (unsigned char)*name;
    return RP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    uint64_t sum = 0;
    const int fd = memfd_create("shard", 0);
    if (fd < 0) return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size)
        (void)rp_archive_walk(path, count_bytes, &sum, NULL);
    close(fd);
    return 0;
}
