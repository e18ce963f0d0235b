/* learn_micrograd.c: `reprise learn micrograd`: numbers with gradients, of any order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verb.h"
#include "reprise/learn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { NAMES_MAX = 16, AT_MAX = 512, ORDER_MAX = 12 /* as --order admits */ };

struct micrograd_options {
    const char *at, *draw;
    int64_t order;
    bool trace, json;
};

/* What is differentiated, by what, and what things are called. */
typedef struct micrograd_example {
    rp_scalar_tape *tape;
    rp_value root, inputs[NAMES_MAX];
    size_t input_count;
    rp_scalar_name rows[NAMES_MAX];
    size_t row_count;
    char at[AT_MAX];   /* the text of --at, cut into names */
    bool has_infinite; /* a derivative that was told is not finite */
} micrograd_example;

static rp_value call_it(micrograd_example *example, const char *name, rp_value value) {
    example->rows[example->row_count++] = (rp_scalar_name){value, name};
    return value;
}

static rp_scalar_names names_of(const micrograd_example *example) {
    return (rp_scalar_names){example->rows, example->row_count};
}

static rp_value add_input(micrograd_example *example, const char *name, double number) {
    const rp_value value = call_it(example, name, rp_scalar_input(example->tape, number));
    example->inputs[example->input_count++] = value;
    return value;
}

/* -- The two built-in graphs ---------------------------------------------------------------------
 */

/* The example of micrograd's README, line by line. */
static void record_readme(micrograd_example *example) {
    rp_scalar_tape *t = example->tape;
    const rp_value one = rp_scalar_constant(t, 1), two = rp_scalar_constant(t, 2);
    const rp_value three = rp_scalar_constant(t, 3), ten = rp_scalar_constant(t, 10);
    const rp_value a = add_input(example, "a", -4), b = add_input(example, "b", 2);
    rp_value c = rp_scalar_add(t, a, b);
    rp_value d = rp_scalar_add(t, rp_scalar_multiply(t, a, b), rp_scalar_power(t, b, three));
    c = rp_scalar_add(t, c, rp_scalar_add(t, c, one));
    c = rp_scalar_add(t, c, rp_scalar_subtract(t, rp_scalar_add(t, one, c), a));
    d = rp_scalar_add(
        t, d,
        rp_scalar_add(t, rp_scalar_multiply(t, d, two), rp_scalar_relu(t, rp_scalar_add(t, b, a))));
    d = rp_scalar_add(t, d,
                      rp_scalar_add(t, rp_scalar_multiply(t, three, d),
                                    rp_scalar_relu(t, rp_scalar_subtract(t, b, a))));
    const rp_value e = call_it(example, "e", rp_scalar_subtract(t, c, d));
    const rp_value f = call_it(example, "f", rp_scalar_power(t, e, two));
    const rp_value g = rp_scalar_add(t, rp_scalar_divide(t, f, two), rp_scalar_divide(t, ten, f));
    call_it(example, "c", c);
    call_it(example, "d", d);
    example->root = call_it(example, "g", g);
}

/* relu(w0 x0 + w1 x1 + b), the neuron that micrograd's notebook draws. */
static void record_neuron(micrograd_example *example) {
    static const rp_scalar_layer neuron = {2, 1, rp_scalar_relu};
    const rp_value parameters[] = {add_input(example, "w0", -0.5), add_input(example, "w1", 0.75),
                                   add_input(example, "b", 0.25)};
    const rp_value x[] = {add_input(example, "x0", 1), add_input(example, "x1", 2)};
    rp_value y;
    rp_scalar_mlp_forward(example->tape, &neuron, 1, parameters, x, &y);
    example->root = call_it(example, "y", y);
}

/* -- An expression of the user's ------------------------------------------------------------------
 */

static bool is_name(const char *text) {
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
    return strspn(text, LETTERS) > 0 && strspn(text, LETTERS "0123456789") == strlen(text);
#undef LETTERS
}

/* Cuts "a=-4,b=2" into inputs. */
static rp_status read_at(micrograd_example *example, const char *at, rp_error *error) {
    if (strlen(at) >= sizeof example->at)
        return rp_cli_fail(error, RP_USAGE, "--at: longer than %d bytes", AT_MAX - 1);
    memcpy(example->at, at, strlen(at) + 1);
    char *rest = NULL;
    for (char *part = strtok_r(example->at, ",", &rest); part != NULL;
         part = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(part, '='), *end = NULL;
        while (*part == ' ') part++;
        const double number = equals != NULL ? strtod(equals + 1, &end) : 0;
        if (equals == NULL || end == equals + 1 || *end != '\0')
            return rp_cli_fail(error, RP_USAGE, "--at: \"%s\" is not NAME=NUMBER, such as x=2",
                               part);
        if (example->input_count == NAMES_MAX - 1)
            return rp_cli_fail(error, RP_USAGE, "--at: more than %d names", NAMES_MAX - 1);
        *equals = '\0';
        if (!is_name(part))
            return rp_cli_fail(error, RP_USAGE, "--at: \"%s\" is no name: letters, digits, _",
                               part);
        for (size_t k = 0; k < example->input_count; k++)
            if (strcmp(example->rows[k].text, part) == 0)
                return rp_cli_fail(error, RP_USAGE, "--at: %s is given twice", part);
        add_input(example, part, number);
    }
    return RP_OK;
}

static rp_status record_expression(micrograd_example *example, const char *text, const char *at,
                                   rp_error *error) {
    const rp_status status = at != NULL ? read_at(example, at, error) : RP_OK;
    if (status != RP_OK) return status;
    const rp_scalar_names names = names_of(example);
    return rp_scalar_parse(example->tape, text, &names, &example->root, error);
}

/* -- Telling it -----------------------------------------------------------------------------------
 */

/* A NaN is printed without the sign that it may have; JSON has none, hence null. Four decimals, as
 * the published example has them, where they say enough of the number. */
static void print_number(double number, bool is_json) {
    if (is_json && number - number != 0) printf("null"); /* infinite or not a number */
    else if (number != number) printf("nan");
    else if (is_json) printf("%.17g", number);
    else {
        const double size = fabs(number);
        printf(size == 0 || (size >= 0.1 && size < 1e9) ? "%.4f" : "%.6g", number);
    }
}

/* One derivative, after its name in the mathematician's way: d3f/da2db. */
static void print_derivative(micrograd_example *example, const size_t *by, unsigned order,
                             rp_value value, bool is_json) {
    const char *quote = is_json ? "\"" : "";
    printf("%sd", quote);
    if (order > 1) printf("%u", order);
    printf("%s/", example->row_count > example->input_count ? "g" : "f");
    for (size_t k = 0; k < example->input_count; k++) {
        unsigned times = 0;
        for (unsigned i = 0; i < order; i++) times += by[i] == k;
        if (times > 0) printf("d%s", example->rows[k].text);
        if (times > 1) printf("%u", times);
    }
    printf(is_json ? "%s: " : "%s = ", quote);
    const double number = rp_scalar_number(example->tape, value);
    print_number(number, is_json);
    if (!is_json) printf("\n");
    example->has_infinite = example->has_infinite || !isfinite(number);
}

/* All derivatives of the next order, each once (by a non-falling list of inputs), from the gradient
 * graph of those of the order before. */
static rp_status print_orders(micrograd_example *example, size_t *by, unsigned order,
                              const struct micrograd_options *options, rp_error *error) {
    rp_value gradient[NAMES_MAX];
    const rp_value from = example->root;
    rp_status status = rp_scalar_gradient(example->tape, from, example->inputs,
                                          example->input_count, gradient, error);
    const size_t first = order > 1 ? by[order - 2] : 0;
    for (size_t k = first; k < example->input_count && status == RP_OK; k++) {
        by[order - 1] = k;
        if (options->json) printf(", ");
        print_derivative(example, by, order, gradient[k], options->json);
        example->root = gradient[k];
        if (order < options->order) status = print_orders(example, by, order + 1, options, error);
    }
    example->root = from;
    return status;
}

static void print_neuron_row(const micrograd_example *neuron, const double *gradients, size_t row) {
    const rp_value value = neuron->rows[row].value;
    printf("  %-3s data %8.4f   grad %8.4f\n", neuron->rows[row].text,
           rp_scalar_number(neuron->tape, value), gradients[value]);
}

static rp_status show_neuron(const struct micrograd_options *options, rp_error *error) {
    micrograd_example neuron = {0};
    double *gradients = NULL;
    rp_status status = rp_scalar_tape_create(&neuron.tape, error);
    if (status != RP_OK) return status;
    record_neuron(&neuron);
    gradients = calloc((size_t)neuron.root + 1, sizeof *gradients);
    status = rp_scalar_tape_check(neuron.tape, error);
    if (gradients == NULL) status = rp_cli_fail(error, RP_SYSTEM, "no memory for gradients");
    if (status != RP_OK) goto done;
    rp_scalar_backward(neuron.tape, neuron.root, gradients);
    if (!options->json) {
        printf("\nA neuron, y = relu(w0 x0 + w1 x1 + b):\n");
        for (size_t row = 0; row < neuron.row_count; row++)
            print_neuron_row(&neuron, gradients, row);
    }
    const rp_scalar_names names = names_of(&neuron);
    if (options->draw != NULL)
        status = rp_scalar_draw(neuron.tape, neuron.root, &names, options->draw, error);
done:
    free(gradients);
    rp_scalar_tape_destroy(neuron.tape);
    return status;
}

static void print_line(void *context, int level, const char *line) {
    (void)context, (void)level;
    printf("%s\n", line);
}

static rp_status tell(micrograd_example *example, bool is_readme,
                      const struct micrograd_options *options, rp_error *error) {
    const rp_scalar_names names = names_of(example);
    const rp_log to_output = {print_line, NULL};
    const char *name = is_readme ? "g" : "f";
    const double number = rp_scalar_number(example->tape, example->root);
    size_t by[ORDER_MAX];
    if (options->json) printf("{\"reprise\": 1, \"%s\": ", name);
    else printf("%s = ", name);
    print_number(number, options->json);
    if (!options->json) printf("\n");
    const rp_value root = example->root;
    rp_status status = print_orders(example, by, 1, options, error);
    if (options->json) printf("}\n");
    if (status == RP_OK && options->trace && !options->json) {
        printf("\nBackwards from %s, whose gradient by itself is 1:\n", name);
        status = rp_scalar_explain(example->tape, root, &names, &to_output, error);
    }
    if (status == RP_OK && is_readme) status = show_neuron(options, error);
    else if (status == RP_OK && options->draw != NULL)
        status = rp_scalar_draw(example->tape, root, &names, options->draw, error);
    if (status == RP_OK) status = rp_scalar_check_finite(example->tape, root, &names, error);
    if (status == RP_OK && example->has_infinite)
        status = rp_cli_fail(error, RP_INPUT, "a derivative is not finite here");
    return status;
}

static rp_status run(const rp_cli_call *call, rp_error *error) {
    const struct micrograd_options *options = call->values;
    const bool is_readme = call->input_count == 0;
    micrograd_example example = {0};
    if (is_readme && options->at != NULL)
        return rp_cli_fail(error, RP_USAGE, "--at goes with an expression, such as 'a*b + b^3'");
    rp_status status = rp_scalar_tape_create(&example.tape, error);
    if (status != RP_OK) return status;
    if (is_readme) record_readme(&example);
    else status = record_expression(&example, call->inputs[0], options->at, error);
    if (status == RP_OK) status = rp_scalar_tape_check(example.tape, error);
    if (status == RP_OK) status = tell(&example, is_readme, options, error);
    rp_scalar_tape_destroy(example.tape);
    return status;
}

static const rp_cli_option options[] = {
    {"at", 0, RP_CLI_TEXT, "NAMES", offsetof(struct micrograd_options, at),
     "the numbers of the expression's names: x=2,y=-1"},
    {"order", 0, RP_CLI_INTEGER, "1..12", offsetof(struct micrograd_options, order),
     "derivatives up to this order"},
    {"draw", 0, RP_CLI_TEXT, "FILE", offsetof(struct micrograd_options, draw),
     "draw the graph (the neuron, without an expression): .dot, .svg or .png"},
    {"trace", 0, RP_CLI_FLAG, NULL, offsetof(struct micrograd_options, trace),
     "explain each step of the backward pass in words"},
    {"json", 0, RP_CLI_FLAG, NULL, offsetof(struct micrograd_options, json), "say it as JSON"},
};
static const struct micrograd_options defaults = {.order = 2};

const rp_cli_verb rp_cli_learn_micrograd = {
    .wing = "learn",
    .name = "micrograd",
    .inputs = "[EXPRESSION]",
    .inputs_max = 1,
    .summary = "numbers with gradients, of any order",
    .description =
        "Without an expression: the example of micrograd's README, with the second derivatives "
        "that "
        "micrograd does not have, and a neuron.\n\n"
        "An expression holds numbers, names, + - * / ^, parentheses, and neg relu step tanh exp "
        "log "
        "sqrt sin cos sigmoid. A result that is not finite is printed as IEEE arithmetic has it, "
        "and the exit status is 3.",
    .examples = {"reprise learn micrograd --trace", "the example, each step explained",
                 "reprise learn micrograd 'sin(x)^2' --at x=1 --order 8",
                 "eight derivatives of an expression", "reprise learn micrograd --draw neuron.svg",
                 "a neuron's graph, with numbers and gradients"},
    .options = options,
    .option_count = COUNT(options),
    .values_size = sizeof(struct micrograd_options),
    .defaults = &defaults,
    .run = run,
};
