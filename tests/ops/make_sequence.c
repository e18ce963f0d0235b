/* make_sequence.c: cases of the LSTM and of the decoder. */
#include "op_case.h"
#include "tensor/ref/ref.h"

static slot filled(slot s, slot_fill fill) {
    s.fill = fill;
    s.is_differentiated = false;
    return s;
}

static void make_lstm(op_case *c) {
    const int64_t b = op_extent(c, 5, 8), t = op_extent(c, 11, 54);
    const int64_t inputs = op_extent(c, 37, 2304), u = op_extent(c, 21, 192);
    const int64_t d = c->size == SIZE_LARGE ? 2 : 1 + rp_random_below(&c->random, 2);
    c->in[0] = op_differentiated(op_activation(3, (int64_t[]){b, t, inputs}, FILL_NORMAL));
    c->in[1] = op_differentiated(op_parameter(3, (int64_t[]){d, 4 * u, inputs}, FILL_SMALL));
    c->in[2] = op_differentiated(op_parameter(3, (int64_t[]){d, 4 * u, u}, FILL_SMALL));
    c->in[3] = op_differentiated(op_parameter(2, (int64_t[]){d, 4 * u}, FILL_SMALL));
    if (!op_is_rare(c, 3)) c->in[4] = op_integers(1, &b, FILL_LENGTHS, t);
    c->out[0] = op_activation(3, (int64_t[]){b, t, u}, FILL_ZERO);
    c->out[1] = op_parameter(4, (int64_t[]){d, b, t, 4 * u}, FILL_ZERO);
    c->out[2] = c->out[3] = op_parameter(4, (int64_t[]){d, b, t, u}, FILL_ZERO);
    c->flops = 8.0 * (double)(d * b * t * u * (inputs + u));
}

static void make_lstm_backward(op_case *c) {
    make_lstm(c);
    const op_case f = *c;
    c->in[0] = filled(f.out[0], FILL_NORMAL);
    for (int i = 0; i < 3; i++) c->in[1 + i] = filled(f.in[i], f.in[i].fill);
    for (int i = 0; i < 3; i++) c->in[4 + i] = filled(f.out[1 + i], FILL_DERIVED);
    c->in[7] = f.in[4];
    for (int i = 0; i < 4; i++) c->out[i] = filled(f.in[i], FILL_ZERO);
    if (op_is_rare(c, 4)) c->out[0] = (slot){0};
    c->flops *= 2;
}

/* gates, cells, hidden of the forward row, without biases. */
static void derive_lstm_backward(const op_case *c, const rp_args *args, rp_arena *arena) {
    rp_tensor y = *args->in[0], b = *args->out[3];
    y.data = rp_arena_alloc(arena, rp_tensor_bytes(&y));
    b.data = rp_arena_alloc(arena, rp_tensor_bytes(&b));
    const rp_args forward = {
        .in = {args->in[1], args->in[2], args->in[3], &b, args->in[7]},
        .out = {&y, (rp_tensor *)args->in[4], (rp_tensor *)args->in[5], (rp_tensor *)args->in[6]},
        .attr = c->attr};
    rp_ref_lstm(NULL, &forward, NULL);
}

/* ---- decoder ---- */

static void make_decoder_weights(op_case *c, int64_t k, int64_t a, int64_t u) {
    const int64_t v = op_extent(c, 23, 184), e = op_extent(c, 19, 192), a1 = a + 1, u4 = 4 * u;
    c->in[4] = op_parameter(2, (int64_t[]){v, e}, FILL_NORMAL);
    c->in[5] = op_parameter(2, (int64_t[]){a, 2 * u}, FILL_SMALL);
    c->in[6] = op_parameter(1, &a, FILL_SMALL);
    c->in[7] = op_parameter(1, &a1, FILL_NORMAL);
    c->in[8] = op_parameter(2, (int64_t[]){u4, e + k}, FILL_SMALL);
    c->in[9] = op_parameter(2, (int64_t[]){u4, u}, FILL_SMALL);
    c->in[10] = op_parameter(1, &u4, FILL_SMALL);
    c->in[3].bound = v;
}

static void make_decoder(op_case *c) {
    const int64_t b = op_extent(c, 3, 8), t = op_extent(c, 13, 54), k = op_extent(c, 19, 192);
    const int64_t a = op_extent(c, 21, 192), n = op_extent(c, 5, 8), steps = op_extent(c, 7, 272);
    const int64_t u = op_extent(c, 17, 192), spans[2] = {n, 3}, state[2] = {n, u};
    c->in[0] = op_activation(3, (int64_t[]){b, t, k}, FILL_NORMAL);
    c->in[1] = op_activation(3, (int64_t[]){b, t, a}, FILL_NORMAL);
    c->in[2] = op_integers(2, spans, FILL_DERIVED, t);
    c->in[3] = op_integers(2, (int64_t[]){n, steps}, FILL_ENDING, 0);
    make_decoder_weights(c, k, a, u);
    for (int i = 0; i < 11; i++) c->in[i].is_differentiated = i != 2 && i != 3;
    const bool is_begun = c->size >= SIZE_FORWARD && op_is_rare(c, 2); /* no gradient then */
    if (is_begun) c->in[11] = c->in[12] = op_parameter(2, state, FILL_SMALL);
    c->attr.raised = c->size >= SIZE_FORWARD && op_is_rare(c, 2); /* nor then */
    if (c->attr.raised) c->in[1].fill = FILL_POSITIVE;
    c->out[0] = c->out[1] = op_parameter(3, (int64_t[]){n, steps, u}, FILL_ZERO);
    c->out[2] = op_parameter(3, (int64_t[]){n, steps, 4 * u}, FILL_ZERO);
    c->out[3] = op_parameter(3, (int64_t[]){n, steps, t}, FILL_ZERO);
    c->out[4] = op_parameter(3, (int64_t[]){n, steps, k}, FILL_ZERO);
    const int64_t cell = 4 * u * (c->in[4].shape[1] + k + u), query = 2 * u * a;
    c->flops = 2.0 * (double)(n * steps) * (double)(cell + query + t * (k + 2 * a));
}

/* Spans of different images and widths; when timing the whole width. */
static void fill_spans(const op_case *c, const rp_tensor *spans, const rp_tensor *enc) {
    rp_random random = rp_random_make(c->seed, 2);
    int32_t *at = spans->data;
    for (int64_t n = 0; n < spans->shape[0]; n++, at += 3) {
        const int32_t width = (int32_t)enc->shape[1];
        at[0] = (int32_t)(n * enc->shape[0] / spans->shape[0]); /* in order; some have several */
        at[1] = (int32_t)rp_random_below(&random, (uint32_t)width);
        at[2] = at[1] + 1 + (int32_t)rp_random_below(&random, (uint32_t)(width - at[1]));
        if (c->size == SIZE_LARGE) {
            at[1] = 0;
            at[2] = width;
        }
    }
}

static void make_window_pool(op_case *c) {
    const int64_t b = op_extent(c, 3, 16), t = op_extent(c, 13, 54), k = op_extent(c, 19, 225);
    const int64_t n = op_extent(c, 5, 64);
    c->in[0] = op_differentiated(op_activation(3, (int64_t[]){b, t, k}, FILL_NORMAL));
    c->in[1] = op_integers(2, (int64_t[]){n, 3}, FILL_DERIVED, t);
    c->out[0] = op_activation(2, (int64_t[]){n, k}, FILL_ZERO);
}

static void derive_window_pool(const op_case *c, const rp_args *args, rp_arena *arena) {
    fill_spans(c, args->in[1], args->in[0]);
}

static void make_window_pool_backward(op_case *c) {
    make_window_pool(c);
    const op_case f = *c;
    c->in[0] = filled(f.out[0], FILL_NORMAL);
    c->in[1] = filled(f.in[0], FILL_NORMAL);
    c->in[2] = f.in[1];
    c->in[3] = filled(f.out[0], FILL_DERIVED);
    c->out[0] = filled(f.in[0], FILL_ZERO);
}

static void derive_window_pool_backward(const op_case *c, const rp_args *args, rp_arena *arena) {
    const rp_args forward = {.in = {args->in[1], args->in[2]}, .out = {(rp_tensor *)args->in[3]}};
    fill_spans(c, args->in[2], args->in[1]);
    rp_ref_window_pool(NULL, &forward, NULL);
}

static void derive_decoder(const op_case *c, const rp_args *args, rp_arena *arena) {
    fill_spans(c, args->in[2], args->in[0]);
}

static void make_decoder_backward(op_case *c) {
    make_decoder(c);
    const op_case f = *c;
    static const int differentiated[9] = {0, 1, 4, 5, 6, 7, 8, 9, 10};
    c->in[0] = filled(f.out[0], FILL_NORMAL);
    for (int i = 0; i < 11; i++) c->in[1 + i] = filled(f.in[i], f.in[i].fill);
    for (int i = 0; i < 5; i++) c->in[12 + i] = filled(f.out[i], FILL_DERIVED);
    for (int i = 0; i < 9; i++) c->out[i] = filled(f.in[differentiated[i]], FILL_ZERO);
    c->flops *= 2;
}

static void derive_decoder_backward(const op_case *c, const rp_args *args, rp_arena *arena) {
    rp_args forward = {.attr = c->attr};
    for (int i = 0; i < 11; i++) forward.in[i] = args->in[1 + i];
    for (int i = 0; i < 5; i++) forward.out[i] = (rp_tensor *)args->in[12 + i];
    fill_spans(c, args->in[3], args->in[1]);
    rp_ref_decoder(NULL, &forward, NULL);
}

const op_maker op_makers_sequence[RP_OP_COUNT] = {
    [RP_OP_lstm] = {make_lstm, NULL},
    [RP_OP_lstm_backward] = {make_lstm_backward, derive_lstm_backward},
    [RP_OP_window_pool] = {make_window_pool, derive_window_pool},
    [RP_OP_window_pool_backward] = {make_window_pool_backward, derive_window_pool_backward},
    [RP_OP_decoder] = {make_decoder, derive_decoder},
    [RP_OP_decoder_backward] = {make_decoder_backward, derive_decoder_backward},
};
