/* musescore.c: see musescore.h. MuseScore works in a folder of its own, so that nothing half
 * written is ever seen; its pages are then written where they are wanted. */
#include "music/musescore.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/mapped_file.h"
#include "base/new_file.h"

enum { PATH_BYTES = 4096, PAGES_MAX = 1000, OUTPUT_BYTES_MAX = 1 << 20 };

/* Qt asks for far more address space than it uses. */
static const size_t memory_bytes_max = (size_t)1 << 37;

static rp_status move_file(const char *to, const char *from, rp_error *error) {
    rp_mapped_file file;
    RP_TRY(rp_mapped_file_open(&file, from, error));
    const rp_status status = rp_new_file_write(to, file.data, file.size, error);
    rp_mapped_file_close(&file);
    unlink(from);
    return status;
}

/* Moves the pages FOLDER/out-1.png ... to where they belong; *pages: how many there were. */
static rp_status move_pages(const char *to, const char *folder, const char *ending, int *pages,
                            rp_error *error) {
    char from[PATH_BYTES], target[PATH_BYTES];
    *pages = 0;
    for (int page = PAGES_MAX; page >= 1; page--) {
        snprintf(from, sizeof from, "%s/out-%d%s", folder, page, ending);
        if (access(from, R_OK) != 0) continue;
        if (*pages == 0) *pages = page;
        const int stem = (int)(strlen(to) - strlen(ending));
        if (*pages > 1) snprintf(target, sizeof target, "%.*s-%d%s", stem, to, page, ending);
        else snprintf(target, sizeof target, "%s", to);
        RP_TRY(move_file(target, from, error));
    }
    return RP_OK;
}

static rp_status convert_in(const char *folder, const char *to, const char *from,
                            double seconds_max, rp_error *error) {
    char out[PATH_BYTES];
    const char *ending = strrchr(to, '.');
    if (ending == NULL || strlen(to) > PATH_BYTES / 2)
        return rp_fail(error, RP_USAGE, 0, "%s: the name needs an ending", to);
    snprintf(out, sizeof out, "%s/out%s", folder, ending);
    const char *const arguments[] = {
        "env", "QT_QPA_PLATFORM=offscreen", "mscore3", "-f", "-o", out, from, NULL};
    const rp_child child = {.arguments = arguments,
                            .package = "musescore3",
                            .output_bytes_max = OUTPUT_BYTES_MAX,
                            .seconds_max = seconds_max > 0 ? seconds_max : RP_MUSESCORE_SECONDS_MAX,
                            .memory_bytes_max = memory_bytes_max};
    rp_text output = {0}, complaints = {0};
    int exit_status = 0, pages = 0;
    rp_status status = rp_child_run(&child, &output, &complaints, &exit_status, error);
    if (status == RP_OK && exit_status == 127)
        status =
            rp_fail(error, RP_SYSTEM, 0, "mscore3 is not installed; apt-get install musescore3");
    const bool is_whole = status == RP_OK && access(out, R_OK) == 0;
    if (is_whole) status = move_file(to, out, error);
    else if (status == RP_OK) status = move_pages(to, folder, ending, &pages, error);
    if (status == RP_OK && !is_whole && pages == 0)
        status = rp_fail(error, RP_SYSTEM, 0, "MuseScore wrote nothing for %s: %.200s", from,
                         complaints.length > 0 ? complaints.data : "no reason given");
    unlink(out); /* what a failed run left */
    rp_text_clear(&output);
    rp_text_clear(&complaints);
    return status;
}

rp_status rp_musescore_run(const char *to, const char *from, double seconds_max, rp_error *error) {
    char folder[] = P_tmpdir "/reprise-engraving-XXXXXX";
    if (mkdtemp(folder) == NULL) return rp_fail_errno(error, "%s", folder);
    const rp_status status = convert_in(folder, to, from, seconds_max, error);
    rmdir(folder);
    return status;
}
