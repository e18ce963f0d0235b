/* learn_output.c: see learn_output.h. */
#include "cli/learn_output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/model_path.h"
#include "cli/verb.h"

/* The folder that `path` lies in; false: the path is too long. */
static bool cut_folder(char folder[RP_CLI_PATH_BYTES], const char *path) {
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (strlen(path) >= RP_CLI_PATH_BYTES) return false;
    memcpy(folder, slash == NULL ? "." : path, length);
    folder[length] = '\0';
    return true;
}

rp_status rp_cli_learn_output(const char *path, rp_error *error) {
    char folder[RP_CLI_PATH_BYTES];
    struct stat there;
    int reason = 0;
    if (!cut_folder(folder, path)) reason = ENAMETOOLONG;
    else if (stat(path, &there) == 0 &&
             !S_ISREG(there.st_mode)) { /* a device is written as it is */
        if (S_ISDIR(there.st_mode)) reason = EISDIR;
        else if (access(path, W_OK) != 0) reason = errno;
    } else if (access(folder, W_OK | X_OK) != 0) reason = errno;
    return reason == 0 ? RP_OK : rp_cli_fail(error, RP_SYSTEM, "%s: %s", path, strerror(reason));
}
