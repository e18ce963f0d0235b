/* option.h: words of the command line against the rows of a verb.
 *
 *     --name VALUE   --name=VALUE   -n VALUE   -nVALUE   -ab (flags together)   -- (ends options)
 *
 * Options and inputs may be mixed; the last of a repeated option counts; a lone "-" is an input. */
#ifndef RP_CLI_OPTION_H
#define RP_CLI_OPTION_H

#include "cli/verb.h"

typedef struct rp_cli_words {
    const char **inputs; /* the caller's room for as many as there are words */
    size_t input_count;
    bool help; /* --help or -h was among them: nothing after it was looked at */
} rp_cli_words;

/* Copies the verb's defaults into `values` (verb->values_size bytes), then reads `argv[0 .. argc)`,
 * the words after the verb's name. Texts in `values` and `inputs` point into argv.
 * RP_USAGE: an unknown option (with the nearest one), a missing or surplus value, a number that is
 * none or out of its type's range, a word that is not among "a|b", too few or too many inputs, an
 * output that is an input (a word or an option's file) or another output. */
rp_status rp_cli_option_parse(void *values, rp_cli_words *words, const rp_cli_verb *verb, int argc,
                              const char *const *argv, rp_error *error);

/* Is its value a text, of whatever meaning? */
bool rp_cli_option_is_text(const rp_cli_option *option);

/* Is the option's value one of the words of its `argument`? */
bool rp_cli_option_is_choice(const rp_cli_option *option);

#endif
