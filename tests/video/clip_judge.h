/* clip_judge.h: is a recovered recording the original again? Compares every sample: bytes, decode
 * and composition time, duration, sync flag, edit list, sample entry. */
#ifndef RP_TESTS_CLIP_JUDGE_H
#define RP_TESTS_CLIP_JUDGE_H

#include "video/clip_maker.h"

/* Which bytes of the original reached the broken file unharmed: kept_from .. kept_to without the
 * `harmed_count` bytes from `harmed_at`. */
struct clip_kept {
    size_t from, to, harmed_at, harmed_count;
};

/* `recovered` against `original`. Writes the first difference to `why`. Times of decoding and of
 * showing must be equal to the tick (within_seconds 0) or as near as that, also behind damage.
 * Samples that touch harmed bytes may be there or not. */
bool clip_is_recovered(char *why, size_t why_size, const struct clip *original,
                       const struct clip_kept *kept, const rp_text *recovered,
                       double within_seconds);

/* Reads a whole file; false when there is none. */
bool clip_read_file(rp_text *bytes, const char *path);

#endif
