/* command.c: see command.h. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/nearest.h"
#include "cli/option.h"
#include "cli/terminal.h"

#define RP_CLI_VERB(object) extern const rp_cli_verb object;
#include "cli/verbs.def"
#undef RP_CLI_VERB

#define RP_CLI_VERB(object) &object,
static const rp_cli_verb *const verbs[] = {
#include "cli/verbs.def"
    NULL};
#undef RP_CLI_VERB

static const rp_cli_wing wings[] = {
    {"score", "music: a printed page of piano music becomes MusicXML"},
    {"video", "film: a recording that was cut off gets its index back"},
    {"learn", "how a machine learns to read: from one number with a gradient to LeNet-5"},
};

/* -------- the lists -------- */

const rp_cli_verb *rp_cli_command_verb(size_t index) {
    return index < RP_COUNT(verbs) ? verbs[index] : NULL;
}

static bool has_verb(const char *wing) {
    for (size_t i = 0; verbs[i] != NULL; i++)
        if (verbs[i]->wing != NULL && strcmp(verbs[i]->wing, wing) == 0) return true;
    return false;
}

const rp_cli_wing *rp_cli_command_wing(size_t index) {
    for (size_t i = 0; i < RP_COUNT(wings); i++)
        if (has_verb(wings[i].name) && index-- == 0) return &wings[i];
    return NULL;
}

static const rp_cli_wing *find_wing(const char *name) {
    const rp_cli_wing *wing = NULL;
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++)
        if (strcmp(wing->name, name) == 0) return wing;
    return NULL;
}

/* `wing` NULL: a verb that stands alone. */
static const rp_cli_verb *find_verb(const char *wing, const char *name) {
    for (size_t i = 0; verbs[i] != NULL; i++) {
        if ((verbs[i]->wing == NULL) != (wing == NULL)) continue;
        if (wing != NULL && strcmp(verbs[i]->wing, wing) != 0) continue;
        if (strcmp(verbs[i]->name, name) == 0) return verbs[i];
    }
    return NULL;
}

/* -------- words that lead nowhere -------- */

static rp_status fail_unknown_wing(const char *word, rp_error *error) {
    rp_cli_nearest nearest = {.word = word};
    const rp_cli_wing *wing = NULL;
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++)
        rp_cli_nearest_offer(&nearest, wing->name);
    for (size_t i = 0; verbs[i] != NULL; i++)
        if (verbs[i]->wing == NULL) rp_cli_nearest_offer(&nearest, verbs[i]->name);
    rp_cli_nearest_offer(&nearest, "help");
    rp_cli_nearest_offer(&nearest, "--help");
    rp_cli_nearest_offer(&nearest, "--version");
    if (nearest.best != NULL)
        return rp_cli_fail(error, RP_USAGE, "'%s' is not known; did you mean '%s'?", word,
                           nearest.best);
    for (size_t i = 0; verbs[i] != NULL; i++) /* `reprise recover`: the wing was left out */
        if (verbs[i]->wing != NULL && strcmp(verbs[i]->name, word) == 0)
            return rp_cli_fail(error, RP_USAGE, "'%s' is not known; did you mean '%s %s'?", word,
                               verbs[i]->wing, word);
    return rp_cli_fail(error, RP_USAGE, "'%s' is not known; 'reprise help' lists what is", word);
}

static rp_status fail_unknown_verb(const rp_cli_wing *wing, const char *word, rp_error *error) {
    rp_cli_nearest nearest = {.word = word};
    for (size_t i = 0; verbs[i] != NULL; i++)
        if (verbs[i]->wing != NULL && strcmp(verbs[i]->wing, wing->name) == 0)
            rp_cli_nearest_offer(&nearest, verbs[i]->name);
    if (nearest.best != NULL)
        return rp_cli_fail(error, RP_USAGE, "%s has no verb '%s'; did you mean '%s'?", wing->name,
                           word, nearest.best);
    return rp_cli_fail(error, RP_USAGE, "%s has no verb '%s'; 'reprise help %s' lists them",
                       wing->name, word, wing->name);
}

/* -------- running -------- */

static rp_status run_parsed(const rp_cli_verb *verb, const void *values, const rp_cli_words *words,
                            rp_error *error) {
    rp_cli_terminal terminal = rp_cli_terminal_begin();
    const rp_progress progress = {rp_cli_terminal_progress, &terminal};
    const rp_log log = {rp_cli_terminal_log, &terminal};
    const rp_cli_call call = {.values = values,
                              .inputs = words->inputs,
                              .input_count = words->input_count,
                              .progress = &progress,
                              .log = &log,
                              .colour = terminal.has_colour};
    const rp_status status = verb->run(&call, error);
    rp_cli_terminal_clear(&terminal);
    return status;
}

static rp_status run_verb(const rp_cli_verb *verb, int argc, const char *const *argv,
                          rp_error *error) {
    void *values = calloc(1, verb->values_size + 1);
    rp_cli_words words = {.inputs = calloc((size_t)argc + 1, sizeof *words.inputs)};
    rp_status status = RP_SYSTEM;
    if (values == NULL || words.inputs == NULL) {
        rp_cli_fail(error, RP_SYSTEM, "no memory for the command line");
        goto done;
    }
    status = rp_cli_option_parse(values, &words, verb, argc, argv, error);
    if (status != RP_OK) goto done;
    if (words.help) rp_cli_help_verb(stdout, verb);
    else status = run_parsed(verb, values, &words, error);
done:
    free(words.inputs);
    free(values);
    return status;
}

/* -------- reprise help, --version, --man, --completion -------- */

static bool is_help(const char *word) {
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static rp_status run_help(int argc, const char *const *argv, rp_error *error) {
    if (argc == 0 || is_help(argv[0])) return rp_cli_help_overview(stdout), RP_OK;
    const rp_cli_verb *alone = find_verb(NULL, argv[0]);
    if (alone != NULL) return rp_cli_help_verb(stdout, alone), RP_OK;
    const rp_cli_wing *wing = find_wing(argv[0]);
    if (wing == NULL) return fail_unknown_wing(argv[0], error);
    if (argc == 1) return rp_cli_help_wing(stdout, wing), RP_OK;
    const rp_cli_verb *verb = find_verb(wing->name, argv[1]);
    if (verb == NULL) return fail_unknown_verb(wing, argv[1], error);
    return rp_cli_help_verb(stdout, verb), RP_OK;
}

static rp_status run_wing(const rp_cli_wing *wing, int argc, const char *const *argv,
                          rp_error *error) {
    if (argc == 0)
        return rp_cli_fail(error, RP_USAGE, "%s needs a verb; 'reprise help %s' lists them",
                           wing->name, wing->name);
    if (is_help(argv[0])) return rp_cli_help_wing(stdout, wing), RP_OK;
    const rp_cli_verb *verb = find_verb(wing->name, argv[0]);
    if (verb == NULL) return fail_unknown_verb(wing, argv[0], error);
    return run_verb(verb, argc - 1, argv + 1, error);
}

rp_status rp_cli_command_run(int argc, const char *const *argv, rp_error *error) {
    if (argc < 2) return run_help(0, NULL, error);
    const char *word = argv[1];
    if (is_help(word)) return run_help(argc - 2, argv + 2, error);
    if (strcmp(word, "--version") == 0) return printf("reprise %s\n", RP_VERSION), RP_OK;
    if (strcmp(word, "--man") == 0) return rp_cli_manual_write(stdout), RP_OK;
    if (strcmp(word, "--completion") == 0)
        return rp_cli_completion_write(stdout, argc > 2 ? argv[2] : "", error);
    const rp_cli_verb *alone = find_verb(NULL, word);
    if (alone != NULL) return run_verb(alone, argc - 2, argv + 2, error);
    const rp_cli_wing *wing = find_wing(word);
    if (wing == NULL) return fail_unknown_wing(word, error);
    return run_wing(wing, argc - 2, argv + 2, error);
}
