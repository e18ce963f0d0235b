/* help.h: help from the rows: two examples first, then the options. */
#ifndef RP_CLI_HELP_H
#define RP_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void rp_cli_help_overview(FILE *out);
void rp_cli_help_wing(FILE *out, const rp_cli_wing *wing);
void rp_cli_help_verb(FILE *out, const rp_cli_verb *verb);

enum { RP_CLI_DEFAULT_MAX = 96 };

/* The option's default as words, "" where the default is nothing worth saying. */
void rp_cli_help_default(char words[RP_CLI_DEFAULT_MAX], const rp_cli_verb *verb,
                         const rp_cli_option *option);

#endif
