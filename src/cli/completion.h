/* completion.h: shell completions from the rows. */
#ifndef RP_CLI_COMPLETION_H
#define RP_CLI_COMPLETION_H

#include <stdio.h>

#include "cli/verb.h"

/* `shell` is "bash", "zsh" or "fish"; anything else is RP_USAGE. */
rp_status rp_cli_completion_write(FILE *out, const char *shell, rp_error *error);

#endif
