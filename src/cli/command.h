/* command.h: the list of verbs and what the words of a command line lead to. */
#ifndef RP_CLI_COMMAND_H
#define RP_CLI_COMMAND_H

#include <stdio.h>

#include "cli/verb.h"

typedef struct rp_cli_wing {
    const char *name, *summary;
} rp_cli_wing;

/* The verbs in the order of the help, and the wings that have at least one. NULL past the end. */
const rp_cli_verb *rp_cli_command_verb(size_t index);
const rp_cli_wing *rp_cli_command_wing(size_t index);

/* Does what argv says. Data goes to standard output; the error's line is left to the caller. */
rp_status rp_cli_command_run(int argc, const char *const *argv, rp_error *error);

#endif
