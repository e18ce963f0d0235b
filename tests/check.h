/* check.h: the test harness. A test file holds TESTs and nothing else needs to be registered:
 *
 *     TEST(what_must_hold_as_a_sentence) { CHECK(1 + 1 == 2); }
 *
 * The output is TAP; the exit status is 0 when every test passed. A test's arguments on the command
 * line are names (or parts of names) of the tests to run. */
#ifndef RP_TESTS_CHECK_H
#define RP_TESTS_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef void (*check_fn)(void);

void check_register(const char *name, const char *file, check_fn run);
void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_skip(const char *why); /* marks the running test as skipped */
bool check_is_failed(void);       /* has the running test failed so far? */

/* The folder of data beside the checkout (REPRISE_DATA, else ../shared), or NULL: skip then. */
const char *check_data(void);
/* A scratch folder, removed at the end of the program. */
const char *check_scratch(void);
/* What the program and its children that have ended have taken of the processor: unlike the time by
 * the clock it does not depend on what else the machine does. */
double check_processor_seconds(void);
/* Root of the source tree. */
const char *check_source(void);

#define TEST(name)                                                    \
    static void name(void);                                           \
    __attribute__((constructor)) static void check_add_##name(void) { \
        check_register(#name, __FILE__, name);                        \
    }                                                                 \
    static void name(void)

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) check_failed(__FILE__, __LINE__, "%s", #condition); \
    } while (0)

/* Stops the test at once: for what the following lines need. */
#define REQUIRE(condition)                                      \
    do {                                                        \
        if (!(condition)) {                                     \
            check_failed(__FILE__, __LINE__, "%s", #condition); \
            return;                                             \
        }                                                       \
    } while (0)

#define CHECK_INT(actual, expected)                                                              \
    do {                                                                                         \
        const long long check_a = (long long)(actual), check_e = (long long)(expected);          \
        if (check_a != check_e)                                                                  \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, check_a, check_e); \
    } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                                    \
    do {                                                                                           \
        const double check_a = (actual), check_e = (expected);                                     \
        if (!(fabs(check_a - check_e) <= (tolerance)))                                             \
            check_failed(__FILE__, __LINE__, "%s is %.12g, not %.12g", #actual, check_a, check_e); \
    } while (0)

#define CHECK_TEXT(actual, expected)                                              \
    do {                                                                          \
        const char *check_a = (actual), *check_e = (expected);                    \
        if (check_a == NULL || strcmp(check_a, check_e) != 0)                     \
            check_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #actual, \
                         check_a == NULL ? "(null)" : check_a, check_e);          \
    } while (0)

#endif
