/* test_movie.c: reading an index: a small one made here, and the clips beside the checkout. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "check.h"
#include "media/movie.h"

/* A table of 32-bit words behind version, flags and, if `counted`, the number of entries. */
static void add_table(rp_text *out, const char *type, const uint32_t *words, size_t count,
                      size_t entry_words) {
    const size_t mark = rp_media_full_box_open(out, rp_be32((const uint8_t *)type), 0, 0);
    if (entry_words > 0) rp_media_put_be32(out, (uint32_t)(count / entry_words));
    for (size_t i = 0; i < count; i++) rp_media_put_be32(out, words[i]);
    rp_media_box_close(out, mark);
}
#define TABLE(out, type, entry_words, ...)                \
    add_table(out, type, (const uint32_t[]){__VA_ARGS__}, \
              sizeof((const uint32_t[]){__VA_ARGS__}) / 4, entry_words)

static size_t open_box(rp_text *out, const char *type) {
    return rp_media_box_open(out, rp_be32((const uint8_t *)type));
}

/* Five samples in chunks of 2, 2 and 1, with B-frames; the offsets are made up. */
static void make_index(rp_text *out) {
    const size_t moov = open_box(out, "moov");
    TABLE(out, "mvhd", 0, 0, 0, 600, 500);
    const size_t trak = open_box(out, "trak");
    TABLE(out, "tkhd", 0, 0, 0, 7, 0, 500);
    const size_t edts = open_box(out, "edts");
    TABLE(out, "elst", 3, 500, 1000, 0x10000);
    rp_media_box_close(out, edts);
    const size_t mdia = open_box(out, "mdia");
    TABLE(out, "mdhd", 0, 0, 0, 25000, 5000);
    TABLE(out, "hdlr", 0, 0, 0x76696465);
    const size_t minf = open_box(out, "minf"), stbl = open_box(out, "stbl");
    const size_t stsd = rp_media_full_box_open(out, RP_MEDIA_TYPE('s', 't', 's', 'd'), 0, 0);
    rp_media_put_be32(out, 1);
    rp_media_box_close(out, open_box(out, "avc1"));
    rp_media_box_close(out, stsd);
    TABLE(out, "stts", 2, 4, 1000, 1, 900);
    TABLE(out, "ctts", 2, 1, 1000, 1, 3000, 2, 0, 1, (uint32_t)-5);
    TABLE(out, "stss", 1, 1, 4);
    TABLE(out, "stsz", 0, 0, 5, 10, 20, 30, 40, 50);
    TABLE(out, "stsc", 3, 1, 2, 1, 3, 1, 1);
    TABLE(out, "stco", 1, 100, 500, 900);
    rp_media_box_close(out, stbl);
    rp_media_box_close(out, minf);
    rp_media_box_close(out, mdia);
    rp_media_box_close(out, trak);
    rp_media_box_close(out, moov);
}

TEST(a_small_index_is_read_sample_by_sample) {
    rp_text file = {0};
    make_index(&file);
    rp_arena arena = {0};
    rp_media_movie movie;
    rp_error error = {0};
    REQUIRE(rp_media_movie_read(&movie, (const uint8_t *)file.data, file.length, &arena, &error) ==
            RP_OK);
    REQUIRE(movie.has_index && movie.track_count == 1);
    const rp_media_track *track = &movie.tracks[0];
    CHECK_INT(track->id, 7);
    CHECK_INT(track->timescale, 25000);
    CHECK_INT(track->codec, RP_MEDIA_TYPE('a', 'v', 'c', '1'));
    REQUIRE(track->edit_count == 1);
    CHECK_INT(track->edits[0].media_time, 1000);
    static const rp_media_sample expected[] = {
        {0, 100, 0, 10, 1000, 1000, true},  {1, 110, 1000, 20, 1000, 3000, false},
        {2, 500, 2000, 30, 1000, 0, false}, {3, 530, 3000, 40, 1000, 0, true},
        {4, 900, 4000, 50, 900, -5, false},
    };
    rp_media_cursor cursor = rp_media_cursor_begin(track);
    rp_media_sample sample;
    for (size_t i = 0; i < 5; i++) {
        REQUIRE(rp_media_cursor_next(&sample, &cursor));
        CHECK_INT(sample.offset, expected[i].offset);
        CHECK_INT(sample.dts, expected[i].dts);
        CHECK_INT(sample.size, expected[i].size);
        CHECK_INT(sample.duration, expected[i].duration);
        CHECK_INT(sample.composition, expected[i].composition);
        CHECK_INT(sample.is_sync, expected[i].is_sync);
    }
    CHECK(!rp_media_cursor_next(&sample, &cursor));
    rp_arena_clear(&arena);
    rp_text_clear(&file);
}

TEST(every_prefix_and_every_changed_byte_of_an_index_is_survived) {
    rp_text file = {0};
    make_index(&file);
    rp_arena arena = {.limit_bytes = 1 << 24};
    rp_media_movie movie;
    for (size_t kept = 0; kept < file.length; kept++) {
        uint8_t *copy = malloc(kept + 1); /* exact size, so that a sanitizer sees an overrun */
        REQUIRE(copy != NULL);
        memcpy(copy, file.data, kept);
        (void)rp_media_movie_read(&movie, copy, kept, &arena, NULL);
        rp_arena_reset(&arena);
        free(copy);
    }
    for (size_t at = 0; at < file.length; at++) {
        const char kept = file.data[at];
        static const char values[] = {0, 1, 8, (char)0x7f, (char)0xff};
        for (size_t i = 0; i < sizeof values; i++) {
            file.data[at] = values[i];
            (void)rp_media_movie_read(&movie, (const uint8_t *)file.data, file.length, &arena,
                                      NULL);
            rp_media_sample sample;
            for (size_t k = 0; movie.has_index && k < movie.track_count; k++) {
                rp_media_cursor cursor = rp_media_cursor_begin(&movie.tracks[k]);
                int steps = 0;
                while (steps < 1000 && rp_media_cursor_next(&sample, &cursor)) steps++;
            }
            rp_arena_reset(&arena);
        }
        file.data[at] = kept;
    }
    rp_arena_clear(&arena);
    rp_text_clear(&file);
}

TEST(the_clips_have_the_samples_their_readme_says) {
    static const struct {
        const char *name;
        size_t tracks;
        uint64_t counts[5];
    } clips[] = {
        {"android6_take1.mp4", 2, {23, 47}},
        {"gopro_max_head.mp4", 5, {200, 313, 1, 6, 522}},
        {"iphone6_avc.mov", 4, {175, 120, 101, 1}},
        {"made_xavc_like_A.mp4", 3, {48, 92160, 48}},
        {"phone_3gp5_avc.mp4", 2, {39, 62}},
    };
    if (check_data() == NULL) {
        check_skip("no data beside the checkout");
        return;
    }
    rp_arena arena = {0};
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        char path[1200];
        snprintf(path, sizeof path, "%s/video/%s", check_data(), clips[i].name);
        rp_mapped_file file;
        rp_media_movie movie;
        rp_error error = {0};
        REQUIRE(rp_mapped_file_open(&file, path, &error) == RP_OK);
        REQUIRE(rp_media_movie_read(&movie, file.data, file.size, &arena, &error) == RP_OK);
        CHECK_INT(movie.track_count, clips[i].tracks);
        for (size_t k = 0; k < movie.track_count; k++)
            CHECK_INT(movie.tracks[k].sample_count, clips[i].counts[k]);
        rp_arena_reset(&arena);
        rp_mapped_file_close(&file);
    }
    rp_arena_clear(&arena);
}
