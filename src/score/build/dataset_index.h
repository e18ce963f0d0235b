/* dataset_index.h: the lists of a built data set, and its figures, from the scores' records. */
#ifndef RP_SCORE_BUILD_DATASET_INDEX_H
#define RP_SCORE_BUILD_DATASET_INDEX_H

#include "reprise/score.h"
#include "score/build/build_record.h"
#include "score/build/score_list.h"

/* What is known of a score after a run. */
typedef struct rp_built_score {
    const rp_score_entry *entry;
    bool has_failed;     /* it gave nothing; `problem` says why */
    const char *problem; /* owned, from malloc; NULL: none */
} rp_built_score;

typedef struct rp_dataset_index {
    const char *output, *split, *signature;
    const rp_built_score *scores;
    size_t score_count;
} rp_dataset_index;

/* Writes samples.SPLIT.txt, measures.SPLIT.txt, problems.SPLIT.txt and vocabulary.txt, in the order
 * of the scores, and fills in the figures of `report` that come of them. RP_SYSTEM: no memory, a
 * file cannot be written. */
rp_status rp_dataset_index_write(rp_score_dataset_report *report, const rp_dataset_index *index,
                                 rp_error *error);

/* Fills in the seconds since `started_s` and, where `status` says that there is something to report
 * (RP_OK, RP_NO), the `json`. Returns `status`; RP_SYSTEM: no memory. */
rp_status rp_dataset_report_finish(rp_score_dataset_report *report, const char *split,
                                   double started_s, rp_status status, rp_error *error);

#endif
