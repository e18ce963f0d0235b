/* model.h: the networks that read music, as rows of layers.
 *
 * All of them are: convolutions over the whole system, columns to a sequence, LSTMs, and a decoder
 * with attention that writes LMX. A configuration is data; there is one code path.
 *
 * The decoder writes spans: runs of columns of an image (rp_tape_decoder). The published network
 * has one span a system. Ours has one a measure: tokens of a measure hardly depend on the one
 * before (voice, staff and stem start anew in LMX), the windows are short, so that the attention
 * has nothing to search for, and all measures are read at once. A second head marks the columns
 * where measures meet; reading cuts there.
 *
 * Letters: B images, W width in px, H the height, T = W / stride columns, U units, V ids.
 * Token ids of the network: LMX token + 1; 0 is both the start and the end. */
#ifndef RP_SCORE_MODEL_H
#define RP_SCORE_MODEL_H

#include "music/lmx.h"
#include "nn/checkpoint.h"
#include "nn/parameters.h"
#include "page/crop.h"
#include "score/calibration.h"
#include "tensor/tape.h"

enum { RP_MODEL_IDS = RP_LMX_COUNT + 1, RP_MODEL_END_ID = 0, RP_MODEL_LAYERS_MAX = 24 };

typedef enum rp_layer_kind {
    RP_LAYER_END,      /* of the rows */
    RP_LAYER_CONV,     /* convolution; norm and ReLU if it says so */
    RP_LAYER_RESIDUAL, /* two 3x3 convolutions with norms and a shortcut; the first has the stride
                        */
    RP_LAYER_COLUMNS,  /* (B, W, H, C) to (B, W, H C); with units: linear, norm, ReLU to units */
    RP_LAYER_DROPOUT,
    RP_LAYER_LSTM, /* both directions, summed; plus its input if `add_input` */
} rp_layer_kind;

typedef struct rp_layer {
    rp_layer_kind kind;
    int32_t kernel; /* CONV: side; RESIDUAL: side of the shortcut's, 0: identity */
    int32_t stride_w, stride_h;
    int32_t units; /* output channels or units */
    bool norm, relu, add_input;
    double rate; /* DROPOUT */
} rp_layer;

typedef struct rp_configuration {
    const char *name, *summary;
    int32_t height;      /* px of the images */
    int32_t ids;         /* V */
    int32_t units;       /* decoder's LSTM; also width of attention and embedding */
    bool by_measure;     /* spans are measures, with the head that finds their edges */
    rp_page_frame frame; /* how systems are cut out for it */
    double norm_decay, norm_eps;
    rp_layer layers[RP_MODEL_LAYERS_MAX];
} rp_configuration;

/* The configuration of this name, or NULL; `index` walks them all (NULL after the last). */
const rp_configuration *rp_configuration_find(const char *name);
const rp_configuration *rp_configuration_at(size_t index);

typedef struct rp_model {
    const rp_configuration *configuration;
    rp_parameters parameters; /* owned */
    rp_parameters folded;     /* owned; empty, or see rp_model_fold */
    int32_t stride;           /* px a column */
    int32_t behind_encoder;   /* index of the first parameter that is not the encoder's */
    rp_calibration calibration;
} rp_model;

/* A network with fresh weights from `seed`; with room for training if asked. */
rp_status rp_model_create(rp_model *model, const rp_configuration *configuration, uint64_t seed,
                          bool training, rp_error *error);

/* For reading: the encoder's convolutions once more, with the norms behind them in their weights
 * (nn/fold.h); rp_model_encode then runs these, which spares a pass over memory each. Not for a
 * model that is being trained: the copy does not follow. RP_SYSTEM: no memory. */
rp_status rp_model_fold(rp_model *model, rp_error *error);

/* Reads shipped weights, folded unless for training. RP_INPUT: damaged, or made for another
 * vocabulary or program. */
rp_status rp_model_open(rp_model *model, const char *path, bool training, rp_error *error);

/* Weights of `from` in a network that differs from it in the height of its images alone: what
 * stands behind the rows of a column is sampled anew, so that training goes on where `from` was
 * instead of at the start. RP_INPUT: it differs in more. */
rp_status rp_model_rescale(rp_model *model, const rp_model *from,
                           const rp_configuration *configuration, bool training, rp_error *error);

void rp_model_clear(rp_model *model);

/* What is stored beside the weights: configuration, vocabulary, calibration. `space` holds the
 * texts. */
enum { RP_MODEL_METADATA = 4 };
rp_status rp_model_metadata(const rp_model *model, rp_metadata metadata[RP_MODEL_METADATA],
                            rp_arena *space, rp_error *error);

/* The name of a part of the encoder's row, such as "norm1.gamma": "encoder.1.norm1.gamma". */
void rp_model_part_name(char name[RP_PARAMETER_NAME_MAX], int row, const char *part);

typedef struct rp_encoding {
    rp_tensor *enc;      /* (B, T, U) */
    rp_tensor *keys;     /* (B, T, U); exp(2 keys) if `raised` */
    rp_tensor *edges;    /* (B, T) f32 logits, or NULL */
    rp_tensor *presence; /* (B, T, V) f32 logits of what a column holds; NULL but in training */
    bool raised;
} rp_encoding;

typedef struct rp_model_run {
    bool training;
    uint64_t seed, step; /* of dropout */
    uint64_t first;      /* place of the first image in the whole batch */
} rp_model_run;

/* images: (B, W, H, 1), ink 1, paper 0; W a multiple of the stride. lengths: px of each image. */
rp_encoding rp_model_encode(const rp_model *model, rp_tape *tape, rp_tensor *images,
                            const int32_t *lengths, const rp_model_run *run);

/* The same for reading, a few images at a time, so that memory does not grow with their number: the
 * results are f32 and the tape's; `space`, which does not record either, is reset and holds what
 * lies between. On failure `tape` has the status and what was made is NULL. */
rp_encoding rp_model_encode_apart(const rp_model *model, rp_tape *tape, rp_tape *space,
                                  const rp_tensor *images, const int32_t *lengths);

typedef struct rp_spans {
    rp_tensor *spans; /* i32 (N, 3), in ascending order of images */
    rp_tensor *ids;   /* i32 (N, L), -1 behind the end */
    rp_tensor *rows; /* i32 (R): the rows n L + l whose logits are wanted, -1 for none; NULL: all */
    rp_tensor *h0, *c0;
    int64_t span_max; /* columns of the widest */
} rp_spans;

/* Logits (N, L, V) f32, or (R, V) of the wanted rows, and the state. */
typedef struct rp_decoding {
    rp_tensor *logits, *h, *c, *alpha;
} rp_decoding;

rp_decoding rp_model_decode(const rp_model *model, rp_tape *tape, const rp_encoding *encoding,
                            const rp_spans *spans);

#endif
