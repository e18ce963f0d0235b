/* test_trim.c: a reference that was trimmed in an editor hides nothing of what is recovered with
 * it, and shifts no sound. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/video.h"
#include "video/kept_clip.h"

enum { TRACKS = 3 };

/* Makes all edit lists of the clip begin `seconds` later, as an editor does that trims it. */
static void trim(rp_text *clip, const rp_media_movie *movie, double seconds) {
    uint8_t *data = (uint8_t *)clip->data;
    size_t track = 0;
    for (size_t at = 4; at + 24 < clip->length && track < movie->track_count; at++) {
        if (memcmp(data + at, "elst", 4) != 0) continue;
        const double ticks = seconds * movie->tracks[track++].timescale + 0.5;
        rp_put_be32(data + at + 12, rp_be32(data + at + 12) - (uint32_t)(seconds * 1000));
        rp_put_be32(data + at + 16, rp_be32(data + at + 16) + (uint32_t)ticks);
    }
    CHECK_INT(track, TRACKS);
}

/* Do all tracks of the film at `path` have the edits of the clip? */
static void check_edits(const rp_media_movie *was, const char *path) {
    rp_arena arena = {0};
    rp_mapped_file file;
    rp_media_movie is;
    REQUIRE(rp_mapped_file_open(&file, path, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&is, file.data, file.size, &arena, NULL) == RP_OK);
    REQUIRE(is.track_count == was->track_count);
    for (size_t i = 0; i < is.track_count; i++) {
        REQUIRE(is.tracks[i].edit_count == 1 && was->tracks[i].edit_count == 1);
        CHECK_INT(is.tracks[i].edits[0].media_time, was->tracks[i].edits[0].media_time);
        CHECK_INT(is.tracks[i].edits[0].duration, was->tracks[i].edits[0].duration);
    }
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
}

TEST(a_trimmed_reference_hides_nothing) {
    static const double seconds[] = {0, 0.1, 0.25, 0.5, 0.8};
    char clip[PATH_BYTES], broken[PATH_BYTES], trimmed[PATH_BYTES], mended[PATH_BYTES];
    rp_mapped_file file;
    rp_arena arena = {0};
    rp_media_movie movie;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "broken.mp4");
    clip_scratch_path(trimmed, "trimmed.mp4");
    clip_scratch_path(mended, "mended.mp4");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&file, clip, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&movie, file.data, file.size, &arena, NULL) == RP_OK);
    rp_text bytes = clip_take_index(file.data, file.size, UINT64_MAX / 2);
    REQUIRE(rp_new_file_write(broken, bytes.data, bytes.length, NULL) == RP_OK);
    for (size_t i = 0; i < RP_COUNT(seconds); i++) {
        const bool is_trimmed = seconds[i] > 0;
        rp_video_report *report = NULL;
        rp_text_reset(&bytes);
        rp_text_add_bytes(&bytes, file.data, file.size);
        trim(&bytes, &movie, seconds[i]);
        REQUIRE(rp_new_file_write(trimmed, bytes.data, bytes.length, NULL) == RP_OK);
        const rp_video_recover_options options = {.reference = trimmed, .output = mended};
        CHECK_INT(rp_video_recover(&report, broken, &options, NULL), RP_OK);
        REQUIRE(report != NULL);
        CHECK(strstr(rp_video_report_json(report),
                     is_trimmed ? "\"reference_trimmed\": true" : "\"reference_trimmed\": false"));
        CHECK((strstr(rp_video_report_text(report), "was trimmed") != NULL) == is_trimmed);
        rp_video_report_destroy(report);
        clip_check_same(&file, mended, file.size);
        check_edits(&movie, mended);
        if (check_is_failed()) printf("# trimmed by %g s\n", seconds[i]);
    }
    rp_text_clear(&bytes);
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
}
