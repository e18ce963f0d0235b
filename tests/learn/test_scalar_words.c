/* Expressions, drawings, traces. */
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "check.h"
#include "learn/scalar.h"

static rp_scalar_tape *make_tape(void) {
    rp_scalar_tape *tape = NULL;
    if (rp_scalar_tape_create(&tape, NULL) != RP_OK) abort();
    return tape;
}

static rp_status parse(const char *text, double *value, rp_error *error) {
    rp_scalar_tape *t = make_tape();
    const rp_scalar_name rows[] = {{rp_scalar_input(t, 3), "x"}, {rp_scalar_input(t, 0.5), "y_2"}};
    const rp_scalar_names names = {rows, 2};
    rp_value root;
    const rp_status status = rp_scalar_parse(t, text, &names, &root, error);
    *value = status == RP_OK ? rp_scalar_number(t, root) : NAN;
    rp_scalar_tape_destroy(t);
    return status;
}

/* Nothing is on the tape yet when the name is refused, and the sign before it is recorded. */
TEST(an_unknown_name_is_refused_on_an_empty_tape_too) {
    static const char *const texts[] = {"-x", "exp(-x)", "2^-x", "x^x", "-(", "1 - -x"};
    for (size_t i = 0; i < RP_COUNT(texts); i++) {
        rp_error error = {0};
        rp_value root;
        rp_scalar_tape *tape = make_tape();
        const rp_scalar_names none = {0};
        CHECK_INT(rp_scalar_parse(tape, texts[i], &none, &root, &error), RP_INPUT);
        CHECK(root < rp_scalar_tape_count(tape));
        rp_scalar_tape_destroy(tape);
    }
}

TEST(expressions_bind_as_mathematicians_write_them) {
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"1 + 2*3", 7},
        {"(1 + 2) * 3", 9},
        {"2^3^2", 512},
        {"2**3", 8},
        {"-x^2", -9},
        {"2^-1", 0.5},
        {"8/4/2", 1},
        {"5 - 2 - 1", 2},
        {"x*y_2", 1.5},
        {"sin(0) + cos(0)", 1},
        {"relu(-x)", 0},
        {"1e3 + .5", 1000.5},
        {"sqrt(x*x + 7) ", 4},
        {"--x", 3},
        {"log(exp(2))", 2},
        {"neg(x)", -3},
        {"step(x) + tanh(0) + sigmoid(0)", 1.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value;
        CHECK_INT(parse(rows[i].text, &value, NULL), RP_OK);
        CHECK_NEAR(value, rows[i].value, 1e-15);
    }
}

TEST(what_is_no_expression_is_refused_at_its_byte) {
    static const struct {
        const char *text;
        int place;
    } rows[] = {
        {"", 0}, {"1 +", 3}, {"(1", 2}, {"z", 0}, {"sin 1", 4}, {"1 1", 2}, {"1 $", 2}, {"x)", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value;
        rp_error error = {0};
        CHECK_INT(parse(rows[i].text, &value, &error), RP_INPUT);
        CHECK_INT(error.place, rows[i].place);
    }
}

TEST(deep_nesting_and_long_names_are_refused) {
    char deep[5001], name[101];
    double value;
    memset(deep, '(', 5000);
    deep[5000] = '\0';
    memset(name, 'n', 100);
    name[100] = '\0';
    CHECK_INT(parse(deep, &value, NULL), RP_INPUT);
    CHECK_INT(parse(name, &value, NULL), RP_INPUT);
}

static void take_line(void *context, int level, const char *line) {
    (void)level;
    rp_text_format(context, "%s\n", line);
}

TEST(the_trace_tells_why_each_gradient_is_what_it_is) {
    rp_scalar_tape *t = make_tape();
    const rp_value a = rp_scalar_input(t, 2), b = rp_scalar_input(t, -3);
    const rp_value d = rp_scalar_multiply(t, a, b), e = rp_scalar_add(t, d, a);
    const rp_scalar_name rows[] = {{a, "a"}, {b, "b"}, {d, "d"}, {e, "e"}};
    const rp_scalar_names names = {rows, 4};
    rp_text text = {0};
    const rp_log log = {take_line, &text};
    CHECK_INT(rp_scalar_explain(t, e, &names, &log, NULL), RP_OK);
    CHECK_TEXT(text.data,
               "e = d + a = -4 has gradient 1; d gains it unchanged: 1; a gains it unchanged: 1\n"
               "d = a * b = -6 has gradient 1; a gains it times the other factor b: -3, with the 1 "
               "from before -2; b gains it times the other factor a: 2\n"
               "b = -3 has gradient 2\n"
               "a = 2 has gradient -2\n");
    rp_text_clear(&text);
    rp_scalar_tape_destroy(t);
}

TEST(what_is_not_finite_is_told_with_its_cause) {
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"log(0 - x)", "a negative number has no logarithm"},
        {"(x - 3)^-1", "0 to a negative power is a division by 0"},
        {"1/(x - 3)", "division by 0"},
        {"sqrt(0 - x)", "a negative number has no square root"},
        {"exp(exp(exp(x)))", "too large for a double"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rp_scalar_tape *t = make_tape();
        const rp_scalar_name row = {rp_scalar_input(t, 3), "x"};
        const rp_scalar_names names = {&row, 1};
        rp_value root;
        rp_error error = {0};
        rp_text text = {0};
        const rp_log log = {take_line, &text};
        REQUIRE(rp_scalar_parse(t, rows[i].text, &names, &root, &error) == RP_OK);
        CHECK_INT(rp_scalar_check_finite(t, root, &names, &error), RP_INPUT);
        CHECK(strstr(error.text, rows[i].said) != NULL);
        CHECK_INT(rp_scalar_explain(t, root, &names, &log, NULL), RP_OK);
        CHECK(strstr(text.data, rows[i].said) != NULL);
        rp_text_clear(&text);
        rp_scalar_tape_destroy(t);
    }
}

TEST(drawings_hold_names_numbers_and_gradients) {
    rp_scalar_tape *t = make_tape();
    const rp_value a = rp_scalar_input(t, 2), y = rp_scalar_tanh(t, a);
    rp_scalar_input(t, 99); /* not part of y */
    const rp_scalar_name row = {a, "a|<\"odd\">"};
    const rp_scalar_names names = {&row, 1};
    char path[600], text[2000] = "";
    rp_error error = {0};
    snprintf(path, sizeof path, "%s/graph.dot", check_scratch());
    REQUIRE(rp_scalar_draw(t, y, &names, path, &error) == RP_OK);
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    CHECK(strstr(text, "a\\|\\<\\\"odd\\\"\\> | data 2 | grad 0.0706508") != NULL);
    CHECK(strstr(text, "label=\"tanh\"") != NULL);
    CHECK(strstr(text, "99") == NULL);
    CHECK_INT(rp_scalar_draw(t, y, &names, "graph.jpg", &error), RP_USAGE);
    rp_scalar_tape_destroy(t);
}

static bool has_dot(void) { return system("dot -V >/dev/null 2>&1") == 0; }

TEST(graphviz_makes_svg_and_png) {
    rp_scalar_tape *t = make_tape();
    const rp_value a = rp_scalar_input(t, 2), y = rp_scalar_tanh(t, a);
    const rp_scalar_names names = {NULL, 0};
    static const struct {
        const char *ending, *start;
    } rows[] = {{"svg", "<?xml"}, {"png", "\x89PNG"}};
    if (!has_dot()) check_skip("no dot");
    for (size_t i = 0; i < 2 && has_dot(); i++) {
        char path[600], start[6] = "";
        rp_error error = {0};
        snprintf(path, sizeof path, "%s/graph.%s", check_scratch(), rows[i].ending);
        REQUIRE(rp_scalar_draw(t, y, &names, path, &error) == RP_OK);
        FILE *file = fopen(path, "rb");
        REQUIRE(file != NULL);
        start[fread(start, 1, 5, file)] = '\0';
        fclose(file);
        CHECK(strncmp(start, rows[i].start, strlen(rows[i].start)) == 0);
    }
    rp_scalar_tape_destroy(t);
}

TEST(without_graphviz_one_is_told_how_to_get_it) {
    rp_scalar_tape *t = make_tape();
    const rp_value y = rp_scalar_input(t, 1);
    const rp_scalar_names names = {NULL, 0};
    char path[600], *before = strdup(getenv("PATH") != NULL ? getenv("PATH") : "");
    rp_error error = {0};
    snprintf(path, sizeof path, "%s/none.png", check_scratch());
    setenv("PATH", "/nowhere", 1);
    CHECK_INT(rp_scalar_draw(t, y, &names, path, &error), RP_SYSTEM);
    setenv("PATH", before, 1);
    free(before);
    CHECK(strstr(error.text, "graphviz") != NULL);
    CHECK(access(path, F_OK) != 0);
    rp_scalar_tape_destroy(t);
}
