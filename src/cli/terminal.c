/* terminal.c: see terminal.h. */
#include "cli/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A signal handler has no other way to speak; set by SIGINT and SIGTERM, never cleared. */
static volatile sig_atomic_t stop_wanted;

static void want_stop(int signal_number) {
    (void)signal_number;
    stop_wanted = 1;
}

static void watch_signals(rp_cli_terminal *terminal) {
    if (terminal->is_watching) return;
    terminal->is_watching = true;
    /* SA_RESETHAND: the second Ctrl-C is the system's own, for whoever does not want to wait. */
    struct sigaction action = {.sa_handler = want_stop, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

rp_cli_terminal rp_cli_terminal_begin(void) {
    const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
    const bool is_dumb = kind == NULL || strcmp(kind, "dumb") == 0;
    rp_cli_terminal terminal = {.has_bar = isatty(STDERR_FILENO) && !is_dumb,
                                .has_colour = isatty(STDOUT_FILENO) && !is_dumb &&
                                              (no_colour == NULL || no_colour[0] == '\0'),
                                .columns = 80};
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        terminal.columns = size.ws_col;
    return terminal;
}

void rp_cli_terminal_clear(rp_cli_terminal *terminal) {
    if (!terminal->is_bar_up) return;
    fputs("\r\033[K", stderr); /* to the line's start; erase to its end (ECMA-48 EL) */
    fflush(stderr);
    terminal->is_bar_up = false;
}

static void write_seconds(char text[32], double seconds) {
    const long whole = seconds > 359999 ? 359999 : (long)(seconds + 0.5); /* 99:59:59 */
    if (whole >= 3600)
        snprintf(text, 32, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else snprintf(text, 32, "%ld:%02ld", whole / 60, whole % 60);
}

void rp_cli_terminal_bar(char bar[RP_CLI_BAR_MAX], int columns, const char *what, uint64_t done,
                         uint64_t total, double seconds_left) {
    char left[32] = "", tail[96], blocks[] = " [....................]";
    if (seconds_left >= 0) write_seconds(left, seconds_left);
    if (total == 0) {
        blocks[0] = '\0';
        snprintf(tail, sizeof tail, " %llu", (unsigned long long)done);
    } else {
        const double part = done < total ? (double)done / (double)total : 1;
        snprintf(tail, sizeof tail, " %3.0f %%%s%s%s", 100 * part, left[0] != '\0' ? ", " : "",
                 left, left[0] != '\0' ? " left" : "");
        memset(blocks + 2, '#', (size_t)(part * 20));
    }
    const int limit = columns - 1 < RP_CLI_BAR_MAX - 1 ? columns - 1 : RP_CLI_BAR_MAX - 1;
    int room = limit - (int)strlen(tail) - (int)strlen(blocks);
    if (room < 8) { /* a narrow window keeps the words and the numbers */
        room += (int)strlen(blocks);
        blocks[0] = '\0';
    }
    snprintf(bar, RP_CLI_BAR_MAX, "%.*s%s%s", room > 0 ? room : 0, what, blocks, tail);
}

int rp_cli_terminal_progress(void *context, const char *what, uint64_t done, uint64_t total,
                             double seconds_left) {
    rp_cli_terminal *terminal = context;
    watch_signals(terminal);
    if (terminal->has_bar) {
        char bar[RP_CLI_BAR_MAX];
        rp_cli_terminal_bar(bar, terminal->columns, what, done, total, seconds_left);
        fprintf(stderr, "\r\033[K%s", bar);
        fflush(stderr);
        terminal->is_bar_up = true;
    }
    return stop_wanted;
}

void rp_cli_terminal_log(void *context, int level, const char *line) {
    rp_cli_terminal_clear(context);
    fprintf(stderr, "reprise: %s%s\n", level == 0 ? "warning: " : "", line);
}
