/* engraving.c: see engraving.h. Works in a folder of its own, which is removed. */
#include "score/engraving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "page/png_image.h"

enum { PATH_BYTES = 512 };

static rp_status run_musescore(const char *input, const char *output, rp_error *error) {
    const char *const arguments[] = {
        "env", "QT_QPA_PLATFORM=offscreen", "mscore3", "-f", "-o", output, input, NULL};
    const rp_child child = {.arguments = arguments,
                            .package = "musescore3",
                            .output_bytes_max = 1 << 20,
                            .seconds_max = 120,
                            .memory_bytes_max = (size_t)8 << 30};
    rp_text said = {0}, complaints = {0};
    int exit_status = 0;
    rp_status status = rp_child_run(&child, &said, &complaints, &exit_status, error);
    if (status == RP_OK && exit_status == 127)
        status =
            rp_fail(error, RP_SYSTEM, -1, "MuseScore is not installed: apt-get install musescore3");
    else if (status == RP_OK && exit_status != 0)
        status = rp_fail(error, RP_SYSTEM, -1, "MuseScore ended with status %d", exit_status);
    rp_text_clear(&said);
    rp_text_clear(&complaints);
    return status;
}

/* Page k of MuseScore's output, from 1: out-1.png, or out-01.png when there are ten or more. */
static bool find_page(char path[PATH_BYTES], const char *folder, int k) {
    for (int digits = 1; digits <= 3; digits++) {
        snprintf(path, PATH_BYTES, "%.400s/out-%0*d.png", folder, digits, k);
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

static rp_status read_pages(rp_page_image *pages, int32_t *count, const char *folder,
                            rp_arena *arena, rp_error *error) {
    char path[PATH_BYTES];
    rp_status status = RP_OK;
    *count = 0;
    for (int k = 1; find_page(path, folder, k); k++) {
        rp_mapped_file file;
        if (status == RP_OK && *count < RP_ENGRAVING_PAGES_MAX) {
            status = rp_mapped_file_open(&file, path, error);
            if (status == RP_OK)
                status = rp_page_png_decode(&pages[(*count)++], arena, file.data, file.size, path,
                                            error);
            rp_mapped_file_close(&file);
        }
        unlink(path);
    }
    if (status == RP_OK && *count == 0)
        status = rp_fail(error, RP_SYSTEM, -1, "MuseScore wrote no page");
    return status;
}

rp_status rp_engrave(rp_page_image pages[RP_ENGRAVING_PAGES_MAX], int32_t *count,
                     const char *musicxml, rp_arena *arena, rp_error *error) {
    char folder[] = "/tmp/reprise-engraving-XXXXXX", input[PATH_BYTES], output[PATH_BYTES];
    *count = 0;
    if (mkdtemp(folder) == NULL) return rp_fail_errno(error, "%s", folder);
    snprintf(input, sizeof input, "%s/in.musicxml", folder);
    snprintf(output, sizeof output, "%s/out.png", folder);
    rp_status status = rp_new_file_write(input, musicxml, strlen(musicxml), error);
    if (status == RP_OK) status = run_musescore(input, output, error);
    if (status == RP_OK) status = read_pages(pages, count, folder, arena, error);
    unlink(input);
    rmdir(folder);
    return status;
}
