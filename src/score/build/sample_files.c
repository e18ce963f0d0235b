/* sample_files.c: see sample_files.h. */
#include "score/build/sample_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "page/png_image.h"

enum { PATH_BYTES = 4096 };

void rp_sample_name(char name[RP_SAMPLE_NAME_BYTES], unsigned page, unsigned system) {
    snprintf(name, RP_SAMPLE_NAME_BYTES, "p%u-s%u", page, system);
}

rp_status rp_sample_files_make_folder(const char *output, const char *id, rp_error *error) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/samples/%s", output, id);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return rp_fail_errno(error, "%s", path);
    return RP_OK;
}

rp_status rp_sample_files_write(const char *output, const char *id, const rp_page_image *image,
                                const rp_system_label *label, rp_error *error) {
    char path[PATH_BYTES], name[RP_SAMPLE_NAME_BYTES];
    rp_sample_name(name, label->page, label->system);
    const int length = snprintf(path, sizeof path, "%s/samples/%s/%s", output, id, name);
    if (length < 0 || (size_t)length + 16 > sizeof path)
        return rp_fail(error, RP_SYSTEM, 0, "%.200s...: the path is too long", output);
    char *ending = path + length;
    strcpy(ending, ".png");
    RP_TRY(rp_page_png_write(path, image, error));
    strcpy(ending, ".musicxml");
    RP_TRY(rp_new_file_write(path, label->musicxml, strlen(label->musicxml), error));
    strcpy(ending, ".lmx");
    return rp_new_file_write(path, label->lmx, strlen(label->lmx), error);
}
