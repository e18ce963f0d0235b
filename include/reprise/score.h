/* score.h: reading printed piano music: train, evaluate, read.
 *
 * Every function returns a status and fills in `error` (may be NULL). Texts returned through
 * `char **` are the caller's: free() them. */
#ifndef REPRISE_SCORE_H
#define REPRISE_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- training ---------------------------------------------------------------------------------- */

typedef struct rp_score_train_options {
    const char *data;          /* an OLiMPiC folder, or one with its .tgz shards */
    const char *output;        /* folder for checkpoint, log, curve and weights; made if missing */
    const char *configuration; /* "measure", "zeus" */
    const char *init;          /* weights to start from, or NULL: fresh ones */
    const char *augment;       /* list of augmentations, see `reprise score augment` */
    double epochs;             /* length of the run, over which the rate falls */
    double rate;               /* largest learning rate (Adam) */
    double token_dropout;      /* share of the decoder's inputs that are hidden from it */
    int32_t batch;             /* systems a step */
    int32_t threads;           /* 0: all */
    int32_t limit;             /* only so many training systems; 0: all */
    int32_t evaluate_limit;    /* dev systems for each evaluation; 0: all */
    double evaluate_minutes;   /* between evaluations */
    double checkpoint_minutes; /* between checkpoints: what a kill costs at most */
    double stop_minutes;       /* end early after so long, checkpointed; 0: never */
    int32_t measures_max;      /* longest span in measures, of configurations that read by measure */
    uint64_t seed;
    bool full_precision;       /* f32 instead of bf16 activations */
    bool resume;               /* go on from the checkpoint in `output` */
} rp_score_train_options;

rp_score_train_options rp_score_train_defaults(void);

/* Trains until the epochs are done or progress asks for an end (then with a checkpoint: RP_NO).
 * Leaves in `output`: checkpoint.safetensors, model.safetensors (f16, for use), log.jsonl,
 * curve.png. */
rp_status rp_score_train(const rp_score_train_options *options, const rp_progress *progress,
                         const rp_log *log, rp_error *error);

/* ---- evaluation -------------------------------------------------------------------------------- */

typedef struct rp_score_evaluate_options {
    const char *data, *split, *model;
    int32_t limit, threads;
    bool full_precision, free_grammar;
} rp_score_evaluate_options;

typedef struct rp_score_figures {
    double ser, ser_no_tuplets; /* per cent, published definition */
    double cut_right;           /* per cent of systems cut into the right number of measures */
    double seconds;             /* of reading, without loading */
    int32_t systems;
} rp_score_figures;

rp_status rp_score_evaluate(rp_score_figures *figures, const rp_score_evaluate_options *options,
                            const rp_progress *progress, rp_error *error);

#ifdef __cplusplus
}
#endif
#endif
