/* verb.h: what a verb of the command is. One file a verb (src/cli/score_read.c holds
 * rp_cli_score_read), one line in verbs.def; parser, help, manual page and shell completion are all
 * made from the rows here. A verb includes this file and the public headers, nothing else of ours:
 * what it lacks belongs into the library, as a public function (docs/decisions/002).
 *
 *     struct read_options { const char *output; bool json; int64_t threads; };
 *     static const rp_cli_option options[] = {
 *         {"output", 'o', RP_CLI_TEXT, "FILE", offsetof(struct read_options, output), "goes here"},
 *         {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct read_options, json), "say it as JSON"},
 *     };
 *     const rp_cli_verb rp_cli_score_read = {
 *         .wing = "score", .name = "read", .inputs = "PAGE...", .summary = "...", ...
 *         .options = options, .option_count = RP_COUNT(options),
 *         .values_size = sizeof(struct read_options), .defaults = &defaults, .run = run};
 */
#ifndef RP_CLI_VERB_H
#define RP_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifndef RP_COUNT
#define RP_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#endif

typedef enum rp_cli_kind {
    RP_CLI_FLAG,    /* bool; given: true */
    RP_CLI_TEXT,    /* const char * */
    RP_CLI_INPUT,   /* const char *: a file that is read */
    RP_CLI_OUTPUT,  /* const char *: a file that is written, and so none that is read */
    RP_CLI_INTEGER, /* int64_t, 0 to INT32_MAX */
    RP_CLI_THREADS, /* int64_t, 0 to 1024: beyond it systems refuse, and not with a message */
    RP_CLI_NUMBER,  /* double */
} rp_cli_kind;

typedef struct rp_cli_option {
    const char *name; /* long name, without the dashes */
    char letter;      /* short name or 0 */
    rp_cli_kind kind;
    const char *argument; /* "FILE", "N"; NULL for a flag. "a|b" admits just these words, "1..4"
                           * these numbers and those between, "1.." this one and more */
    size_t offset;        /* of the value in the verb's struct of options */
    const char *help;     /* one line, no full stop */
} rp_cli_option;

/* What a verb gets to work with. */
typedef struct rp_cli_call {
    const void *values;        /* the verb's struct of options, filled in */
    const char *const *inputs; /* the other words */
    size_t input_count;
    const rp_progress *progress; /* a bar on a terminal, else silence */
    const rp_log *log;           /* to standard error */
    bool colour;                 /* standard output is a terminal and NO_COLOR is not set */
} rp_cli_call;

typedef struct rp_cli_verb {
    const char *wing, *name;       /* `reprise score read`; wing NULL: `reprise serve` */
    const char *inputs;            /* "PAGE...": words after the options, for the usage line */
    size_t inputs_min, inputs_max; /* SIZE_MAX: any number */
    const char *summary;           /* one line, no full stop */
    const char *description;       /* paragraphs for help and manual; NULL: none */
    const char *examples[8];       /* pairs: command, what it does; at least two pairs */
    const rp_cli_option *options;
    size_t option_count;
    size_t values_size;
    const void *defaults; /* values_size bytes; NULL: zeros */
    /* Data goes to standard output; the returned status is the exit status, the error's line goes
     * to standard error. A status without a line is an answer (RP_NO), told by the data. */
    rp_status (*run)(const rp_cli_call *call, rp_error *error);
} rp_cli_verb;

/* Fills in `error` and returns `status`; for what only the verb can see, such as two options that
 * exclude each other: return rp_cli_fail(error, RP_USAGE, "--json and -o - do not go together"); */
rp_status rp_cli_fail(rp_error *error, rp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
