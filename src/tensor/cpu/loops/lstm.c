/* lstm.c: the recurrent part of the LSTM. The products with x are one large product over all steps
 * (linear); what is left is a loop over time of small products with the recurrent weights, for
 * which each thread takes a share of (direction, sample) pairs from first to last step, without
 * waiting for the others. Layout of saved tensors: (D, B, T, ...), so that a pair's steps lie
 * together. */
#include <omp.h>
#include <stdlib.h>

#include "tensor/cpu/loops/cell.h"
#include "tensor/cpu/loops/gemm.h"

typedef struct sizes {
    int64_t directions, samples, steps, units, inputs;
    const int32_t *lengths;
} sizes;

static sizes sizes_of(const rp_tensor *x, const rp_tensor *wh, const rp_tensor *lengths) {
    return (sizes){.directions = wh->shape[0],
                   .samples = x->shape[0],
                   .steps = x->shape[1],
                   .units = wh->shape[2],
                   .inputs = x->shape[2],
                   .lengths = lengths != NULL ? lengths->data : NULL};
}

static int64_t length_of(const sizes *s, int64_t b) {
    return s->lengths != NULL ? s->lengths[b] : s->steps;
}

/* The step that a direction takes as its k-th for a sample of `length` steps. */
static int64_t step_at(int64_t direction, int64_t k, int64_t length) {
    return direction == 0 ? k : length - 1 - k;
}

/* A tensor over part d of a (D, ...) parameter, so that packing knows it by its own address. */
static rp_tensor part_of(const rp_tensor *w, int64_t direction) {
    rp_tensor part = *w;
    const int64_t count = rp_tensor_count(w) / w->shape[0];
    part.data = (float *)w->data + direction * count;
    part.dims = w->dims - 1;
    for (int i = 0; i < part.dims; i++) part.shape[i] = w->shape[i + 1];
    part.shape[part.dims] = 1;
    return part;
}

enum { DIRECTIONS_MAX = 2 };

/* How a thread's share of the samples is processed: all samples of a direction in step. */
typedef struct share {
    int64_t direction, first, last; /* samples */
} share;

static share share_of(const sizes *s, int64_t index, int64_t shares) {
    const int64_t a_direction = shares / s->directions, d = index / a_direction;
    const int64_t part = index % a_direction;
    return (share){d, s->samples * part / a_direction, s->samples * (part + 1) / a_direction};
}

static int64_t share_count(const sizes *s) {
    const int64_t threads = omp_get_max_threads();
    const int64_t a_direction = (threads + s->directions - 1) / s->directions;
    return s->directions * (a_direction > s->samples ? s->samples : a_direction);
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Tensors of one direction, as plain memory. */
typedef struct forward {
    float *gates, *cells, *hidden; /* (B, T, 4U), (B, T, U), (B, T, U) */
    const float *projected;        /* (B, T, D * 4U): wx x + b of all directions */
    const float *recurrent;        /* panels of wh transposed */
    float *h, *a;                  /* rows of the share, gathered: (rows, U), (rows, 4U) */
} forward;

/* What is kept for the way back is 0 in the padding, as y is. */
static void clear_saved(const forward *p, const sizes *s, share part) {
    for (int64_t b = part.first; b < part.last; b++) {
        const int64_t first = b * s->steps + length_of(s, b), count = (b + 1) * s->steps - first;
        const size_t bytes = (size_t)(count * s->units) * sizeof(float);
        memset(p->gates + first * 4 * s->units, 0, 4 * bytes);
        memset(p->cells + first * s->units, 0, bytes);
        memset(p->hidden + first * s->units, 0, bytes);
    }
}

static void run_forward(const forward *p, const sizes *s, share part) {
    const int64_t units = s->units, wide = 4 * units, steps = s->steps;
    for (int64_t k = 0; k < steps; k++) {
        int64_t rows = 0;
        for (int64_t b = part.first; b < part.last; b++) {
            const int64_t length = length_of(s, b);
            if (k >= length) continue;
            const int64_t t = step_at(part.direction, k, length);
            memcpy(p->a + rows * wide,
                   p->projected + ((b * steps + t) * s->directions + part.direction) * wide,
                   (size_t)wide * sizeof(float));
            if (k > 0) {
                const int64_t before = step_at(part.direction, k - 1, length);
                memcpy(p->h + rows * units, p->hidden + (b * steps + before) * units,
                       (size_t)units * sizeof(float));
            }
            rows++;
        }
        if (k > 0) rp_gemm(p->a, wide, p->h, units, p->recurrent, rows, units, wide);
        rows = 0;
        for (int64_t b = part.first; b < part.last; b++) {
            const int64_t length = length_of(s, b);
            if (k >= length) continue;
            const int64_t at = b * steps + step_at(part.direction, k, length);
            const int64_t before = b * steps + step_at(part.direction, k - 1, length);
            float *a = p->a + rows++ * wide;
            rp_cell_forward(a, p->cells + at * units, p->hidden + at * units,
                            k > 0 ? p->cells + before * units : NULL, units);
            memcpy(p->gates + at * wide, a, (size_t)wide * sizeof(float));
        }
    }
}

/* y = sum over directions; 0 in the padding. */
static void sum_directions(rp_tensor *y, const float *hidden, const sizes *s) {
    const int64_t plane = s->samples * s->steps * s->units;
#pragma omp parallel for
    for (int64_t b = 0; b < s->samples; b++) {
        for (int64_t t = 0; t < s->steps; t++) {
            const int64_t row = (b * s->steps + t) * s->units;
            const bool valid = t < length_of(s, b);
            for (int64_t u = 0; u < s->units; u++) {
                float sum = 0;
                for (int64_t d = 0; valid && d < s->directions; d++)
                    sum += hidden[d * plane + row + u];
                if (y->dtype == RP_BF16) ((uint16_t *)y->data)[row + u] = rp_f32_to_bf16(sum);
                else ((float *)y->data)[row + u] = sum;
            }
        }
    }
}

static rp_status lstm(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *x = args->in[0], *wx = args->in[1], *wh = args->in[2];
    if (x->dtype == RP_F64) return rp_ref_ops.lstm(device, args, error);
    const sizes s = sizes_of(x, wh, args->in[4]);
    const int64_t wide = 4 * s.units, rows = s.samples * s.steps;
    const int64_t projected_count = rows * s.directions * wide;
    const size_t share_floats = (size_t)(s.samples * (wide + s.units));
    float *scratch = rp_cpu_scratch_take(
        device, RP_SCRATCH_LSTM,
        ((size_t)projected_count + (size_t)s.directions * share_floats) * sizeof(float));
    if (scratch == NULL) return rp_fail_memory(error, "an LSTM's gates");
    const rp_tensor all =
        rp_tensor_over(wx->data, RP_F32, 2, (int64_t[]){s.directions * wide, s.inputs});
    rp_tensor projected =
        rp_tensor_over(scratch, RP_F32, 2, (int64_t[]){rows, s.directions * wide});
    RP_TRY(device->ops.linear(device, &(rp_args){.in = {x, &all, args->in[3]}, .out = {&projected}},
                              error));
    const float *recurrent[DIRECTIONS_MAX] = {0};
    for (int64_t d = 0; d < s.directions; d++) {
        const rp_tensor part = part_of(wh, d);
        recurrent[d] = rp_cpu_pack_transposed(device, &part, 0, s.units);
        if (recurrent[d] == NULL) return rp_fail_memory(error, "packed weights");
    }
    float *gates = args->out[1]->data, *cells = args->out[2]->data, *hidden = args->out[3]->data;
    const int64_t shares = share_count(&s);
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < shares; i++) {
        const share part = share_of(&s, i, shares);
        float *own = scratch + projected_count + (int64_t)share_floats * part.direction;
        const forward p = {.gates = gates + part.direction * rows * wide,
                           .cells = cells + part.direction * rows * s.units,
                           .hidden = hidden + part.direction * rows * s.units,
                           .projected = scratch,
                           .recurrent = recurrent[part.direction],
                           .a = own + part.first * wide,
                           .h = own + s.samples * wide + part.first * s.units};
        run_forward(&p, &s, part);
        clear_saved(&p, &s, part);
    }
    sum_directions(args->out[0], hidden, &s);
    return RP_OK;
}

/* ---- backward -------------------------------------------------------------------------------- */

typedef struct backward {
    const float *gates, *cells, *gy; /* of the direction; gy (B, T, U) as f32 */
    const float *recurrent;          /* panels of wh plain */
    float *gprojected;               /* (B, T, D * 4U): gradients of the gates' sums */
    float *gh, *gc, *ga;             /* rows of the share: carried state and this step's gates */
} backward;

static void run_backward(const backward *p, const sizes *s, share part) {
    const int64_t units = s->units, wide = 4 * units, steps = s->steps, d = part.direction;
    const int64_t samples = part.last - part.first;
    memset(p->gh, 0, (size_t)(samples * units) * sizeof(float));
    memset(p->gc, 0, (size_t)(samples * units) * sizeof(float));
    for (int64_t k = steps - 1; k >= 0; k--) {
        for (int64_t b = part.first; b < part.last; b++) {
            const int64_t length = length_of(s, b), row = b - part.first;
            float *ga = p->ga + row * wide, *gh = p->gh + row * units, *gc = p->gc + row * units;
            if (k >= length) {
                memset(ga, 0, (size_t)wide * sizeof(float));
                continue;
            }
            const int64_t at = b * steps + step_at(d, k, length);
            const int64_t before = b * steps + step_at(d, k - 1, length);
            for (int64_t u = 0; u < units; u++) gh[u] += p->gy[at * units + u];
            rp_cell_backward(ga, gc, gh, p->gates + at * wide, p->cells + at * units,
                             k > 0 ? p->cells + before * units : NULL, units);
            memcpy(p->gprojected + (at * s->directions + d) * wide, ga,
                   (size_t)wide * sizeof(float));
        }
        memset(p->gh, 0, (size_t)(samples * units) * sizeof(float));
        if (k > 0) rp_gemm(p->gh, units, p->ga, wide, p->recurrent, samples, wide, units);
    }
}

static void clear_padding(float *gprojected, const sizes *s) {
    const int64_t wide = s->directions * 4 * s->units;
    for (int64_t b = 0; b < s->samples; b++) {
        const int64_t length = length_of(s, b);
        memset(gprojected + (b * s->steps + length) * wide, 0,
               (size_t)((s->steps - length) * wide) * sizeof(float));
    }
}

/* The h that each step of direction d had before it, (B, T, U): 0 at its first and in the padding.
 */
static void hidden_before(float *out, const float *hidden, const sizes *s, int64_t d) {
    memset(out, 0, (size_t)(s->samples * s->steps * s->units) * sizeof(float));
    for (int64_t b = 0; b < s->samples; b++) {
        const int64_t length = length_of(s, b);
        for (int64_t k = 1; k < length; k++)
            memcpy(out + (b * s->steps + step_at(d, k, length)) * s->units,
                   hidden + (b * s->steps + step_at(d, k - 1, length)) * s->units,
                   (size_t)s->units * sizeof(float));
    }
}

/* gwh of each direction: gates' gradients times the h before. */
static rp_status recurrent_gradient(rp_device *device, const rp_args *args, const sizes *s,
                                    const float *gprojected, float *work, rp_error *error) {
    const int64_t rows = s->samples * s->steps, wide = 4 * s->units;
    float *gates = work, *before = work + rows * wide;
    for (int64_t d = 0; d < s->directions; d++) {
        for (int64_t r = 0; r < rows; r++)
            memcpy(gates + r * wide, gprojected + (r * s->directions + d) * wide,
                   (size_t)wide * sizeof(float));
        hidden_before(before, (const float *)args->in[6]->data + d * rows * s->units, s, d);
        const rp_tensor a = rp_tensor_over(gates, RP_F32, 2, (int64_t[]){rows, wide});
        const rp_tensor b = rp_tensor_over(before, RP_F32, 2, (int64_t[]){rows, s->units});
        rp_tensor y = part_of(args->out[2], d);
        RP_TRY(device->ops.matmul(
            device, &(rp_args){.in = {&a, &b}, .out = {&y}, .attr = {.transpose_a = true}}, error));
    }
    return RP_OK;
}

/* gx, gwx and gb: the large product backwards, in the type of x. */
static rp_status projection_gradient(rp_device *device, const rp_args *args, const sizes *s,
                                     float *gprojected, void *rounded, rp_error *error) {
    const rp_tensor *x = args->in[1], *wx = args->in[2];
    const int64_t rows = s->samples * s->steps, wide = s->directions * 4 * s->units;
    const int64_t gate_shape[2] = {rows, wide}, w_shape[2] = {wide, s->inputs};
    const rp_tensor exact = rp_tensor_over(gprojected, RP_F32, 2, gate_shape);
    rp_tensor g = rp_tensor_over(rounded, x->dtype, 2, gate_shape);
    if (x->dtype == RP_F32) g.data = gprojected;
    else RP_TRY(device->ops.cast(device, &(rp_args){.in = {&exact}, .out = {&g}}, error));
    const rp_tensor w = rp_tensor_over(wx->data, RP_F32, 2, w_shape);
    rp_tensor gw = rp_tensor_over(args->out[1]->data, RP_F32, 2, w_shape);
    RP_TRY(device->ops.sum(device, &(rp_args){.in = {&exact}, .out = {args->out[3]}}, error));
    return device->ops.linear_backward(
        device, &(rp_args){.in = {&g, x, &w}, .out = {args->out[0], &gw}}, error);
}

static rp_status lstm_backward(rp_device *device, const rp_args *args, rp_error *error) {
    const rp_tensor *gy = args->in[0], *x = args->in[1], *wh = args->in[3];
    if (x->dtype == RP_F64) return rp_ref_ops.lstm_backward(device, args, error);
    const sizes s = sizes_of(x, wh, args->in[7]);
    const int64_t units = s.units, wide = 4 * units, rows = s.samples * s.steps;
    const int64_t projected = rows * s.directions * wide;
    const int64_t share_floats = s.samples * (wide + 2 * units);
    const int64_t spare = rows * (wide > 2 * units ? wide + units : 3 * units);
    float *scratch = rp_cpu_scratch_take(
        device, RP_SCRATCH_LSTM,
        (size_t)(2 * projected + rows * units + s.directions * share_floats + spare) *
            sizeof(float));
    if (scratch == NULL) return rp_fail_memory(error, "an LSTM's gradients");
    float *gprojected = scratch, *rounded = gprojected + projected, *gy32 = rounded + projected;
    float *own = gy32 + rows * units, *work = own + s.directions * share_floats;
    rp_tensor upstream = rp_tensor_over(gy32, RP_F32, 2, (int64_t[]){rows, units});
    RP_TRY(device->ops.cast(device, &(rp_args){.in = {gy}, .out = {&upstream}}, error));
    const float *recurrent[DIRECTIONS_MAX] = {0};
    for (int64_t d = 0; d < s.directions; d++) {
        const rp_tensor part = part_of(wh, d);
        recurrent[d] = rp_cpu_pack_plain(device, &part, 0, units);
        if (recurrent[d] == NULL) return rp_fail_memory(error, "packed weights");
    }
    const float *gates = args->in[4]->data, *cells = args->in[5]->data;
    const int64_t shares = share_count(&s);
#pragma omp parallel for schedule(static, 1)
    for (int64_t i = 0; i < shares; i++) {
        const share part = share_of(&s, i, shares);
        float *mine = own + part.direction * share_floats;
        const backward p = {.gates = gates + part.direction * rows * wide,
                            .cells = cells + part.direction * rows * units,
                            .gy = gy32,
                            .recurrent = recurrent[part.direction],
                            .gprojected = gprojected,
                            .ga = mine + part.first * wide,
                            .gh = mine + s.samples * wide + part.first * units,
                            .gc = mine + s.samples * (wide + units) + part.first * units};
        run_backward(&p, &s, part);
    }
    clear_padding(gprojected, &s);
    RP_TRY(recurrent_gradient(device, args, &s, gprojected, work, error));
    return projection_gradient(device, args, &s, gprojected, rounded, error);
}

void rp_cpu_install_lstm(rp_device *device);
void rp_cpu_install_lstm(rp_device *device) {
    device->ops.lstm = lstm;
    device->ops.lstm_backward = lstm_backward;
    device->implementation[RP_OP_lstm] = device->implementation[RP_OP_lstm_backward] = "cpu";
}
