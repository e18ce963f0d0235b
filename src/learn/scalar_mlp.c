/* scalar_mlp.c: neurons, layers and losses of scalars, node for node as micrograd records them:
 * bias first, then + w0 x0, + w1 x1, ...; sums start at a constant 0; a plain number that takes
 * part is a node of its own. Hence the moons demo has its 65,818 nodes a step. */
#include <assert.h>

#include "learn/scalar.h"

enum { WIDTH_MAX = 256 };

size_t rp_scalar_mlp_parameter_count(const rp_scalar_layer *layers, size_t layer_count) {
    size_t count = 0;
    for (size_t l = 0; l < layer_count; l++) count += layers[l].outputs * (layers[l].inputs + 1);
    return count;
}

/* The same nodes as 2 n calls of rp_scalar_record would make, with room asked for once: the tape's
 * count then stays in a register, which halves the time a node takes. */
static rp_value record_products(rp_scalar_tape *tape, rp_value sum, const rp_value *w,
                                const rp_value *x, size_t n) {
    while (tape->capacity - tape->count < 2 * n)
        if (!rp_scalar_tape_grow(tape)) return 0;
    rp_scalar_node *restrict nodes = tape->nodes;
    double *restrict values = tape->values;
    rp_value at = tape->count;
    double total = values[sum];
    for (size_t i = 0; i < n; i++, at += 2) {
        const double product = values[w[i]] * values[x[i]];
        total += product;
        nodes[at] = (rp_scalar_node){RP_SCALAR_MULTIPLY, w[i], x[i]};
        nodes[at + 1] = (rp_scalar_node){RP_SCALAR_ADD, sum, at};
        values[at] = product;
        values[at + 1] = total;
        sum = at + 1;
    }
    tape->count = at;
    return sum;
}

static rp_value record_neuron(rp_scalar_tape *tape, const rp_scalar_layer *layer,
                              const rp_value *parameters, const rp_value *x) {
    const rp_value bias = parameters[layer->inputs];
    const rp_value sum = record_products(tape, bias, parameters, x, layer->inputs);
    return layer->activation != NULL ? layer->activation(tape, sum) : sum;
}

void rp_scalar_mlp_forward(rp_scalar_tape *tape, const rp_scalar_layer *layers, size_t layer_count,
                           const rp_value *parameters, const rp_value *x, rp_value *y) {
    rp_value from[WIDTH_MAX], to[WIDTH_MAX];
    assert(layer_count > 0 && layers[0].inputs <= WIDTH_MAX);
    for (size_t i = 0; i < layers[0].inputs; i++) from[i] = x[i];
    for (size_t l = 0; l < layer_count; l++) {
        assert(layers[l].outputs <= WIDTH_MAX);
        for (size_t j = 0; j < layers[l].outputs; j++) {
            to[j] = record_neuron(tape, &layers[l], parameters, from);
            parameters += layers[l].inputs + 1;
        }
        for (size_t j = 0; j < layers[l].outputs; j++) from[j] = to[j];
    }
    for (size_t j = 0; j < layers[layer_count - 1].outputs; j++) y[j] = from[j];
}

rp_value rp_scalar_hinge(rp_scalar_tape *tape, const rp_value *scores, const double *labels,
                         size_t count) {
    rp_value sum = rp_scalar_constant(tape, 0);
    for (size_t i = 0; i < count; i++) {
        const rp_value minus_label = rp_scalar_constant(tape, -labels[i]);
        const rp_value part = rp_scalar_record(tape, RP_SCALAR_MULTIPLY, scores[i], minus_label);
        const rp_value one = rp_scalar_constant(tape, 1);
        const rp_value margin = rp_scalar_record(tape, RP_SCALAR_ADD, part, one);
        sum = rp_scalar_record(tape, RP_SCALAR_ADD, sum, rp_scalar_relu(tape, margin));
    }
    const rp_value share = rp_scalar_constant(tape, 1.0 / (double)count);
    return rp_scalar_record(tape, RP_SCALAR_MULTIPLY, sum, share);
}

rp_value rp_scalar_cross_entropy(rp_scalar_tape *tape, const rp_value *scores, size_t classes,
                                 size_t label) {
    assert(label < classes);
    double largest = tape->values[scores[0]];
    for (size_t i = 1; i < classes; i++) largest = fmax(largest, tape->values[scores[i]]);
    const rp_value shift = rp_scalar_constant(tape, largest); /* cancels: any number would do */
    rp_value sum = rp_scalar_constant(tape, 0);
    for (size_t i = 0; i < classes; i++) {
        const rp_value low = rp_scalar_subtract(tape, scores[i], shift);
        sum = rp_scalar_add(tape, sum, rp_scalar_exp(tape, low));
    }
    const rp_value own = rp_scalar_subtract(tape, scores[label], shift);
    return rp_scalar_subtract(tape, rp_scalar_log(tape, sum), own);
}

void rp_scalar_descend(rp_scalar_tape *tape, const rp_value *inputs, size_t count,
                       const double *gradients, double rate) {
    for (size_t i = 0; i < count; i++) tape->values[inputs[i]] -= rate * gradients[inputs[i]];
}
