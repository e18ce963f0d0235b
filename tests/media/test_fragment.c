/* test_fragment.c: where the samples of movie fragments lie, in every way that ISO/IEC 14496-12
 * 8.8.7.1 has of saying it. */
#include "base/compiler.h"
#include "check.h"
#include "media/movie.h"

#define TYPE(text) RP_MEDIA_TYPE((text)[0], (text)[1], (text)[2], (text)[3])
enum { TRACKS = 2, UNKNOWN = 9, BASE_DATA_OFFSET = 1, DEFAULT_BASE_IS_MOOF = 0x20000 };

static void put_words(rp_text *out, const uint32_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) rp_media_put_be32(out, words[i]);
}
#define PUT(out, ...) \
    put_words(out, (const uint32_t[]){__VA_ARGS__}, RP_COUNT(((const uint32_t[]){__VA_ARGS__})))

/* A moov of two tracks without samples; every sample has a duration of 10 ticks. */
static void put_moov(rp_text *out) {
    const size_t moov = rp_media_box_open(out, TYPE("moov"));
    for (uint32_t id = 1; id <= TRACKS; id++) {
        const size_t trak = rp_media_box_open(out, TYPE("trak"));
        size_t box = rp_media_full_box_open(out, TYPE("tkhd"), 0, 0);
        PUT(out, 0, 0, id, 0, 0);
        rp_media_box_close(out, box);
        const size_t mdia = rp_media_box_open(out, TYPE("mdia"));
        box = rp_media_full_box_open(out, TYPE("mdhd"), 0, 0);
        PUT(out, 0, 0, 1000, 0, 0);
        rp_media_box_close(out, box);
        rp_media_box_close(out, mdia);
        rp_media_box_close(out, trak);
    }
    const size_t mvex = rp_media_box_open(out, TYPE("mvex"));
    for (uint32_t id = 1; id <= TRACKS; id++) {
        const size_t trex = rp_media_full_box_open(out, TYPE("trex"), 0, 0);
        PUT(out, id, 1, 10, 0, 0);
        rp_media_box_close(out, trex);
    }
    rp_media_box_close(out, mvex);
    rp_media_box_close(out, moov);
}

/* A track fragment of two samples; `offset` < 0: its trun has no data offset. */
struct fragment {
    uint32_t track, flags, sizes[2];
    int32_t offset;
};

static void put_traf(rp_text *out, const struct fragment *of, uint64_t base) {
    const size_t traf = rp_media_box_open(out, TYPE("traf"));
    size_t box = rp_media_full_box_open(out, TYPE("tfhd"), 0, of->flags);
    PUT(out, of->track);
    if (of->flags & BASE_DATA_OFFSET) rp_media_put_be64(out, base);
    rp_media_box_close(out, box);
    box = rp_media_full_box_open(out, TYPE("trun"), 0, 0x200 | (of->offset >= 0));
    PUT(out, 2);
    if (of->offset >= 0) PUT(out, (uint32_t)of->offset);
    PUT(out, of->sizes[0], of->sizes[1]);
    rp_media_box_close(out, box);
    rp_media_box_close(out, traf);
}

/* One fragment of three track fragments, the first two of track 1 and of another, the last of track
 * 2, in a file long enough for what they say. Returns where the last one's samples lie, counted
 * from the moof. */
static uint64_t place_of_last(const struct fragment fragments[3], uint64_t base) {
    rp_text file = {0};
    rp_arena arena = {0};
    rp_media_movie movie;
    put_moov(&file);
    const size_t moof = rp_media_box_open(&file, TYPE("moof"));
    for (int i = 0; i < 3; i++) put_traf(&file, &fragments[i], moof + base);
    rp_media_box_close(&file, moof);
    const size_t mdat = rp_media_box_open(&file, TYPE("mdat"));
    for (int i = 0; i < 4000; i++) rp_text_add_char(&file, 0);
    rp_media_box_close(&file, mdat);
    uint64_t place = 0;
    CHECK(rp_media_movie_read(&movie, (const uint8_t *)file.data, file.length, &arena, NULL) ==
          RP_OK);
    CHECK(movie.track_count == TRACKS && movie.tracks[1].chunk_count == 1);
    if (!check_is_failed()) {
        CHECK_INT(movie.tracks[1].sample_count, 2);
        CHECK_INT(movie.tracks[0].chunks[0].offset, moof + 1000);
        place = movie.tracks[1].chunks[0].offset - moof;
    }
    rp_arena_clear(&arena);
    rp_text_clear(&file);
    return place;
}

/* The data of the first two: 1000 .. 1030 of track 1, then 1030 .. 1070. */
TEST(offsets_count_from_what_tfhd_says) {
    const struct {
        uint32_t between; /* the track of the second fragment */
        uint32_t flags;   /* of the last one's tfhd */
        int32_t offset;   /* of its trun */
        uint64_t place;
    } rows[] = {
        {UNKNOWN, 0, -1, 1070},
        {UNKNOWN, 0, 6, 1076},
        {1, 0, -1, 1070},
        {1, 0, 6, 1076},
        {UNKNOWN, DEFAULT_BASE_IS_MOOF, 1200, 1200},
        {1, DEFAULT_BASE_IS_MOOF, 1200, 1200},
        {1, BASE_DATA_OFFSET, -1, 1500},
        {1, BASE_DATA_OFFSET, 50, 1550},
        {1, BASE_DATA_OFFSET | DEFAULT_BASE_IS_MOOF, 50, 1550}, /* the offset counts (8.8.7.1) */
    };
    for (size_t i = 0; i < RP_COUNT(rows); i++) {
        const struct fragment fragments[3] = {
            {.track = 1, .sizes = {10, 20}, .offset = 1000},
            {.track = rows[i].between, .sizes = {15, 25}, .offset = -1},
            {.track = 2, .flags = rows[i].flags, .sizes = {7, 8}, .offset = rows[i].offset}};
        CHECK_INT(place_of_last(fragments, 1500), rows[i].place);
        if (check_is_failed()) printf("# row %zu\n", i);
    }
}
