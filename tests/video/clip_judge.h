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

/* How far times may be off, in seconds; NULL or zeros: not a tick. `within`: any. `shift`: how much
 * sooner or later all that lies behind the harmed bytes may be shown, sound and pictures together.
 * `beyond`: what comes on top, for each picture that is missing, of one that is shown when a
 * missing one would have been decoded. */
struct clip_tolerance {
    double within, shift, beyond;
};

/* `recovered` against `original`. Writes the first difference to `why`. Samples that touch harmed
 * bytes may be there or not. */
bool clip_is_recovered(char *why, size_t why_size, const struct clip *original,
                       const struct clip_kept *kept, const rp_text *recovered,
                       const struct clip_tolerance *tolerance);

/* Reads a whole file; false when there is none. */
bool clip_read_file(rp_text *bytes, const char *path);

#endif
