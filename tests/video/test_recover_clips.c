/* test_recover_clips.c: every made clip, broken in every way, with itself and with another take as
 * reference, comes back to the byte and to the tick. Sizes of the test: a few cuts in the ordinary
 * suite; REPRISE_CUTS=20 for all, REPRISE_DAMAGES=20 for damage at 20 places. */
#include <stdlib.h>

#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_judge.h"

enum { CUTS_ORDINARY = 2 };

enum { BROKEN, RECOVERED, REFERENCE, PLACES };

static const char *in_scratch(int place) {
    static const char *const names[PLACES] = {"broken", "recovered.mp4", "reference.mp4"};
    static char paths[PLACES][512];
    snprintf(paths[place], sizeof paths[place], "%s/%s", check_scratch(), names[place]);
    return paths[place];
}

/* Where the rate varies no byte holds the times; the order in the file gives them to one frame of
 * sound, and that is asked. Further off is a known gap, and even that has bounds: how many frames
 * of sound a hole held is known to one; a picture that is shown when a missing one would have been
 * decoded is shown a usual interval later for each of those, which vary by half of it, see
 * clip_layout_variable. */
static bool is_right(char why[300], const struct clip *clip, const struct clip_kept *kept,
                     const rp_text *recovered, const char *what) {
    const double frame = 1024.0 / 48000, interval = 0.04;
    const struct clip_tolerance asked = {.within = clip->has_modelled_times ? frame : 0},
                                most = {.within = frame, .shift = frame, .beyond = interval / 2};
    if (clip_is_recovered(why, 300, clip, kept, recovered, &asked)) return true;
    if (!clip->has_modelled_times) return false;
    printf("# known gap: %s: %s\n", what, why);
    return clip_is_recovered(why, 300, clip, kept, recovered, &most);
}

/* `what` names the case in a failure. */
static void check_recovery(const struct clip *clip, const struct clip_broken *broken,
                           const struct clip_kept *kept, const char *reference, const char *what) {
    char why[300] = "";
    const char *path = in_scratch(BROKEN), *output = in_scratch(RECOVERED);
    CHECK(rp_new_file_write(path, broken->bytes, broken->size, NULL) == RP_OK);
    remove(output);
    const rp_video_recover_options options = {.reference = reference, .output = output};
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_status status = rp_video_recover(&report, path, &options, &error);
    rp_text recovered = {0};
    bool is_recovered = false;
    if (status != RP_OK && status != RP_NO) snprintf(why, 300, "%.280s", error.text);
    else if (!clip_read_file(&recovered, output))
        snprintf(why, 300, "nothing written: %.250s", error.text);
    else is_recovered = is_right(why, clip, kept, &recovered, what);
    if (!is_recovered) check_failed(__FILE__, __LINE__, "%s: %s", what, why);
    rp_text after = {0};
    CHECK(clip_read_file(&after, path) && after.length == broken->size &&
          memcmp(after.data, broken->bytes, after.length) == 0);
    rp_text_clear(&after);
    rp_text_clear(&recovered);
    rp_video_report_destroy(report);
}

static size_t cut_count(void) {
    const char *asked = getenv("REPRISE_CUTS");
    return asked != NULL ? (size_t)atoi(asked) : CUTS_ORDINARY;
}

static void check_cuts(const struct clip *clip, const char *reference, const char *name,
                       bool is_bare) {
    char what[200];
    const size_t count = cut_count(), length = clip->payload_end - clip->payload_at;
    for (size_t i = 1; i <= count; i++) {
        /* Cuts at odd places, none before the first tenth. */
        const size_t at = clip->payload_at + length / 10 + (length - length / 10) * i / count -
                          (i < count ? i * 7 : 0);
        struct clip_broken broken = is_bare ? clip_payload(clip, at) : clip_cut(clip, at);
        const struct clip_kept kept = {.from = broken.kept_from, .to = broken.kept_to};
        snprintf(what, sizeof what, "%s, %s cut at %zu of %zu", name, is_bare ? "payload" : "file",
                 at - clip->payload_at, length);
        check_recovery(clip, &broken, &kept, reference, what);
        clip_broken_clear(&broken);
    }
}

static void check_recipe(size_t recipe, char reference_take, bool is_bare) {
    struct clip clip, other;
    const char *why = clip_make_two(&clip, &other, recipe, reference_take, check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    const char *reference = in_scratch(REFERENCE);
    char name[100];
    snprintf(name, sizeof name, "%s with take %c", clip_name(recipe), reference_take);
    CHECK(rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK);
    if (!is_bare || !clip.is_fragmented) check_cuts(&clip, reference, name, is_bare);
    clip_clear(&clip);
    clip_clear(&other);
}

TEST(cut_clips_come_back_with_themselves_as_reference) {
    for (size_t i = 0; i < clip_count(); i++) check_recipe(i, 'A', false);
}

TEST(cut_clips_come_back_with_another_take_as_reference) {
    for (size_t i = 0; i < clip_count(); i++) check_recipe(i, 'B', false);
}

/* GoPro's records between the samples are an index, so none of another clip is needed. */
TEST(an_inline_index_needs_no_reference) {
    struct clip clip;
    const char *why = clip_make(&clip, clip_find("gopro"), 'A', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    check_cuts(&clip, NULL, "gopro without reference", false);
    check_cuts(&clip, NULL, "gopro without reference", true);
    for (size_t place = 2; place < 8; place++) {
        const size_t at = clip.payload_at + (clip.payload_end - clip.payload_at) * place / 8;
        struct clip_broken broken = clip_overwritten(&clip, at, 3000, true);
        const struct clip_kept kept = {
            .to = clip.payload_end, .harmed_at = at, .harmed_count = 3000};
        check_recovery(&clip, &broken, &kept, NULL, "gopro without reference, noise inside");
        clip_broken_clear(&broken);
    }
    clip_clear(&clip);
}

/* Without one, the line says what is missing and what to do. */
TEST(what_has_no_inline_index_says_so) {
    static const struct {
        const char *clip, *said;
        size_t skipped; /* bytes of its beginning that are lost */
    } rows[] = {
        {"sony-hevc", "Sony's rtmd", 0},
        {"iphone", "no inline index", 0},
        {"gopro", "GoPro's records) is lost", 700},
    };
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        struct clip clip;
        const char *why = clip_make(&clip, clip_find(rows[i].clip), 'A', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        struct clip_broken broken = clip_payload(&clip, clip.payload_end);
        REQUIRE(rp_new_file_write(in_scratch(BROKEN), broken.bytes + rows[i].skipped,
                                  broken.size - rows[i].skipped, NULL) == RP_OK);
        const rp_video_recover_options options = {.output = in_scratch(RECOVERED)};
        rp_video_report *report = NULL;
        rp_error error = {0};
        CHECK_INT(rp_video_recover(&report, in_scratch(BROKEN), &options, &error), RP_INPUT);
        if (strstr(error.text, rows[i].said) == NULL || strstr(error.text, "--reference") == NULL)
            check_failed(__FILE__, __LINE__, "%s: %s", rows[i].clip, error.text);
        rp_video_report_destroy(report);
        clip_broken_clear(&broken);
        clip_clear(&clip);
    }
}

TEST(bare_payloads_come_back_with_another_take_as_reference) {
    for (size_t i = 0; i < clip_count(); i++) check_recipe(i, 'B', true);
}

/* ---- damage inside ---- */

/* Damage at `place` of the `parts` that the data has. */
static void check_damage(size_t recipe, size_t place, size_t parts, int kind) {
    static const char *const kinds[] = {"zeros", "noise", "inserted noise"};
    struct clip clip, other;
    const char *why = clip_make_two(&clip, &other, recipe, 'B', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    const size_t length = clip.payload_end - clip.payload_at, count = 3000;
    const size_t at = clip.payload_at + length * place / parts;
    struct clip_broken broken = kind == 2 ? clip_with_junk(&clip, at, count)
                                          : clip_overwritten(&clip, at, count, kind == 1);
    const struct clip_kept kept = {.to = clip.payload_end,
                                   .harmed_at = kind == 2 ? at - 1 : at,
                                   .harmed_count = kind == 2 ? 2 : count};
    char what[200];
    snprintf(what, sizeof what, "%s, 3000 bytes of %s at %zu", clip_name(recipe), kinds[kind], at);
    const char *reference = in_scratch(REFERENCE);
    CHECK(rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK);
    check_recovery(&clip, &broken, &kept, reference, what);
    clip_broken_clear(&broken);
    clip_clear(&clip);
    clip_clear(&other);
}

TEST(what_zeros_and_noise_did_not_touch_comes_back) {
    const char *asked = getenv("REPRISE_DAMAGES");
    const size_t parts = asked != NULL ? (size_t)atoi(asked) + 2 : 8, step = asked != NULL ? 1 : 3;
    for (size_t recipe = 0; recipe < clip_count(); recipe++) {
        if (strcmp(clip_name(recipe), "fragmented") == 0) continue;
        for (int kind = 0; kind < 3; kind++)
            for (size_t place = 2; place < parts; place += step)
                check_damage(recipe, place, parts, kind);
    }
}

/* A cluster is seldom full: behind the last sound lie zeros, or what was there before. */
TEST(bytes_behind_the_last_sound_cost_none_of_it) {
    struct clip clip, other;
    const char *why = clip_make_two(&clip, &other, 0, 'B', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    const char *reference = in_scratch(REFERENCE);
    CHECK(rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK);
    static const struct {
        size_t count;
        uint8_t value;
    } rows[] = {{6, 0}, {700, 0}, {700, 0x35}, {30000, 0}};
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        struct clip_broken broken = clip_without_index(&clip);
        uint8_t *bytes = realloc(broken.bytes, broken.size + rows[i].count);
        REQUIRE(bytes != NULL);
        broken.bytes = bytes;
        for (size_t k = 0; k < rows[i].count; k++)
            bytes[broken.size + k] = (uint8_t)(rows[i].value * (k + 1));
        broken.size += rows[i].count;
        const struct clip_kept kept = {.to = clip.payload_end};
        char what[100];
        snprintf(what, sizeof what, "%zu bytes of %u behind", rows[i].count, rows[i].value);
        check_recovery(&clip, &broken, &kept, reference, what);
        clip_broken_clear(&broken);
    }
    clip_clear(&clip);
    clip_clear(&other);
}

/* A reference that does not fit is no riddle: the line says what is there and what was named. */
TEST(a_reference_of_another_camera_is_told_apart) {
    static const struct {
        const char *broken, *reference, *there, *named;
    } rows[] = {
        {"sony-hevc", "sony-h264", "HEVC", "avc1 320x180, twos, rtmd"},
        {"sony-h264", "sony-hevc", "H.264", "hvc1 320x180, twos, rtmd"},
        {"gopro", "sony-hevc-intra", "GoPro's fdsc", "hvc1 320x180, ipcm, rtmd"},
        {"iphone", "sony-hevc", "H.264", "hvc1 320x180, twos, rtmd"},
    };
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        struct clip clips[2];
        const char *names[2] = {rows[i].broken, rows[i].reference}, *why = NULL;
        for (int k = 0; k < 2 && why == NULL; k++)
            why = clip_make(&clips[k], clip_find(names[k]), 'A', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        struct clip_broken broken = clip_without_index(&clips[0]);
        const char *path = in_scratch(BROKEN), *reference = in_scratch(REFERENCE);
        REQUIRE(rp_new_file_write(path, broken.bytes, broken.size, NULL) == RP_OK);
        REQUIRE(rp_new_file_write(reference, clips[1].bytes, clips[1].size, NULL) == RP_OK);
        const rp_video_recover_options options = {.reference = reference};
        rp_video_report *report = NULL;
        rp_error error = {0};
        CHECK_INT(rp_video_recover(&report, path, &options, &error), RP_INPUT);
        if (strstr(error.text, rows[i].there) == NULL || strstr(error.text, rows[i].named) == NULL)
            check_failed(__FILE__, __LINE__, "%s with %s: %s", names[0], names[1], error.text);
        rp_video_report_destroy(report);
        clip_broken_clear(&broken);
        clip_clear(&clips[0]);
        clip_clear(&clips[1]);
    }
}
