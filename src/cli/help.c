/* help.c: see help.h. */
#include "cli/help.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "cli/option.h"

static const char *const overview_head =
    "Reprise gives back what was made: the notes from a printed page, the film from a card\n"
    "that lost power. Nothing is sent anywhere.\n\n"
    "Usage: reprise WING VERB [options] INPUT...\n";

static const char *const overview_tail =
    "\n'reprise help WING VERB' tells more. Also: --version, --man (the manual page),\n"
    "--completion bash|zsh|fish.\n"
    "Exit: 0 done; 1 ran, but the answer is no or partial; 2 usage; 3 input unreadable;\n"
    "4 no memory, disk or device.\n";

static bool is_of_wing(const rp_cli_verb *verb, const char *wing) {
    if (verb->wing == NULL || wing == NULL) return verb->wing == wing;
    return strcmp(verb->wing, wing) == 0;
}

static void write_verbs(FILE *out, const char *wing) {
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++)
        if (is_of_wing(verb, wing))
            fprintf(out, "  %s%s%-*s  %s\n", wing != NULL ? wing : "", wing != NULL ? " " : "",
                    wing != NULL ? 17 - (int)strlen(wing) : 18, verb->name, verb->summary);
}

/* Paragraphs are parted by empty lines; within one, words flow into lines of at most 80 columns. */
static void write_paragraphs(FILE *out, const char *text) {
    enum { COLUMNS = 80 };
    size_t column = 0;
    while (*text != '\0') {
        const size_t gap = strspn(text, " \n"), word = strcspn(text + gap, " \n");
        const bool is_new_paragraph = gap > 1 && strncmp(text, "\n\n", 2) == 0;
        if (is_new_paragraph) fputs("\n\n", out);
        else if (column > 0 && word > 0) fputs(column + 1 + word > COLUMNS ? "\n" : " ", out);
        if (is_new_paragraph || column + 1 + word > COLUMNS) column = 0;
        column += (column > 0) + word;
        fwrite(text + gap, 1, word, out);
        text += gap + word;
    }
    fputc('\n', out);
}

static void write_examples(FILE *out, const rp_cli_verb *verb) {
    fputs("\nExamples:\n", out);
    for (size_t i = 0; i + 1 < RP_COUNT(verb->examples) && verb->examples[i] != NULL; i += 2)
        fprintf(out, "  %s\n      %s\n", verb->examples[i], verb->examples[i + 1]);
}

void rp_cli_help_default(char words[RP_CLI_DEFAULT_MAX], const rp_cli_verb *verb,
                         const rp_cli_option *option) {
    words[0] = '\0';
    if (verb->defaults == NULL) return;
    const char *at = (const char *)verb->defaults + option->offset;
    if (rp_cli_option_is_text(option)) {
        const char *text = NULL;
        memcpy(&text, at, sizeof text);
        if (text != NULL) snprintf(words, RP_CLI_DEFAULT_MAX, "default %s", text);
    } else if (option->kind == RP_CLI_INTEGER || option->kind == RP_CLI_THREADS) {
        int64_t number = 0;
        memcpy(&number, at, sizeof number);
        if (number != 0) snprintf(words, RP_CLI_DEFAULT_MAX, "default %" PRId64, number);
    } else if (option->kind == RP_CLI_NUMBER) {
        double number = 0;
        memcpy(&number, at, sizeof number);
        if (number != 0) snprintf(words, RP_CLI_DEFAULT_MAX, "default %g", number);
    }
}

static void write_option(FILE *out, const rp_cli_verb *verb, const rp_cli_option *option) {
    enum { NAME_COLUMNS = 26 };
    char name[128], letter[8] = "    ", words[RP_CLI_DEFAULT_MAX];
    if (option->letter != 0) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name,
             option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
    rp_cli_help_default(words, verb, option);
    fprintf(out, "  %-*s", NAME_COLUMNS, name);
    if (strlen(name) >= NAME_COLUMNS) fprintf(out, "\n  %-*s", NAME_COLUMNS, "");
    fprintf(out, "%s%s%s%s\n", option->help, words[0] != '\0' ? " (" : "", words,
            words[0] != '\0' ? ")" : "");
}

void rp_cli_help_verb(FILE *out, const rp_cli_verb *verb) {
    fprintf(out, "Usage: reprise %s%s%s [options]%s%s\n\n%c%s.\n",
            verb->wing != NULL ? verb->wing : "", verb->wing != NULL ? " " : "", verb->name,
            verb->inputs != NULL ? " " : "", verb->inputs != NULL ? verb->inputs : "",
            toupper((unsigned char)verb->summary[0]), verb->summary + 1);
    write_examples(out, verb);
    fputs("\nOptions:\n", out);
    for (size_t i = 0; i < verb->option_count; i++) write_option(out, verb, &verb->options[i]);
    static const rp_cli_option help = {"help", 'h', RP_CLI_FLAG, NULL, 0, "this text"};
    static const rp_cli_verb plain = {0};
    write_option(out, &plain, &help);
    if (verb->description == NULL) return;
    fputc('\n', out);
    write_paragraphs(out, verb->description);
}

void rp_cli_help_wing(FILE *out, const rp_cli_wing *wing) {
    fprintf(out, "Usage: reprise %s VERB [options] INPUT...\n\n%s: %s\n\n", wing->name, wing->name,
            wing->summary);
    write_verbs(out, wing->name);
    fprintf(out, "\n'reprise help %s VERB' tells more.\n", wing->name);
}

void rp_cli_help_overview(FILE *out) {
    fputs(overview_head, out);
    const rp_cli_wing *wing = NULL;
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++) {
        fprintf(out, "\n%s\n", wing->summary);
        write_verbs(out, wing->name);
    }
    bool has_alone = false;
    for (size_t i = 0; rp_cli_command_verb(i) != NULL; i++)
        has_alone = has_alone || rp_cli_command_verb(i)->wing == NULL;
    if (has_alone) fputs("\neverything in one place\n", out);
    write_verbs(out, NULL);
    fputs(overview_tail, out);
}
