/* gradients.c: the rule of each row: from the gradient of its output to those of its inputs.
 *
 * Rules are made of recorded functions, so that with create_graph the gradient is itself a graph.
 * Fused rows (norm, LSTM, decoder, losses, pooling) have a kernel of their own instead, which
 * cannot be differentiated again and says so. */
#include "tensor/gradients.h"

#include <assert.h>

typedef void (*rule)(rp_tape *tape, const rp_node *node, rp_tensor *gy);

/* A recorded input as something that functions of the tape take. */
static rp_tensor *in(const rp_node *node, int slot) { return (rp_tensor *)node->args.in[slot]; }
static bool is_needed(const rp_node *node, int slot) {
    return node->args.in[slot] != NULL && node->args.in[slot]->needs_grad;
}
static rp_tensor *like(rp_tape *tape, const rp_tensor *x) {
    return rp_tape_tensor(tape, x->dtype, x->dims, x->shape);
}

/* ---- elementwise ----------------------------------------------------------------------------- */

static void view_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    const rp_tensor *x = in(node, 0);
    if (tape->create_graph || !gy->is_owned) { /* recorded, or a tensor of the caller */
        rp_tape_give(tape, x, rp_tape_reshape(tape, gy, x->dims, x->shape));
        return;
    }
    gy->dims = x->dims; /* the same numbers under the input's shape: nothing is copied */
    memcpy(gy->shape, x->shape, sizeof gy->shape);
    rp_tape_give(tape, x, gy);
}

static void add_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), gy);
    if (!is_needed(node, 1)) return;
    const rp_tensor *b = in(node, 1);
    const bool same = rp_tensor_count(b) == rp_tensor_count(gy) && b->dtype == gy->dtype;
    rp_tape_give(tape, b, same ? gy : rp_tape_sum_like(tape, gy, b));
}

static void mul_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *a = in(node, 0), *b = in(node, 1);
    if (a->needs_grad) rp_tape_give(tape, a, rp_tape_mul(tape, gy, b));
    if (!b->needs_grad) return;
    rp_tensor *product = rp_tape_mul(tape, gy, a);
    const bool same = rp_tensor_count(b) == rp_tensor_count(a) && b->dtype == a->dtype;
    rp_tape_give(tape, b, same ? product : rp_tape_sum_like(tape, product, b));
}

static void scale_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_scale(tape, gy, node->args.attr.alpha, 0));
}

static void power_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    const double exponent = node->args.attr.alpha;
    rp_tensor *slope =
        rp_tape_scale(tape, rp_tape_power(tape, in(node, 0), exponent - 1), exponent, 0);
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, slope));
}

static void relu_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, rp_tape_step(tape, in(node, 0))));
}

static void step_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_scale(tape, gy, 0, 0));
}

static void sigmoid_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *y = node->args.out[0];
    rp_tensor *slope = rp_tape_mul(tape, y, rp_tape_scale(tape, y, -1, 1)); /* y (1 - y) */
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, slope));
}

static void tanh_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *y = node->args.out[0];
    rp_tensor *slope = rp_tape_scale(tape, rp_tape_mul(tape, y, y), -1, 1); /* 1 - y^2 */
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, slope));
}

static void exp_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, node->args.out[0]));
}

static void log_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, gy, rp_tape_power(tape, in(node, 0), -1)));
}

static void cast_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_cast(tape, gy, in(node, 0)->dtype));
}

static void dropout_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    /* The mask is a function of seed, stream and place: the same row gives it again. */
    rp_args args = {.in = {gy}, .out = {like(tape, gy)}, .attr = node->args.attr};
    rp_tape_record(tape, RP_OP_dropout, &args);
    rp_tape_give(tape, in(node, 0), args.out[0]);
}

/* ---- reductions and products ----------------------------------------------------------------- */

static void sum_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    const rp_tensor *x = in(node, 0);
    rp_tensor *wide = rp_tape_expand(tape, gy, x->dims, x->shape);
    rp_tape_give(tape, x, rp_tape_cast(tape, wide, x->dtype));
}

static void expand_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_sum_like(tape, gy, in(node, 0)));
}

static void sum_last_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    const rp_tensor *x = in(node, 0);
    rp_tape_give(tape, x, rp_tape_expand_last(tape, gy, x->shape[x->dims - 1]));
}

static void expand_last_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_sum_last(tape, gy));
}

static void matmul_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *a = in(node, 0), *b = in(node, 1);
    const bool ta = node->args.attr.transpose_a, tb = node->args.attr.transpose_b;
    if (a->needs_grad)
        rp_tape_give(
            tape, a,
            ta ? rp_tape_matmul(tape, b, gy, tb, true) : rp_tape_matmul(tape, gy, b, false, !tb));
    if (b->needs_grad)
        rp_tape_give(
            tape, b,
            tb ? rp_tape_matmul(tape, gy, a, true, ta) : rp_tape_matmul(tape, a, gy, !ta, false));
}

/* As two products, each of which can be differentiated again. */
static void linear_graph_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *x = in(node, 0), *w = in(node, 1), *b = in(node, 2);
    const int64_t inputs = w->shape[1], outputs = w->shape[0];
    const int64_t rows = rp_tensor_count(x) / inputs;
    rp_tensor *g2 = rp_tape_reshape(tape, gy, 2, (int64_t[]){rows, outputs});
    rp_tensor *x2 = rp_tape_reshape(tape, x, 2, (int64_t[]){rows, inputs});
    if (x->needs_grad)
        rp_tape_give(
            tape, x,
            rp_tape_reshape(tape, rp_tape_matmul(tape, g2, w, false, false), x->dims, x->shape));
    if (w->needs_grad) rp_tape_give(tape, w, rp_tape_matmul(tape, g2, x2, true, false));
    if (b != NULL && b->needs_grad) rp_tape_give(tape, b, rp_tape_sum_like(tape, g2, b));
}

static void linear_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (tape->create_graph) {
        linear_graph_rule(tape, node, gy);
        return;
    }
    rp_args args = {.in = {gy, in(node, 0), in(node, 1)}};
    for (int i = 0; i < 3; i++)
        if (is_needed(node, i)) args.out[i] = like(tape, in(node, i));
    rp_tape_record(tape, RP_OP_linear_backward, &args);
    for (int i = 0; i < 3; i++) rp_tape_give(tape, in(node, i), args.out[i]);
}

static void softmax_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *y = node->args.out[0];
    rp_tensor *inner = rp_tape_sum_last(tape, rp_tape_mul(tape, gy, y));
    rp_tensor *wide = rp_tape_expand_last(tape, inner, y->shape[y->dims - 1]);
    rp_tensor *centred = rp_tape_add(tape, gy, rp_tape_scale(tape, wide, -1, 0));
    rp_tape_give(tape, in(node, 0), rp_tape_mul(tape, y, centred));
}

static void embedding_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tape_give(tape, in(node, 0), rp_tape_embedding_backward(tape, gy, in(node, 1), in(node, 0)));
}

static void embedding_backward_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *rows = rp_tape_embedding(tape, gy, in(node, 1));
    rp_tape_give(tape, in(node, 0), rows);
}

/* ---- convolution: bilinear, so each of the three is made of the other two ----------------------
 */

static void conv2d_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    rp_tensor *x = in(node, 0), *w = in(node, 1);
    const rp_attr *attr = &node->args.attr;
    if (w->needs_grad) rp_tape_give(tape, w, rp_tape_conv2d_weights(tape, x, gy, attr, w));
    if (x->needs_grad) rp_tape_give(tape, x, rp_tape_conv2d_data(tape, gy, w, attr, x));
}

static void conv2d_bias_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    const rp_tensor *b = in(node, 2);
    rp_tensor *g = gy;
    if (in(node, 4) != NULL) {
        tape->status = rp_fail(&tape->error, RP_USAGE, -1,
                               "conv2d_bias with lengths is for use and "
                               "has no gradient; use conv2d and batch_norm");
        return;
    }
    if (node->args.attr.relu)
        g = rp_tape_mul(tape, gy, rp_tape_step(tape, (rp_tensor *)node->args.out[0]));
    conv2d_rule(tape, node, g);
    if (b->needs_grad) rp_tape_give(tape, b, rp_tape_sum_like(tape, g, b));
    rp_tape_give(tape, in(node, 3), g);
}

static void conv2d_data_rule(rp_tape *tape, const rp_node *node, rp_tensor *u) {
    rp_tensor *gy = in(node, 0), *w = in(node, 1);
    const rp_attr *attr = &node->args.attr;
    if (gy->needs_grad) rp_tape_give(tape, gy, rp_tape_conv2d_attr(tape, u, w, attr, gy));
    if (w->needs_grad) rp_tape_give(tape, w, rp_tape_conv2d_weights(tape, u, gy, attr, w));
}

static void conv2d_weights_rule(rp_tape *tape, const rp_node *node, rp_tensor *u) {
    rp_tensor *x = in(node, 0), *gy = in(node, 1);
    const rp_attr *attr = &node->args.attr;
    if (x->needs_grad) rp_tape_give(tape, x, rp_tape_conv2d_data(tape, gy, u, attr, x));
    if (gy->needs_grad) rp_tape_give(tape, gy, rp_tape_conv2d_attr(tape, x, u, attr, gy));
}

/* ---- fused rows: a kernel each, no second derivative -------------------------------------------
 */

static bool refuse_graph(rp_tape *tape, const rp_node *node) {
    if (!tape->create_graph) return false;
    tape->status = rp_fail(&tape->error, RP_USAGE, -1,
                           "%s is fused and has no second derivative; build it from simple "
                           "operations instead",
                           rp_op_find(node->op)->name);
    return true;
}

static void loss_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    rp_args args = {.in = {gy, in(node, 0), in(node, 1), in(node, 2)},
                    .out = {like(tape, in(node, 0))}};
    rp_tape_record(tape,
                   node->op == RP_OP_cross_entropy ? RP_OP_cross_entropy_backward
                                                   : RP_OP_binary_cross_entropy_backward,
                   &args);
    rp_tape_give(tape, in(node, 0), args.out[0]);
}

static void max_pool2d_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    rp_args args = {
        .in = {gy, node->args.out[1]}, .out = {like(tape, in(node, 0))}, .attr = node->args.attr};
    rp_tape_record(tape, RP_OP_max_pool2d_backward, &args);
    rp_tape_give(tape, in(node, 0), args.out[0]);
}

static void avg_pool2d_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    rp_args args = {.in = {gy}, .out = {like(tape, in(node, 0))}, .attr = node->args.attr};
    rp_tape_record(tape, RP_OP_avg_pool2d_backward, &args);
    rp_tape_give(tape, in(node, 0), args.out[0]);
}

static void batch_norm_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    rp_tensor *const *outs = node->args.out;
    rp_args args = {
        .in = {gy, in(node, 0), outs[0], in(node, 1), outs[1], outs[2], in(node, 4)},
        .out = {like(tape, in(node, 0)), like(tape, in(node, 1)), like(tape, in(node, 2)),
                is_needed(node, 3) ? like(tape, in(node, 3)) : NULL},
        .attr = node->args.attr};
    rp_tape_record(tape, RP_OP_batch_norm_backward, &args);
    for (int i = 0; i < 4; i++) rp_tape_give(tape, in(node, i), args.out[i]);
}

static void lstm_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    rp_tensor *const *outs = node->args.out;
    rp_args args = {
        .in = {gy, in(node, 0), in(node, 1), in(node, 2), outs[1], outs[2], outs[3], in(node, 4)},
        .out = {is_needed(node, 0) ? like(tape, in(node, 0)) : NULL, like(tape, in(node, 1)),
                like(tape, in(node, 2)), like(tape, in(node, 3))}};
    rp_tape_record(tape, RP_OP_lstm_backward, &args);
    for (int i = 0; i < 4; i++) rp_tape_give(tape, in(node, i), args.out[i]);
}

static void window_pool_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    const rp_args args = {.in = {gy, in(node, 0), in(node, 1), node->args.out[0]},
                          .out = {like(tape, in(node, 0))}};
    if (args.out[0] == NULL) return;
    rp_tape_record(tape, RP_OP_window_pool_backward, &args);
    rp_tape_give(tape, in(node, 0), args.out[0]);
}

static void decoder_rule(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    if (refuse_graph(tape, node)) return;
    if (in(node, 11) != NULL || in(node, 12) != NULL || node->args.attr.raised) {
        tape->status =
            rp_fail(&tape->error, RP_USAGE, -1,
                    "decoder has no gradient when it goes on from a state h0, c0, or with "
                    "raised keys");
        return;
    }
    static const int differentiated[9] = {0, 1, 4, 5, 6,
                                          7, 8, 9, 10}; /* slots in order of outputs */
    rp_args args = {.in = {gy}};
    for (int i = 0; i < 11; i++) args.in[i + 1] = in(node, i);
    for (int i = 0; i < 5; i++) args.in[i + 12] = node->args.out[i];
    for (int i = 0; i < 9; i++) args.out[i] = like(tape, in(node, differentiated[i]));
    rp_tape_record(tape, RP_OP_decoder_backward, &args);
    for (int i = 0; i < 9; i++) rp_tape_give(tape, in(node, differentiated[i]), args.out[i]);
}

static const rule rules[RP_OP_COUNT + 1] = {
    [RP_TAPE_VIEW] = view_rule,
    [RP_OP_add] = add_rule,
    [RP_OP_mul] = mul_rule,
    [RP_OP_scale] = scale_rule,
    [RP_OP_power] = power_rule,
    [RP_OP_relu] = relu_rule,
    [RP_OP_step] = step_rule,
    [RP_OP_sigmoid] = sigmoid_rule,
    [RP_OP_tanh] = tanh_rule,
    [RP_OP_exp] = exp_rule,
    [RP_OP_log] = log_rule,
    [RP_OP_cast] = cast_rule,
    [RP_OP_dropout] = dropout_rule,
    [RP_OP_sum] = sum_rule,
    [RP_OP_expand] = expand_rule,
    [RP_OP_sum_last] = sum_last_rule,
    [RP_OP_expand_last] = expand_last_rule,
    [RP_OP_matmul] = matmul_rule,
    [RP_OP_linear] = linear_rule,
    [RP_OP_softmax] = softmax_rule,
    [RP_OP_embedding] = embedding_rule,
    [RP_OP_embedding_backward] = embedding_backward_rule,
    [RP_OP_cross_entropy] = loss_rule,
    [RP_OP_binary_cross_entropy] = loss_rule,
    [RP_OP_conv2d] = conv2d_rule,
    [RP_OP_conv2d_bias] = conv2d_bias_rule,
    [RP_OP_conv2d_backward_data] = conv2d_data_rule,
    [RP_OP_conv2d_backward_weights] = conv2d_weights_rule,
    [RP_OP_max_pool2d] = max_pool2d_rule,
    [RP_OP_avg_pool2d] = avg_pool2d_rule,
    [RP_OP_batch_norm] = batch_norm_rule,
    [RP_OP_lstm] = lstm_rule,
    [RP_OP_window_pool] = window_pool_rule,
    [RP_OP_decoder] = decoder_rule,
};

void rp_gradient_apply(rp_tape *tape, const rp_node *node, rp_tensor *gy) {
    assert(rules[node->op] != NULL);
    rules[node->op](tape, node, gy);
}
