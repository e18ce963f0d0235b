/* test_fit.c: a reference of another camera is refused also where it has the same codec, so that
 * much is understood by chance. That genuine ones are not is what all other tests of recovering
 * say. */
#include <stdlib.h>

#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_maker.h"
#include "video/kept_clip.h"

/* The line that recovering take A of one recipe with another's as reference ends in. */
static rp_status recover(rp_error *error, const struct clip *clip, const struct clip *reference,
                         bool trusts) {
    char paths[2][PATH_BYTES];
    clip_scratch_path(paths[0], "broken.mp4");
    clip_scratch_path(paths[1], "reference.mp4");
    struct clip_broken broken = clip_without_index(clip);
    CHECK(rp_new_file_write(paths[0], broken.bytes, broken.size, NULL) == RP_OK);
    CHECK(rp_new_file_write(paths[1], reference->bytes, reference->size, NULL) == RP_OK);
    clip_broken_clear(&broken);
    const rp_video_recover_options options = {.reference = paths[1], .trusts_reference = trusts};
    rp_video_report *report = NULL;
    const rp_status status = rp_video_recover(&report, paths[0], &options, error);
    rp_video_report_destroy(report);
    return status;
}

TEST(another_cameras_h264_is_refused) {
    static const char *const names[] = {"sony-h264", "sony-h264-422", "sony-h264-intra",
                                        "iphone",    "obs",           "gopro"};
    struct clip clips[RP_COUNT(names)];
    for (size_t i = 0; i < RP_COUNT(names); i++) {
        const char *why = clip_make(&clips[i], clip_find(names[i]), 'A', check_scratch());
        if (why == NULL) continue;
        check_skip(why);
        while (i > 0) clip_clear(&clips[--i]);
        return;
    }
    for (size_t i = 0; i < RP_COUNT(names) * RP_COUNT(names); i++) {
        const size_t broken = i / RP_COUNT(names), reference = i % RP_COUNT(names);
        rp_error error = {0};
        const rp_status status = recover(&error, &clips[broken], &clips[reference], false);
        const bool is_same = broken == reference;
        if ((status == RP_INPUT) == is_same ||
            (!is_same && strstr(error.text, "use a clip of the same camera") == NULL))
            check_failed(__FILE__, __LINE__, "%s with %s: %d: %s", names[broken], names[reference],
                         (int)status, error.text);
    }
    for (size_t i = 0; i < RP_COUNT(names); i++) clip_clear(&clips[i]);
}

/* Whoever knows better than the judgement is not left without a film. */
TEST(a_reference_that_is_trusted_is_taken) {
    struct clip clip, other;
    const char *why = clip_make(&clip, clip_find("sony-h264"), 'A', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    REQUIRE(clip_make(&other, clip_find("obs"), 'A', check_scratch()) == NULL);
    rp_error error = {0};
    CHECK_INT(recover(&error, &clip, &other, false), RP_INPUT);
    CHECK(strstr(error.text, "--trust-reference") != NULL);
    CHECK_INT(recover(&error, &clip, &other, true), RP_NO);
    clip_clear(&clip);
    clip_clear(&other);
}

/* A camera that died early leaves its file full of what was on the card before. */
TEST(old_data_behind_a_short_recording_is_no_reason_to_refuse) {
    struct clip clip;
    const char *why = clip_make(&clip, clip_find("iphone"), 'A', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    const size_t length = clip.payload_end - clip.payload_at;
    for (size_t part = 4; part < 32; part += 7) { /* a quarter of it to a twenty-fifth is left */
        char paths[2][PATH_BYTES];
        clip_scratch_path(paths[0], "broken.mp4");
        clip_scratch_path(paths[1], "reference.mp4");
        const size_t at = clip.payload_at + length / part;
        struct clip_broken broken = clip_overwritten(&clip, at, clip.payload_end - at, true);
        CHECK(rp_new_file_write(paths[0], broken.bytes, broken.size, NULL) == RP_OK);
        CHECK(rp_new_file_write(paths[1], clip.bytes, clip.size, NULL) == RP_OK);
        clip_broken_clear(&broken);
        const rp_video_recover_options options = {.reference = paths[1]};
        rp_video_report *report = NULL;
        rp_error error = {0};
        const rp_status status = rp_video_recover(&report, paths[0], &options, &error);
        if (status != RP_NO) check_failed(__FILE__, __LINE__, "1/%zu: %s", part, error.text);
        rp_video_report_destroy(report);
    }
    clip_clear(&clip);
}

/* Slice headers, AAC and PCM that contradict the reference, in recordings of real cameras. */
TEST(another_cameras_real_clip_is_refused) {
    static const struct {
        const char *broken, *reference, *words;
    } rows[] = {
        {"phone_3gp5_avc.mp4", "gopro_max_head.mp4", "contradict the reference's SPS and PPS"},
        {"iphone6_avc.mov", "android6_take1.mp4", "contradict the reference's SPS and PPS"},
        {"made_obs_3aac_A.mp4", "phone_3gp5_avc.mp4", "contradict the reference's SPS and PPS"},
        {"phone_3gp5_avc.mp4", "android6_take1.mp4", "no sound of the reference's AAC"},
        {"ipad_mini_hevc.mov", "iphone12_hevc_dovi.mov", "no sound of the reference's AAC"},
        {"made_obs_3aac_B.mp4", "android14_hevc10.mp4", "explains few of its pictures"},
        {"samsung_slowmo_svc.mp4", "made_xavc_like_A.mp4", "nothing that is known"},
    };
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        char healthy[PATH_BYTES], broken[PATH_BYTES], reference[PATH_BYTES];
        rp_mapped_file file;
        snprintf(healthy, sizeof healthy, "%s/video/%s", check_data(), rows[i].broken);
        snprintf(reference, sizeof reference, "%s/video/%s", check_data(), rows[i].reference);
        clip_scratch_path(broken, "broken.mp4");
        REQUIRE(rp_mapped_file_open(&file, healthy, NULL) == RP_OK);
        rp_text bytes = clip_take_index(file.data, file.size, UINT64_MAX / 2);
        REQUIRE(rp_new_file_write(broken, bytes.data, bytes.length, NULL) == RP_OK);
        const rp_video_recover_options options = {.reference = reference};
        rp_video_report *report = NULL;
        rp_error error = {0};
        CHECK_INT(rp_video_recover(&report, broken, &options, &error), RP_INPUT);
        if (strstr(error.text, rows[i].words) == NULL)
            check_failed(__FILE__, __LINE__, "%s with %s: %s", rows[i].broken, rows[i].reference,
                         error.text);
        rp_video_report_destroy(report);
        rp_text_clear(&bytes);
        rp_mapped_file_close(&file);
    }
}
