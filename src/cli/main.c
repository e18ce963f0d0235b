/* main.c: the command `reprise`. The exit status is an rp_status; an error is one line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

int main(int argc, char **argv) {
    rp_error error = {0};
    rp_status status = rp_cli_command_run(argc, (const char *const *)argv, &error);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status < RP_USAGE)
        status = rp_cli_fail(&error, RP_SYSTEM, "standard output: %s", strerror(errno));
    if (error.text[0] != '\0' && status != RP_OK) fprintf(stderr, "reprise: %s\n", error.text);
    return (int)status;
}
