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

/* `recovered` against `original`. Writes the first difference to `why`. With `times` the times
 * must be equal to the tick, else only order and bytes count. Samples that touch harmed bytes may
 * be there or not, and nothing is said about times behind them. */
bool clip_is_recovered(char *why, size_t why_size, const struct clip *original,
                       const struct clip_kept *kept, const rp_text *recovered, bool times);

/* Reads a whole file; false when there is none. */
bool clip_read_file(rp_text *bytes, const char *path);

#endif
