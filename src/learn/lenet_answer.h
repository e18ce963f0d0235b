/* lenet_answer.h: a modern net in use, one image at a time, on processors with dot products of
 * bf16.
 *
 * Layer by layer over a batch, maps of 28 x 28 leave the second cache before the next layer reads
 * them, and the first convolution, of one channel, keeps the processor waiting for memory. Image by
 * image everything but the weights stays in the first cache. Maps lie in blocks of 16, one
 * register:
 *
 *     room    (block, side + 2, side + 2, 16) bf16 a layer, in a frame of one place of zeros
 *     weights (outputs / 16 / groups, inputs / 16, 9 taps, 8 pairs, groups, 16 outputs, 2 inputs)
 *
 * so that the loops read weights in one run, and a tile of places times `groups` x 16 outputs stays
 * in registers over all taps. Numbers are rounded where the tape rounds them, but for residuals,
 * which are added before the rounding. Processors without these instructions ask the tape. */
#ifndef RP_LEARN_LENET_ANSWER_H
#define RP_LEARN_LENET_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    RP_ANSWER_ROWS_MAX = 16,
    RP_ANSWER_CLASSES = 10,
    RP_ANSWER_BLOCK = 16,  /* maps of a block */
    RP_ANSWER_FRAMED = 30, /* the image's side with its frame */
    RP_ANSWER_STRIDE = 32  /* numbers from one of its rows to the next */
};

/* A 3 x 3 convolution with bias, what it adds, relu, pooling. */
typedef struct rp_answer_row {
    int inputs, outputs; /* in blocks; the first row reads the image: inputs 0 */
    int side;            /* 28, 14, 7 or 3, of its output before pooling */
    int groups;          /* 1, 2 or 3 blocks of outputs in a tile */
    int adds;            /* 0, or: adds the output of so many rows before */
    bool has_pool;
    const uint16_t *weights; /* bf16, as above; of the first row (block, 3, 2 pairs, 16, 2) */
    const float *bias;       /* (outputs x 16) */
    size_t y_at, pooled_at;  /* in the room */
} rp_answer_row;

typedef struct rp_answer {
    rp_answer_row rows[RP_ANSWER_ROWS_MAX];
    int row_count, last_side; /* last_side: of what the full layer sees */
    const float *full;        /* (classes, blocks, last_side^2, 16) */
    const float *full_bias;   /* (classes) */
    size_t room_count;        /* numbers of bf16 that a room holds */
    void *memory;             /* owned: all of the above */
} rp_answer;

/* One layer to be packed: weights (outputs, 3, 3, inputs) with the norm folded in. */
typedef struct rp_answer_layer {
    const float *weights, *bias;
    int inputs, outputs; /* maps: a multiple of 16; the first layer's inputs: 1 */
    int adds;
    bool has_pool;
} rp_answer_layer;

/* The full layer over (side, side, maps), or over the mean of each map. */
typedef struct rp_answer_full {
    const float *weights, *bias; /* (classes, side * side * maps) or (classes, maps); (classes) */
    bool has_mean;
} rp_answer_full;

/* Has this processor the instructions? */
bool rp_answer_is_possible(void);

/* Copies the weights, rounded and reordered. `answer` must be zero or cleared. */
rp_status rp_answer_pack(rp_answer *answer, const rp_answer_layer *layers, int count,
                         const rp_answer_full *full, rp_error *error);
void rp_answer_clear(rp_answer *answer);

/* Logits of one image (28, 28) of ink. room: room_count numbers, all 0 before its first use; one a
 * thread. Only where rp_answer_is_possible. */
void rp_answer_image(const rp_answer *answer, uint16_t *room, const float *image,
                     float logits[RP_ANSWER_CLASSES]);

#endif
