/* dataset_preview.h: a sheet for eyes: images of a built set beside their labels. */
#ifndef RP_SCORE_BUILD_DATASET_PREVIEW_H
#define RP_SCORE_BUILD_DATASET_PREVIEW_H

#include "base/error.h"

enum { RP_DATASET_PREVIEW_SAMPLES_MAX = 100 };

/* Writes OUT/preview.SPLIT.html: up to 100 samples, evenly spread over samples.SPLIT.txt, each with
 * its image, the places of its measures and its label; and problems.SPLIT.txt at the end. The
 * images are referred to, not copied. RP_SYSTEM: no memory, the sheet cannot be written. */
rp_status rp_dataset_preview_write(const char *output, const char *split, rp_error *error);

#endif
