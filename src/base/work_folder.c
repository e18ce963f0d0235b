/* work_folder.c: see work_folder.h. */
#include "base/work_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

rp_status rp_work_folder_make(rp_work_folder *folder, rp_error *error) {
    *folder = (rp_work_folder){P_tmpdir "/reprise-work-XXXXXX"};
    if (mkdtemp(folder->path) == NULL) return rp_fail_errno(error, "%s", folder->path);
    return RP_OK;
}

void rp_work_folder_remove(const rp_work_folder *folder) {
    DIR *files = opendir(folder->path);
    const struct dirent *at;
    while (files != NULL && (at = readdir(files)) != NULL) unlinkat(dirfd(files), at->d_name, 0);
    if (files != NULL) closedir(files);
    rmdir(folder->path);
}
