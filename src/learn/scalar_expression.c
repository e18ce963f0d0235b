/* scalar_expression.c: an expression in a line of text, recorded on a tape by recursive descent.
 *
 *     sum      product { (+ | -) product }
 *     product  sign { (* | /) sign }
 *     sign     - sign | power
 *     power    atom [ (^ | **) sign ]            so -x^2 is -(x^2), and x^y^z is x^(y^z)
 *     atom     number | name | function ( sum ) | ( sum ) */
#include <stdlib.h>
#include <string.h>

#include "learn/scalar.h"

enum { DEPTH_MAX = 200, NAME_MAX_BYTES = 64 };

typedef struct expression_reader {
    rp_scalar_tape *tape;
    const char *text, *at;
    const rp_scalar_names *names;
    unsigned depth;
    rp_error *error;
    rp_status status; /* sticky */
} expression_reader;

static rp_value read_sum(expression_reader *reader);
static rp_value read_sign(expression_reader *reader);

static rp_value refuse(expression_reader *reader, const char *why) {
    const int64_t place = reader->at - reader->text;
    if (reader->status == RP_OK)
        reader->status = rp_fail(reader->error, RP_INPUT, place,
                                 "expression, byte %lld: %s; write it like sin(x)^2 + 3*x/y",
                                 (long long)place, why);
    return rp_scalar_constant(reader->tape, 0); /* what is recorded with it must have an operand */
}

static bool take(expression_reader *reader, const char *word) {
    while (*reader->at == ' ') reader->at++;
    const size_t length = strlen(word);
    if (reader->status != RP_OK || strncmp(reader->at, word, length) != 0) return false;
    reader->at += length;
    return true;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static rp_value read_number(expression_reader *reader) {
    char *end = NULL;
    const double number = strtod(reader->at, &end);
    if (end == reader->at) return refuse(reader, "a number, a name or ( is missing");
    reader->at = end;
    return rp_scalar_constant(reader->tape, number);
}

static const struct {
    const char *word;
    rp_value (*record)(rp_scalar_tape *, rp_value);
} functions[] = {
    {"neg", rp_scalar_negate},      {"relu", rp_scalar_relu}, {"step", rp_scalar_step},
    {"tanh", rp_scalar_tanh},       {"exp", rp_scalar_exp},   {"log", rp_scalar_log},
    {"sqrt", rp_scalar_sqrt},       {"sin", rp_scalar_sin},   {"cos", rp_scalar_cos},
    {"sigmoid", rp_scalar_sigmoid},
};

static rp_value read_word(expression_reader *reader) {
    char word[NAME_MAX_BYTES] = "";
    size_t length = 0;
    const char *start = reader->at;
    while (is_letter(start[length]) || is_digit(start[length])) length++;
    if (length >= sizeof word) return refuse(reader, "a name is longer than 63 letters");
    memcpy(word, start, length);
    for (size_t k = 0; k < reader->names->count; k++) {
        if (strcmp(reader->names->rows[k].text, word) != 0) continue;
        reader->at += length;
        return reader->names->rows[k].value;
    }
    for (size_t k = 0; k < RP_COUNT(functions); k++) {
        if (strcmp(functions[k].word, word) != 0) continue;
        reader->at += length;
        if (!take(reader, "(")) return refuse(reader, "a function needs (");
        const rp_value inner = read_sum(reader);
        if (!take(reader, ")")) return refuse(reader, ") is missing");
        return functions[k].record(reader->tape, inner);
    }
    return refuse(reader, "this name has no number: give it with --at");
}

static rp_value read_atom(expression_reader *reader) {
    if (take(reader, "(")) {
        const rp_value inner = read_sum(reader);
        return take(reader, ")") ? inner : refuse(reader, ") is missing");
    }
    if (is_letter(*reader->at)) return read_word(reader);
    if (is_digit(*reader->at) || *reader->at == '.') return read_number(reader);
    return refuse(reader, "a number, a name or ( is missing");
}

/* Is what was recorded since `first` made of numbers alone? A name would be an earlier node. */
static bool is_of_numbers(const rp_scalar_tape *tape, rp_value first) {
    for (rp_value i = first; i < tape->count; i++)
        if (tape->nodes[i].a < first || tape->nodes[i].b < first) return false;
    return first < tape->count;
}

/* In x^-1 and x^(1+1) the exponent is one constant: then the base may be negative or 0. */
static rp_value read_power(expression_reader *reader) {
    const rp_value base = read_atom(reader);
    if (!take(reader, "**") && !take(reader, "^")) return base;
    const rp_value first = reader->tape->count, exponent = read_sign(reader);
    if (!is_of_numbers(reader->tape, first)) return rp_scalar_power(reader->tape, base, exponent);
    const double number = reader->tape->values[exponent];
    return rp_scalar_power(reader->tape, base, rp_scalar_constant(reader->tape, number));
}

static rp_value read_sign(expression_reader *reader) {
    rp_value value = 0;
    if (++reader->depth > DEPTH_MAX) value = refuse(reader, "nested more than 200 deep");
    else if (reader->status == RP_OK && take(reader, "-"))
        value = rp_scalar_negate(reader->tape, read_sign(reader));
    else if (reader->status == RP_OK) value = read_power(reader);
    reader->depth--;
    return value;
}

static rp_value read_product(expression_reader *reader) {
    rp_value value = read_sign(reader);
    while (reader->status == RP_OK) {
        if (take(reader, "*")) value = rp_scalar_multiply(reader->tape, value, read_sign(reader));
        else if (take(reader, "/"))
            value = rp_scalar_divide(reader->tape, value, read_sign(reader));
        else break;
    }
    return value;
}

static rp_value read_sum(expression_reader *reader) {
    rp_value value = read_product(reader);
    while (reader->status == RP_OK) {
        if (take(reader, "+")) value = rp_scalar_add(reader->tape, value, read_product(reader));
        else if (take(reader, "-"))
            value = rp_scalar_subtract(reader->tape, value, read_product(reader));
        else break;
    }
    return value;
}

rp_status rp_scalar_parse(rp_scalar_tape *tape, const char *text, const rp_scalar_names *names,
                          rp_value *root, rp_error *error) {
    expression_reader reader = {tape, text, text, names, 0, error, RP_OK};
    *root = read_sum(&reader);
    take(&reader, ""); /* spaces at the end */
    if (reader.status == RP_OK && *reader.at != '\0') refuse(&reader, "this is not understood");
    return reader.status != RP_OK ? reader.status : rp_scalar_tape_check(tape, error);
}
