/* test_access_unit.c: pictures of H.264 and HEVC found in the clips, one by one, and in noise. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/random.h"
#include "check.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "media/movie.h"

static bool find_config(rp_media_box *config, const rp_media_movie *movie,
                        const rp_media_track *track, uint32_t type) {
    rp_media_box_walk walk = rp_media_box_inside(movie->data, &track->entry, 78);
    while (rp_media_box_next(config, &walk))
        if (config->type == type) return true;
    return false;
}

/* Every sample is an access unit of just its size. */
static void check_track(const rp_media_movie *movie, const rp_media_track *track,
                        const char *name) {
    rp_media_h264 *h264 = calloc(1, sizeof *h264);
    rp_media_hevc *hevc = calloc(1, sizeof *hevc);
    rp_media_box config;
    const bool is_avc = track->codec == RP_MEDIA_TYPE('a', 'v', 'c', '1');
    REQUIRE(h264 != NULL && hevc != NULL);
    REQUIRE(find_config(
        &config, movie, track,
        is_avc ? RP_MEDIA_TYPE('a', 'v', 'c', 'C') : RP_MEDIA_TYPE('h', 'v', 'c', 'C')));
    const uint8_t *bytes = rp_media_box_payload(movie->data, &config);
    const size_t size = (size_t)rp_media_box_payload_size(&config);
    CHECK(is_avc ? rp_media_h264_config_read(h264, bytes, size)
                 : rp_media_hevc_config_read(hevc, bytes, size));
    h264->nal_bytes_max = hevc->nal_bytes_max = 1 << 24;
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    rp_media_sample sample;
    rp_media_order order = {0};
    int64_t last = 0;
    if (is_avc && strstr(name, "xavc") != NULL) h264->slices_min = 8;
    while (rp_media_cursor_next(&sample, &cursor)) {
        const uint8_t *at = movie->data + sample.offset;
        const uint64_t left = movie->size - sample.offset;
        const rp_media_access_unit unit =
            is_avc ? rp_media_h264_unit(h264, at, left) : rp_media_hevc_unit(hevc, at, left);
        CHECK_INT(unit.size, sample.size);
        CHECK_INT(unit.picture.is_sync, sample.is_sync);
        if (check_is_failed()) printf("# sample %d\n", (int)sample.index);
        const int64_t place = rp_media_order_next(&order, &unit.picture);
        if (track->compositions.count == 0 && !unit.picture.is_period && sample.index > 0)
            CHECK(place > last); /* no reordering: the order only rises */
        last = place;
        /* Cut anywhere, it is none. */
        if (sample.index == 0)
            for (uint64_t kept = 0; kept < sample.size; kept += 97)
                CHECK_INT(is_avc ? rp_media_h264_unit(h264, at, kept).size
                                 : rp_media_hevc_unit(hevc, at, kept).size,
                          0);
    }
    free(h264);
    free(hevc);
}

TEST(every_picture_of_the_clips_is_found_with_its_size_and_its_kind) {
    static const char *const clips[] = {
        "android6_take1.mp4",     "android6_take2.mp4",   "android14_hevc10.mp4",
        "android_hevc_mett.mp4",  "phone_3gp5_avc.mp4",   "iphone6_avc.mov",
        "iphone12_hevc_dovi.mov", "ipad_mini_hevc.mov",   "gopro_max_head.mp4",
        "made_obs_3aac_A.mp4",    "made_xavc_like_A.mp4", "made_xavc_like_B.mp4",
        "samsung_slowmo_svc.mp4"};
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        char path[1200];
        rp_arena arena = {0};
        rp_mapped_file file;
        rp_media_movie movie;
        snprintf(path, sizeof path, "%s/video/%s", check_data(), clips[i]);
        REQUIRE(rp_mapped_file_open(&file, path, NULL) == RP_OK);
        REQUIRE(rp_media_movie_read(&movie, file.data, file.size, &arena, NULL) == RP_OK);
        for (size_t k = 0; k < movie.track_count; k++)
            if (movie.tracks[k].handler == RP_MEDIA_TYPE('v', 'i', 'd', 'e'))
                check_track(&movie, &movie.tracks[k], clips[i]);
        if (check_is_failed()) {
            printf("# in %s\n", clips[i]);
            return;
        }
        rp_arena_clear(&arena);
        rp_mapped_file_close(&file);
    }
}

TEST(order_unwraps_both_ways_and_begins_anew_at_an_idr) {
    rp_media_order order = {0};
    static const struct {
        uint32_t lsb;
        bool is_reference, is_period;
        int64_t expected;
    } rows[] = {
        {0, true, true, 0},    {6, true, false, 6},  {2, false, false, 2},
        {12, true, false, 12}, {2, true, false, 18}, {14, false, false, 14},
        {8, true, false, 24},  {0, true, true, 0},   {14, false, false, -2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const rp_media_picture picture = {.is_reference = rows[i].is_reference,
                                          .is_period = rows[i].is_period,
                                          .lsb = rows[i].lsb,
                                          .lsb_bits = 4};
        CHECK_INT(rp_media_order_next(&order, &picture), rows[i].expected);
    }
}

/* Parameter sets that x264 and x265 write for 1920x1080 and 322x182. Coded are 1088 lines, and 328
 * columns of 184 lines. */
TEST(the_size_of_pictures_is_the_one_shown) {
    static const uint8_t h264_sps[] = {0x67, 0x42, 0xc0, 0x28, 0xda, 0x01, 0xe0, 0x08, 0x9f,
                                       0x97, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
                                       0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x2a};
    static const uint8_t hevc_sps[] = {
        0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00,
        0x00, 0x03, 0x00, 0x3c, 0xa0, 0x0a, 0x48, 0x0b, 0x9c, 0x95, 0x96, 0x56, 0x69, 0x24,
        0xca, 0xf0, 0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0c, 0x84};
    rp_media_h264 *h264 = calloc(1, sizeof *h264);
    rp_media_hevc *hevc = calloc(1, sizeof *hevc);
    uint32_t width = 0, height = 0;
    REQUIRE(h264 != NULL && hevc != NULL);
    CHECK(!rp_media_h264_size(&width, &height, h264) && !rp_media_hevc_size(&width, &height, hevc));
    CHECK(rp_media_h264_sps_read(h264, h264_sps, sizeof h264_sps));
    CHECK(rp_media_h264_size(&width, &height, h264));
    CHECK_INT(width, 1920);
    CHECK_INT(height, 1080);
    CHECK(rp_media_hevc_sps_read(hevc, hevc_sps, sizeof hevc_sps));
    CHECK(rp_media_hevc_size(&width, &height, hevc));
    CHECK_INT(width, 322);
    CHECK_INT(height, 182);
    free(h264);
    free(hevc);
}
