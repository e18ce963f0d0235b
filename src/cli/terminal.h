/* terminal.h: what a person watching sees: a bar with the time left, and lines of the log.
 * Both go to standard error; the bar only where that is a terminal. Ctrl-C (and SIGTERM) during
 * reported work asks the work to stop at its next whole step; a second one ends the process. */
#ifndef RP_CLI_TERMINAL_H
#define RP_CLI_TERMINAL_H

#include <stdbool.h>

#include "reprise/reprise.h"

typedef struct rp_cli_terminal {
    bool has_bar;     /* standard error is a terminal that can move its cursor */
    bool has_colour;  /* standard output is a terminal and NO_COLOR is not set */
    bool is_bar_up;   /* the cursor stands at the end of a bar */
    bool is_watching; /* the signals are ours */
    int columns;
} rp_cli_terminal;

rp_cli_terminal rp_cli_terminal_begin(void);

/* Takes the bar away: before anything else is written, and at the end. */
void rp_cli_terminal_clear(rp_cli_terminal *terminal);

/* An rp_progress_fn and an rp_log_fn; `context` is an rp_cli_terminal. */
int rp_cli_terminal_progress(void *context, const char *what, uint64_t done, uint64_t total,
                             double seconds_left);
void rp_cli_terminal_log(void *context, int level, const char *line);

enum { RP_CLI_BAR_MAX = 256 };

/* The bar as text, at most `columns` wide: "reading [####....] 40 %, 1:05 left". */
void rp_cli_terminal_bar(char bar[RP_CLI_BAR_MAX], int columns, const char *what, uint64_t done,
                         uint64_t total, double seconds_left);

#endif
