/* learn_output.h: whether a file can be written, asked before the work whose result goes there. */
#ifndef RP_CLI_LEARN_OUTPUT_H
#define RP_CLI_LEARN_OUTPUT_H

#include "reprise/reprise.h"

/* RP_SYSTEM: there is no such folder, it may not be written to, or the path is a folder itself.
 * Leaves nothing behind. That a disk fills up meanwhile is only seen when the file is written. */
rp_status rp_cli_learn_output(const char *path, rp_error *error);

#endif
