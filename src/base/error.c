/* error.c: see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rp_status rp_fail(rp_error *error, rp_status status, int64_t place, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        error->place = place;
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

rp_status rp_fail_errno(rp_error *error, const char *format, ...) {
    const int cause = errno;
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = RP_SYSTEM;
        error->place = -1;
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        const size_t used = strlen(error->text);
        snprintf(error->text + used, sizeof error->text - used, ": %s", strerror(cause));
    }
    return RP_SYSTEM;
}

rp_status rp_fail_memory(rp_error *error, const char *what) {
    return rp_fail(error, RP_SYSTEM, -1, "no memory for %s", what);
}

void rp_log_line(const rp_log *log, int level, const char *format, ...) {
    if (log == NULL || log->write == NULL) return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    log->write(log->context, level, line);
}
