/* test_own_sets.c: the decoder configuration of one recording with the parameter sets of another
 * that carries them in its stream is that other's configuration. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "media/h264.h"
#include "media/movie.h"
#include "media/parameter_sets.h"
#include "video/clip_maker.h"

/* Of one take: the payload of avcC or hvcC, and the first sample. */
struct take {
    struct clip clip;
    rp_arena arena;
    const uint8_t *config, *sample;
    size_t config_size, sample_size;
    bool is_hevc;
};

static void find_take(struct take *take) {
    rp_media_movie movie;
    rp_media_sample sample;
    rp_media_box box;
    REQUIRE(rp_media_movie_read(&movie, take->clip.bytes, take->clip.size, &take->arena, NULL) ==
            RP_OK);
    const rp_media_track *track = &movie.tracks[0];
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    REQUIRE(rp_media_cursor_next(&sample, &cursor));
    take->sample = take->clip.bytes + sample.offset;
    take->sample_size = sample.size;
    rp_media_box_walk walk = rp_media_box_inside(take->clip.bytes, &track->entry, 78);
    while (rp_media_box_next(&box, &walk)) {
        take->is_hevc = box.type == RP_MEDIA_TYPE('h', 'v', 'c', 'C');
        if (!take->is_hevc && box.type != RP_MEDIA_TYPE('a', 'v', 'c', 'C')) continue;
        take->config = rp_media_box_payload(take->clip.bytes, &box);
        take->config_size = (size_t)rp_media_box_payload_size(&box);
        return;
    }
}

static void check_takes(const struct take *from, const struct take *to) {
    rp_media_parameter_sets sets = {.is_hevc = to->is_hevc};
    rp_text out = {0};
    uint32_t width = 0, height = 0;
    rp_media_parameter_sets_collect(&sets, 4, to->sample, to->sample_size);
    CHECK_INT(sets.count, to->is_hevc ? 3 : 2);
    CHECK(rp_media_parameter_sets_size(&width, &height, &sets));
    CHECK(width == 320 || width == 160);
    CHECK(rp_media_parameter_sets_put(&out, from->config, from->config_size, &sets));
    CHECK(out.length == to->config_size && memcmp(out.data, to->config, out.length) == 0);
    rp_text_reset(&out);
    /* Its own configuration has nothing to change. */
    CHECK(!rp_media_parameter_sets_put(&out, to->config, to->config_size, &sets));
    CHECK_INT(out.length, 0);
    /* Damaged ones are left alone; none is read past its end. */
    for (size_t size = 0; size < from->config_size; size++) {
        uint8_t *cut = malloc(size + 1);
        REQUIRE(cut != NULL);
        memcpy(cut, from->config, size);
        const bool is_put = rp_media_parameter_sets_put(&out, cut, size, &sets);
        CHECK(is_put == (out.length > 0));
        rp_text_reset(&out);
        free(cut);
    }
    rp_text_clear(&out);
}

TEST(a_configuration_takes_the_sets_of_the_stream) {
    static const char *const names[] = {"own-sets-h264", "own-sets-hevc"};
    for (size_t i = 0; i < RP_COUNT(names); i++) {
        struct take takes[2] = {{.is_hevc = false}, {.is_hevc = false}};
        const char *why = clip_make_two(&takes[0].clip, &takes[1].clip, clip_find(names[i]), 'B',
                                        check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        for (int k = 0; k < 2; k++) find_take(&takes[k]);
        REQUIRE(takes[0].config != NULL && takes[1].config != NULL);
        check_takes(&takes[0], &takes[1]);
        check_takes(&takes[1], &takes[0]);
        for (int k = 0; k < 2; k++) {
            rp_arena_clear(&takes[k].arena);
            clip_clear(&takes[k].clip);
        }
    }
}

/* 'avc3' may say nothing but the bytes of a length; its sets then stay in the stream. */
TEST(a_configuration_without_sets_is_read_and_stays_so) {
    static const uint8_t empty[] = {1, 100, 0, 31, 0xff, 0xe0, 0, 0xfd, 0xf8, 0xf8, 0};
    static const uint8_t pps[] = {0, 0, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0};
    static rp_media_h264 h264;
    CHECK(rp_media_h264_config_read(&h264, empty, sizeof empty));
    CHECK_INT(h264.length_bytes, 4);
    rp_media_parameter_sets sets = {.is_hevc = false};
    rp_text out = {0};
    rp_media_parameter_sets_collect(&sets, 4, pps, sizeof pps);
    CHECK_INT(sets.count, 1);
    CHECK(!rp_media_parameter_sets_put(&out, empty, sizeof empty, &sets));
    rp_text_clear(&out);
}
