/* lenet_modern.h: LeNet's task with today's means, on the tensor engine: 3x3 convolutions, batch
 * norm, relu, max-pooling, distortions drawn anew at every pass, Adam with a cosine, averaged
 * weights. What differs between sizes and between data sets stands in one table of rows.
 *
 * Activations are bf16 while training and asking, parameters f32. For asking, each norm is folded
 * into the convolution before it (nn/fold.h). */
#ifndef RP_LEARN_LENET_MODERN_H
#define RP_LEARN_LENET_MODERN_H

#include "base/pool.h"
#include "learn/distort.h"
#include "learn/lenet_answer.h"
#include "nn/optimiser.h"
#include "tensor/tape.h"

/* A layer: convolution of 3 x 3, batch norm, [the output of an earlier row added,] relu,
 * [max-pooling]. */
typedef struct rp_lenet_row {
    int maps;      /* a multiple of 16 */
    int adds;      /* 0, or: adds the output of so many rows before */
    bool has_pool; /* 2x2 */
} rp_lenet_row;

enum { RP_LENET_ROWS_MAX = 16, RP_LENET_CLASSES = 10 };

/* How a net is trained, unless the caller says otherwise. */
typedef struct rp_lenet_recipe {
    unsigned passes;
    double rate, decay; /* of Adam, with a cosine to 0; see rp_optimiser's weight_decay */
    rp_distort_ranges ranges;
} rp_lenet_recipe;

/* An image as it is asked: moved by whole pixels, mirrored left to right. */
typedef struct rp_lenet_view {
    int right, down;
    bool is_mirrored;
} rp_lenet_view;

/* A net: its layers; after the last, the mean of each map or all its numbers go to a full layer of
 * ten classes. */
typedef struct rp_lenet_shape {
    const char *name;
    rp_lenet_recipe recipe;
    const rp_lenet_view *views; /* the answer is the mean of the logits of these; 1: as it is */
    int view_count;
    bool has_mean;
    int row_count;
    rp_lenet_row rows[RP_LENET_ROWS_MAX];
} rp_lenet_shape;

typedef struct rp_lenet_modern {
    const rp_lenet_shape *shape;
    rp_device *device; /* owned */
    rp_tape tape;
    rp_parameters parameters; /* conv.N.weight, norm.N.*, full.weight, full.bias */
    rp_parameters folded;     /* conv.N.weight, conv.N.bias with the norms in them */
    bool is_folded;           /* `folded` and `answer` are of the parameters as they are */
    bool asks_tape;           /* always on processors without lenet_answer.h's instructions */
    rp_answer answer;         /* `folded` once more, in the order of its loops */
    rp_pool *pool;            /* owned, as are the rooms: answer.room_count numbers a thread */
    uint16_t *rooms;          /* NULL until first asked */
    uint64_t step;            /* of Adam, since rp_lenet_modern_begin */
} rp_lenet_modern;

/* The shape of this name, or NULL. */
const rp_lenet_shape *rp_lenet_shape_find(const char *name);

/* On the device of this name, with at most so many threads; see rp_device_create. */
typedef struct rp_lenet_place {
    const char *device;
    unsigned threads;
} rp_lenet_place;

rp_status rp_lenet_modern_init(rp_lenet_modern *net, const rp_lenet_shape *shape, uint64_t seed,
                               rp_lenet_place place, rp_error *error);
void rp_lenet_modern_clear(rp_lenet_modern *net);

/* Before the first step of a training: from the weights as they are, Adam, its schedule and the
 * average of the weights begin anew. RP_SYSTEM: what the device was still about went wrong. */
rp_status rp_lenet_modern_begin(rp_lenet_modern *net, rp_error *error);

/* One step of Adam on x (count, 28, 28) ink and its labels. The loss and the number of wrong
 * answers are added to totals[0] and [1]. */
rp_status rp_lenet_modern_learn(rp_lenet_modern *net, const rp_optimiser *optimiser, const float *x,
                                const int32_t *labels, int count, double totals[2]);

/* To be called when parameters were written from outside: what was made of them is made anew. */
void rp_lenet_modern_changed(rp_lenet_modern *net);

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
