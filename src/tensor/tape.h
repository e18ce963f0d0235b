/* tape.h: operations in the order they ran, and the way back (reverse-mode differentiation).
 *
 * Each rp_tape_* function computes at once and records what its gradient needs. Results belong to
 * the tape and live until rp_tape_reset. Memory of tensors comes from a store that keeps what is
 * given back: after the first round of a loop nothing is allocated any more.
 *
 * Failure is sticky: once `status` is not RP_OK every function returns NULL at once, and NULL is
 * accepted as an input; build a whole network, then ask once.
 *
 * Double backward: with `create_graph` the gradients are recorded in their turn, where an
 * operation's gradient is made of differentiable operations. A fused one (batch_norm, lstm,
 * decoder, losses) says that it cannot by an error. */
#ifndef RP_TENSOR_TAPE_H
#define RP_TENSOR_TAPE_H

#include "base/arena.h"
#include "tensor/store.h"

typedef struct rp_node {
    rp_op op;
    rp_args args;
} rp_node;

typedef struct rp_tape {
    rp_device *device; /* borrowed */
    rp_store *store;   /* owned: memory kept for the next round */
    rp_arena arena;    /* tensors' headers and nodes */
    rp_node **nodes;   /* owned array of node_count pointers into the arena */
    int32_t node_count, node_capacity;
    bool recording;      /* false: inference; intermediate results are still the tape's */
    bool create_graph;   /* see above; set by rp_tape_backward */
    rp_tensor **tensors; /* owned array: all that the tape must give back */
    int32_t tensor_count, tensor_capacity;
    rp_tensor **leaves; /* owned array: leaves whose grad is the tape's, unbound by reset */
    int32_t leaf_count, leaf_capacity;
    const rp_tensor *upstream; /* backward: the gradient of the node at hand */
    bool is_upstream_taken;    /* its rule has passed it on whole: it is not to be released */
    rp_status status;
    rp_error error;
} rp_tape;

rp_status rp_tape_init(rp_tape *tape, rp_device *device, rp_error *error);
void rp_tape_clear(rp_tape *tape);

/* Forgets all results, keeps their memory for the next round. Gradients that the tape made for
 * leaves are forgotten too; a leaf whose `grad` the caller had set keeps it. */
void rp_tape_reset(rp_tape *tape);

/* A new tensor of the tape, not cleared (rp_tape_zeros: cleared). */
rp_tensor *rp_tape_tensor(rp_tape *tape, rp_dtype dtype, int dims, const int64_t *shape);
rp_tensor *rp_tape_zeros(rp_tape *tape, rp_dtype dtype, int dims, const int64_t *shape);

/* A leaf of the host's memory as the device reads it: itself, or where the device has memory of its
 * own a copy that is the tape's. For what is large or read more than once; no gradient. */
rp_tensor *rp_tape_import(rp_tape *tape, rp_tensor *leaf);

/* Gives the memory of a result back before the next reset: of one that nothing reads any more. On a
 * tape that records nothing happens, since the way back may need it; nor with NULL, a leaf, or
 * another shape over the same numbers. */
void rp_tape_release(rp_tape *tape, rp_tensor *tensor);

/* The same numbers as a result of their own; x, of which the tape must own the memory, has none
 * from here on. Only where nothing is recorded. */
rp_tensor *rp_tape_take_over(rp_tape *tape, rp_tensor *x);

/* Waits until what was recorded has been computed: before the host reads results. */
rp_status rp_tape_finish(rp_tape *tape);

/* Another shape over the same numbers; gradients pass through. */
rp_tensor *rp_tape_reshape(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape);

/* Runs a row whose outputs the caller has made with rp_tape_tensor, and records it. */
void rp_tape_record(rp_tape *tape, rp_op op, const rp_args *args);

/* Gradient of `loss` (one element, seeded with 1) for every tensor that needs one: in its `grad`.
 * A leaf with a bound `grad` gets its gradient added there, as numbers: with `create_graph` only a
 * gradient that the tape makes can be differentiated in its turn. Releases saved tensors on the way
 * unless `create_graph`. */
rp_status rp_tape_backward(rp_tape *tape, rp_tensor *loss, bool create_graph);

/* As rp_tape_backward from `y` of any shape with the upstream gradient `gy` (like y). */
rp_status rp_tape_backward_from(rp_tape *tape, rp_tensor *y, rp_tensor *gy, bool create_graph);

/* ---- one function a differentiable row; shapes and formulas stand in ops.def ---- */
rp_tensor *rp_tape_add(rp_tape *tape, rp_tensor *a, rp_tensor *b);
rp_tensor *rp_tape_mul(rp_tape *tape, rp_tensor *a, rp_tensor *b);
rp_tensor *rp_tape_scale(rp_tape *tape, rp_tensor *x, double alpha, double beta);
rp_tensor *rp_tape_power(rp_tape *tape, rp_tensor *x, double exponent);
rp_tensor *rp_tape_relu(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_step(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_sigmoid(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_tanh(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_exp(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_log(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_cast(rp_tape *tape, rp_tensor *x, rp_dtype dtype);
/* rate 0, or a tape that does not record: x itself. */
rp_tensor *rp_tape_dropout(rp_tape *tape, rp_tensor *x, double rate, uint64_t seed,
                           uint64_t stream);
rp_tensor *rp_tape_sum(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape);
rp_tensor *rp_tape_expand(rp_tape *tape, rp_tensor *x, int dims, const int64_t *shape);
rp_tensor *rp_tape_sum_last(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_expand_last(rp_tape *tape, rp_tensor *x, int64_t count);
rp_tensor *rp_tape_matmul(rp_tape *tape, rp_tensor *a, rp_tensor *b, bool transpose_a,
                          bool transpose_b);
/* x (R, I) or (B, T, I); y in `dtype`. */
rp_tensor *rp_tape_linear(rp_tape *tape, rp_tensor *x, rp_tensor *w, rp_tensor *b, rp_dtype dtype);
rp_tensor *rp_tape_softmax(rp_tape *tape, rp_tensor *x);
rp_tensor *rp_tape_embedding(rp_tape *tape, rp_tensor *e, rp_tensor *ids);
rp_tensor *rp_tape_cross_entropy(rp_tape *tape, rp_tensor *logits, rp_tensor *ids);
rp_tensor *rp_tape_binary_cross_entropy(rp_tape *tape, rp_tensor *logits, rp_tensor *targets,
                                        rp_tensor *weight);

typedef struct rp_window {
    int32_t kernel[2], stride[2],
        pad[4]; /* along W, H; pad: before W, after W, before H, after H */
} rp_window;

rp_tensor *rp_tape_conv2d(rp_tape *tape, rp_tensor *x, rp_tensor *w, const rp_window *window);
/* A convolution with what is done to its result at once. */
typedef struct rp_filter {
    rp_tensor *w, *b; /* (O, KW, KH, C) and (O) */
    bool relu;
    rp_tensor *residual, *lengths; /* may be NULL: (B, W', H', O) and i32 (B) */
} rp_filter;

/* y (B, W', H', O) = act(conv2d(x, w) + b + residual) in one pass over memory, 0 behind lengths:
 * for layers whose norm is folded into the weights. Where nothing is recorded y takes the
 * residual's memory, if the tape owns that, and the residual is empty from there on. Can be
 * differentiated, twice too, but for lengths. */
rp_tensor *rp_tape_conv2d_bias(rp_tape *tape, rp_tensor *x, const rp_filter *filter,
                               const rp_window *window);
rp_tensor *rp_tape_max_pool2d(rp_tape *tape, rp_tensor *x, const rp_window *window);
rp_tensor *rp_tape_avg_pool2d(rp_tape *tape, rp_tensor *x, const rp_window *window);

typedef struct rp_norm {
    rp_tensor *gamma, *beta;
    rp_tensor *running_mean, *running_var; /* updated in training */
    rp_tensor *residual, *lengths;         /* may be NULL */
    double eps, decay;
    bool relu, training;
    bool biased_running; /* the running variance divides by m, not m - 1 */
} rp_norm;

rp_tensor *rp_tape_batch_norm(rp_tape *tape, rp_tensor *x, const rp_norm *norm);

typedef struct rp_lstm {
    rp_tensor *wx, *wh, *b, *lengths; /* lengths may be NULL */
} rp_lstm;

rp_tensor *rp_tape_lstm(rp_tape *tape, rp_tensor *x, const rp_lstm *lstm);

/* x (B, T, C), spans i32 (N, 3): (N, C), what each window holds; see ops.def. */
rp_tensor *rp_tape_window_pool(rp_tape *tape, rp_tensor *x, rp_tensor *spans);

typedef struct rp_decoder {
    rp_tensor *spans, *ids, *e, *wq, *bq, *v, *wx, *wh, *b;
    rp_tensor *h0, *c0; /* both NULL: zeros; given: no gradients */
    bool raised;        /* keys are exp(2 keys): no gradients */
    int64_t span_max;   /* S */
} rp_decoder;

typedef struct rp_decoder_result {
    rp_tensor *h, *c, *alpha;
} rp_decoder_result;

rp_decoder_result rp_tape_decoder(rp_tape *tape, rp_tensor *enc, rp_tensor *keys,
                                  const rp_decoder *decoder);

#endif
