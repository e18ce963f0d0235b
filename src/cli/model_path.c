/* model_path.c: see model_path.h. The places are found from the command's own place, so that an
 * installation can be moved. */
#include "cli/model_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *rp_cli_model_find(char space[RP_CLI_PATH_BYTES], const char *name) {
    static const char *const places[] = {"../share/reprise", "../../../models"};
    char self[RP_CLI_PATH_BYTES - 256];
    const long length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) *slash = '\0';
    for (size_t i = 0; slash != NULL && i < sizeof places / sizeof places[0]; i++) {
        snprintf(space, RP_CLI_PATH_BYTES, "%s/%s/%.120s", self, places[i], name);
        if (access(space, R_OK) == 0) return space;
    }
    snprintf(space, RP_CLI_PATH_BYTES, "models/%.120s", name);
    return space;
}

const char *rp_cli_model_path(char space[RP_CLI_PATH_BYTES], const char *given) {
    return given != NULL ? given : rp_cli_model_find(space, "piano.safetensors");
}
