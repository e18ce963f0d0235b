/* manual.c: see manual.h. Text is escaped as man(7) asks: a backslash becomes \e, a dash \-, and a
 * line that begins with a dot or an apostrophe gets \& before it. */
#include "cli/manual.h"

#include "cli/command.h"
#include "cli/help.h"

static void write_escaped(FILE *out, const char *text) {
    bool at_start = true;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\'')) fputs("\\&", out);
        if (*text == '\\') fputs("\\e", out);
        else if (*text == '-') fputs("\\-", out);
        else fputc(*text, out);
        at_start = *text == '\n';
    }
}

/* Paragraphs are parted by empty lines, as in the help. */
static void write_paragraphs(FILE *out, const char *text) {
    char line[1024];
    while (*text != '\0') {
        size_t length = 0;
        while (text[length] != '\0' && text[length] != '\n' && length + 1 < sizeof line) {
            line[length] = text[length];
            length++;
        }
        line[length] = '\0';
        if (length == 0) fputs(".PP\n", out);
        else write_escaped(out, line), fputc('\n', out);
        text += length + (text[length] == '\n');
    }
}

static void write_option(FILE *out, const rp_cli_verb *verb, const rp_cli_option *option) {
    char words[RP_CLI_DEFAULT_MAX];
    rp_cli_help_default(words, verb, option);
    fputs(".TP\n.B ", out);
    if (option->letter != 0) fprintf(out, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", out);
    write_escaped(out, option->name);
    if (option->argument != NULL) {
        fputs(" \\fI", out);
        write_escaped(out, option->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    write_escaped(out, option->help);
    if (words[0] != '\0') {
        fputs(" (", out);
        write_escaped(out, words);
        fputc(')', out);
    }
    fputs(".\n", out);
}

static void write_verb(FILE *out, const rp_cli_verb *verb) {
    fprintf(out, ".SS reprise %s%s%s [options] ", verb->wing != NULL ? verb->wing : "",
            verb->wing != NULL ? " " : "", verb->name);
    write_escaped(out, verb->inputs != NULL ? verb->inputs : "");
    fputs("\n", out);
    write_escaped(out, verb->summary);
    fputs(".\n", out);
    if (verb->description != NULL) {
        fputs(".PP\n", out);
        write_paragraphs(out, verb->description);
    }
    for (size_t i = 0; i < verb->option_count; i++) write_option(out, verb, &verb->options[i]);
    for (size_t i = 0; i + 1 < RP_COUNT(verb->examples) && verb->examples[i] != NULL; i += 2) {
        fputs(".PP\n", out);
        write_escaped(out, verb->examples[i + 1]);
        fputs(":\n.PP\n.EX\n    ", out);
        write_escaped(out, verb->examples[i]);
        fputs("\n.EE\n", out);
    }
}

void rp_cli_manual_write(FILE *out) {
    fputs(".TH REPRISE 1 \"\" \"reprise " RP_VERSION
          "\" \"User Commands\"\n"
          ".SH NAME\nreprise \\- give back what was made: notes from a printed page, film from a "
          "card that lost power\n"
          ".SH SYNOPSIS\n.B reprise\n.I wing verb\n[options]\n.I input\n.br\n"
          ".B reprise help\n[\\fIwing\\fR [\\fIverb\\fR]]\n"
          ".SH DESCRIPTION\nEverything is done on this machine; nothing is sent anywhere. Inputs "
          "are never changed, except by \\fBvideo recover \\-\\-in\\-place\\fR and \\fBvideo "
          "undo\\fR; outputs are written aside and renamed when they are whole. Data goes to "
          "standard output, messages and progress to standard error.\n",
          out);
    fputs(".SH COMMANDS\n", out);
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++) write_verb(out, verb);
    fputs(
        ".SH EXIT STATUS\n"
        ".TP\n0\nDone.\n"
        ".TP\n1\nRan, but the answer is no or partial.\n"
        ".TP\n2\nThe words of the command are off.\n"
        ".TP\n3\nAn input is unreadable, damaged, or not what was asked for.\n"
        ".TP\n4\nNo memory, disk, device or helper program.\n"
        ".SH ENVIRONMENT\n"
        ".TP\nNO_COLOR\nWhen set to anything, no colours are used.\n",
        out);
}
