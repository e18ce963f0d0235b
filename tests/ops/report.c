/* report.c: what the programs that check rows of the table say, as TAP; see driver.h. */
#include <stdarg.h>
#include <stdio.h>

#include "driver.h"

static const char *name;
static int reported, failures;

void driver_begin(const char *program) { name = program; }

void driver_report(bool passed, const char *row, const char *check) {
    printf("%sok %d - %s: %s\n", passed ? "" : "not ", ++reported, row, check);
    failures += !passed;
    fflush(stdout);
}

int driver_end(void) {
    printf("1..%d\n", reported);
    return failures == 0 ? 0 : 1;
}

bool driver_fail(const op_case *c, const char *check, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("# %s %s: %s\n#   repeat: %s --row %s --seed %llu --size %d\n", rp_op_find(c->op)->name,
           check, text, name, rp_op_find(c->op)->name, (unsigned long long)c->seed, c->size);
    return false;
}
