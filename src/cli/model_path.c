/* model_path.c: see model_path.h. The places are found from the command's own place, so that an
 * installation can be moved. */
#include "cli/model_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *rp_cli_model_path(char space[RP_CLI_PATH_BYTES], const char *given) {
    static const char *const places[] = {"../share/reprise/piano.safetensors",
                                         "../../../models/piano.safetensors"};
    static const char fallback[] = "models/piano.safetensors";
    char self[RP_CLI_PATH_BYTES - 64];
    if (given != NULL) return given;
    const long length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return fallback;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(space, RP_CLI_PATH_BYTES, "%s/%s", self, places[i]);
        if (access(space, R_OK) == 0) return space;
    }
    return fallback;
}
