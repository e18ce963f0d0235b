/* kept_clip.h: the small healthy clips that inputs of the weave fuzzer carry, so that a test needs
 * no encoder: written to a file, broken, and compared with what was recovered. */
#ifndef RP_TESTS_KEPT_CLIP_H
#define RP_TESTS_KEPT_CLIP_H

#include "base/mapped_file.h"
#include "base/text.h"
#include "media/movie.h"

enum { PATH_BYTES = 1200 };

/* The path of `name` in the test's scratch folder. */
void clip_scratch_path(char path[PATH_BYTES], const char *name);

/* Writes the clip of an input of the weave fuzzer ("h264_mp4") to `path`. */
void clip_write_kept(const char *path, const char *name);

/* A copy of the clip without its moov; `kept` bytes of the media data at most. The caller's. */
rp_text clip_take_index(const uint8_t *data, size_t size, uint64_t kept);

/* Where the payload of its mdat begins, and its bytes. */
uint64_t clip_media_begin(const rp_mapped_file *file, uint64_t *size);

/* How many samples of all tracks lie whole in the first `end` bytes of the file. */
uint64_t clip_count_before(const rp_mapped_file *file, uint64_t end);

/* The recovered film has those samples of the original that lie before `end`, and no others: bytes,
 * times, sync flags, sdtp. Fails the test where not. */
void clip_check_same(const rp_mapped_file *original, const char *recovered, uint64_t end);

#endif
