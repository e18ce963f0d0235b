/* option.c: see option.h. */
#include "cli/option.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nearest.h"

/* One reading of the words: where the next one comes from and where values go. */
typedef struct parse {
    const rp_cli_verb *verb;
    char *values;
    rp_cli_words *words;
    const char *const *argv;
    int argc, at; /* `at` is the word after the one being looked at */
    rp_error *error;
} parse;

rp_status rp_cli_fail(rp_error *error, rp_status status, const char *format, ...) {
    if (error == NULL) return status;
    va_list arguments;
    va_start(arguments, format);
    *error = (rp_error){.status = status};
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

bool rp_cli_option_is_text(const rp_cli_option *option) {
    return option->kind == RP_CLI_TEXT || option->kind == RP_CLI_INPUT ||
           option->kind == RP_CLI_OUTPUT;
}

bool rp_cli_option_is_choice(const rp_cli_option *option) {
    return option->kind == RP_CLI_TEXT && option->argument != NULL &&
           strchr(option->argument, '|') != NULL;
}

/* -------- values -------- */

static bool is_one_of(const char *word, const char *choices) {
    const size_t length = strlen(word);
    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strcspn(at, "|") == length && strncmp(at, word, length) == 0) return true;
    }
    return false;
}

static rp_status store_text(parse *p, const rp_cli_option *option, const char *word) {
    if (rp_cli_option_is_choice(option) && !is_one_of(word, option->argument))
        return rp_cli_fail(p->error, RP_USAGE, "--%s: '%s' is not one of %s", option->name, word,
                           option->argument);
    memcpy(p->values + option->offset, &word, sizeof word);
    return RP_OK;
}

/* What an argument such as "1..4" or "1.." admits, both ends included; INFINITY: no end. Of another
 * argument, as of the kind: 0 .. `most`. */
typedef struct range {
    double least, most;
} range;

static range range_of(const rp_cli_option *option, range of_kind) {
    const char *argument = option->argument != NULL ? option->argument : "";
    char *end = NULL;
    const long long least = strtoll(argument, &end, 10);
    if (end == argument || strncmp(end, "..", 2) != 0) return of_kind;
    const char *upper = end + 2;
    return (range){(double)least, *upper != '\0' ? (double)strtoll(upper, NULL, 10) : of_kind.most};
}

static rp_status check_range(parse *p, const rp_cli_option *option, const char *word, double value,
                             range of_kind) {
    const range r = range_of(option, of_kind);
    if (value >= r.least && value <= r.most) return RP_OK;
    if (isinf(r.most))
        return rp_cli_fail(p->error, RP_USAGE, "--%s: %s is less than %.0f", option->name, word,
                           r.least);
    return rp_cli_fail(p->error, RP_USAGE, "--%s: %s is not between %.0f and %.0f", option->name,
                       word, r.least, r.most);
}

static rp_status store_up_to(int64_t most, parse *p, const rp_cli_option *option,
                             const char *word) {
    char *end = NULL;
    const long long number = strtoll(word, &end, 10);
    if (end == word || *end != '\0')
        return rp_cli_fail(p->error, RP_USAGE, "--%s: '%s' is not a whole number", option->name,
                           word);
    const int64_t value =
        number; /* one beyond its type's range is at an end of it, and so refused */
    const rp_status status = check_range(p, option, word, (double)value, (range){0, (double)most});
    if (status == RP_OK) memcpy(p->values + option->offset, &value, sizeof value);
    return status;
}

static rp_status store_integer(parse *p, const rp_cli_option *option, const char *word) {
    return store_up_to(INT32_MAX, p, option, word);
}

static rp_status store_threads(parse *p, const rp_cli_option *option, const char *word) {
    enum { THREADS_MAX = 1024 };
    return store_up_to(THREADS_MAX, p, option, word);
}

static rp_status store_number(parse *p, const rp_cli_option *option, const char *word) {
    char *end = NULL;
    const double value = strtod(word, &end);
    if (end == word || *end != '\0' || isnan(value))
        return rp_cli_fail(p->error, RP_USAGE, "--%s: '%s' is not a number", option->name, word);
    if (isinf(value))
        return rp_cli_fail(p->error, RP_USAGE, "--%s: %s is too large", option->name, word);
    const rp_status status = check_range(p, option, word, value, (range){-INFINITY, INFINITY});
    if (status == RP_OK) memcpy(p->values + option->offset, &value, sizeof value);
    return status;
}

static rp_status store_flag(parse *p, const rp_cli_option *option, const char *word) {
    (void)word;
    const bool value = true;
    memcpy(p->values + option->offset, &value, sizeof value);
    return RP_OK;
}

static const struct {
    size_t size;
    rp_status (*store)(parse *p, const rp_cli_option *option, const char *word);
} kinds[] = {
    [RP_CLI_FLAG] = {sizeof(bool), store_flag},
    [RP_CLI_TEXT] = {sizeof(const char *), store_text},
    [RP_CLI_INPUT] = {sizeof(const char *), store_text},
    [RP_CLI_OUTPUT] = {sizeof(const char *), store_text},
    [RP_CLI_INTEGER] = {sizeof(int64_t), store_integer},
    [RP_CLI_THREADS] = {sizeof(int64_t), store_threads},
    [RP_CLI_NUMBER] = {sizeof(double), store_number},
};

static rp_status store(parse *p, const rp_cli_option *option, const char *word) {
    assert(option->offset + kinds[option->kind].size <= p->verb->values_size);
    return kinds[option->kind].store(p, option, word);
}

/* `attached` is what follows in the same word, or NULL: then the value is the next word. */
static rp_status store_next(parse *p, const rp_cli_option *option, const char *attached) {
    if (attached == NULL && p->at == p->argc)
        return rp_cli_fail(p->error, RP_USAGE, "--%s needs a value: --%s %s", option->name,
                           option->name, option->argument != NULL ? option->argument : "VALUE");
    return store(p, option, attached != NULL ? attached : p->argv[p->at++]);
}

/* -------- words -------- */

static const rp_cli_option *find_long(const parse *p, const char *name, size_t length) {
    for (size_t i = 0; i < p->verb->option_count; i++) {
        const rp_cli_option *option = &p->verb->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static const rp_cli_option *find_short(const parse *p, char letter) {
    for (size_t i = 0; i < p->verb->option_count; i++)
        if (p->verb->options[i].letter == letter) return &p->verb->options[i];
    return NULL;
}

static rp_status fail_unknown(parse *p, const char *name, size_t length) {
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1),
             name);
    rp_cli_nearest nearest = {.word = word};
    for (size_t i = 0; i < p->verb->option_count; i++)
        rp_cli_nearest_offer(&nearest, p->verb->options[i].name);
    rp_cli_nearest_offer(&nearest, "help");
    if (nearest.best == NULL)
        return rp_cli_fail(p->error, RP_USAGE, "there is no option --%s; --help lists them", word);
    return rp_cli_fail(p->error, RP_USAGE, "there is no option --%s; did you mean --%s?", word,
                       nearest.best);
}

static rp_status read_long(parse *p, const char *name) {
    const size_t length = strcspn(name, "=");
    const char *attached = name[length] == '=' ? name + length + 1 : NULL;
    const rp_cli_option *option = find_long(p, name, length);
    if (option == NULL && length == 4 && strncmp(name, "help", 4) == 0) p->words->help = true;
    if (p->words->help) return RP_OK;
    if (option == NULL) return fail_unknown(p, name, length);
    if (option->kind != RP_CLI_FLAG) return store_next(p, option, attached);
    if (attached != NULL)
        return rp_cli_fail(p->error, RP_USAGE, "--%s takes no value", option->name);
    return store(p, option, NULL);
}

static rp_status read_short(parse *p, const char *letters) {
    for (; *letters != '\0'; letters++) {
        const rp_cli_option *option = find_short(p, *letters);
        if (option == NULL && *letters == 'h') p->words->help = true;
        if (p->words->help) return RP_OK;
        if (option == NULL)
            return rp_cli_fail(p->error, RP_USAGE, "there is no option -%c; --help lists them",
                               *letters);
        if (option->kind != RP_CLI_FLAG)
            return store_next(p, option, letters[1] != '\0' ? letters + 1 : NULL);
        const rp_status status = store(p, option, NULL);
        if (status != RP_OK) return status;
    }
    return RP_OK;
}

static rp_status read_word(parse *p, bool *ended) {
    const char *word = p->argv[p->at++];
    if (!*ended && strcmp(word, "--") == 0) *ended = true;
    else if (!*ended && strncmp(word, "--", 2) == 0) return read_long(p, word + 2);
    else if (!*ended && word[0] == '-' && word[1] != '\0') return read_short(p, word + 1);
    else p->words->inputs[p->words->input_count++] = word;
    return RP_OK;
}

static rp_status check_inputs(const parse *p) {
    const rp_cli_verb *verb = p->verb;
    const size_t count = p->words->input_count;
    const char *wanted = verb->inputs != NULL ? verb->inputs : "";
    const char *wing = verb->wing != NULL ? verb->wing : "", *gap = verb->wing != NULL ? " " : "";
    if (count < verb->inputs_min)
        return rp_cli_fail(p->error, RP_USAGE, "%s%s%s needs %s; --help shows how", wing, gap,
                           verb->name, wanted);
    if (count > verb->inputs_max)
        return rp_cli_fail(p->error, RP_USAGE, "'%s' is one word too many: reprise %s%s%s %s",
                           p->words->inputs[verb->inputs_max], wing, gap, verb->name, wanted);
    return RP_OK;
}

/* The file that an option of this kind names; NULL: none. */
static const char *file_of(const parse *p, size_t index, rp_cli_kind kind) {
    const rp_cli_option *option = &p->verb->options[index];
    const char *path = NULL;
    if (option->kind == kind) memcpy(&path, p->values + option->offset, sizeof path);
    return path;
}

/* One output against all that is read, and against the outputs named before it. */
static rp_status check_output(const parse *p, size_t index, const char *path) {
    const rp_cli_option *options = p->verb->options;
    const char *name = options[index].name;
    for (size_t k = 0; k < p->words->input_count; k++)
        if (rp_new_file_replaces(path, p->words->inputs[k]))
            return rp_cli_fail(p->error, RP_USAGE,
                               "--%s: %s is the input %s; it would be written over", name, path,
                               p->words->inputs[k]);
    for (size_t k = 0; k < p->verb->option_count; k++) {
        if (rp_new_file_replaces(path, file_of(p, k, RP_CLI_INPUT)))
            return rp_cli_fail(p->error, RP_USAGE,
                               "--%s: %s is what --%s reads; it would be written over", name, path,
                               options[k].name);
        if (k < index && rp_new_file_replaces(path, file_of(p, k, RP_CLI_OUTPUT)))
            return rp_cli_fail(p->error, RP_USAGE, "--%s and --%s both write %s", options[k].name,
                               name, path);
    }
    return RP_OK;
}

/* Inputs are never harmed: none is written to, and no two outputs are one file. */
static rp_status check_outputs(const parse *p) {
    rp_status status = RP_OK;
    for (size_t i = 0; i < p->verb->option_count && status == RP_OK; i++) {
        const char *path = file_of(p, i, RP_CLI_OUTPUT);
        if (path != NULL) status = check_output(p, i, path);
    }
    return status;
}

rp_status rp_cli_option_parse(void *values, rp_cli_words *words, const rp_cli_verb *verb, int argc,
                              const char *const *argv, rp_error *error) {
    parse p = {verb, values, words, argv, argc, 0, error};
    if (verb->values_size > 0 && verb->defaults != NULL)
        memcpy(values, verb->defaults, verb->values_size);
    else if (verb->values_size > 0) memset(values, 0, verb->values_size);
    words->input_count = 0;
    words->help = false;
    bool ended = false;
    while (p.at < argc && !words->help) {
        const rp_status status = read_word(&p, &ended);
        if (status != RP_OK) return status;
    }
    if (words->help) return RP_OK;
    const rp_status status = check_inputs(&p);
    return status == RP_OK ? check_outputs(&p) : status;
}
