/* scalar_drawing.c: a graph of nodes as DOT, and through Graphviz as SVG or PNG.
 * A box a node (name, number, gradient), a circle an operation, arrows from operands to results. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/new_file.h"
#include "learn/scalar_words.h"

enum { DRAWN_MAX = 2000 };
extern char **environ;

static void add_node(rp_text *dot, const rp_scalar_tape *tape, rp_value at,
                     const rp_scalar_names *names, double gradient) {
    const rp_scalar_node node = tape->nodes[at];
    const rp_scalar_row *row = rp_scalar_row_of(node.op);
    const char *name = rp_scalar_find_name(names, at);
    rp_text_format(dot, "  n%u [shape=record, label=\"{ ", at);
    for (const char *letter = name; letter != NULL && *letter != '\0'; letter++) {
        if (strchr("\\\"{}|<> ", *letter) != NULL) rp_text_add_char(dot, '\\');
        rp_text_add_char(dot, *letter);
    }
    if (name != NULL) rp_text_add(dot, " | ");
    rp_text_add(dot, "data ");
    rp_scalar_add_number(dot, tape->values[at]);
    rp_text_add(dot, " | grad ");
    rp_scalar_add_number(dot, gradient);
    rp_text_add(dot, " }\"];\n");
    if (row->operands == 0) return;
    rp_text_format(dot, "  o%u [label=\"%s\"];\n  o%u -> n%u;\n  n%u -> o%u;\n", at, row->word, at,
                   at, node.a, at);
    if (row->operands == 2) rp_text_format(dot, "  n%u -> o%u;\n", node.b, at);
}

static rp_status describe(rp_text *dot, const rp_scalar_tape *tape, rp_value root,
                          const rp_scalar_names *names, rp_error *error) {
    bool *wanted = malloc((size_t)root + 1);
    double *gradients = malloc(((size_t)root + 1) * sizeof *gradients);
    rp_status status = RP_OK;
    if (wanted == NULL || gradients == NULL) status = rp_fail_memory(error, "a drawing");
    if (status != RP_OK) goto done;
    const uint32_t count = rp_scalar_mark_parts(tape, root, wanted);
    if (count > DRAWN_MAX)
        status = rp_fail(error, RP_USAGE, -1, "%u nodes are too many to draw; at most %d", count,
                         DRAWN_MAX);
    if (status != RP_OK) goto done;
    rp_scalar_backward(tape, root, gradients);
    rp_text_add(dot, "digraph {\n  rankdir=LR;\n  node [fontname=\"Helvetica\"];\n");
    for (rp_value i = 0; i <= root; i++)
        if (wanted[i]) add_node(dot, tape, i, names, gradients[i]);
    rp_text_add(dot, "}\n");
    if (dot->failed) status = rp_fail_memory(error, "a drawing");
done:
    free(wanted);
    free(gradients);
    return status;
}

/* Runs `dot -Tformat` from the file `input` into the file `output`. */
static rp_status run_dot(const char *format, int input, int output, rp_error *error) {
    char program[] = "dot", option[16];
    snprintf(option, sizeof option, "-T%s", format);
    char *const arguments[] = {program, option, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int outcome = 0;
    if (posix_spawn_file_actions_init(&actions) != 0) return rp_fail_memory(error, "a child");
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    const int code = posix_spawnp(&child, "dot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        return rp_fail(error, RP_SYSTEM, -1,
                       "dot: %s; Graphviz draws the picture: apt-get install graphviz",
                       strerror(code));
    while (waitpid(child, &outcome, 0) < 0 && errno == EINTR) continue;
    if (!WIFEXITED(outcome) || WEXITSTATUS(outcome) != 0)
        return rp_fail(error, RP_SYSTEM, -1, "dot ended with an error; try a .dot file instead");
    return RP_OK;
}

static rp_status render(const rp_text *dot, const char *format, const char *path, rp_error *error) {
    FILE *aside = tmpfile();
    rp_new_file file = {0};
    rp_status status = RP_OK;
    if (aside == NULL || fwrite(dot->data, 1, dot->length, aside) != dot->length ||
        fflush(aside) != 0 || lseek(fileno(aside), 0, SEEK_SET) != 0)
        status = rp_fail_errno(error, "a file for dot to read");
    if (status == RP_OK) status = rp_new_file_open(&file, path, error);
    if (status != RP_OK) goto done;
    status = run_dot(format, fileno(aside), fileno(file.stream), error);
    if (status == RP_OK) status = rp_new_file_commit(&file, error);
    else rp_new_file_abandon(&file);
done:
    if (aside != NULL) fclose(aside);
    return status;
}

rp_status rp_scalar_draw(const rp_scalar_tape *tape, rp_value root, const rp_scalar_names *names,
                         const char *path, rp_error *error) {
    const char *ending = strrchr(path, '.');
    const bool is_dot = ending != NULL && strcmp(ending, ".dot") == 0;
    const bool is_picture =
        ending != NULL && (strcmp(ending, ".svg") == 0 || strcmp(ending, ".png") == 0);
    if (!is_dot && !is_picture)
        return rp_fail(error, RP_USAGE, -1, "%s: a drawing ends in .dot, .svg or .png", path);
    rp_text dot = {0};
    rp_status status = describe(&dot, tape, root, names, error);
    if (status == RP_OK && is_dot) status = rp_new_file_write(path, dot.data, dot.length, error);
    else if (status == RP_OK) status = render(&dot, ending + 1, path, error);
    rp_text_clear(&dot);
    return status;
}
