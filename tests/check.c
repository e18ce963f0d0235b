/* check.c: see check.h. */
#include "check.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct check_test {
    const char *name, *file;
    check_fn run;
} check_test;

static check_test *tests;
static size_t test_count;
static bool failed;
static const char *skipped;
static char scratch[256];

void check_register(const char *name, const char *file, check_fn run) {
    tests = realloc(tests, (test_count + 1) * sizeof *tests);
    if (tests == NULL) abort();
    tests[test_count++] = (check_test){name, file, run};
}

void check_failed(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("# %s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    failed = true;
}

void check_skip(const char *why) { skipped = why; }
bool check_is_failed(void) { return failed; }

const char *check_source(void) {
    const char *named = getenv("REPRISE_SOURCE");
    return named != NULL ? named : ".";
}

static double seconds_of(int whose) {
    struct rusage used;
    getrusage(whose, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

double check_processor_seconds(void) {
    return seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
}

const char *check_data(void) {
    static char beside[1024];
    const char *named = getenv("REPRISE_DATA");
    if (named == NULL) snprintf(beside, sizeof beside, "%s/../shared", check_source());
    else snprintf(beside, sizeof beside, "%s", named);
    return access(beside, R_OK) == 0 ? beside : NULL;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk) {
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_scratch(void) { nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

const char *check_scratch(void) {
    if (scratch[0] == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(scratch, sizeof scratch, "%s/reprise-test-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(scratch) == NULL) abort();
        atexit(remove_scratch);
    }
    return scratch;
}

static bool is_wanted(const check_test *test, int names, char **name) {
    bool wanted = names == 0;
    for (int i = 0; i < names; i++) wanted = wanted || strstr(test->name, name[i]) != NULL;
    return wanted;
}

int main(int argc, char **argv) {
    int number = 0, failures = 0;
    for (size_t i = 0; i < test_count; i++) {
        if (!is_wanted(&tests[i], argc - 1, argv + 1)) continue;
        failed = false;
        skipped = NULL;
        tests[i].run();
        number++;
        failures += failed;
        printf("%sok %d - %s%s%s\n", failed ? "not " : "", number, tests[i].name,
               skipped != NULL && !failed ? " # SKIP " : "",
               skipped != NULL && !failed ? skipped : "");
        fflush(stdout);
    }
    printf("1..%d\n", number);
    free(tests);
    return failures == 0 ? 0 : 1;
}
