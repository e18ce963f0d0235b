/* make_image.c: cases of convolution, pooling and batch norm. */
#include "op_case.h"
#include "tensor/ref/ref.h"

static slot output(slot s) {
    s.fill = FILL_ZERO;
    s.is_differentiated = false;
    return s;
}

static slot filled(slot s, slot_fill fill) {
    s = output(s);
    s.fill = fill;
    return s;
}

/* Of one axis: kernel, stride, padding, and an input that the window fits at least once. */
typedef struct axis {
    int64_t in, out;
    int32_t kernel, stride, before, after;
} axis;

static axis make_axis(op_case *c, int64_t large, bool is_padded) {
    axis a = {.kernel = 3, .stride = 1, .before = 1, .after = 1};
    if (c->size != SIZE_LARGE) {
        a.kernel = 1 + (int32_t)rp_random_below(&c->random, 4);
        a.stride = 1 + (int32_t)rp_random_below(&c->random, 3);
        a.before = (int32_t)rp_random_below(&c->random, (uint32_t)a.kernel);
        a.after = (int32_t)rp_random_below(&c->random, (uint32_t)a.kernel);
    }
    if (!is_padded) a.before = a.after = 0;
    const int64_t least = a.kernel - a.before - a.after;
    a.in = op_extent(c, 15, large) + (least > 1 && c->size != SIZE_LARGE ? least - 1 : 0);
    a.out = (a.in + a.before + a.after - a.kernel) / a.stride + 1;
    return a;
}

/* The axis with a window of 3 and stride 1, and up to 40 places. */
static void make_common(op_case *c, axis *a) {
    a->kernel = 3;
    a->stride = 1;
    a->before = (int32_t)rp_random_below(&c->random, 3);
    a->after = (int32_t)rp_random_below(&c->random, 3);
    a->in = 3 + (int64_t)rp_random_below(&c->random, 38);
    a->out = a->in + a->before + a->after - 2;
}

static void set_attr(rp_attr *attr, const axis *w, const axis *h) {
    *attr = (rp_attr){.stride = {w->stride, h->stride},
                      .kernel = {w->kernel, h->kernel},
                      .pad = {w->before, w->after, h->before, h->after}};
}

/* Channels by the 32, for which devices have ways of their own, in two of three cases; in one of
 * these a window of 3x3 and stride 1, as most layers of a network have. */
static void make_conv2d(op_case *c) {
    axis w = make_axis(c, 216, true), h = make_axis(c, 48, true);
    const int64_t b = op_extent(c, 3, 8);
    int64_t in = op_extent(c, 37, 64), out = op_extent(c, 35, 64);
    if (c->size >= SIZE_FORWARD && c->size < SIZE_LARGE && c->seed % 3 != 2) {
        if (c->seed % 3 == 0) {
            make_common(c, &w);
            make_common(c, &h);
        }
        in = 32 * (1 + (int64_t)rp_random_below(&c->random, 3));
        out = 32 * (1 + (int64_t)rp_random_below(&c->random, 3));
    }
    set_attr(&c->attr, &w, &h);
    c->in[0] = op_differentiated(op_activation(4, (int64_t[]){b, w.in, h.in, in}, FILL_NORMAL));
    c->in[1] =
        op_differentiated(op_parameter(4, (int64_t[]){out, w.kernel, h.kernel, in}, FILL_NORMAL));
    c->out[0] = op_activation(4, (int64_t[]){b, w.out, h.out, out}, FILL_ZERO);
    c->flops = 2.0 * (double)(b * w.out * h.out * in * out) * w.kernel * h.kernel;
}

static void make_conv2d_bias(op_case *c) {
    make_conv2d(c);
    c->in[2] = op_differentiated(op_parameter(1, &c->in[1].shape[0], FILL_NORMAL));
    if (rp_random_below(&c->random, 2) == 0)
        c->in[3] = op_differentiated(filled(c->out[0], FILL_NORMAL));
    if (c->size < SIZE_FORWARD) return; /* relu's kink has no difference, lengths no gradient */
    c->attr.relu = c->seed % 2 == 0;
    if (rp_random_below(&c->random, 2) == 0)
        c->in[4] = op_integers(1, &c->out[0].shape[0], FILL_LENGTHS, c->out[0].shape[1]);
}

static void make_conv2d_backward_data(op_case *c) {
    make_conv2d(c);
    const slot x = c->in[0];
    c->in[0] = op_differentiated(filled(c->out[0], FILL_NORMAL));
    c->out[0] = output(x);
}

static void make_conv2d_backward_weights(op_case *c) {
    make_conv2d(c);
    const slot w = c->in[1];
    c->in[1] = op_differentiated(filled(c->out[0], FILL_NORMAL));
    c->out[0] = output(w);
}

/* ---- pooling ---- */

static void make_avg_pool2d(op_case *c) {
    axis w = make_axis(c, 216, false), h = make_axis(c, 48, false);
    const int64_t b = op_extent(c, 3, 8), channels = op_extent(c, 37, 64);
    if (c->size == SIZE_LARGE || c->seed % 2 == 1) { /* windows side by side have their own loop */
        w.kernel = w.stride = h.kernel = h.stride = 2;
        w.in += w.in < 2;
        h.in += h.in < 2;
        w.out = w.in / 2;
        h.out = h.in / 2;
    }
    set_attr(&c->attr, &w, &h);
    c->in[0] =
        op_differentiated(op_activation(4, (int64_t[]){b, w.in, h.in, channels}, FILL_NORMAL));
    c->out[0] = op_activation(4, (int64_t[]){b, w.out, h.out, channels}, FILL_ZERO);
}

static void make_avg_pool2d_backward(op_case *c) {
    make_avg_pool2d(c);
    const slot x = c->in[0];
    c->in[0] = filled(c->out[0], FILL_NORMAL);
    c->out[0] = output(x);
}

static void make_max_pool2d(op_case *c) {
    make_avg_pool2d(c);
    c->out[1] = op_integers(4, c->out[0].shape, FILL_ZERO, 0);
}

static void make_max_pool2d_backward(op_case *c) {
    make_max_pool2d(c);
    const slot x = c->in[0];
    c->in[0] = filled(c->out[0], FILL_NORMAL);
    c->in[1] = filled(c->out[1], FILL_DERIVED);
    c->out[0] = output(x);
    c->out[1] = (slot){0};
}

/* `at` of a pooling of gx's shape over numbers of no meaning. */
static void derive_max_pool2d_backward(const op_case *c, const rp_args *args, rp_arena *arena) {
    rp_tensor x = *args->out[0], y = *args->in[0];
    rp_random random = rp_random_make(c->seed, 1);
    x.data = rp_arena_alloc(arena, rp_tensor_bytes(&x));
    y.data = rp_arena_alloc(arena, rp_tensor_bytes(&y));
    for (int64_t i = 0; i < rp_tensor_count(&x); i++)
        rp_tensor_set(&x, i, rp_random_normal(&random));
    const rp_args forward = {.in = {&x}, .out = {&y, (rp_tensor *)args->in[1]}, .attr = c->attr};
    rp_ref_max_pool2d(NULL, &forward, NULL);
}

/* ---- batch norm ---- */

static void make_batch_norm(op_case *c) {
    const int64_t b = op_extent(c, 4, 8), w = op_extent(c, 13, 216), h = op_extent(c, 5, 48);
    const int64_t channels = op_extent(c, 37, 64);
    const slot image = op_activation(4, (int64_t[]){b, w, h, channels}, FILL_NORMAL);
    const slot flat = op_activation(2, (int64_t[]){b * w + 1, channels}, FILL_NORMAL);
    const bool is_image = !op_is_rare(c, 4);
    c->in[0] = op_differentiated(is_image ? image : flat);
    c->in[1] = op_differentiated(op_parameter(1, &channels, FILL_NORMAL));
    c->in[2] = op_differentiated(op_parameter(1, &channels, FILL_NORMAL));
    if (rp_random_below(&c->random, 2) == 0) c->in[3] = c->in[0];
    if (is_image && rp_random_below(&c->random, 2) == 0)
        c->in[4] = op_integers(1, &b, FILL_LENGTHS, w);
    c->out[0] = output(c->in[0]);
    c->out[1] = c->out[2] = op_parameter(1, &channels, FILL_ZERO);
    c->out[3] = op_parameter(1, &channels, FILL_NORMAL);
    c->out[4] = op_parameter(1, &channels, FILL_POSITIVE);
    c->attr = (rp_attr){.eps = 1e-3,
                        .decay = {0.9},
                        .relu = rp_random_below(&c->random, 2) == 0,
                        .training = !op_is_rare(c, 3)};
}

static void make_batch_norm_backward(op_case *c) {
    make_batch_norm(c);
    const slot x = filled(c->in[0], FILL_NORMAL), channel = c->out[1];
    const slot gamma = filled(c->in[1], FILL_NORMAL), lengths = c->in[4];
    const bool has_residual = c->in[3].kind != SLOT_NULL;
    c->in[0] = c->in[1] = x;
    c->in[2] = filled(x, FILL_DERIVED);
    c->in[3] = gamma;
    c->in[4] = c->in[5] = filled(channel, FILL_DERIVED);
    c->in[6] = lengths;
    c->out[0] = output(x);
    c->out[1] = c->out[2] = channel;
    c->out[3] = has_residual ? output(x) : (slot){0};
    c->out[4] = (slot){0};
}

/* y, mean, inv of the forward row, with gamma for beta too and running values of 0 and 1. */
static void derive_batch_norm_backward(const op_case *c, const rp_args *args, rp_arena *arena) {
    rp_tensor running[2] = {*args->in[4], *args->in[4]};
    for (int i = 0; i < 2; i++) {
        running[i].data = rp_arena_alloc(arena, rp_tensor_bytes(&running[i]));
        for (int64_t k = 0; k < rp_tensor_count(&running[i]); k++) rp_tensor_set(&running[i], k, i);
    }
    const rp_args forward = {.in = {args->in[1], args->in[3], args->in[3], NULL, args->in[6]},
                             .out = {(rp_tensor *)args->in[2], (rp_tensor *)args->in[4],
                                     (rp_tensor *)args->in[5], &running[0], &running[1]},
                             .attr = c->attr};
    rp_ref_batch_norm(NULL, &forward, NULL);
}

const op_maker op_makers_image[RP_OP_COUNT] = {
    [RP_OP_conv2d] = {make_conv2d, NULL},
    [RP_OP_conv2d_bias] = {make_conv2d_bias, NULL},
    [RP_OP_conv2d_backward_data] = {make_conv2d_backward_data, NULL},
    [RP_OP_conv2d_backward_weights] = {make_conv2d_backward_weights, NULL},
    [RP_OP_max_pool2d] = {make_max_pool2d, NULL},
    [RP_OP_max_pool2d_backward] = {make_max_pool2d_backward, derive_max_pool2d_backward},
    [RP_OP_avg_pool2d] = {make_avg_pool2d, NULL},
    [RP_OP_avg_pool2d_backward] = {make_avg_pool2d_backward, NULL},
    [RP_OP_batch_norm] = {make_batch_norm, NULL},
    [RP_OP_batch_norm_backward] = {make_batch_norm_backward, derive_batch_norm_backward},
};
