/* test_recover.c: recordings whose index was taken away get the same index back: the small clips of
 * the fuzz corpus always, the clips beside the checkout where they are. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "check.h"
#include "media/movie.h"
#include "reprise/video.h"
#include "video/kept_clip.h"
#include "video/times.h"

/* Takes the index away, cuts the media data to `share` in a hundred, recovers, compares. */
static void check_recovery(const char *original, const char *reference, unsigned share) {
    rp_mapped_file file;
    char broken[PATH_BYTES], recovered[PATH_BYTES];
    clip_scratch_path(broken, "broken");
    clip_scratch_path(recovered, "recovered.mp4");
    REQUIRE(rp_mapped_file_open(&file, original, NULL) == RP_OK);
    uint64_t media_bytes;
    const uint64_t begin = clip_media_begin(&file, &media_bytes), kept = media_bytes * share / 100;
    rp_text head = clip_take_index(file.data, file.size, kept);
    REQUIRE(rp_new_file_write(broken, head.data, head.length, NULL) == RP_OK);
    const rp_video_recover_options options = {.reference = reference, .output = recovered};
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_status status = rp_video_recover(&report, broken, &options, &error);
    const bool has_samples = clip_count_before(&file, begin + kept) > 0;
    CHECK(has_samples ? status == RP_OK || status == RP_NO : status == RP_INPUT);
    CHECK(has_samples == (report != NULL));
    if (report != NULL) {
        CHECK(strstr(rp_video_report_json(report), "\"reprise\": 1") != NULL);
        clip_check_same(&file, recovered, begin + kept);
    }
    if (check_is_failed()) printf("# %s\n", error.text);
    rp_mapped_file now;
    CHECK(rp_mapped_file_open(&now, broken, NULL) == RP_OK && now.size == head.length &&
          memcmp(now.data, head.data, now.size) == 0); /* the broken file is as it was */
    rp_mapped_file_close(&now);
    rp_video_report_destroy(report);
    rp_text_clear(&head);
    rp_mapped_file_close(&file);
    unlink(recovered);
}

TEST(small_clips_get_the_same_index_back_at_every_cut) {
    static const char *const names[] = {"h264_mp4", "hevc_mp4", "pcm_mov", "av1_mp4"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_BYTES];
        clip_scratch_path(path, "clip.mp4");
        clip_write_kept(path, names[i]);
        for (unsigned share = 100; share >= 30; share -= 7) {
            check_recovery(path, path, share);
            if (!check_is_failed()) continue;
            printf("# %s, cut at %u %%\n", names[i], share);
            return;
        }
    }
}

TEST(a_saved_profile_serves_in_place_of_the_clip) {
    char clip[PATH_BYTES], profile[PATH_BYTES], broken[PATH_BYTES], recovered[PATH_BYTES];
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(profile, "camera.profile");
    clip_scratch_path(broken, "broken");
    clip_scratch_path(recovered, "recovered.mp4");
    clip_write_kept(clip, "h264_mp4");
    rp_mapped_file file;
    REQUIRE(rp_mapped_file_open(&file, clip, NULL) == RP_OK);
    rp_text head = clip_take_index(file.data, file.size, UINT64_MAX / 2);
    REQUIRE(rp_new_file_write(broken, head.data, head.length, NULL) == RP_OK);
    rp_video_report *report = NULL;
    rp_video_recover_options options = {.reference = clip, .save_profile = profile};
    CHECK(rp_video_recover(&report, broken, &options, NULL) == RP_OK);
    rp_video_report_destroy(report);
    options = (rp_video_recover_options){.reference = profile, .output = recovered};
    CHECK(rp_video_recover(&report, broken, &options, NULL) == RP_OK);
    rp_video_report_destroy(report);
    clip_check_same(&file, recovered, file.size);
    rp_text_clear(&head);
    rp_mapped_file_close(&file);
}

TEST(bad_inputs_end_in_one_clear_line) {
    static const char zeros[4096];
    char clip[PATH_BYTES], empty[PATH_BYTES], blank[PATH_BYTES], missing[PATH_BYTES];
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(empty, "empty");
    clip_scratch_path(blank, "blank");
    clip_scratch_path(missing, "missing");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(rp_new_file_write(empty, "", 0, NULL) == RP_OK);
    REQUIRE(rp_new_file_write(blank, zeros, sizeof zeros, NULL) == RP_OK);
    const struct {
        const char *broken, *reference;
        rp_status status;
        const char *words;
    } rows[] = {
        {clip, clip, RP_NO, "nothing to do"},
        {empty, clip, RP_INPUT, "is empty"},
        {blank, clip, RP_INPUT, "nothing but the byte"},
        {missing, clip, RP_INPUT, "No such file"},
        {check_scratch(), clip, RP_INPUT, "is a directory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rp_error error = {0};
        rp_video_report *report = NULL;
        const rp_video_recover_options options = {.reference = rows[i].reference};
        CHECK_INT(rp_video_recover(&report, rows[i].broken, &options, &error), rows[i].status);
        CHECK(report == NULL);
        CHECK(strstr(error.text, rows[i].words) != NULL);
        if (check_is_failed()) printf("# said: %s\n", error.text);
    }
}

/* The clip with `count` bytes set to `value` from `at` on, cut to `size`. */
static void write_damaged(const char *path, const char *clip, size_t size, size_t at, size_t count,
                          int value) {
    rp_mapped_file file;
    rp_text out = {0};
    REQUIRE(rp_mapped_file_open(&file, clip, NULL) == RP_OK);
    rp_text_add_bytes(&out, file.data, size < file.size ? size : file.size);
    REQUIRE(!out.failed && at + count <= out.length);
    memset(out.data + at, value, count);
    CHECK(rp_new_file_write(path, out.data, out.length, NULL) == RP_OK);
    rp_text_clear(&out);
    rp_mapped_file_close(&file);
}

static size_t tracks_of(const char *path) {
    rp_mapped_file file;
    rp_arena arena = {0};
    rp_media_movie movie = {0};
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) return 0;
    const rp_status status = rp_media_movie_read(&movie, file.data, file.size, &arena, NULL);
    const size_t tracks = status == RP_OK ? movie.track_count : 0;
    rp_arena_clear(&arena);
    rp_mapped_file_close(&file);
    return tracks;
}

/* A copy that stopped inside moov: the stump's size must not swallow the new index. */
TEST(a_stump_of_the_index_is_in_nobodys_way) {
    char clip[PATH_BYTES], broken[PATH_BYTES], mended[PATH_BYTES];
    struct stat about;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "stump.mp4");
    clip_scratch_path(mended, "mended.mp4");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(stat(clip, &about) == 0);
    const size_t wanted = tracks_of(clip);
    for (size_t cut = 1; cut < 400; cut += 57) {
        rp_video_report *report = NULL;
        write_damaged(broken, clip, (size_t)about.st_size - cut, 0, 0, 0);
        rp_video_recover_options options = {.reference = clip, .output = mended};
        CHECK_INT(rp_video_recover(&report, broken, &options, NULL), RP_OK);
        rp_video_report_destroy(report);
        CHECK(tracks_of(mended) == wanted);
        options = (rp_video_recover_options){.reference = clip, .in_place = true};
        CHECK_INT(rp_video_recover(&report, broken, &options, NULL), RP_OK);
        rp_video_report_destroy(report);
        CHECK(tracks_of(broken) == wanted);
        CHECK_INT(rp_video_undo(broken, NULL), RP_OK);
    }
}

/* A copy whose last blocks were never written is as long as it should be. */
TEST(an_index_that_ends_in_zeros_is_made_anew) {
    char clip[PATH_BYTES], broken[PATH_BYTES], mended[PATH_BYTES];
    struct stat about;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "zeros.mp4");
    clip_scratch_path(mended, "mended.mp4");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(stat(clip, &about) == 0);
    const size_t size = (size_t)about.st_size;
    rp_video_report *report = NULL;
    write_damaged(broken, clip, size, size - 500, 500, 0);
    CHECK_INT(rp_video_inspect(&report, broken, NULL), RP_NO);
    CHECK(strstr(rp_video_report_text(report), "the index (moov) is damaged") != NULL);
    rp_video_report_destroy(report);
    const rp_video_recover_options options = {.reference = clip, .output = mended};
    CHECK_INT(rp_video_recover(&report, broken, &options, NULL), RP_OK);
    rp_video_report_destroy(report);
    CHECK(tracks_of(mended) == tracks_of(clip));
}

/* Between the media data and the index, as some makers have it. */
TEST(a_box_that_is_not_known_breaks_nothing) {
    static const uint8_t strange[24] = {0, 0, 0, 24, 'g', 'p', 's', '0'};
    char clip[PATH_BYTES], with[PATH_BYTES];
    rp_mapped_file file;
    rp_text out = {0};
    rp_video_report *report = NULL;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(with, "strange.mp4");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&file, clip, NULL) == RP_OK);
    rp_media_box_walk walk = {.data = file.data, .end = file.size};
    for (rp_media_box box; rp_media_box_next(&box, &walk);) {
        if (box.type == RP_MEDIA_TYPE('m', 'o', 'o', 'v'))
            rp_text_add_bytes(&out, strange, sizeof strange);
        rp_text_add_bytes(&out, file.data + box.offset, (size_t)box.size);
    }
    CHECK(rp_new_file_write(with, out.data, out.length, NULL) == RP_OK);
    CHECK_INT(rp_video_inspect(&report, with, NULL), RP_OK);
    rp_video_report_destroy(report);
    rp_text_clear(&out);
    rp_mapped_file_close(&file);
}

TEST(no_input_is_written_over) {
    char clip[PATH_BYTES], broken[PATH_BYTES], link[PATH_BYTES];
    struct stat before, after;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "cut.mp4");
    clip_scratch_path(link, "link.mp4");
    clip_write_kept(clip, "h264_mp4");
    write_damaged(broken, clip, 3000, 0, 0, 0);
    unlink(link);
    REQUIRE(symlink(broken, link) == 0 && stat(broken, &before) == 0);
    const rp_video_recover_options rows[] = {
        {.reference = clip, .output = broken},
        {.reference = clip, .output = link},
        {.reference = clip, .output = clip},
        {.reference = clip, .save_profile = broken},
        {.reference = clip, .save_profile = clip},
        {.reference = clip, .output = "same", .save_profile = "same"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rp_video_report *report = NULL;
        CHECK_INT(rp_video_recover(&report, broken, &rows[i], NULL), RP_USAGE);
        CHECK(report == NULL);
    }
    CHECK(stat(broken, &after) == 0 && after.st_size == before.st_size);
}

TEST(no_options_are_the_defaults) {
    char clip[PATH_BYTES], broken[PATH_BYTES];
    rp_video_report *report = NULL;
    rp_error error = {0};
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "cut.mp4");
    clip_write_kept(clip, "h264_mp4");
    write_damaged(broken, clip, 3000, 0, 0, 0);
    CHECK_INT(rp_video_recover(&report, clip, NULL, &error), RP_NO);
    CHECK(strstr(error.text, "nothing to do") != NULL);
    CHECK_INT(rp_video_recover(&report, broken, NULL, &error), RP_INPUT);
    CHECK(strstr(error.text, "--reference") != NULL && report == NULL);
    const rp_video_carve_options none = {.folder = NULL};
    CHECK_INT(rp_video_carve(&report, broken, NULL, &error), RP_USAGE);
    CHECK_INT(rp_video_carve(&report, broken, &none, &error), RP_USAGE);
    CHECK(strstr(error.text, "no folder") != NULL && report == NULL);
}

/* Only what a sample cut by the end can be is left out of account. */
TEST(half_a_recording_that_is_unknown_is_not_complete) {
    char clip[PATH_BYTES], broken[PATH_BYTES];
    rp_mapped_file file;
    clip_scratch_path(clip, "clip.mp4");
    clip_scratch_path(broken, "half.mp4");
    clip_write_kept(clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&file, clip, NULL) == RP_OK);
    uint64_t bytes = 0;
    const uint64_t begin = clip_media_begin(&file, &bytes);
    rp_mapped_file_close(&file);
    for (int value = 0; value < 256; value += 85) {
        rp_video_report *report = NULL;
        const rp_video_recover_options options = {.reference = clip};
        write_damaged(broken, clip, begin + bytes, begin + bytes / 2, bytes - bytes / 2, value);
        CHECK_INT(rp_video_recover(&report, broken, &options, NULL), RP_NO);
        CHECK(strstr(rp_video_report_json(report), "\"complete\": false") != NULL);
        rp_video_report_destroy(report);
    }
}

TEST(the_clips_beside_the_checkout_come_back_exactly) {
    static const char *const pairs[][2] = {
        {"made_xavc_like_A.mp4", "made_xavc_like_B.mp4"},
        {"made_obs_3aac_A.mp4", "made_obs_3aac_B.mp4"},
        {"gopro_max_head.mp4", "gopro_max_head.mp4"},
        {"ipad_mini_hevc.mov", "ipad_mini_hevc.mov"},
        {"iphone6_avc.mov", "iphone6_avc.mov"},
        {"samsung_slowmo_svc.mp4", "samsung_slowmo_svc.mp4"},
    };
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char original[PATH_BYTES], reference[PATH_BYTES];
        snprintf(original, sizeof original, "%s/video/%s", check_data(), pairs[i][0]);
        snprintf(reference, sizeof reference, "%s/video/%s", check_data(), pairs[i][1]);
        check_recovery(original, reference, 100);
        check_recovery(original, reference, 60);
        if (check_is_failed()) printf("# %s\n", pairs[i][0]);
    }
}

TEST(a_hole_without_bytes_still_counts_what_was_lost_in_it) {
    rp_video_chain chain = {.track_count = 2};
    const uint32_t lost[RP_VIDEO_HOLE_TRACKS] = {0, 3}, none[RP_VIDEO_HOLE_TRACKS] = {0};
    rp_video_chain_add_hole(&chain, NULL, 100, 0, none);
    CHECK_INT(chain.hole_count, 0);
    rp_video_chain_add_hole(&chain, NULL, 100, 0, lost);
    REQUIRE(chain.hole_count == 1);
    CHECK_INT(chain.holes[0].lost[1], 3);
    rp_video_chain_clear(&chain);
}

/* Where no byte says the times, they keep the reference's pace: a median of whole ticks would be
 * two seconds off after three hours. */
TEST(modelled_times_do_not_drift) {
    enum { PICTURES = 300000 };
    const rp_media_track media = {.timescale = 90000, .sample_count = 100};
    rp_arena arena = {0};
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    rp_video_chain *chain = rp_arena_alloc(&arena, sizeof *chain);
    REQUIRE(profile != NULL && chain != NULL);
    profile->track_count = chain->track_count = 1;
    profile->clock_track = profile->guide_track = -1;
    profile->tracks[0] = (rp_video_track){
        .media = &media, .kind = RP_VIDEO_AV1, .delta = 3004, .usual_ticks = 3004.625};
    chain->tracks[0].sample_count = PICTURES;
    rp_video_times times;
    REQUIRE(rp_video_times_find(&times, profile, chain, 0, false, &arena, NULL) == RP_OK);
    CHECK(times.is_modelled);
    CHECK_INT(times.duration, PICTURES * 3004 + PICTURES * 5 / 8);
    rp_arena_clear(&arena);
}
