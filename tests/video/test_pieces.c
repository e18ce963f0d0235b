/* test_pieces.c: media data in several boxes: those in a row are one recording, and what lies apart
 * is said. */
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/video.h"
#include "video/kept_clip.h"

enum { SPLITS_MAX = 4, TRACKS = 3 };
#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])

struct scene {
    char clip[PATH_BYTES], broken[PATH_BYTES], mended[PATH_BYTES];
    rp_mapped_file healthy;
    rp_media_box moov, mdat;
    uint64_t splits[SPLITS_MAX + 2]; /* where pictures begin, in the clip; ends of its mdat */
};

/* The pictures of the clip are samples of its first track, one a chunk but for one. */
static void open_scene(struct scene *scene) {
    rp_arena arena = {0};
    rp_media_movie movie;
    *scene = (struct scene){.healthy = {0}};
    clip_scratch_path(scene->clip, "clip.mp4");
    clip_scratch_path(scene->broken, "broken.mp4");
    clip_scratch_path(scene->mended, "mended.mp4");
    clip_write_kept(scene->clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&scene->healthy, scene->clip, NULL) == RP_OK);
    rp_media_box_walk walk = {.data = scene->healthy.data, .end = scene->healthy.size};
    for (rp_media_box box; rp_media_box_next(&box, &walk);) {
        if (box.type == TYPE("moov")) scene->moov = box;
        if (box.type == TYPE("mdat")) scene->mdat = box;
    }
    REQUIRE(rp_media_movie_read(&movie, scene->healthy.data, scene->healthy.size, &arena, NULL) ==
            RP_OK);
    REQUIRE(movie.tracks[0].chunk_count > 2 * SPLITS_MAX);
    scene->splits[0] = scene->mdat.offset + 8;
    for (int i = 1; i <= SPLITS_MAX; i++) scene->splits[i] = movie.tracks[0].chunks[2 * i].offset;
    scene->splits[SPLITS_MAX + 1] = scene->mdat.offset + scene->mdat.size;
    rp_arena_clear(&arena);
}

static void put_box(rp_text *out, const char *type, const uint8_t *payload, uint64_t size) {
    const size_t mark = rp_media_box_open(out, TYPE(type));
    rp_text_add_bytes(out, payload, (size_t)size);
    rp_media_box_close(out, mark);
}

/* An mdat with the media data of pieces first .. end. */
static void put_pieces(rp_text *out, const struct scene *scene, int first, int end) {
    put_box(out, "mdat", scene->healthy.data + scene->splits[first],
            scene->splits[end] - scene->splits[first]);
}

static void begin_broken(rp_text *out, const struct scene *scene) {
    rp_text_add_bytes(out, scene->healthy.data, (size_t)scene->mdat.offset);
}

/* Recovers `broken`; the report is the caller's. */
static rp_status recover(rp_video_report **report, const struct scene *scene, rp_text *broken,
                         const rp_video_recover_options *options) {
    rp_error error = {0};
    *report = NULL;
    CHECK(rp_new_file_write(scene->broken, broken->data, broken->length, NULL) == RP_OK);
    rp_text_clear(broken);
    const rp_status status = rp_video_recover(report, scene->broken, options, &error);
    if (status != RP_OK) printf("# said: %s\n", error.text);
    return status;
}

TEST(boxes_of_media_data_in_a_row_are_one_recording) {
    static const char *const between[] = {NULL, "free", "skip", "wide", "mdat", "uuid"};
    static const uint8_t filling[700];
    for (size_t i = 0; i < RP_COUNT(between); i++) {
        struct scene scene;
        rp_text broken = {0};
        rp_video_report *report;
        open_scene(&scene);
        begin_broken(&broken, &scene);
        for (int piece = 0; piece <= SPLITS_MAX; piece++) {
            put_pieces(&broken, &scene, piece, piece + 1);
            if (between[i] == NULL) continue;
            const bool is_empty = between[i][0] == 'm' || between[i][0] == 'w';
            put_box(&broken, between[i], filling, is_empty ? 0 : sizeof filling);
        }
        rp_video_recover_options options = {.reference = scene.clip, .output = scene.mended};
        CHECK_INT(recover(&report, &scene, &broken, &options), RP_OK);
        REQUIRE(report != NULL);
        CHECK(strstr(rp_video_report_json(report), "\"not_looked_at_bytes\": 0,") != NULL);
        CHECK(strstr(rp_video_report_json(report), "\"not_identified_bytes\": 0,") != NULL);
        rp_video_report_destroy(report);
        clip_check_same(&scene.healthy, scene.mended, scene.healthy.size);
        options = (rp_video_recover_options){.reference = scene.clip, .in_place = true};
        CHECK_INT(rp_video_recover(&report, scene.broken, &options, NULL), RP_OK);
        rp_video_report_destroy(report);
        clip_check_same(&scene.healthy, scene.broken, scene.healthy.size);
        CHECK_INT(rp_video_undo(scene.broken, NULL), RP_OK);
        rp_mapped_file_close(&scene.healthy);
        if (check_is_failed()) printf("# between: %s\n", between[i]);
    }
}

/* The last box was being written: its size says nothing. */
TEST(a_row_whose_last_box_was_never_closed_is_cut_at_its_end) {
    for (size_t cut = 1; cut < 900; cut += 201) {
        struct scene scene;
        rp_text broken = {0};
        rp_video_report *report;
        open_scene(&scene);
        begin_broken(&broken, &scene);
        put_pieces(&broken, &scene, 0, 2);
        const size_t last = broken.length;
        put_pieces(&broken, &scene, 2, SPLITS_MAX + 1);
        rp_put_be32((uint8_t *)broken.data + last, cut % 2 == 0 ? 0 : 8);
        broken.length -= cut;
        const rp_video_recover_options options = {.reference = scene.clip, .output = scene.mended};
        CHECK_INT(recover(&report, &scene, &broken, &options), RP_OK);
        rp_video_report_destroy(report);
        clip_check_same(&scene.healthy, scene.mended, scene.splits[SPLITS_MAX + 1] - cut);
        rp_mapped_file_close(&scene.healthy);
    }
}

TEST(media_data_that_lies_apart_is_said) {
    static const char junk[] = "no box at all, but something";
    for (int is_junk = 0; is_junk < 2; is_junk++) {
        struct scene scene;
        rp_text broken = {0};
        rp_video_report *report;
        open_scene(&scene);
        begin_broken(&broken, &scene);
        put_pieces(&broken, &scene, 0, SPLITS_MAX);
        begin_broken(&broken, &scene); /* another film's ftyp */
        uint64_t apart = scene.splits[SPLITS_MAX + 1] - scene.splits[SPLITS_MAX];
        if (is_junk == 0) put_pieces(&broken, &scene, SPLITS_MAX, SPLITS_MAX + 1);
        else rp_text_add_bytes(&broken, junk, apart = sizeof junk);
        const rp_video_recover_options options = {.reference = scene.clip, .output = scene.mended};
        CHECK_INT(recover(&report, &scene, &broken, &options), RP_NO);
        REQUIRE(report != NULL);
        char said[64];
        snprintf(said, sizeof said, "\"not_looked_at_bytes\": %llu,", (unsigned long long)apart);
        CHECK(strstr(rp_video_report_json(report), said) != NULL);
        CHECK(strstr(rp_video_report_json(report), "\"complete\": false") != NULL);
        snprintf(said, sizeof said, "warning: %llu bytes lie apart", (unsigned long long)apart);
        CHECK(strstr(rp_video_report_text(report), said) != NULL);
        rp_video_report_destroy(report);
        clip_check_same(&scene.healthy, scene.mended, scene.splits[SPLITS_MAX]);
        rp_mapped_file_close(&scene.healthy);
    }
}

/* The chunk offsets of the clip's index, for media data that from `split` on lies `by` later. */
static void shift_chunks(uint8_t *moov, size_t size, uint64_t split, uint64_t by) {
    for (size_t at = 4; at + 12 < size; at++) {
        if (memcmp(moov + at, "stco", 4) != 0) continue;
        uint8_t *entry = moov + at + 12;
        for (uint32_t left = rp_be32(entry - 4); left > 0; left--, entry += 4)
            if (rp_be32(entry) >= split) rp_put_be32(entry, (uint32_t)(rp_be32(entry) + by));
    }
}

/* Its index lies between two boxes of media data, of which the second was cut. */
TEST(an_own_index_finds_its_samples_in_every_box) {
    for (int split = 1; split <= SPLITS_MAX; split++) {
        struct scene scene;
        rp_text broken = {0};
        rp_video_report *report;
        open_scene(&scene);
        begin_broken(&broken, &scene);
        put_pieces(&broken, &scene, 0, split);
        const size_t moov = broken.length;
        rp_text_add_bytes(&broken, scene.healthy.data + scene.moov.offset, (size_t)scene.moov.size);
        shift_chunks((uint8_t *)broken.data + moov, (size_t)scene.moov.size, scene.splits[split],
                     scene.moov.size + 8);
        put_pieces(&broken, &scene, split, SPLITS_MAX + 1);
        broken.length -= 100;
        const rp_video_recover_options options = {.output = scene.mended};
        CHECK_INT(recover(&report, &scene, &broken, &options), RP_OK);
        rp_video_report_destroy(report);
        clip_check_same(&scene.healthy, scene.mended, scene.splits[SPLITS_MAX + 1] - 100);
        rp_mapped_file_close(&scene.healthy);
    }
}
