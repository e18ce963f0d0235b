/* dataset_build.h: what the two ways to build a data set (dataset_build.c, scanned_build.c) share.
 */
#ifndef RP_SCORE_BUILD_DATASET_BUILD_H
#define RP_SCORE_BUILD_DATASET_BUILD_H

#include "reprise/score.h"

/* RP_USAGE: an option is out of its range. */
rp_status rp_score_dataset_check(const rp_score_dataset_options *options, rp_error *error);

#endif
