/* reprise.h: what every part of Reprise shares: version, status, error, log.
 *
 * Ownership, everywhere in Reprise: an out-pointer is yours, a returned pointer is borrowed;
 * `_create`/`_destroy` for the heap, `_init`/`_clear` in place, `_take` adopts. Every `_destroy`
 * accepts NULL.
 *
 * Threads: objects share nothing, so different threads may use different ones at the same time; one
 * object (a reader, a net, a tape) takes one call at a time.
 *
 * The library never prints, exits or keeps global state, and does not read the environment, but for
 * two things. Helper programs (MuseScore, Graphviz's dot) are found and run with it. And
 * rp_score_train asks it whether a launcher such as mpirun started this process; it then starts
 * MPI, which a process can do once, and ends it, and a member that fails ends all of them. */
#ifndef REPRISE_REPRISE_H
#define REPRISE_REPRISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RP_VERSION "0.1.0"

/* What a call came to. The values are the command's exit codes (docs/ARCHITECTURE.md, Formats). */
typedef enum rp_status {
    RP_OK = 0,     /* done */
    RP_NO = 1,     /* ran, but the answer is no or partial: no music found, not all recovered */
    RP_USAGE = 2,  /* the caller's words are off: an option, a combination */
    RP_INPUT = 3,  /* an input is unreadable, damaged, or not what was asked for */
    RP_SYSTEM = 4, /* no memory, disk, device or helper program */
} rp_status;

enum { RP_ERROR_TEXT_MAX = 512 };

/* One line about a failure. Set once, where the cause is known, and passed up untouched.
 * Zero-initialise it; NULL is accepted wherever an rp_error * is taken. */
typedef struct rp_error {
    rp_status status;
    int64_t place;                /* byte offset or line in the input, -1 or 0 where none applies */
    char text[RP_ERROR_TEXT_MAX]; /* "page.png: byte 1203: the PNG ends early; copy it again" */
} rp_error;

/* Receives one line (no newline) at a time. `level`: 0 warning, 1 note, 2 trace. */
typedef void (*rp_log_fn)(void *context, int level, const char *line);

typedef struct rp_log {
    rp_log_fn write; /* NULL: silence */
    void *context;
} rp_log;

/* Receives the state of long work: done of total units (total 0: unknown) and the seconds left
 * (negative: unknown). Returns nonzero to ask the work to stop at the next whole step. */
typedef int (*rp_progress_fn)(void *context, const char *what, uint64_t done, uint64_t total,
                              double seconds_left);

typedef struct rp_progress {
    rp_progress_fn report; /* NULL: silence */
    void *context;
} rp_progress;

/* Frees a text that a call handed over through a `char **` (a report, JSON). NULL is accepted. */
void rp_text_free(char *text);

/* Writes `size` bytes as the whole of `path`: aside, flushed to disk, renamed. A kill at any moment
 * leaves `path` as it was. RP_SYSTEM: the folder is missing, full or not writable. */
rp_status rp_new_file_write(const char *path, const void *data, size_t size, rp_error *error);

/* Would writing `path` replace what is, or will be, at `other`? Both name one plain file, however
 * they are spelt, linked or not; of one that is not there yet, its folder and name decide. A device
 * or pipe is read and written at once and replaces nothing. False where either is NULL. */
bool rp_new_file_replaces(const char *path, const char *other);

#ifdef __cplusplus
}
#endif
#endif
