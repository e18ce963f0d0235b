/* engraving.c: see engraving.h. Works in a folder of its own, which is removed. */
#include "score/engraving.h"

#include <stdio.h>
#include <string.h>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/work_folder.h"
#include "music/musescore.h"
#include "page/png_image.h"

enum { PATH_BYTES = 512 };

static rp_status read_pages(rp_page_image *pages, int32_t *count, const char *folder,
                            rp_arena *arena, rp_error *error) {
    char path[PATH_BYTES];
    *count = 0;
    while (*count < RP_ENGRAVING_PAGES_MAX &&
           rp_musescore_page(path, sizeof path, folder, "out.png", *count + 1)) {
        rp_mapped_file file;
        RP_TRY(rp_mapped_file_open(&file, path, error));
        const rp_status status =
            rp_page_png_decode(&pages[(*count)++], arena, file.data, file.size, path, error);
        rp_mapped_file_close(&file);
        RP_TRY(status);
    }
    return *count > 0 ? RP_OK : rp_fail(error, RP_SYSTEM, -1, "MuseScore wrote no page");
}

rp_status rp_engrave(rp_page_image pages[RP_ENGRAVING_PAGES_MAX], int32_t *count,
                     const char *musicxml, rp_arena *arena, rp_error *error) {
    rp_work_folder folder;
    char input[PATH_BYTES], output[PATH_BYTES];
    *count = 0;
    RP_TRY(rp_work_folder_make(&folder, error));
    snprintf(input, sizeof input, "%s/in.musicxml", folder.path);
    snprintf(output, sizeof output, "%s/out.png", folder.path);
    rp_status status = rp_new_file_write(input, musicxml, strlen(musicxml), error);
    if (status == RP_OK) status = rp_musescore_run(output, input, NULL, error);
    if (status == RP_OK) status = read_pages(pages, count, folder.path, arena, error);
    rp_work_folder_remove(&folder);
    return status;
}
