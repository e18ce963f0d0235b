/* error.h: filling in an rp_error, and sending a line to an rp_log. */
#ifndef RP_BASE_ERROR_H
#define RP_BASE_ERROR_H

#include "base/compiler.h"
#include "reprise/reprise.h"

/* Sets `error` (if not NULL) and returns `status`, so that a failure is one line:
 *     return rp_fail(error, RP_INPUT, offset, "%s: byte %lld: box ends early", path, ...);
 * The text says what, where, and what to try; no trailing newline or full stop. */
rp_status rp_fail(rp_error *error, rp_status status, int64_t place, const char *format, ...)
    RP_PRINTF(4, 5);

/* As rp_fail with RP_SYSTEM; adds ": " and the words of the current errno. */
rp_status rp_fail_errno(rp_error *error, const char *format, ...) RP_PRINTF(2, 3);

/* As rp_fail with RP_SYSTEM and the words for memory running out; `what` names what was to hold. */
rp_status rp_fail_memory(rp_error *error, const char *what);

/* Writes one line; `log` may be NULL or silent. Levels: 0 warning, 1 note, 2 trace. */
void rp_log_line(const rp_log *log, int level, const char *format, ...) RP_PRINTF(3, 4);

#endif
