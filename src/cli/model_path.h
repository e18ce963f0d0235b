/* model_path.h: where the shipped weights are. */
#ifndef RP_CLI_MODEL_PATH_H
#define RP_CLI_MODEL_PATH_H

enum { RP_CLI_PATH_BYTES = 4096 };

/* `given`, if the user named a file; else the shipped model: beside the installed command
 * (PREFIX/share/reprise), or in the source tree that the command was built in. The path lies in
 * `space` or is `given`. */
const char *rp_cli_model_path(char space[RP_CLI_PATH_BYTES], const char *given);

/* The shipped file `name` (lenet-modern.safetensors), found in the same places; where there is
 * none, its place below the current folder. Lies in `space`. */
const char *rp_cli_model_find(char space[RP_CLI_PATH_BYTES], const char *name);

#endif
