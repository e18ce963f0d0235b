/* fuzz_undo.c: the undo file of recovering in place: u16 its size, the undo file, the file that it
 * is for. A refused one changes nothing; an accepted one gives the size that it names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "reprise/video.h"

static void put(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
}

static void check(const char *path, rp_status status, const uint8_t *undo, const uint8_t *before,
                  size_t size) {
    rp_mapped_file after;
    if (rp_mapped_file_open(&after, path, NULL) != RP_OK) abort();
    if (status == RP_OK && after.size != rp_be64(undo + 16)) abort();
    if (status == RP_INPUT &&
        (after.size != size || (size > 0 && memcmp(after.data, before, size) != 0)))
        abort();
    if (status != RP_OK && status != RP_INPUT) abort();
    rp_mapped_file_close(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || (size_t)rp_be16(data) + 2 > size) return 0;
    const size_t undo_size = rp_be16(data), file_size = size - 2 - undo_size;
    char folder[] = "/tmp/reprise-fuzz-XXXXXX", path[64], undo[64];
    if (mkdtemp(folder) == NULL) return 0;
    snprintf(path, sizeof path, "%s/a", folder);
    snprintf(undo, sizeof undo, "%s/a.undo", folder);
    put(path, data + 2 + undo_size, file_size);
    put(undo, data + 2, undo_size);
    const rp_status status = rp_video_undo(path, NULL);
    check(path, status, data + 2, data + 2 + undo_size, file_size);
    unlink(path);
    unlink(undo);
    rmdir(folder);
    return 0;
}
