/* reader.h: from crops of systems to LMX tokens: encode, cut into spans, write, choose.
 *
 * Spans are written as candidates (beam.h); of each measure the one is taken that is likely and
 * adds up (measure_choice.h). An image may be looked at several times, each time moved by a few px
 * and so across the grid of the network's columns: what they say is averaged, which errs less than
 * any one of them (docs/experiments.md, Views). */
#ifndef RP_SCORE_READER_H
#define RP_SCORE_READER_H

#include "page/image.h"
#include "score/beam.h"
#include "score/measure_choice.h"

enum { RP_READER_VIEWS_MAX = 4 };

typedef struct rp_reader_options {
    rp_dtype dtype;         /* of the activations */
    rp_beam_options beam;   /* one_measure is the configuration's */
    rp_measure_bonus bonus; /* of configurations that read by measure */
    int32_t margin;         /* columns, as in training */
    int32_t views;     /* how often each image is looked at, from 1; at most RP_READER_VIEWS_MAX */
    bool is_one_piece; /* systems follow one another, over calls: time signatures last */
} rp_reader_options;

/* Greedy, as training evaluates and figures are published. */
rp_reader_options rp_reader_defaults(void);

/* As scores are read: two views, several lines at once, measures that add up preferred. */
rp_reader_options rp_reader_careful(void);

/* What was read of one system; memory of the arena that was given. */
typedef struct rp_reading {
    uint16_t *tokens;    /* LMX */
    float *confidence;   /* (token_count) probability that the token is right */
    float *left, *right; /* (token_count) px of the image that held most of the attention */
    int32_t token_count;
    float *edges;        /* (span_count + 1) px: where the measures were cut */
    int32_t *span_start; /* (span_count + 1) each span's first token; the last: token_count */
    bool *fits;          /* (span_count) its staffs are as long as they should be */
    float *sure;         /* (span_count) share of its tokens that is right, as expected */
    int32_t span_count;
} rp_reading;

/* Is span k not doubtful: adding up, and with at most one token in ten expected to be wrong? */
static inline bool rp_reading_is_sure(const rp_reading *reading, int32_t k) {
    return reading->fits[k] && reading->sure[k] >= 0.9f; /* docs/experiments.md, Confidence */
}

/* From the network's probabilities to confidence, for every token and measure; once a reading. */
void rp_reading_calibrate(rp_reading *reading, const rp_calibration *calibration);

/* A copy in another arena. RP_SYSTEM: no memory. */
rp_status rp_reading_copy(rp_reading *copy, const rp_reading *reading, rp_arena *arena,
                          rp_error *error);

typedef struct rp_reader {
    const rp_model *model; /* borrowed */
    rp_device *device;     /* borrowed */
    rp_reader_options options;
    rp_tape encode, step;       /* owned */
    rp_measure_context context; /* is_one_piece: of the systems so far */
} rp_reader;

rp_status rp_reader_init(rp_reader *reader, const rp_model *model, rp_device *device,
                         const rp_reader_options *options, rp_error *error);
void rp_reader_clear(rp_reader *reader);

/* Reads `count` images of the model's height. Each sample's result is the same alone and in
 * company, unless they are one piece. */
rp_status rp_reader_read(rp_reader *reader, rp_reading *readings, const rp_page_image *images,
                         int32_t count, rp_arena *arena, rp_error *error);

#endif
