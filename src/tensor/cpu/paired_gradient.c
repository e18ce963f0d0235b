/* paired_gradient.c: conv2d_backward_weights in bf16, tap by tap: the sum over all places of the
 * outputs there times the channels under the tap (pairs.h).
 *
 * For a block of columns of y, its rows and, for each tap along H, the rows under them are brought
 * into pairs; a column of x then serves the taps along W. oneDNN 2.6 takes 2 to 4 times as long
 * where the stride is 2 and channels are few. */
#include "tensor/cpu/convolution.h"
#include "tensor/cpu/pairs.h"

enum { BLOCK_PLACES = 96 }; /* between two passes over the sums, or a column if that is longer */

typedef struct shape {
    int64_t batch, in[2], channels, out[2], outputs;
    int64_t kernel[2], stride[2], before[2];
    int64_t rows;     /* of a column of pairs: out[1], even */
    int64_t columns;  /* of y in a block */
    int64_t x_column; /* numbers of a column of x in pairs, for all taps along H */
    int64_t blocks;   /* of an image */
    const uint16_t *x, *gy;
} shape;

static shape shape_of(const rp_args *args) {
    const rp_tensor *x = args->in[0], *gy = args->in[1], *gw = args->out[0];
    shape s = {.batch = x->shape[0],
               .channels = x->shape[3],
               .outputs = gy->shape[3],
               .x = x->data,
               .gy = gy->data};
    for (int axis = 0; axis < 2; axis++) {
        s.in[axis] = x->shape[1 + axis];
        s.out[axis] = gy->shape[1 + axis];
        s.kernel[axis] = gw->shape[1 + axis];
        s.stride[axis] = args->attr.stride[axis];
        s.before[axis] = args->attr.pad[2 * axis];
    }
    s.rows = (s.out[1] + 1) / 2 * 2;
    s.columns = (BLOCK_PLACES + s.rows - 1) / s.rows;
    s.x_column = s.kernel[1] * s.rows * s.channels;
    s.blocks = (s.out[0] + s.columns - 1) / s.columns;
    return s;
}

/* Columns of x under a block. */
static int64_t columns_under(const shape *s) {
    return (s->columns - 1) * s->stride[0] + s->kernel[0];
}

/* Asks for a column of the next block. */
static void column_prefetch(const uint16_t *column, int64_t count, int64_t ahead) {
    for (int64_t i = 0; i < count; i += RP_PANEL) rp_prefetch(column, ahead + i);
}

/* The pairs of one column of y. */
static void column_pair(const shape *s, const uint16_t *gy, uint16_t *z) {
    for (int64_t j = 0; j < s->out[1]; j += 2) {
        const uint16_t *row = gy + j * s->outputs;
        rp_rows_pair(z + j * s->outputs, z + (j + 1) * s->outputs, row,
                     j + 1 < s->out[1] ? row + s->outputs : NULL, s->outputs);
    }
}

/* The row of a column of x under tap l of place j of y, NULL outside; x NULL: a column outside. */
static const uint16_t *row_under(const shape *s, const uint16_t *x, int64_t j, int64_t l) {
    const int64_t row = j * s->stride[1] + l - s->before[1];
    const bool is_inside = x != NULL && j < s->out[1] && row >= 0 && row < s->in[1];
    return is_inside ? x + row * s->channels : NULL;
}

/* The pairs of one column of x for each tap along H. */
static void column_spread(const shape *s, const uint16_t *x, uint16_t *u) {
    for (int64_t l = 0; l < s->kernel[1]; l++)
        for (int64_t j = 0; j < s->rows; j += 2, u += 2 * s->channels)
            rp_rows_pair(u, u + s->channels, row_under(s, x, j, l), row_under(s, x, j + 1, l),
                         s->channels);
}

/* Adds block n: neighbouring columns of one image's y. */
static void block_add(const void *context, int64_t n, float *sums, void *space) {
    const shape *s = context;
    const int64_t image = n / s->blocks, first = n % s->blocks * s->columns;
    const int64_t left = s->out[0] - first, count = left < s->columns ? left : s->columns;
    const int64_t z_column = s->rows * s->outputs;
    const int64_t x_size = s->in[1] * s->channels, y_size = s->out[1] * s->outputs;
    const uint16_t *x = s->x + image * s->in[0] * x_size, *gy = s->gy + image * s->out[0] * y_size;
    uint16_t *u = space, *z = u + columns_under(s) * s->x_column;
    for (int64_t i = 0; i < count; i++) {
        const uint16_t *column = gy + (first + i) * y_size;
        column_pair(s, column, z + i * z_column);
        column_prefetch(column, y_size, s->columns * y_size);
    }
    for (int64_t i = 0; i < (count - 1) * s->stride[0] + s->kernel[0]; i++) {
        if (i % s->stride[0] >= s->kernel[0]) continue; /* under no tap */
        const int64_t at = first * s->stride[0] + i - s->before[0];
        const bool is_inside = at >= 0 && at < s->in[0];
        const uint16_t *column = is_inside ? x + at * x_size : NULL;
        column_spread(s, column, u + i * s->x_column);
        column_prefetch(x + at * x_size, x_size, s->columns * s->stride[0] * x_size);
    }
    const rp_paired outputs = {z, s->outputs, z_column};
    for (int64_t k = 0; k < s->kernel[0]; k++) {
        for (int64_t l = 0; l < s->kernel[1]; l++, sums += s->outputs * s->channels) {
            const rp_paired under = {u + k * s->x_column + l * s->rows * s->channels, s->channels,
                                     s->stride[0] * s->x_column};
            rp_paired_add(sums, &outputs, &under, s->rows, count);
        }
    }
}

rp_status rp_paired_backward_weights(rp_device *device, const rp_args *args, rp_error *error) {
    const shape s = shape_of(args);
    const int64_t taps = s.kernel[0] * s.kernel[1],
                  pairs = columns_under(&s) * s.x_column + s.columns * s.rows * s.outputs;
    const float *sums = rp_cpu_sum_blocks(device, s.blocks * s.batch, taps * s.outputs * s.channels,
                                          pairs * (int64_t)sizeof(uint16_t), block_add, &s);
    if (sums == NULL) return rp_fail_memory(error, "a gradient of weights");
    float *gw = args->out[0]->data; /* (outputs, taps, channels) from (taps, outputs, channels) */
#pragma omp parallel for schedule(static) num_threads(device->threads)
    for (int64_t o = 0; o < s.outputs; o++)
        for (int64_t tap = 0; tap < taps; tap++)
            memcpy(gw + (o * taps + tap) * s.channels, sums + (tap * s.outputs + o) * s.channels,
                   (size_t)s.channels * sizeof *gw);
    return RP_OK;
}
