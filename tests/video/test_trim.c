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

/* Makes the edit lists of the first `count` tracks of the clip begin `seconds` later. */
static void trim(rp_text *clip, const rp_media_movie *movie, size_t count, double seconds) {
    uint8_t *data = (uint8_t *)clip->data;
    size_t track = 0;
    for (size_t at = 4; at + 24 < clip->length && track < count; at++) {
        if (memcmp(data + at, "elst", 4) != 0) continue;
        const double ticks = seconds * movie->tracks[track++].timescale + 0.5;
        rp_put_be32(data + at + 12, rp_be32(data + at + 12) - (uint32_t)(seconds * 1000));
        rp_put_be32(data + at + 16, rp_be32(data + at + 16) + (uint32_t)ticks);
    }
    CHECK_INT(track, count);
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

struct scene {
    char clip[PATH_BYTES], broken[PATH_BYTES], trimmed[PATH_BYTES], mended[PATH_BYTES];
    rp_mapped_file file;
    rp_arena arena;
    rp_media_movie movie;
};

static void open_scene(struct scene *scene) {
    *scene = (struct scene){.file = {0}};
    clip_scratch_path(scene->clip, "clip.mp4");
    clip_scratch_path(scene->broken, "broken.mp4");
    clip_scratch_path(scene->trimmed, "trimmed.mp4");
    clip_scratch_path(scene->mended, "mended.mp4");
    clip_write_kept(scene->clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&scene->file, scene->clip, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&scene->movie, scene->file.data, scene->file.size, &scene->arena,
                                NULL) == RP_OK);
    rp_text bytes = clip_take_index(scene->file.data, scene->file.size, UINT64_MAX / 2);
    CHECK(rp_new_file_write(scene->broken, bytes.data, bytes.length, NULL) == RP_OK);
    rp_text_clear(&bytes);
}

static void close_scene(struct scene *scene) {
    rp_arena_clear(&scene->arena);
    rp_mapped_file_close(&scene->file);
}

/* Recovers with the clip trimmed so as reference; is it said to be trimmed? */
static void recover(const struct scene *scene, size_t count, double seconds, bool is_trimmed) {
    rp_video_report *report = NULL;
    rp_text bytes = {0};
    rp_text_add_bytes(&bytes, scene->file.data, scene->file.size);
    trim(&bytes, &scene->movie, count, seconds);
    REQUIRE(rp_new_file_write(scene->trimmed, bytes.data, bytes.length, NULL) == RP_OK);
    rp_text_clear(&bytes);
    const rp_video_recover_options options = {.reference = scene->trimmed, .output = scene->mended};
    CHECK_INT(rp_video_recover(&report, scene->broken, &options, NULL), RP_OK);
    REQUIRE(report != NULL);
    CHECK(strstr(rp_video_report_json(report),
                 is_trimmed ? "\"reference_trimmed\": true" : "\"reference_trimmed\": false"));
    CHECK((strstr(rp_video_report_text(report), "was trimmed") != NULL) == is_trimmed);
    rp_video_report_destroy(report);
    clip_check_same(&scene->file, scene->mended, scene->file.size);
}

TEST(a_trimmed_reference_hides_nothing) {
    static const struct {
        size_t tracks; /* of the pictures; of the sound, too */
        double seconds;
    } rows[] = {{TRACKS, 0}, {TRACKS, 0.1}, {TRACKS, 0.25}, {TRACKS, 0.5}, {TRACKS, 0.8}, {1, 0.5}};
    struct scene scene;
    open_scene(&scene);
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        recover(&scene, rows[i].tracks, rows[i].seconds, rows[i].seconds > 0);
        check_edits(&scene.movie, scene.mended);
        if (check_is_failed()) printf("# trimmed by %g s\n", rows[i].seconds);
    }
    close_scene(&scene);
}

/* Two pictures of an open GOP that cannot be decoded: no trim, and sound and pictures stay. */
TEST(pictures_that_a_recorder_hides_stay_hidden) {
    struct scene scene;
    rp_arena arena = {0};
    rp_mapped_file file;
    rp_media_movie is;
    open_scene(&scene);
    recover(&scene, 1, 0.2, false);
    REQUIRE(rp_mapped_file_open(&file, scene.mended, NULL) == RP_OK);
    REQUIRE(rp_media_movie_read(&is, file.data, file.size, &arena, NULL) == RP_OK);
    CHECK_INT(is.tracks[0].edits[0].media_time,
              scene.movie.tracks[0].edits[0].media_time + scene.movie.tracks[0].timescale / 5);
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
    close_scene(&scene);
}
