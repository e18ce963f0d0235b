/* lenet_modern.h: LeNet's task with today's means, on the tensor engine: 3x3 convolutions, batch
 * norm, relu, max-pooling, distortions drawn anew at every pass, Adam with a cosine, averaged
 * weights. */
#ifndef RP_LEARN_LENET_MODERN_H
#define RP_LEARN_LENET_MODERN_H

#include "learn/distort.h"
#include "nn/optimiser.h"
#include "tensor/tape.h"

/* A layer: convolution 3x3 with padding 1 to `maps`, batch norm, relu; then max-pooling 2x2? */
typedef struct rp_lenet_row {
    int maps;
    bool has_pool;
} rp_lenet_row;

enum { RP_LENET_ROWS_MAX = 8, RP_LENET_CLASSES = 10 };

/* A size of the modern net: its layers; after the last a full layer to ten classes. */
typedef struct rp_lenet_shape {
    const char *name;
    int row_count;
    rp_lenet_row rows[RP_LENET_ROWS_MAX];
} rp_lenet_shape;

typedef struct rp_lenet_modern {
    const rp_lenet_shape *shape;
    rp_device *device; /* owned */
    rp_tape tape;
    rp_parameters parameters; /* conv.N.weight, norm.N.*, full.weight, full.bias */
    uint64_t step;
} rp_lenet_modern;

/* The shape of this name ("modern", "large"), or NULL. */
const rp_lenet_shape *rp_lenet_shape_find(const char *name);

rp_status rp_lenet_modern_init(rp_lenet_modern *net, const rp_lenet_shape *shape, uint64_t seed,
                               unsigned threads, rp_error *error);
void rp_lenet_modern_clear(rp_lenet_modern *net);

/* One step of Adam on x (count, 28, 28) ink and its labels. The loss and the number of wrong
 * answers are added to totals[0] and [1]. */
rp_status rp_lenet_modern_learn(rp_lenet_modern *net, const rp_optimiser *optimiser, const float *x,
                                const int32_t *labels, int count, double totals[2]);

/* Logits (count, 10) at inference. RP_SYSTEM only. */
rp_status rp_lenet_modern_run(rp_lenet_modern *net, const float *x, int count, float *logits,
                              rp_error *error);

/* Takes the averaged weights and gathers the norms' statistics for them anew from `batches` batches
 * that `draw` fills (count images each): an average of weights has no statistics of its own. */
typedef void (*rp_lenet_draw_fn)(void *context, int batch, float *x, int count);
rp_status rp_lenet_modern_settle(rp_lenet_modern *net, int batches, int count,
                                 rp_lenet_draw_fn draw, void *context, rp_error *error);

/* The maps after layer `row` (from 0) for one image: (side, side, maps), into `maps` (at most 28 *
 * 28 * 128 numbers); *side and *count say the shape. */
rp_status rp_lenet_modern_maps(rp_lenet_modern *net, const float *x, int row, float *maps,
                               int shape[2], rp_error *error);

#endif
