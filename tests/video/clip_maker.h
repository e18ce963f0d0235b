/* clip_maker.h: recordings as the cameras make them, for tests: streams encoded by ffmpeg, laid out
 * by our own writer (clip_mux.h). Two takes of each: other pictures, other length, same settings.
 */
#ifndef RP_TESTS_CLIP_MAKER_H
#define RP_TESTS_CLIP_MAKER_H

#include "video/clip_mux.h"

struct clip {
    uint8_t *bytes; /* the whole healthy file; owned */
    size_t size;
    size_t mdat_at, payload_at, payload_end; /* header and payload of the mdat */
    bool is_fragmented;
    bool has_modelled_times; /* variable frame rate: times cannot be known to the tick */
};

size_t clip_count(void);
const char *clip_name(size_t recipe);
size_t clip_find(const char *name); /* clip_count() where there is none */

/* Makes take 'A' or 'B' of a recipe (0 .. clip_count() - 1), with scratch files in `folder`.
 * Returns NULL, or why it cannot be made: ffmpeg or the encoder is not there. */
const char *clip_make(struct clip *clip, size_t recipe, char take, const char *folder);

/* Take A and `take` of a recipe, to be the reference. As clip_make; where it fails, nothing is left
 * to clear. */
const char *clip_make_two(struct clip *clip, struct clip *other, size_t recipe, char take,
                          const char *folder);

/* Finds the mdat among the boxes at the top of clip->bytes. */
void clip_find_mdat(struct clip *clip);

void clip_clear(struct clip *clip);

/* ---- breaking them ---- */

/* What power loss and rescue leave of a recording; each result is owned by the caller. */
struct clip_broken {
    uint8_t *bytes;
    size_t size;
    int64_t shift;             /* byte i of the recording is byte i + shift of this */
    size_t kept_from, kept_to; /* bytes of the recording that are in it */
};

struct clip_broken clip_cut(const struct clip *clip, size_t at);     /* the first `at` bytes */
struct clip_broken clip_without_index(const struct clip *clip);      /* header and mdat */
struct clip_broken clip_payload(const struct clip *clip, size_t to); /* bare mdat payload */
/* As clip_without_index, and `count` bytes from `at` are zeros or noise. */
struct clip_broken clip_overwritten(const struct clip *clip, size_t at, size_t count, bool noise);
/* As clip_without_index, and `count` bytes of noise are put in before byte `at`. */
struct clip_broken clip_with_junk(const struct clip *clip, size_t at, size_t count);
void clip_broken_clear(struct clip_broken *broken);

#endif
