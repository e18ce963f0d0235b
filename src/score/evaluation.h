/* evaluation.h: reading a whole split: the published symbol error rates, and what was read. */
#ifndef RP_SCORE_EVALUATION_H
#define RP_SCORE_EVALUATION_H

#include "music/ser.h"
#include "page/augment.h"
#include "score/dataset.h"
#include "score/reader.h"

typedef struct rp_evaluation {
    rp_ser ser; /* empty where readings are kept: their keeper judges them (judgement.h) */
    int32_t systems, cut_right; /* systems; those cut into as many measures as there are */
    double seconds;             /* of reading */
} rp_evaluation;

/* What is read, and how much worse it is made before. */
typedef struct rp_evaluation_source {
    const rp_dataset *set;
    const rp_page_augment_list *augment; /* what is done to the images; NULL: nothing */
} rp_evaluation_source;

/* Reads every sample of the set in batches of similar width. What augmentation draws depends on the
 * sample's place in the set alone. With `readings` (count of the set, or NULL) what was read is
 * left there, in `arena`. */
rp_status rp_evaluate(rp_evaluation *evaluation, rp_reader *reader,
                      const rp_evaluation_source *source, rp_reading *readings, rp_arena *arena,
                      const rp_progress *progress, rp_error *error);

#endif
