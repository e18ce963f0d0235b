/* reader.h: from crops of systems to LMX tokens: encode, cut into spans, write token by token. */
#ifndef RP_SCORE_READER_H
#define RP_SCORE_READER_H

#include "page/image.h"
#include "score/model.h"

typedef struct rp_reader_options {
    rp_dtype dtype;    /* of the activations */
    bool free_grammar; /* true: any token may follow any; false: only what LMX allows */
    int32_t steps_max; /* tokens of a span at most */
    int32_t margin;    /* columns, as in training */
} rp_reader_options;

rp_reader_options rp_reader_defaults(void);

/* What was read of one system; memory of the arena that was given. */
typedef struct rp_reading {
    uint16_t *tokens;  /* LMX */
    float *confidence; /* (token_count) probability that the network gave the token */
    int32_t *column;   /* (token_count) px where the attention's weight was largest */
    int32_t token_count;
    float *edges; /* (span_count + 1) px: where the measures were cut */
    int32_t span_count;
} rp_reading;

/* A copy in another arena. RP_SYSTEM: no memory. */
rp_status rp_reading_copy(rp_reading *copy, const rp_reading *reading, rp_arena *arena,
                          rp_error *error);

typedef struct rp_reader {
    const rp_model *model; /* borrowed */
    rp_device *device;     /* borrowed */
    rp_reader_options options;
    rp_tape encode, step; /* owned */
} rp_reader;

rp_status rp_reader_init(rp_reader *reader, const rp_model *model, rp_device *device,
                         const rp_reader_options *options, rp_error *error);
void rp_reader_clear(rp_reader *reader);

/* Reads `count` images of the model's height. Each sample's result is the same alone and in
 * company. */
rp_status rp_reader_read(rp_reader *reader, rp_reading *readings, const rp_page_image *images,
                         int32_t count, rp_arena *arena, rp_error *error);

#endif
