/* manual.h: the manual page reprise(1) from the rows, in man(7) macros. */
#ifndef RP_CLI_MANUAL_H
#define RP_CLI_MANUAL_H

#include <stdio.h>

void rp_cli_manual_write(FILE *out);

#endif
