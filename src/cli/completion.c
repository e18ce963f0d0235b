/* completion.c: see completion.h. All three shells get the same knowledge: the wings, each wing's
 * verbs, each verb's options with their choices; anything else is a file name. */
#include "cli/completion.h"

#include <string.h>

#include "cli/command.h"
#include "cli/option.h"

static const char *wing_of(const rp_cli_verb *verb) { return verb->wing != NULL ? verb->wing : ""; }

/* Calls `write` for every verb of a wing; "" means the verbs that stand alone. */
static void each_verb(FILE *out, const char *wing, void (*write)(FILE *, const rp_cli_verb *)) {
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++)
        if (strcmp(wing_of(verb), wing) == 0) write(out, verb);
}

static void write_choices(FILE *out, const char *choices) {
    for (; *choices != '\0'; choices++) fputc(*choices == '|' ? ' ' : *choices, out);
}

/* Inside single quotes of any shell: only the quote itself needs care. */
static void write_quoted(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\'') fputs("'\\''", out);
        else fputc(*text, out);
    }
}

/* -------- bash -------- */

static void bash_name(FILE *out, const rp_cli_verb *verb) { fprintf(out, "%s ", verb->name); }

/* A verb of a wing is "score read" and the word before the cursor; one that stands alone has no
 * second word that is sure, so its pattern leaves it open. */
static void bash_verb(FILE *out, const rp_cli_verb *verb) {
    char path[96];
    snprintf(path, sizeof path, "%s%s%s", wing_of(verb), verb->wing != NULL ? " " : "", verb->name);
    for (size_t i = 0; i < verb->option_count; i++) {
        const rp_cli_option *option = &verb->options[i];
        if (!rp_cli_option_is_choice(option)) continue;
        fprintf(out, "        '%s'*' --%s') words='", path, option->name);
        write_choices(out, option->argument);
        fputs("' ;;\n", out);
    }
    fprintf(out, "        '%s'|'%s '*) words='--help", path, path);
    for (size_t i = 0; i < verb->option_count; i++) fprintf(out, " --%s", verb->options[i].name);
    fputs("' ;;\n", out);
}

static void write_bash(FILE *out) {
    const rp_cli_wing *wing = NULL;
    fputs(
        "# bash completion for reprise, made by `reprise --completion bash`\n"
        "_reprise() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
        "    local path=${COMP_WORDS[*]:1:2}\n"
        "    [[ $COMP_CWORD -eq 1 ]] && path=\n"
        "    [[ $COMP_CWORD -eq 2 ]] && path=${COMP_WORDS[1]}\n"
        "    [[ $COMP_CWORD -gt 2 ]] && path=\"$path $before\"\n"
        "    case $path in\n"
        "        '') words='help --help --version --man --completion ",
        out);
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++)
        fprintf(out, "%s ", wing->name);
    each_verb(out, "", bash_name);
    fputs("' ;;\n", out);
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++) {
        fprintf(out, "        '%s') words='", wing->name);
        each_verb(out, wing->name, bash_name);
        fputs("' ;;\n", out);
    }
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++) bash_verb(out, verb);
    fputs(
        "    esac\n"
        "    [[ $word != -* && $words == --help* ]] && words=\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "}\n"
        "complete -o default -F _reprise reprise\n",
        out);
}

/* -------- zsh -------- */

static void zsh_name(FILE *out, const rp_cli_verb *verb) {
    fprintf(out, "'%s:", verb->name);
    write_quoted(out, verb->summary);
    fputs("' ", out);
}

/* _arguments takes '--name[help]:label:action'; a bracket or colon in the help must be escaped. */
static void zsh_option(FILE *out, const rp_cli_option *option) {
    fprintf(out, " '--%s%s[", option->name, option->kind == RP_CLI_FLAG ? "" : "=");
    for (const char *at = option->help; *at != '\0'; at++) {
        if (strchr("[]:\\", *at) != NULL) fputc('\\', out);
        if (*at == '\'') fputs("'\\''", out);
        else fputc(*at, out);
    }
    fputc(']', out);
    if (rp_cli_option_is_choice(option)) {
        fputs(":choice:(", out);
        write_choices(out, option->argument);
        fputc(')', out);
    } else if (rp_cli_option_is_text(option)) {
        fputs(":file:_files", out);
    } else if (option->kind != RP_CLI_FLAG) {
        fputs(":number:", out);
    }
    fputc('\'', out);
}

static void zsh_verb(FILE *out, const rp_cli_verb *verb) {
    fprintf(out, "    '%s%s%s') _arguments -s '--help[this text]'", wing_of(verb),
            verb->wing != NULL ? " " : "", verb->name);
    for (size_t i = 0; i < verb->option_count; i++) zsh_option(out, &verb->options[i]);
    fputs(" '*:input:_files' ;;\n", out);
}

static void write_zsh(FILE *out) {
    const rp_cli_wing *wing = NULL;
    fputs(
        "#compdef reprise\n# made by `reprise --completion zsh`\n"
        "_reprise() {\n  local -a names\n"
        "  if (( CURRENT == 2 )); then\n    names=('help:how it is used' ",
        out);
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++) {
        fprintf(out, "'%s:", wing->name);
        write_quoted(out, wing->summary);
        fputs("' ", out);
    }
    each_verb(out, "", zsh_name);
    fputs(
        ")\n    _describe 'wing' names; return\n  fi\n"
        "  if (( CURRENT == 3 )); then\n    case $words[2] in\n",
        out);
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++) {
        fprintf(out, "    %s) names=(", wing->name);
        each_verb(out, wing->name, zsh_name);
        fputs(") ;;\n", out);
    }
    fputs(
        "    esac\n    (( $#names )) && { _describe 'verb' names; return }\n  fi\n"
        "  case \"$words[2] $words[3]\" in\n",
        out);
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++)
        if (verb->wing != NULL) zsh_verb(out, verb);
    fputs("    *) case $words[2] in\n", out);
    each_verb(out, "", zsh_verb);
    fputs("    *) _files ;; esac ;;\n  esac\n}\n_reprise \"$@\"\n", out);
}

/* -------- fish -------- */

static void fish_verb(FILE *out, const rp_cli_verb *verb) {
    char seen[96] = "";
    if (verb->wing == NULL) {
        fprintf(out, "complete -c reprise -n __fish_use_subcommand -a %s -d '", verb->name);
    } else {
        fprintf(out,
                "complete -c reprise -f -n 'test (count (commandline -opc)) -eq 2; and "
                "__fish_seen_subcommand_from %s' -a %s -d '",
                verb->wing, verb->name);
        snprintf(seen, sizeof seen, "__fish_seen_subcommand_from %s; and ", verb->wing);
    }
    write_quoted(out, verb->summary);
    fputs("'\n", out);
    for (size_t i = 0; i < verb->option_count; i++) {
        const rp_cli_option *option = &verb->options[i];
        fprintf(out, "complete -c reprise -n '%s__fish_seen_subcommand_from %s' -l %s", seen,
                verb->name, option->name);
        if (option->letter != 0) fprintf(out, " -s %c", option->letter);
        if (option->kind != RP_CLI_FLAG) fputs(" -r", out);
        if (rp_cli_option_is_choice(option)) {
            fputs(" -f -a '", out);
            write_choices(out, option->argument);
            fputc('\'', out);
        }
        fputs(" -d '", out);
        write_quoted(out, option->help);
        fputs("'\n", out);
    }
}

static void write_fish(FILE *out) {
    fputs(
        "# fish completion for reprise, made by `reprise --completion fish`\n"
        "complete -c reprise -f -n __fish_use_subcommand -a help -d 'how it is used'\n",
        out);
    const rp_cli_wing *wing = NULL;
    for (size_t i = 0; (wing = rp_cli_command_wing(i)) != NULL; i++) {
        fprintf(out, "complete -c reprise -f -n __fish_use_subcommand -a %s -d '", wing->name);
        write_quoted(out, wing->summary);
        fputs("'\n", out);
    }
    const rp_cli_verb *verb = NULL;
    for (size_t i = 0; (verb = rp_cli_command_verb(i)) != NULL; i++) fish_verb(out, verb);
}

rp_status rp_cli_completion_write(FILE *out, const char *shell, rp_error *error) {
    static const struct {
        const char *shell;
        void (*write)(FILE *out);
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
    for (size_t i = 0; i < RP_COUNT(shells); i++)
        if (strcmp(shells[i].shell, shell) == 0) return shells[i].write(out), RP_OK;
    return rp_cli_fail(error, RP_USAGE, "--completion: '%s' is not one of bash|zsh|fish", shell);
}
