/* gradient.c: the first and second derivative of sin(x) * x^2, by recording it once. */
#include <stdio.h>

#include "reprise/learn.h"

int main(void) {
    rp_scalar_tape *tape = NULL;
    rp_error error = {0};
    rp_status status = rp_scalar_tape_create(&tape, &error);
    if (status == RP_OK) {
        const rp_value x = rp_scalar_input(tape, 2);
        const rp_value y = rp_scalar_multiply(
            tape, rp_scalar_sin(tape, x), rp_scalar_power(tape, x, rp_scalar_constant(tape, 2)));
        rp_value first = 0, second = 0;
        status = rp_scalar_gradient(tape, y, &x, 1, &first, &error);
        if (status == RP_OK) status = rp_scalar_gradient(tape, first, &x, 1, &second, &error);
        if (status == RP_OK)
            printf("y = %.6f, y' = %.6f, y'' = %.6f\n", rp_scalar_number(tape, y),
                   rp_scalar_number(tape, first), rp_scalar_number(tape, second));
    }
    if (status != RP_OK) fprintf(stderr, "gradient: %s\n", error.text);
    rp_scalar_tape_destroy(tape);
    return (int)status;
}
