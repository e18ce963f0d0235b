/* work_folder.h: a folder of its own for files that come and go while something is made. */
#ifndef RP_BASE_WORK_FOLDER_H
#define RP_BASE_WORK_FOLDER_H

#include "base/error.h"

enum { RP_WORK_FOLDER_BYTES = 64 };

typedef struct rp_work_folder {
    char path[RP_WORK_FOLDER_BYTES];
} rp_work_folder;

/* Makes a new folder, which nobody else can read, where the system keeps temporary files.
 * RP_SYSTEM: it cannot be made; there is nothing to remove then. */
rp_status rp_work_folder_make(rp_work_folder *folder, rp_error *error);

/* Removes the folder with all files in it, whoever put them there; it holds no folders. */
void rp_work_folder_remove(const rp_work_folder *folder);

#endif
