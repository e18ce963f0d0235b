/* kept_clip.c: see kept_clip.h. */
#include "video/kept_clip.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/new_file.h"
#include "check.h"

void clip_scratch_path(char path[PATH_BYTES], const char *name) {
    snprintf(path, PATH_BYTES, "%s/%s", check_scratch(), name);
}

/* A copy of the clip without its moov; `kept` bytes of the media data at most. */
rp_text clip_take_index(const uint8_t *data, size_t size, uint64_t kept) {
    rp_text out = {0};
    rp_media_box_walk walk = {.data = data, .end = size};
    rp_media_box box;
    while (rp_media_box_next(&box, &walk)) {
        uint64_t bytes = box.size;
        if (box.type == RP_MEDIA_TYPE('m', 'o', 'o', 'v')) continue;
        const bool is_media = box.type == RP_MEDIA_TYPE('m', 'd', 'a', 't');
        if (is_media && bytes > kept + box.header_bytes) bytes = kept + box.header_bytes;
        rp_text_add_bytes(&out, data + box.offset, (size_t)bytes);
        if (bytes < box.size) break;
    }
    return out;
}

/* The first samples of both tracks are the same: bytes, times, kind. Returns how many are. */
static uint64_t count_equal(const rp_media_movie *a, const rp_media_track *x,
                            const rp_media_movie *b, const rp_media_track *y) {
    rp_media_cursor left = rp_media_cursor_begin(x), right = rp_media_cursor_begin(y);
    rp_media_sample was, is;
    uint64_t count = 0;
    while (rp_media_cursor_next(&was, &left) && rp_media_cursor_next(&is, &right)) {
        if (was.size != is.size || was.dts != is.dts || was.composition != is.composition ||
            was.is_sync != is.is_sync ||
            memcmp(a->data + was.offset, b->data + is.offset, was.size) != 0)
            break;
        count++;
    }
    return count;
}

/* How many samples of the track lie whole in the first `end` bytes of the file. */
static uint64_t count_before(const rp_media_track *track, uint64_t end) {
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    rp_media_sample sample;
    uint64_t count = 0;
    while (rp_media_cursor_next(&sample, &cursor))
        if (sample.offset + sample.size <= end) count++;
    return count;
}

uint64_t clip_count_before(const rp_mapped_file *file, uint64_t end) {
    rp_arena arena = {0};
    rp_media_movie movie;
    uint64_t count = 0;
    if (rp_media_movie_read(&movie, file->data, file->size, &arena, NULL) == RP_OK)
        for (size_t i = 0; i < movie.track_count; i++) count += count_before(&movie.tracks[i], end);
    rp_arena_clear(&arena);
    return count;
}

/* Values of sdtp are the original's; a track without them has none. Apple's recorder of HEVC knows
 * better than its NAL units which pictures nothing refers to: there they may be left out. */
static void check_dependencies(const uint8_t *was_data, const rp_media_track *was,
                               const uint8_t *is_data, const rp_media_track *is) {
    rp_media_box left, right;
    const uint32_t sdtp = RP_MEDIA_TYPE('s', 'd', 't', 'p');
    const bool had = rp_media_box_find(&left, was_data, &was->stbl, sdtp);
    if (is->sample_count == 0) return;
    const bool has = rp_media_box_find(&right, is_data, &is->stbl, sdtp);
    CHECK(has == had || (had && was->codec == RP_MEDIA_TYPE('h', 'v', 'c', '1')));
    if (!has) return;
    REQUIRE(rp_media_box_payload_size(&right) == 4 + is->sample_count);
    CHECK(memcmp(rp_media_box_payload(was_data, &left), rp_media_box_payload(is_data, &right),
                 4 + is->sample_count) == 0);
}

void clip_check_same(const rp_mapped_file *original, const char *recovered, uint64_t end) {
    rp_arena arena = {0};
    rp_mapped_file file;
    rp_media_movie was, is;
    REQUIRE(rp_mapped_file_open(&file, recovered, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&was, original->data, original->size, &arena, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&is, file.data, file.size, &arena, NULL) == RP_OK);
    CHECK_INT(is.track_count, was.track_count);
    for (size_t i = 0; i < was.track_count && i < is.track_count; i++) {
        const uint64_t expected = count_before(&was.tracks[i], end);
        CHECK_INT(is.tracks[i].sample_count, expected);
        CHECK_INT(count_equal(&was, &was.tracks[i], &is, &is.tracks[i]), expected);
        check_dependencies(original->data, &was.tracks[i], file.data, &is.tracks[i]);
    }
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
}

uint64_t clip_media_begin(const rp_mapped_file *file, uint64_t *size) {
    rp_media_box_walk walk = {.data = file->data, .end = file->size};
    rp_media_box box;
    while (rp_media_box_next(&box, &walk)) {
        if (box.type != RP_MEDIA_TYPE('m', 'd', 'a', 't')) continue;
        *size = box.size - box.header_bytes;
        return box.offset + box.header_bytes;
    }
    *size = 0;
    return 0;
}

/* The healthy clip that an input of the weave fuzzer carries, written to `path`. */
void clip_write_kept(const char *path, const char *name) {
    char kept[PATH_BYTES];
    rp_mapped_file file;
    snprintf(kept, sizeof kept, "%s/fuzz/corpus/weave/%s", check_source(), name);
    REQUIRE(rp_mapped_file_open(&file, kept, NULL) == RP_OK);
    CHECK(rp_new_file_write(path, file.data + 2, rp_be16(file.data), NULL) == RP_OK);
    rp_mapped_file_close(&file);
}
