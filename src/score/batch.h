/* batch.h: training batches, made between the steps on the threads that compute, or ahead on a
 * thread of their own.
 *
 * Batch `step` is a function of (seed, step) alone, so that a resumed run sees what the first would
 * have: the samples of an epoch are shuffled, sorted by width within windows, cut into batches and
 * the batches shuffled again, so that one batch's images are about as wide. */
#ifndef RP_SCORE_BATCH_H
#define RP_SCORE_BATCH_H

#include "page/augment.h"
#include "score/dataset.h"
#include "score/model.h"

typedef struct rp_batch_options {
    int32_t size;         /* images, of all members */
    int32_t first, count; /* those of this member; count 0: all */
    uint64_t seed;
    int32_t stride;       /* px a column of the model */
    bool by_measure;      /* spans are measures where edges are known, else whole systems */
    int32_t measures_max; /* by_measure: a span has 1 .. so many measures, drawn */
    int32_t margin;       /* columns that a span's window is wider on both sides */
    rp_dtype dtype;       /* of the images: RP_F32 or RP_BF16 */
    const rp_page_augment_list *augment; /* NULL: none */
    double mixed; /* share of systems that go on with measures of others (mixing.h); only level */
    rp_device *device; /* whose threads make each batch when it is taken, all of them; NULL, or one
                        * that computes elsewhere: a thread of the maker's own works ahead */
} rp_batch_options;

/* One batch; memory of the maker, until the batch after next is taken. */
typedef struct rp_batch {
    rp_tensor images;                     /* (B, W, H, 1) */
    int32_t *lengths;                     /* (B) px */
    rp_tensor spans;                      /* i32 (N, 3) */
    rp_tensor inputs;                     /* i32 (N, L): 0, then the ids; -1 behind */
    rp_tensor rows, targets;              /* i32 (R): places n L + l that count, and their id, at
                                             the end of a span 0; both -1 where R is rounded up */
    rp_tensor edges, edge_weights;        /* f32 (B, T): 1 at columns that hold a measure's edge */
    rp_tensor presence, presence_weights; /* f32 (N, V): 1 where the span holds the id */
    int64_t span_max, tokens;             /* widest window; targets that count */
    rp_arena arena;
} rp_batch;

typedef struct rp_batches rp_batches;

/* Batches from `first_step` on. `set` and the device stay the caller's and alive. */
rp_status rp_batches_create(rp_batches **batches, const rp_dataset *set,
                            const rp_batch_options *options, uint64_t first_step, rp_error *error);

/* The next batch in order of steps. */
rp_status rp_batches_next(rp_batches *batches, const rp_batch **batch, rp_error *error);

/* Batches an epoch. */
uint64_t rp_batches_per_epoch(const rp_dataset *set, const rp_batch_options *options);

void rp_batches_destroy(rp_batches *batches);

/* Columns [first, last) of `columns` for px [left, right), widened by `margin` columns. */
void rp_span_columns(int32_t span[2], double left, double right, int32_t stride, int32_t margin,
                     int32_t columns);

/* How far a picture is moved: px to the right and down, negative: the other way. */
typedef struct rp_shift {
    int32_t right, down;
} rp_shift;

/* Copies an image into place `index` of images (B, W, H, 1): turned, ink 1, paper 0 around it. What
 * the shift moves beyond the place's or the image's own width is lost. */
void rp_batch_put_image(rp_tensor *images, int64_t index, const rp_page_image *image,
                        rp_shift shift);

#endif
