/* beam.h: the decoder at work: the tokens of many spans, the likeliest few lines of each at once.
 *
 * A line is a run of tokens from `measure` on, its score the logarithm of its probability under the
 * network. At each step every line of a span is gone on with by its likeliest tokens (those LMX
 * allows), and the best `width` of all stay. A line that falls more than `margin` behind the best
 * complete one is dropped: where the network is sure, one line is left and the search costs what
 * greedy reading costs. All lines of all spans are one batch of the network.
 *
 * Width 1 is greedy reading. Results of a span do not depend on the others. */
#ifndef RP_SCORE_BEAM_H
#define RP_SCORE_BEAM_H

#include "score/model.h"

enum { RP_BEAM_WIDTH_MAX = 16 };

typedef struct rp_beam_options {
    int32_t width;     /* 1 .. RP_BEAM_WIDTH_MAX lines a span */
    int32_t steps_max; /* tokens of a line at most */
    float margin;      /* nats; see above */
    bool free_grammar; /* any token may follow any */
    bool one_measure;  /* a span holds one measure: another `measure` is its end */
} rp_beam_options;

/* One complete line of a span. */
typedef struct rp_candidate {
    uint16_t *tokens;
    float *confidence; /* (count) probability of each, given those before it */
    int32_t *first,
        *last; /* (count) columns first .. last - 1 of the image that hold most of the attention */
    int32_t count;
    float score; /* nats: log probability, its end included */
} rp_candidate;

typedef struct rp_candidates {
    rp_candidate *items; /* (count) best first; at least one */
    int32_t count;
} rp_candidates;

/* Which columns [first, last) of which image. */
typedef struct rp_span {
    int32_t image, first, last;
} rp_span;

/* With several views of an image the encoding holds all images as first seen, then all of them as
 * seen next, and so on, `images` each; a token's probability is the mean of what they say. */
typedef struct rp_span_list {
    const rp_span *spans; /* of the first view */
    int32_t count;
    int32_t views, images; /* views of each: at least 1 */
} rp_span_list;

/* Writes the lines of the spans of what was encoded; candidates: (count), memory of `arena`.
 * `step` is a tape that does not record. RP_SYSTEM: no memory. */
rp_status rp_beam_write(rp_candidates *candidates, const rp_model *model, rp_tape *step,
                        const rp_encoding *encoding, const rp_span_list *spans,
                        const rp_beam_options *options, rp_arena *arena, rp_error *error);

#endif
