/* Any line of text as an expression: read, differentiated, told. */
#include <stdlib.h>
#include <string.h>

#include "reprise/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, int level, const char *line) {
    (void)context, (void)level, (void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    rp_scalar_tape *tape = NULL;
    char *text = malloc(size + 1);
    if (text == NULL || size > 4096 || rp_scalar_tape_create(&tape, NULL) != RP_OK) goto done;
    memcpy(text, data, size);
    text[size] = '\0';
    const rp_scalar_name rows[] = {{rp_scalar_input(tape, 2), "x"},
                                   {rp_scalar_input(tape, -1), "y"}};
    const rp_scalar_names names = {rows, 2};
    const rp_value inputs[] = {rows[0].value, rows[1].value};
    const rp_log log = {ignore, NULL};
    rp_value root = 0, gradient[2];
    if (rp_scalar_parse(tape, text, &names, &root, NULL) != RP_OK) goto done;
    rp_scalar_gradient(tape, root, inputs, 2, gradient, NULL);
    rp_scalar_explain(tape, root, &names, &log, NULL);
    rp_scalar_check_finite(tape, root, &names, NULL);
done:
    rp_scalar_tape_destroy(tape);
    free(text);
    return 0;
}
