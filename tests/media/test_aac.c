/* test_aac.c: lengths of AAC frames: frames of known size from real recorders, and noise. */
#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/random.h"
#include "check.h"
#include "media/aac.h"
#include "media/aac_tables.h"
#include "media/movie.h"

TEST(every_codebook_is_a_complete_prefix_code) {
    static const int codewords[12] = {121, 81, 81, 81, 81, 81, 81, 64, 64, 169, 169, 289};
    for (int i = 0; i < 12; i++) {
        uint32_t kraft = 0, count = 0;
        for (int length = 1; length <= RP_MEDIA_AAC_CODE_BITS_MAX; length++) {
            kraft += (uint32_t)rp_media_aac_books[i].counts[length - 1] << (20 - length);
            count += rp_media_aac_books[i].counts[length - 1];
        }
        CHECK_INT(kraft, 1 << 20);
        CHECK_INT(count, codewords[i]);
    }
}

TEST(the_bands_of_every_rate_rise_to_the_window_length) {
    for (int i = 0; i < RP_MEDIA_AAC_RATES; i++) {
        const rp_media_aac_bands *bands = &rp_media_aac_bands_of[i];
        CHECK_INT(bands->long_offsets[bands->long_count], 1024);
        CHECK_INT(bands->short_offsets[bands->short_count], 128);
        for (int k = 0; k < bands->long_count; k++)
            CHECK(bands->long_offsets[k] < bands->long_offsets[k + 1]);
        for (int k = 0; k < bands->short_count; k++)
            CHECK(bands->short_offsets[k] < bands->short_offsets[k + 1]);
    }
}

/* A silent stereo frame: CPE, common window, max_sfb 0, no M/S, two empty channels, END. */
TEST(a_silent_frame_has_its_length_and_no_prefix_parses) {
    const rp_media_aac_config config = {
        .object_type = 2, .sampling_index = 3, .channels_config = 2, .frame_samples = 1024};
    /* 001 0000 1 | 0 00 0 0000 | 00 0 00 000 | 00000 000 | 000000 00 | 000 111 00 */
    const uint8_t frame[] = {0x21, 0x00, 0x00, 0x00, 0x00, 0x1c};
    CHECK_INT(rp_media_aac_block_bytes(&config, frame, sizeof frame), sizeof frame);
    for (size_t kept = 0; kept < sizeof frame; kept++)
        CHECK_INT(rp_media_aac_block_bytes(&config, frame, kept), 0);
    const rp_media_aac_config mono = {
        .object_type = 2, .sampling_index = 3, .channels_config = 1, .frame_samples = 1024};
    CHECK_INT(rp_media_aac_block_bytes(&mono, frame, sizeof frame), 0);
}

TEST(noise_is_hardly_ever_a_frame) {
    const rp_media_aac_config config = {
        .object_type = 2, .sampling_index = 3, .channels_config = 2, .frame_samples = 1024};
    rp_random random = rp_random_make(1, 0);
    int found = 0;
    for (int i = 0; i < 20000; i++) {
        uint8_t noise[1536];
        for (size_t k = 0; k < sizeof noise; k++) noise[k] = (uint8_t)rp_random_u32(&random);
        found += rp_media_aac_block_bytes(&config, noise, sizeof noise) != 0;
    }
    printf("# %d of 20000 blocks of noise parse as AAC\n", found);
    CHECK(found < 20);
}

static void check_track(const rp_media_movie *movie, const rp_media_track *track) {
    size_t size;
    const uint8_t *bytes = rp_media_aac_config_find(&size, movie->data + track->entry.offset,
                                                    (size_t)track->entry.size);
    REQUIRE(bytes != NULL);
    rp_media_aac_config config;
    REQUIRE(rp_media_aac_config_read(&config, bytes, size));
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    rp_media_sample sample;
    while (rp_media_cursor_next(&sample, &cursor)) {
        if (sample.offset > movie->size) break;
        const size_t found = rp_media_aac_block_bytes(&config, movie->data + sample.offset,
                                                      (size_t)(movie->size - sample.offset));
        if (found != sample.size) printf("# sample %d\n", (int)sample.index);
        CHECK_INT(found, sample.size);
    }
}

TEST(every_frame_of_the_clips_has_the_length_that_their_index_says) {
    static const char *const clips[] = {
        "android6_take1.mp4",    "android6_take2.mp4",     "android14_hevc10.mp4",
        "android_hevc_mett.mp4", "samsung_slowmo_svc.mp4", "phone_3gp5_avc.mp4",
        "iphone6_avc.mov",       "iphone12_hevc_dovi.mov", "ipad_mini_hevc.mov",
        "gopro_max_head.mp4",    "made_obs_3aac_A.mp4",    "made_obs_3aac_B.mp4"};
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
            if (movie.tracks[k].codec == RP_MEDIA_TYPE('m', 'p', '4', 'a'))
                check_track(&movie, &movie.tracks[k]);
        if (check_is_failed()) printf("# in %s\n", clips[i]);
        rp_arena_clear(&arena);
        rp_mapped_file_close(&file);
    }
}
