/* scalar_words.c: see scalar_words.h; and the backward pass told step by step. */
#include "learn/scalar_words.h"

#include <stdlib.h>
#include <string.h>

const char *rp_scalar_find_name(const rp_scalar_names *names, rp_value at) {
    for (size_t k = names->count; k-- > 0;)
        if (names->rows[k].value == at) return names->rows[k].text;
    return NULL;
}

/* A NaN is printed without the sign that it may have. */
void rp_scalar_add_number(rp_text *text, double number) {
    if (isnan(number)) rp_text_add(text, "nan");
    else rp_text_format(text, "%.6g", number);
}

void rp_scalar_add_name(rp_text *text, const rp_scalar_tape *tape, rp_value at,
                        const rp_scalar_names *names) {
    const char *name = rp_scalar_find_name(names, at);
    const bool is_leaf = rp_scalar_row_of(tape->nodes[at].op)->operands == 0;
    if (name != NULL) rp_text_add(text, name);
    else if (is_leaf) rp_scalar_add_number(text, tape->values[at]);
    else rp_text_format(text, "n%u", at);
}

void rp_scalar_add_formula(rp_text *text, const rp_scalar_tape *tape, rp_value at,
                           const rp_scalar_names *names) {
    const rp_scalar_node node = tape->nodes[at];
    const rp_scalar_row *row = rp_scalar_row_of(node.op);
    if (row->operands == 0) rp_scalar_add_number(text, tape->values[at]);
    if (row->operands == 1) rp_text_format(text, "%s(", row->word);
    if (row->operands > 0) rp_scalar_add_name(text, tape, node.a, names);
    if (row->operands == 1) rp_text_add_char(text, ')');
    if (row->operands == 2) {
        rp_text_format(text, " %s ", row->word);
        rp_scalar_add_name(text, tape, node.b, names);
    }
}

uint32_t rp_scalar_mark_parts(const rp_scalar_tape *tape, rp_value root, bool *wanted) {
    uint32_t count = 0;
    memset(wanted, 0, (size_t)root + 1);
    wanted[root] = true;
    for (rp_value i = root + 1; i-- > 0;) {
        if (!wanted[i]) continue;
        count++;
        wanted[tape->nodes[i].a] = wanted[tape->nodes[i].b] = true;
    }
    return count;
}

/* -- What is not finite ------------------------------------------------------------------------ */

/* Why an operation on finite numbers can give something else; NULL: the numbers were too large. */
static const char *reason_of(rp_scalar_op op, double a, double b) {
    if (op == RP_SCALAR_LOG) return a < 0 ? "a negative number has no logarithm" : "log 0 is -inf";
    if (op == RP_SCALAR_SQRT && a < 0) return "a negative number has no square root";
    if (op == RP_SCALAR_DIVIDE && b == 0) return "division by 0";
    if (op != RP_SCALAR_POWER && op != RP_SCALAR_POWER_CONSTANT) return NULL;
    if (a == 0 && b < 0) return "0 to a negative power is a division by 0";
    return a < 0 ? "a negative number to a power that is not whole" : NULL;
}

static void add_reason(rp_text *text, const rp_scalar_tape *tape, rp_value at,
                       const rp_scalar_names *names) {
    const rp_scalar_node node = tape->nodes[at];
    const double a = tape->values[node.a], b = tape->values[node.b];
    const char *reason = reason_of(node.op, a, b);
    rp_scalar_add_formula(text, tape, at, names);
    rp_text_add(text, " = ");
    rp_scalar_add_number(text, tape->values[at]);
    rp_text_add(text, ": ");
    if (rp_scalar_row_of(node.op)->operands == 0) rp_text_add(text, "a number that is not finite");
    else if (!isfinite(a) || !isfinite(b)) rp_text_add(text, "made from one that is not finite");
    else rp_text_add(text, reason != NULL ? reason : "too large for a double");
}

rp_status rp_scalar_check_finite(const rp_scalar_tape *tape, rp_value root,
                                 const rp_scalar_names *names, rp_error *error) {
    bool *wanted = malloc((size_t)root + 1);
    rp_text text = {0};
    rp_status status = RP_OK;
    if (wanted == NULL) return rp_fail_memory(error, "the parts of an expression");
    rp_scalar_mark_parts(tape, root, wanted);
    for (rp_value i = 0; i <= root && status == RP_OK; i++) {
        if (!wanted[i] || isfinite(tape->values[i])) continue;
        add_reason(&text, tape, i, names);
        status = rp_fail(error, RP_INPUT, i, "%s; choose other inputs",
                         text.data != NULL ? text.data : "not finite");
    }
    rp_text_clear(&text);
    free(wanted);
    return status;
}

/* -- The backward pass, told ------------------------------------------------------------------- */

/* What each operand is multiplied by, in words; %a, %b, %w stand for the nodes' names. */
typedef struct words_row {
    const char *to_a, *to_b;
} words_row;
static const words_row words[RP_SCALAR_OP_COUNT] = {
    [RP_SCALAR_ADD] = {"it unchanged", "it unchanged"},
    [RP_SCALAR_SUBTRACT] = {"it unchanged", "it with the sign turned"},
    [RP_SCALAR_MULTIPLY] = {"it times the other factor %b", "it times the other factor %a"},
    [RP_SCALAR_DIVIDE] = {"it divided by %b", "it times -%w / %b"},
    [RP_SCALAR_NEGATE] = {"it with the sign turned", NULL},
    [RP_SCALAR_SCALE] = {"it times the other factor %b", "it times the other factor %a"},
    [RP_SCALAR_POWER_CONSTANT] = {"it times %b * %a ** (%b - 1)", NULL},
    [RP_SCALAR_POWER] = {"it times %b * %a ** (%b - 1)", "it times %w * log %a"},
    [RP_SCALAR_RELU] = {"it if %a is above 0, else nothing", NULL},
    [RP_SCALAR_STEP] = {"nothing: a step is flat", NULL},
    [RP_SCALAR_TANH] = {"it times 1 - %w * %w", NULL},
    [RP_SCALAR_EXP] = {"it times %w itself", NULL},
    [RP_SCALAR_LOG] = {"it divided by %a", NULL},
    [RP_SCALAR_SQRT] = {"it divided by 2 * %w", NULL},
    [RP_SCALAR_SIN] = {"it times cos %a", NULL},
    [RP_SCALAR_COS] = {"it times -sin %a", NULL},
    [RP_SCALAR_SIGMOID] = {"it times %w * (1 - %w)", NULL},
};

typedef struct backward_teller {
    const rp_scalar_tape *tape;
    const rp_scalar_names *names;
    double *gradients; /* as they stand: what nodes further on have given so far */
    rp_text line;
} backward_teller;

static void add_words(backward_teller *teller, rp_value at, const char *text) {
    const rp_scalar_node node = teller->tape->nodes[at];
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            rp_text_add_char(&teller->line, *text);
            continue;
        }
        text++;
        rp_scalar_add_name(&teller->line, teller->tape,
                           *text == 'a'   ? node.a
                           : *text == 'b' ? node.b
                                          : at,
                           teller->names);
    }
}

static void add_gain(backward_teller *teller, rp_value at, rp_value operand, const char *text,
                     double before) {
    rp_text_add(&teller->line, "; ");
    rp_scalar_add_name(&teller->line, teller->tape, operand, teller->names);
    rp_text_add(&teller->line, " gains ");
    add_words(teller, at, text);
    const double now = teller->gradients[operand];
    rp_text_add(&teller->line, ": ");
    rp_scalar_add_number(&teller->line, now - before);
    if (before != 0) rp_text_format(&teller->line, ", with the %.6g from before %.6g", before, now);
}

static void tell_node(backward_teller *teller, rp_value at) {
    const rp_scalar_tape *tape = teller->tape;
    const rp_scalar_node node = tape->nodes[at];
    const unsigned operands = rp_scalar_row_of(node.op)->operands;
    const double before_a = teller->gradients[node.a], before_b = teller->gradients[node.b];
    rp_text_reset(&teller->line);
    rp_scalar_add_name(&teller->line, tape, at, teller->names);
    if (operands > 0) {
        rp_text_add(&teller->line, " = ");
        rp_scalar_add_formula(&teller->line, tape, at, teller->names);
    }
    rp_text_add(&teller->line, " = ");
    rp_scalar_add_number(&teller->line, tape->values[at]);
    rp_text_add(&teller->line, " has gradient ");
    rp_scalar_add_number(&teller->line, teller->gradients[at]);
    rp_scalar_give(teller->gradients, node, tape->values, at);
    const bool is_twice = operands == 2 && node.a == node.b;
    if (operands > 0 && words[node.op].to_a != NULL)
        add_gain(teller, at, node.a, words[node.op].to_a, before_a);
    if (is_twice) rp_text_add(&teller->line, " (both operands are it)");
    else if (operands == 2 && words[node.op].to_b != NULL)
        add_gain(teller, at, node.b, words[node.op].to_b, before_b);
    if (!isfinite(tape->values[at])) {
        rp_text_add(&teller->line, "; not finite: ");
        add_reason(&teller->line, tape, at, teller->names);
    }
}

rp_status rp_scalar_explain(const rp_scalar_tape *tape, rp_value root, const rp_scalar_names *names,
                            const rp_log *log, rp_error *error) {
    backward_teller teller = {tape, names, calloc((size_t)root + 1, sizeof(double)), {0}};
    if (teller.gradients == NULL) return rp_fail_memory(error, "gradients");
    teller.gradients[root] = 1;
    for (rp_value i = root + 1; i-- > 0;) {
        if (teller.gradients[i] == 0 || tape->nodes[i].op == RP_SCALAR_CONSTANT) continue;
        tell_node(&teller, i);
        if (!teller.line.failed) rp_log_line(log, 1, "%s", teller.line.data);
    }
    const bool failed = teller.line.failed;
    rp_text_clear(&teller.line);
    free(teller.gradients);
    return failed ? rp_fail_memory(error, "a line of the trace") : RP_OK;
}
