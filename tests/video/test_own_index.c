/* test_own_index.c: a film is whole only if the samples that its index names are there: one whose
 * data was cut, or whose tables are damaged, is told so and recovered. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/new_file.h"
#include "check.h"
#include "reprise/video.h"
#include "video/kept_clip.h"

enum { TRACKS = 3 }; /* of the clip: H.264, AAC, AAC */

/* The healthy clip in memory, to be damaged, and the paths of a scene. */
struct scene {
    char clip[PATH_BYTES], broken[PATH_BYTES], mended[PATH_BYTES];
    rp_mapped_file healthy;
    rp_text bytes;
};

static void open_scene(struct scene *scene) {
    *scene = (struct scene){.bytes = {0}};
    clip_scratch_path(scene->clip, "clip.mp4");
    clip_scratch_path(scene->broken, "broken.mp4");
    clip_scratch_path(scene->mended, "mended.mp4");
    clip_write_kept(scene->clip, "h264_mp4");
    REQUIRE(rp_mapped_file_open(&scene->healthy, scene->clip, NULL) == RP_OK);
    rp_text_add_bytes(&scene->bytes, scene->healthy.data, scene->healthy.size);
}

static void close_scene(struct scene *scene) {
    rp_mapped_file_close(&scene->healthy);
    rp_text_clear(&scene->bytes);
}

/* The first entry of the table `type` of track `number` (from 0); its count stands before it. */
static uint8_t *find_entries(rp_text *film, const char *type, int number) {
    const size_t fields = strcmp(type, "stsz") == 0 ? 12 : 8; /* flags, constant size, count */
    uint8_t *data = (uint8_t *)film->data;
    for (size_t at = 4; at + 32 < film->length; at++) {
        if (memcmp(data + at, type, 4) != 0 || number-- > 0) continue;
        return data + at + 4 + fields;
    }
    check_failed(__FILE__, __LINE__, "no %s", type);
    return data;
}

static rp_media_box find_box(const rp_text *film, uint32_t type) {
    rp_media_box_walk walk = {.data = (const uint8_t *)film->data, .end = film->length};
    for (rp_media_box box; rp_media_box_next(&box, &walk);)
        if (box.type == type) return box;
    check_failed(__FILE__, __LINE__, "no box");
    return (rp_media_box){0};
}

/* Adds to every chunk offset of every track. */
static void shift_chunks(rp_text *film, uint32_t by) {
    for (int number = 0; number < TRACKS; number++) {
        uint8_t *entry = find_entries(film, "stco", number);
        const uint32_t count = rp_be32(entry - 4);
        for (uint32_t i = 0; i < count; i++, entry += 4) rp_put_be32(entry, rp_be32(entry) + by);
    }
}

/* The film with its index in front of the media data, as phones have it; the size of mdat is 0:
 * up to the end of the file. */
static void put_index_first(rp_text *film) {
    rp_text out = {0};
    const rp_media_box moov = find_box(film, RP_MEDIA_TYPE('m', 'o', 'o', 'v'));
    const rp_media_box mdat = find_box(film, RP_MEDIA_TYPE('m', 'd', 'a', 't'));
    shift_chunks(film, (uint32_t)moov.size);
    rp_text_add_bytes(&out, film->data, (size_t)mdat.offset);
    rp_text_add_bytes(&out, film->data + moov.offset, (size_t)moov.size);
    rp_text_add_bytes(&out, film->data + mdat.offset, (size_t)mdat.size);
    rp_put_be32((uint8_t *)out.data + mdat.offset + moov.size, 0);
    rp_text_clear(film);
    *film = out;
}

static void check_inspection(const struct scene *scene, rp_status status, const char *words) {
    rp_video_report *report = NULL;
    REQUIRE(rp_new_file_write(scene->broken, scene->bytes.data, scene->bytes.length, NULL) ==
            RP_OK);
    CHECK_INT(rp_video_inspect(&report, scene->broken, NULL), status);
    REQUIRE(report != NULL);
    if (strstr(rp_video_report_text(report), words) == NULL)
        check_failed(__FILE__, __LINE__, "%s is not in %s", words, rp_video_report_text(report));
    rp_video_report_destroy(report);
}

static rp_status recover(const struct scene *scene, const char *reference, rp_error *error) {
    const rp_video_recover_options options = {.reference = reference, .output = scene->mended};
    rp_video_report *report = NULL;
    const rp_status status = rp_video_recover(&report, scene->broken, &options, error);
    rp_video_report_destroy(report);
    return status;
}

TEST(an_index_in_front_of_data_of_no_known_size_is_followed_as_far_as_the_data_goes) {
    for (unsigned share = 100; share >= 20; share -= 16) {
        struct scene scene;
        rp_error error = {0};
        open_scene(&scene);
        const rp_media_box mdat = find_box(&scene.bytes, RP_MEDIA_TYPE('m', 'd', 'a', 't'));
        const uint64_t kept = mdat.offset + 8 + (mdat.size - 8) * share / 100;
        put_index_first(&scene.bytes);
        const rp_media_box moov = find_box(&scene.bytes, RP_MEDIA_TYPE('m', 'o', 'o', 'v'));
        scene.bytes.length = (size_t)(moov.size + kept);
        const bool is_whole = share == 100;
        check_inspection(&scene, is_whole ? RP_OK : RP_NO,
                         is_whole ? ": whole" : "index whole, media data cut");
        const rp_status status = recover(&scene, NULL, &error);
        if (is_whole) CHECK(status == RP_NO && strstr(error.text, "nothing to do") != NULL);
        else CHECK_INT(status, RP_OK);
        if (!is_whole) clip_check_same(&scene.healthy, scene.mended, kept);
        close_scene(&scene);
    }
}

TEST(key_pictures_of_a_codec_that_is_not_known_are_kept) {
    static const char *const codecs[] = {"vp09", "mp4v", "AVdh", "s263"};
    for (size_t i = 0; i < RP_COUNT(codecs); i++) {
        struct scene scene;
        open_scene(&scene);
        const rp_media_box mdat = find_box(&scene.bytes, RP_MEDIA_TYPE('m', 'd', 'a', 't'));
        put_index_first(&scene.bytes);
        memcpy(find_entries(&scene.bytes, "stsd", 0) + 4, codecs[i], 4);
        scene.bytes.length -= 40;
        check_inspection(&scene, RP_NO, codecs[i]);
        CHECK_INT(recover(&scene, NULL, NULL), RP_OK);
        clip_check_same(&scene.healthy, scene.mended, mdat.offset + mdat.size - 40);
        close_scene(&scene);
    }
}

/* What can happen to the index of a film whose boxes are all there. */
static void empty_sizes(rp_text *film) {
    uint8_t *entry = find_entries(film, "stsz", 0);
    memset(entry, 0, 4 * (size_t)rp_be32(entry - 4));
}
static void lengthen_table(rp_text *film) {
    rp_put_be32(find_entries(film, "stsz", 0) - 4, 1 << 30);
}
static void shorten_table(rp_text *film) {
    uint8_t *entry = find_entries(film, "stco", 0);
    rp_put_be32(entry - 4, rp_be32(entry - 4) - 1);
}
static void shift_all(rp_text *film) { shift_chunks(film, 3); }
static void shift_beyond_end(rp_text *film) { shift_chunks(film, 1 << 24); }
static void lose_first_chunk(rp_text *film) {
    rp_put_be32(find_entries(film, "stco", 1), 0x7fffffff);
}
static void point_at_index(rp_text *film) {
    const rp_media_box moov = find_box(film, RP_MEDIA_TYPE('m', 'o', 'o', 'v'));
    rp_put_be32(find_entries(film, "stco", 0), (uint32_t)moov.offset);
}
static void enlarge_sample(rp_text *film) {
    uint8_t *entry = find_entries(film, "stsz", 0);
    rp_put_be32(entry, rp_be32(entry) + 0x400);
}
static void lose_times(rp_text *film) { rp_put_be32(find_entries(film, "stts", 0) - 4, 0); }

TEST(a_damaged_table_makes_the_index_damaged_and_a_reference_mends_it) {
    static void (*const damages[])(rp_text *) = {empty_sizes,    lengthen_table,   shorten_table,
                                                 shift_all,      shift_beyond_end, lose_first_chunk,
                                                 point_at_index, enlarge_sample,   lose_times};
    for (size_t i = 0; i < RP_COUNT(damages); i++) {
        struct scene scene;
        rp_error error = {0};
        open_scene(&scene);
        damages[i](&scene.bytes);
        check_inspection(&scene, RP_NO, "the index (moov) is damaged");
        CHECK_INT(recover(&scene, NULL, &error), RP_INPUT);
        CHECK(strstr(error.text, "--reference") != NULL);
        CHECK_INT(recover(&scene, scene.clip, &error), RP_OK);
        clip_check_same(&scene.healthy, scene.mended, scene.healthy.size);
        close_scene(&scene);
        if (!check_is_failed()) continue;
        printf("# damage %zu: %s\n", i, error.text);
        return;
    }
}

TEST(a_film_without_media_data_says_so) {
    struct scene scene;
    rp_error error = {0};
    open_scene(&scene);
    put_index_first(&scene.bytes);
    scene.bytes.length =
        (size_t)find_box(&scene.bytes, RP_MEDIA_TYPE('m', 'd', 'a', 't')).offset + 8;
    check_inspection(&scene, RP_NO, "broken: ");
    CHECK_INT(recover(&scene, scene.clip, &error), RP_INPUT);
    CHECK(strstr(error.text, "ends where its media data would begin") != NULL);
    close_scene(&scene);
}
