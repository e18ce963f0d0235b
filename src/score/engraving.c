/* engraving.c: see engraving.h. Works in a folder of its own, which is removed. */
#include "score/engraving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "music/musescore.h"
#include "page/png_image.h"

enum { PATH_BYTES = 512 };

static rp_status read_pages(rp_page_image *pages, int32_t *count, const char *folder,
                            rp_arena *arena, rp_error *error) {
    char path[PATH_BYTES];
    rp_status status = RP_OK;
    *count = 0;
    for (int k = 1; rp_musescore_page(path, sizeof path, folder, "out.png", k); k++) {
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
    if (status == RP_OK) status = rp_musescore_run(output, input, NULL, error);
    if (status == RP_OK) status = read_pages(pages, count, folder, arena, error);
    unlink(input);
    rmdir(folder);
    return status;
}
