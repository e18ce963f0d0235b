/* recording.c: one function a differentiable row: shape the outputs, run, record. */
#include <assert.h>

#include "tensor/gradients.h"

/* An output like `x`. */
static rp_tensor *like(rp_tape *tape, const rp_tensor *x) {
    return x == NULL ? NULL : rp_tape_tensor(tape, x->dtype, x->dims, x->shape);
}

static rp_tensor *unary(rp_tape *tape, rp_op op, rp_tensor *x, const rp_attr *attr) {
    rp_args args = {.in = {x}, .out = {like(tape, x)}};
    if (attr != NULL) args.attr = *attr;
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, op, &args);
    return args.out[0];
}

static rp_tensor *binary(rp_tape *tape, rp_op op, rp_tensor *a, rp_tensor *b) {
    if (a == NULL || b == NULL) return NULL;
    assert(rp_tensor_count(a) % rp_tensor_count(b) == 0);
    const rp_args args = {.in = {a, b}, .out = {like(tape, a)}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, op, &args);
    return args.out[0];
}

rp_tensor *rp_tape_add(rp_tape *tape, rp_tensor *a, rp_tensor *b) {
    return binary(tape, RP_OP_add, a, b);
}

rp_tensor *rp_tape_mul(rp_tape *tape, rp_tensor *a, rp_tensor *b) {
    return binary(tape, RP_OP_mul, a, b);
}

rp_tensor *rp_tape_scale(rp_tape *tape, rp_tensor *x, double alpha, double beta) {
    return unary(tape, RP_OP_scale, x, &(rp_attr){.alpha = alpha, .beta = beta});
}

rp_tensor *rp_tape_power(rp_tape *tape, rp_tensor *x, double exponent) {
    return unary(tape, RP_OP_power, x, &(rp_attr){.alpha = exponent});
}

rp_tensor *rp_tape_relu(rp_tape *tape, rp_tensor *x) { return unary(tape, RP_OP_relu, x, NULL); }
rp_tensor *rp_tape_step(rp_tape *tape, rp_tensor *x) { return unary(tape, RP_OP_step, x, NULL); }
rp_tensor *rp_tape_sigmoid(rp_tape *tape, rp_tensor *x) {
    return unary(tape, RP_OP_sigmoid, x, NULL);
}
rp_tensor *rp_tape_tanh(rp_tape *tape, rp_tensor *x) { return unary(tape, RP_OP_tanh, x, NULL); }
rp_tensor *rp_tape_exp(rp_tape *tape, rp_tensor *x) { return unary(tape, RP_OP_exp, x, NULL); }
rp_tensor *rp_tape_log(rp_tape *tape, rp_tensor *x) { return unary(tape, RP_OP_log, x, NULL); }
rp_tensor *rp_tape_softmax(rp_tape *tape, rp_tensor *x) {
    return unary(tape, RP_OP_softmax, x, NULL);
}

rp_tensor *rp_tape_dropout(rp_tape *tape, rp_tensor *x, double rate, uint64_t seed,
                           uint64_t stream) {
    if (rate == 0 || !tape->recording) return x;
    return unary(tape, RP_OP_dropout, x, &(rp_attr){.rate = rate, .seed = seed, .stream = stream});
}

/* One input, one output of given type and shape. */
static rp_tensor *reshaped(rp_tape *tape, rp_op op, rp_tensor *x, rp_dtype dtype, int dims,
                           const int64_t *shape) {
    if (x == NULL) return NULL;
    const rp_args args = {.in = {x}, .out = {rp_tape_tensor(tape, dtype, dims, shape)}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, op, &args);
    return args.out[0];
}

rp_tensor *rp_tape_cast(rp_tape *tape, rp_tensor *x, rp_dtype dtype) {
    if (x == NULL || x->dtype == dtype) return x;
    return reshaped(tape, RP_OP_cast, x, dtype, x->dims, x->shape);
}

rp_tensor *rp_tape_sum(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape) {
    return x == NULL ? NULL : reshaped(tape, RP_OP_sum, x, x->dtype, dims, shape);
}

rp_tensor *rp_tape_sum_like(rp_tape *tape, rp_tensor *x, const rp_tensor *wanted) {
    return reshaped(tape, RP_OP_sum, x, wanted->dtype, wanted->dims, wanted->shape);
}

rp_tensor *rp_tape_expand(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape) {
    return x == NULL ? NULL : reshaped(tape, RP_OP_expand, x, x->dtype, dims, shape);
}

rp_tensor *rp_tape_sum_last(rp_tape *tape, rp_tensor *x) {
    if (x == NULL) return NULL;
    int64_t shape[RP_DIMS_MAX];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->dims - 1] = 1;
    return reshaped(tape, RP_OP_sum_last, x, x->dtype, x->dims, shape);
}

rp_tensor *rp_tape_expand_last(rp_tape *tape, rp_tensor *x, int64_t count) {
    if (x == NULL) return NULL;
    int64_t shape[RP_DIMS_MAX];
    memcpy(shape, x->shape, sizeof shape);
    assert(shape[x->dims - 1] == 1);
    shape[x->dims - 1] = count;
    return reshaped(tape, RP_OP_expand_last, x, x->dtype, x->dims, shape);
}

rp_tensor *rp_tape_matmul(rp_tape *tape, rp_tensor *a, rp_tensor *b, bool transpose_a,
                          bool transpose_b) {
    if (a == NULL || b == NULL) return NULL;
    const int64_t shape[2] = {a->shape[transpose_a ? 1 : 0], b->shape[transpose_b ? 0 : 1]};
    assert(a->dims == 2 && b->dims == 2);
    assert(a->shape[transpose_a ? 0 : 1] == b->shape[transpose_b ? 1 : 0]);
    const rp_args args = {.in = {a, b},
                          .out = {rp_tape_tensor(tape, a->dtype, 2, shape)},
                          .attr = {.transpose_a = transpose_a, .transpose_b = transpose_b}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_matmul, &args);
    return args.out[0];
}

rp_tensor *rp_tape_linear(rp_tape *tape, rp_tensor *x, rp_tensor *w, rp_tensor *b, rp_dtype dtype) {
    if (x == NULL || w == NULL) return NULL;
    int64_t shape[RP_DIMS_MAX];
    memcpy(shape, x->shape, sizeof shape);
    assert(x->shape[x->dims - 1] == w->shape[1]);
    shape[x->dims - 1] = w->shape[0];
    const rp_args args = {.in = {x, w, b}, .out = {rp_tape_tensor(tape, dtype, x->dims, shape)}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_linear, &args);
    return args.out[0];
}

rp_tensor *rp_tape_embedding(rp_tape *tape, rp_tensor *e, rp_tensor *ids) {
    if (e == NULL || ids == NULL) return NULL;
    const int64_t shape[2] = {rp_tensor_count(ids), e->shape[1]};
    const rp_args args = {.in = {e, ids}, .out = {rp_tape_tensor(tape, e->dtype, 2, shape)}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_embedding, &args);
    return args.out[0];
}

rp_tensor *rp_tape_embedding_backward(rp_tape *tape, rp_tensor *gy, rp_tensor *ids,
                                      const rp_tensor *wanted) {
    const rp_args args = {.in = {gy, ids}, .out = {like(tape, wanted)}};
    if (gy == NULL || args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_embedding_backward, &args);
    return args.out[0];
}

/* ---- losses: one number, f32 (f64 for f64 logits) -------------------------------------------- */

static rp_tensor *loss(rp_tape *tape, rp_op op, const rp_args *inputs) {
    rp_args args = *inputs;
    if (args.in[0] == NULL) return NULL;
    args.out[0] =
        rp_tape_tensor(tape, args.in[0]->dtype == RP_F64 ? RP_F64 : RP_F32, 1, &(const int64_t){1});
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, op, &args);
    return args.out[0];
}

rp_tensor *rp_tape_cross_entropy(rp_tape *tape, rp_tensor *logits, rp_tensor *ids) {
    return loss(tape, RP_OP_cross_entropy, &(rp_args){.in = {logits, ids}});
}

rp_tensor *rp_tape_binary_cross_entropy(rp_tape *tape, rp_tensor *logits, rp_tensor *targets,
                                        rp_tensor *weight) {
    return loss(tape, RP_OP_binary_cross_entropy, &(rp_args){.in = {logits, targets, weight}});
}

/* ---- images ---------------------------------------------------------------------------------- */

static rp_attr window_attr(const rp_window *window) {
    rp_attr attr = {0};
    memcpy(attr.kernel, window->kernel, sizeof attr.kernel);
    memcpy(attr.stride, window->stride, sizeof attr.stride);
    memcpy(attr.pad, window->pad, sizeof attr.pad);
    return attr;
}

/* Extent of an output axis: how often a window of `kernel` fits in steps of `stride`. */
static int64_t fitted(int64_t size, int32_t pad, int64_t kernel, int32_t stride) {
    return (size + pad - kernel) / stride + 1;
}

rp_tensor *rp_tape_conv2d_attr(rp_tape *tape, rp_tensor *x, rp_tensor *w, const rp_attr *attr,
                               const rp_tensor *wanted) {
    const rp_args args = {.in = {x, w}, .out = {like(tape, wanted)}, .attr = *attr};
    if (x == NULL || w == NULL || args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_conv2d, &args);
    return args.out[0];
}

rp_tensor *rp_tape_conv2d_data(rp_tape *tape, rp_tensor *gy, rp_tensor *w, const rp_attr *attr,
                               const rp_tensor *wanted) {
    const rp_args args = {.in = {gy, w}, .out = {like(tape, wanted)}, .attr = *attr};
    if (gy == NULL || w == NULL || args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_conv2d_backward_data, &args);
    return args.out[0];
}

rp_tensor *rp_tape_conv2d_weights(rp_tape *tape, rp_tensor *x, rp_tensor *gy, const rp_attr *attr,
                                  const rp_tensor *wanted) {
    const rp_args args = {.in = {x, gy}, .out = {like(tape, wanted)}, .attr = *attr};
    if (x == NULL || gy == NULL || args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_conv2d_backward_weights, &args);
    return args.out[0];
}

rp_tensor *rp_tape_conv2d(rp_tape *tape, rp_tensor *x, rp_tensor *w, const rp_window *window) {
    if (x == NULL || w == NULL) return NULL;
    const rp_attr attr = window_attr(window);
    assert(x->shape[3] == w->shape[3]);
    const int64_t shape[4] = {
        x->shape[0], fitted(x->shape[1], attr.pad[0] + attr.pad[1], w->shape[1], attr.stride[0]),
        fitted(x->shape[2], attr.pad[2] + attr.pad[3], w->shape[2], attr.stride[1]), w->shape[0]};
    const rp_tensor wanted = rp_tensor_over(NULL, x->dtype, 4, shape);
    return rp_tape_conv2d_attr(tape, x, w, &attr, &wanted);
}

rp_tensor *rp_tape_conv2d_bias(rp_tape *tape, rp_tensor *x, const rp_filter *filter,
                               const rp_window *window) {
    if (x == NULL || filter->w == NULL) return NULL;
    rp_args args = {.in = {x, filter->w, filter->b, filter->residual, filter->lengths},
                    .attr = window_attr(window)};
    const int64_t shape[4] = {x->shape[0],
                              fitted(x->shape[1], args.attr.pad[0] + args.attr.pad[1],
                                     filter->w->shape[1], args.attr.stride[0]),
                              fitted(x->shape[2], args.attr.pad[2] + args.attr.pad[3],
                                     filter->w->shape[2], args.attr.stride[1]),
                              filter->w->shape[0]};
    assert(x->shape[3] == filter->w->shape[3]);
    args.attr.relu = filter->relu;
    rp_tensor *residual = filter->residual, *y;
    if (residual != NULL && residual->is_owned && !tape->recording)
        y = rp_tape_take_over(tape, residual);
    else y = rp_tape_tensor(tape, x->dtype, 4, shape);
    if (y == NULL) return NULL;
    assert(residual == NULL || rp_tensor_count(residual) == rp_tensor_count(y));
    if (residual != NULL && residual->data == NULL) args.in[3] = y;
    args.out[0] = y;
    rp_tape_record(tape, RP_OP_conv2d_bias, &args);
    return y;
}

static rp_args pool_args(rp_tape *tape, rp_tensor *x, const rp_window *window) {
    rp_args args = {.in = {x}, .attr = window_attr(window)};
    if (x == NULL) return args;
    const int64_t shape[4] = {
        x->shape[0], fitted(x->shape[1], 0, window->kernel[0], window->stride[0]),
        fitted(x->shape[2], 0, window->kernel[1], window->stride[1]), x->shape[3]};
    args.out[0] = rp_tape_tensor(tape, x->dtype, 4, shape);
    return args;
}

rp_tensor *rp_tape_max_pool2d(rp_tape *tape, rp_tensor *x, const rp_window *window) {
    rp_args args = pool_args(tape, x, window);
    if (args.out[0] == NULL) return NULL;
    args.out[1] = rp_tape_tensor(tape, RP_I32, 4, args.out[0]->shape);
    if (args.out[1] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_max_pool2d, &args);
    return args.out[0];
}

rp_tensor *rp_tape_avg_pool2d(rp_tape *tape, rp_tensor *x, const rp_window *window) {
    const rp_args args = pool_args(tape, x, window);
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_avg_pool2d, &args);
    return args.out[0];
}

rp_tensor *rp_tape_batch_norm(rp_tape *tape, rp_tensor *x, const rp_norm *norm) {
    if (x == NULL) return NULL;
    const int64_t channels[1] = {x->shape[x->dims - 1]};
    const rp_dtype exact = norm->gamma->dtype;
    const rp_args args = {
        .in = {x, norm->gamma, norm->beta, norm->residual, norm->lengths},
        .out = {like(tape, x), rp_tape_tensor(tape, exact, 1, channels),
                rp_tape_tensor(tape, exact, 1, channels), norm->running_mean, norm->running_var},
        .attr = {.eps = norm->eps,
                 .decay = {norm->decay},
                 .relu = norm->relu,
                 .training = norm->training,
                 .biased = norm->biased_running}};
    if (tape->status != RP_OK) return NULL;
    /* The running values are state, not results: no node may claim them. */
    const int32_t mean_node = norm->running_mean->node, var_node = norm->running_var->node;
    rp_tape_record(tape, RP_OP_batch_norm, &args);
    norm->running_mean->node = mean_node;
    norm->running_var->node = var_node;
    norm->running_mean->needs_grad = norm->running_var->needs_grad = false;
    return args.out[0];
}

/* ---- sequences ------------------------------------------------------------------------------- */

rp_tensor *rp_tape_lstm(rp_tape *tape, rp_tensor *x, const rp_lstm *lstm) {
    if (x == NULL) return NULL;
    const rp_dtype exact = lstm->b->dtype;
    const int64_t directions = lstm->wh->shape[0], units = lstm->wh->shape[2];
    const int64_t y_shape[3] = {x->shape[0], x->shape[1], units};
    const int64_t gate_shape[4] = {directions, x->shape[0], x->shape[1], 4 * units};
    const int64_t cell_shape[4] = {directions, x->shape[0], x->shape[1], units};
    const rp_args args = {.in = {x, lstm->wx, lstm->wh, lstm->b, lstm->lengths},
                          .out = {rp_tape_tensor(tape, x->dtype, 3, y_shape),
                                  rp_tape_tensor(tape, exact, 4, gate_shape),
                                  rp_tape_tensor(tape, exact, 4, cell_shape),
                                  rp_tape_tensor(tape, exact, 4, cell_shape)}};
    if (tape->status != RP_OK) return NULL;
    rp_tape_record(tape, RP_OP_lstm, &args);
    return args.out[0];
}

rp_tensor *rp_tape_window_pool(rp_tape *tape, rp_tensor *x, rp_tensor *spans) {
    if (x == NULL || spans == NULL) return NULL;
    const int64_t shape[2] = {spans->shape[0], x->shape[2]};
    const rp_args args = {.in = {x, spans}, .out = {rp_tape_tensor(tape, x->dtype, 2, shape)}};
    if (args.out[0] == NULL) return NULL;
    rp_tape_record(tape, RP_OP_window_pool, &args);
    return args.out[0];
}

rp_decoder_result rp_tape_decoder(rp_tape *tape, rp_tensor *enc, rp_tensor *keys,
                                  const rp_decoder *d) {
    if (enc == NULL || keys == NULL) return (rp_decoder_result){0};
    const rp_dtype exact = d->b->dtype;
    const int64_t spans = d->ids->shape[0], steps = d->ids->shape[1], units = d->wh->shape[1];
    const int64_t unit_shape[3] = {spans, steps, units};
    const int64_t gate_shape[3] = {spans, steps, 4 * units};
    const int64_t alpha_shape[3] = {spans, steps, d->span_max};
    const int64_t context_shape[3] = {spans, steps, enc->shape[2]};
    const rp_args args = {.in = {enc, keys, d->spans, d->ids, d->e, d->wq, d->bq, d->v, d->wx,
                                 d->wh, d->b, d->h0, d->c0},
                          .out = {rp_tape_tensor(tape, exact, 3, unit_shape),
                                  rp_tape_tensor(tape, exact, 3, unit_shape),
                                  rp_tape_tensor(tape, exact, 3, gate_shape),
                                  rp_tape_tensor(tape, exact, 3, alpha_shape),
                                  rp_tape_tensor(tape, exact, 3, context_shape)},
                          .attr = {.raised = d->raised}};
    if (tape->status != RP_OK) return (rp_decoder_result){0};
    rp_tape_record(tape, RP_OP_decoder, &args);
    return (rp_decoder_result){args.out[0], args.out[1], args.out[3]};
}
