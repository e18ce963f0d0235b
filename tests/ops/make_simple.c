/* make_simple.c: cases of elementwise rows, reductions, products, losses and parameters. */
#include "op_case.h"

/* A random shape of `dims` axes of up to `limit`; about `large` numbers when timing. */
static slot any_shape(op_case *c, slot_fill fill) {
    const int64_t shape[3] = {op_extent(c, 7, 8), op_extent(c, 19, 432), op_extent(c, 67, 3072)};
    return op_activation(3, shape, fill);
}

static slot output_like(slot s) {
    s.fill = FILL_ZERO;
    s.is_differentiated = false;
    return s;
}

static double count_of(const slot *s) {
    double count = 1;
    for (int i = 0; i < s->dims; i++) count *= (double)s->shape[i];
    return count;
}

static void make_binary(op_case *c) {
    c->in[0] = op_differentiated(any_shape(c, FILL_NORMAL));
    const uint32_t kind = rp_random_below(&c->random, 3);
    c->in[1] = c->in[0];
    if (kind == 1) c->in[1] = op_parameter(1, &c->in[0].shape[2], FILL_NORMAL);
    if (kind == 2) c->in[1] = op_activation(2, &c->in[0].shape[1], FILL_NORMAL);
    c->in[1].is_differentiated = true;
    c->out[0] = output_like(c->in[0]);
    c->flops = count_of(&c->in[0]);
}

static void make_unary(op_case *c, slot_fill fill) {
    c->in[0] = op_differentiated(any_shape(c, fill));
    c->out[0] = output_like(c->in[0]);
    c->flops = count_of(&c->in[0]);
}

static void make_map(op_case *c) { make_unary(c, FILL_NORMAL); }
static void make_kinked(op_case *c) { make_unary(c, FILL_AWAY); }
static void make_log(op_case *c) { make_unary(c, FILL_POSITIVE); }

static void make_scale(op_case *c) {
    make_unary(c, FILL_NORMAL);
    c->attr.alpha = rp_random_normal(&c->random);
    c->attr.beta = rp_random_normal(&c->random);
}

static void make_power(op_case *c) {
    static const double exponents[] = {-1, -0.5, 0.5, 2, 3, 1.7};
    make_unary(c, FILL_POSITIVE);
    c->attr.alpha = exponents[rp_random_below(&c->random, RP_COUNT(exponents))];
}

static void make_cast(op_case *c) {
    make_unary(c, FILL_NORMAL);
    if (rp_random_below(&c->random, 2) == 0) c->in[0].kind = SLOT_PARAMETER;
    else c->out[0].kind = SLOT_PARAMETER;
}

static void make_dropout(op_case *c) {
    make_unary(c, FILL_NORMAL);
    c->attr.rate = rp_random_between(&c->random, 0, 0.9);
    c->attr.seed = rp_random_u32(&c->random);
    c->attr.stream = (uint64_t)rp_random_u32(&c->random) << 20;
}

static void make_sum(op_case *c) {
    c->in[0] = op_differentiated(any_shape(c, FILL_NORMAL));
    const int kept = (int)rp_random_below(&c->random, 3); /* axes that stay, from the last */
    c->out[0] = op_activation(kept, c->in[0].shape + 3 - kept, FILL_ZERO);
    if (rp_random_below(&c->random, 2) == 0) c->out[0].kind = SLOT_PARAMETER;
    c->flops = count_of(&c->in[0]);
}

static void make_sum_last(op_case *c) {
    make_map(c);
    c->out[0].shape[2] = 1;
}

static void make_expand_last(op_case *c) {
    make_map(c);
    c->in[0].shape[2] = 1;
}

static void make_expand(op_case *c) {
    make_map(c);
    const int kept = (int)rp_random_below(&c->random, 3);
    c->in[0] = op_differentiated(op_activation(kept, c->out[0].shape + 3 - kept, FILL_NORMAL));
}

static void make_matmul(op_case *c) {
    const int64_t r = op_extent(c, 37, 512), k = op_extent(c, 65, 512), n = op_extent(c, 41, 512);
    c->attr.transpose_a = rp_random_below(&c->random, 2) == 1;
    c->attr.transpose_b = rp_random_below(&c->random, 2) == 1;
    const bool ta = c->attr.transpose_a, tb = c->attr.transpose_b;
    c->in[0] = op_activation(2, (int64_t[]){ta ? k : r, ta ? r : k}, FILL_NORMAL);
    c->in[1] = op_activation(2, (int64_t[]){tb ? n : k, tb ? k : n}, FILL_NORMAL);
    c->in[0].is_differentiated = c->in[1].is_differentiated = true;
    c->out[0] = op_activation(2, (int64_t[]){r, n}, FILL_ZERO);
    c->flops = 2.0 * (double)r * (double)k * (double)n;
}

/* x (R, I) or (B, T, I); y in the type of x, or f32 for logits. */
static void make_linear(op_case *c) {
    const int64_t b = op_extent(c, 5, 8), t = op_extent(c, 17, 272);
    const int64_t i = op_extent(c, 67, 192), o = op_extent(c, 43, 184);
    const bool is_flat = rp_random_below(&c->random, 2) == 0;
    const slot x2 = op_activation(2, (int64_t[]){b * t, i}, FILL_NORMAL);
    const slot y2 = op_activation(2, (int64_t[]){b * t, o}, FILL_ZERO);
    const slot x3 = op_activation(3, (int64_t[]){b, t, i}, FILL_NORMAL);
    const slot y3 = op_activation(3, (int64_t[]){b, t, o}, FILL_ZERO);
    c->in[0] = op_differentiated(is_flat ? x2 : x3);
    c->in[1] = op_differentiated(op_parameter(2, (int64_t[]){o, i}, FILL_NORMAL));
    if (!op_is_rare(c, 3)) c->in[2] = op_differentiated(op_parameter(1, &o, FILL_NORMAL));
    c->out[0] = is_flat ? y2 : y3;
    if (rp_random_below(&c->random, 2) == 0) c->out[0].kind = SLOT_PARAMETER;
    c->flops = 2.0 * (double)(b * t) * (double)i * (double)o;
}

static void make_linear_backward(op_case *c) {
    make_linear(c);
    const slot x = c->in[0], w = c->in[1], gy = c->out[0];
    const int64_t outputs[1] = {w.shape[0]};
    c->in[0] = gy;
    c->in[0].fill = FILL_NORMAL;
    c->in[1] = output_like(x);
    c->in[1].fill = FILL_NORMAL;
    c->in[2] = output_like(w);
    c->in[2].fill = FILL_NORMAL;
    c->out[0] = output_like(x);
    c->out[1] = output_like(w);
    c->out[2] = op_parameter(1, outputs, FILL_ZERO);
    for (int i = 0; i < 3; i++)
        if (op_is_rare(c, 4)) c->out[i] = (slot){0};
    c->flops *= 2;
}

static void make_softmax(op_case *c) {
    const int64_t rows = op_extent(c, 23, 2176), columns = op_extent(c, 71, 184);
    c->in[0] = op_differentiated(op_activation(2, (int64_t[]){rows, columns}, FILL_NORMAL));
    c->out[0] = output_like(c->in[0]);
}

static void make_embedding(op_case *c) {
    const int64_t v = op_extent(c, 29, 184), e = op_extent(c, 35, 192), r = op_extent(c, 40, 2176);
    c->in[0] = op_differentiated(op_parameter(2, (int64_t[]){v, e}, FILL_NORMAL));
    c->in[1] = op_integers(1, &r, FILL_IDS, v);
    c->out[0] = op_activation(2, (int64_t[]){r, e}, FILL_ZERO);
}

static void make_embedding_backward(op_case *c) {
    make_embedding(c);
    const slot ge = output_like(c->in[0]);
    c->in[0] = op_differentiated(c->out[0]);
    c->in[0].fill = FILL_NORMAL;
    c->out[0] = ge;
}

/* ---- losses ---- */

static const int64_t one = 1;

static void make_cross_entropy(op_case *c) {
    const int64_t r = op_extent(c, 40, 2176), v = op_extent(c, 71, 184);
    c->in[0] = op_differentiated(op_activation(2, (int64_t[]){r, v}, FILL_NORMAL));
    c->in[1] = op_integers(1, &r, FILL_IDS, v);
    c->out[0] = op_parameter(1, &one, FILL_ZERO);
}

static void make_cross_entropy_backward(op_case *c) {
    make_cross_entropy(c);
    c->in[2] = c->in[1];
    c->in[1] = c->in[0];
    c->in[1].is_differentiated = false;
    c->in[0] = op_parameter(1, &one, FILL_POSITIVE);
    c->out[0] = output_like(c->in[1]);
}

static void make_binary_cross_entropy(op_case *c) {
    const int64_t r = op_extent(c, 90, 100000);
    c->in[0] = op_differentiated(op_activation(1, &r, FILL_NORMAL));
    c->in[1] = op_parameter(1, &r, FILL_UNIT);
    c->in[2] = op_parameter(1, &r, op_is_rare(c, 6) ? FILL_ZERO : FILL_UNIT);
    c->out[0] = op_parameter(1, &one, FILL_ZERO);
}

static void make_binary_cross_entropy_backward(op_case *c) {
    make_binary_cross_entropy(c);
    c->in[3] = c->in[2];
    c->in[2] = c->in[1];
    c->in[1] = c->in[0];
    c->in[1].is_differentiated = false;
    c->in[0] = op_parameter(1, &one, FILL_POSITIVE);
    c->out[0] = output_like(c->in[1]);
}

/* ---- parameters ---- */

static void make_sum_squares(op_case *c) {
    const int64_t n = op_extent(c, 999, 7277401);
    c->in[0] = op_parameter(1, &n, FILL_NORMAL);
    c->out[0] = op_parameter(1, &one, FILL_ZERO);
    c->flops = 2 * (double)n;
}

static void make_adam(op_case *c) {
    const int64_t n = op_extent(c, 999, 7277401);
    c->in[0] = op_parameter(1, &n, FILL_NORMAL);
    c->out[0] = op_parameter(1, &n, FILL_NORMAL);
    c->out[1] = op_parameter(1, &n, FILL_SMALL);
    c->out[2] = op_parameter(1, &n, FILL_POSITIVE);
    c->attr = (rp_attr){.alpha = 0.7,
                        .rate = 0.1,
                        .eps = 1e-8,
                        .decay = {0.9, 0.999},
                        .count = 1 + rp_random_below(&c->random, 1000)};
    c->flops = 14 * (double)n;
}

static void make_sgd(op_case *c) {
    make_adam(c);
    c->out[2] = (slot){0};
    c->attr.beta = 1e-2;
    c->flops = 6 * (double)c->in[0].shape[0];
}

static void make_average(op_case *c) {
    make_adam(c);
    c->out[1] = c->out[2] = (slot){0};
    c->flops = 3 * (double)c->in[0].shape[0];
}

const op_maker op_makers_simple[RP_OP_COUNT] = {
    [RP_OP_add] = {make_binary, NULL},
    [RP_OP_mul] = {make_binary, NULL},
    [RP_OP_scale] = {make_scale, NULL},
    [RP_OP_power] = {make_power, NULL},
    [RP_OP_relu] = {make_kinked, NULL},
    [RP_OP_step] = {make_kinked, NULL},
    [RP_OP_sigmoid] = {make_map, NULL},
    [RP_OP_tanh] = {make_map, NULL},
    [RP_OP_exp] = {make_map, NULL},
    [RP_OP_log] = {make_log, NULL},
    [RP_OP_cast] = {make_cast, NULL},
    [RP_OP_dropout] = {make_dropout, NULL},
    [RP_OP_sum] = {make_sum, NULL},
    [RP_OP_sum_last] = {make_sum_last, NULL},
    [RP_OP_expand_last] = {make_expand_last, NULL},
    [RP_OP_expand] = {make_expand, NULL},
    [RP_OP_matmul] = {make_matmul, NULL},
    [RP_OP_linear] = {make_linear, NULL},
    [RP_OP_linear_backward] = {make_linear_backward, NULL},
    [RP_OP_softmax] = {make_softmax, NULL},
    [RP_OP_embedding] = {make_embedding, NULL},
    [RP_OP_embedding_backward] = {make_embedding_backward, NULL},
    [RP_OP_cross_entropy] = {make_cross_entropy, NULL},
    [RP_OP_cross_entropy_backward] = {make_cross_entropy_backward, NULL},
    [RP_OP_binary_cross_entropy] = {make_binary_cross_entropy, NULL},
    [RP_OP_binary_cross_entropy_backward] = {make_binary_cross_entropy_backward, NULL},
    [RP_OP_sum_squares] = {make_sum_squares, NULL},
    [RP_OP_adam] = {make_adam, NULL},
    [RP_OP_sgd] = {make_sgd, NULL},
    [RP_OP_average] = {make_average, NULL},
};
