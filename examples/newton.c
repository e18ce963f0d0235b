/* newton.c: Newton's method on Rosenbrock's valley f = (1 - x)^2 + 100 (y - x^2)^2, with the exact
 * gradient and Hessian from graphs: each step solves H s = -g. The minimum is at (1, 1). */
#include <reprise/learn.h>
#include <stdio.h>

int main(void) {
    rp_scalar_tape *t;
    if (rp_scalar_tape_create(&t, NULL) != RP_OK) return 4;
    const rp_value x = rp_scalar_input(t, -1.2), y = rp_scalar_input(t, 1), in[2] = {x, y};
    const rp_scalar_name rows[] = {{x, "x"}, {y, "y"}};
    const rp_scalar_names names = {rows, 2};
    rp_value f, g[2], of_x[2], of_y[2];
    rp_scalar_parse(t, "(1 - x)^2 + 100*(y - x^2)^2", &names, &f, NULL);
    rp_scalar_gradient(t, f, in, 2, g, NULL);
    rp_scalar_gradient(t, g[0], in, 2, of_x, NULL);
    if (rp_scalar_gradient(t, g[1], in, 2, of_y, NULL) != RP_OK) return 4;
    for (int step = 0; step < 10; step++) {
        const double gx = rp_scalar_number(t, g[0]), gy = rp_scalar_number(t, g[1]);
        printf("step %d: x %.12f, y %.12f, f %.3e\n", step, rp_scalar_number(t, x),
               rp_scalar_number(t, y), rp_scalar_number(t, f));
        if (gx * gx + gy * gy < 1e-24) break;
        const double a = rp_scalar_number(t, of_x[0]), b = rp_scalar_number(t, of_x[1]);
        const double d = rp_scalar_number(t, of_y[1]), determinant = a * d - b * b;
        rp_scalar_set(t, x, rp_scalar_number(t, x) - (d * gx - b * gy) / determinant);
        rp_scalar_set(t, y, rp_scalar_number(t, y) - (a * gy - b * gx) / determinant);
        rp_scalar_forward(t);
    }
    const int is_there = rp_scalar_number(t, f) < 1e-24;
    rp_scalar_tape_destroy(t);
    return is_there ? 0 : 1;
}
