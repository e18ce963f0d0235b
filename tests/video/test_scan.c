/* test_scan.c: looking for the next start of a sample finds what a look at every byte finds, and
 * reading heads of samples through the kernel what the mapping holds; what a cut leaves of the last
 * chunks is kept whole. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/new_file.h"
#include "base/random.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_judge.h"
#include "video/scan.h"

/* The next start by asking at every place that begins with two bytes that the clip's samples begin
 * with: for kinds whose first bytes are learnt that is part of what a start is. */
static uint64_t find_plainly(rp_video_scanner *scanner, uint64_t from, uint64_t until) {
    while (from < until &&
           !(rp_video_sieve_passes(&scanner->sieve, scanner->data + from, scanner->end - from) &&
             rp_video_scan_is_start(scanner, from)))
        from++;
    return from;
}

/* Noise and zeros, and now and then a piece of the clip from one of its chunks on. */
static void fill_with_pieces(uint8_t *bytes, size_t size, const struct clip *clip,
                             const rp_video_profile *profile) {
    rp_random random = rp_random_make(5, 5);
    for (size_t at = 0; at < size;) {
        const size_t left = size - at;
        size_t run = 1000 + rp_random_below(&random, 9000);
        if (run > left) run = left;
        const uint32_t kind = rp_random_below(&random, 3);
        const rp_media_track *track =
            profile->tracks[rp_random_below(&random, (uint32_t)profile->track_count)].media;
        const size_t from =
            (size_t)track->chunks[rp_random_below(&random, (uint32_t)track->chunk_count)].offset;
        if (run > clip->size - from) run = clip->size - from;
        for (size_t i = 0; i < run; i++)
            bytes[at + i] = kind == 0   ? (uint8_t)rp_random_u32(&random)
                            : kind == 1 ? 0
                                        : clip->bytes[from + i];
        at += run;
    }
}

/* No chunk of the clip itself begins with a byte that the search passes over. */
static void check_first_bytes(const rp_video_scanner *scanner, const struct clip *clip) {
    for (int i = 0; i < scanner->profile->track_count; i++) {
        const rp_video_track *track = &scanner->profile->tracks[i];
        if (track->kind == RP_VIDEO_PCM || track->kind == RP_VIDEO_LEARNED) continue;
        for (size_t k = 0; k < track->media->chunk_count && track->media->sample_count >= 3; k++)
            if (!rp_video_sieve_passes(&scanner->sieve,
                                       clip->bytes + track->media->chunks[k].offset,
                                       track->media->chunks[k].size))
                check_failed(__FILE__, __LINE__,
                             "track %d: chunk %zu begins with bytes passed over", i, k);
    }
}

/* A file of these bytes, to be read through the kernel. */
static rp_media_peek *peek_into(const uint8_t *bytes, size_t size, rp_arena *arena) {
    char path[400];
    snprintf(path, sizeof path, "%s/searched", check_scratch());
    rp_media_peek *peek = rp_arena_alloc(arena, sizeof *peek);
    if (peek == NULL || rp_new_file_write(path, bytes, size, NULL) != RP_OK) abort();
    peek->mapping = bytes;
    peek->size = size;
    peek->file = open(path, O_RDONLY);
    return peek;
}

/* Finds all starts, each also from somewhere before it, as paths do that gave up earlier. */
static uint64_t compare_all(rp_video_scanner *scanner, rp_media_peek *peek) {
    rp_random random = rp_random_make(8, 8);
    uint64_t at = 0, starts = 0;
    while (at < scanner->end && !check_is_failed()) {
        rp_video_scanner_set_peek(scanner, NULL);
        const uint64_t plain = find_plainly(scanner, at, scanner->end);
        rp_video_scanner_set_peek(scanner, peek);
        const uint64_t inside = at + rp_random_below(&random, (uint32_t)(plain - at + 1));
        const uint64_t until = inside + rp_random_below(&random, (uint32_t)(plain - inside + 1));
        CHECK_INT(rp_video_scan_find(scanner, inside, scanner->end), plain);
        CHECK_INT(rp_video_scan_find(scanner, at, until), until);
        CHECK_INT(rp_video_scan_find(scanner, at, scanner->end), plain);
        starts += plain < scanner->end;
        at = plain + 1;
    }
    rp_video_scanner_set_peek(scanner, NULL);
    scanner->searched_from = scanner->searched_to = 0;
    return starts;
}

static void compare_searches(size_t recipe) {
    enum { SIZE = 400000 };
    struct clip clip;
    rp_arena arena = {0};
    const char *why = clip_make(&clip, recipe, 'A', check_scratch());
    if (why != NULL) {
        check_skip(why);
        return;
    }
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    uint8_t *bytes = malloc(SIZE);
    rp_video_scanner scanner;
    if (profile != NULL && bytes != NULL &&
        rp_video_profile_learn(profile, clip.bytes, clip.size, "clip", &arena, NULL) == RP_OK) {
        fill_with_pieces(bytes, SIZE, &clip, profile);
        rp_video_scanner_init(&scanner, profile, bytes, SIZE);
        check_first_bytes(&scanner, &clip);
        const uint64_t starts = compare_all(&scanner, NULL);
        rp_media_peek *peek = peek_into(bytes, SIZE, &arena);
        CHECK_INT(compare_all(&scanner, peek), starts);
        close(peek->file);
        CHECK(starts > 0);
        printf("# %s: %llu starts, %d rows\n", clip_name(recipe), (unsigned long long)starts,
               scanner.sieve.is_open ? 0 : scanner.sieve.row_count);
    } else {
        check_failed(__FILE__, __LINE__, "no profile of %s", clip_name(recipe));
    }
    free(bytes);
    rp_arena_clear(&arena);
    clip_clear(&clip);
}

TEST(the_quick_search_for_a_start_finds_what_a_look_at_every_byte_finds) {
    for (size_t i = 0; i < clip_count(); i++)
        if (strcmp(clip_name(i), "fragmented") != 0) compare_searches(i);
}

/* Every loop against the rows tested one by one, on bytes near the rows' own. */
TEST(the_sieve_lets_through_what_its_rows_allow) {
    enum { SIZE = RP_VIDEO_SIEVE_PIECE + RP_VIDEO_SIEVE_MORE };
    static uint8_t bytes[SIZE];
    static uint16_t places[RP_VIDEO_SIEVE_PIECE];
    rp_random random = rp_random_make(7, 7);
    for (int round = 0; round < 400; round++) {
        rp_video_sieve sieve = rp_video_sieve_begin();
        const uint32_t spread = round % 2 == 0 ? 256 : 6;
        for (uint32_t i = 0, count = rp_random_below(&random, 14); i < count; i++) {
            const uint32_t low = rp_random_below(&random, spread);
            rp_video_sieve_allow(&sieve, (int)rp_random_below(&random, 64),
                                 (uint8_t)rp_random_below(&random, spread), (uint8_t)low,
                                 (uint8_t)(low + rp_random_below(&random, 256 - low)));
        }
        for (uint32_t i = 0; i < 64; i++) {
            const uint32_t step = 1 + rp_random_below(&random, 3); /* 1: any byte will do */
            for (uint32_t byte = 0; byte < 256; byte += step)
                rp_video_sieve_allow_fifth(&sieve, (int)i, (uint8_t)byte);
        }
        for (size_t i = 0; i < SIZE; i++) bytes[i] = (uint8_t)rp_random_below(&random, spread);
        for (size_t loop = 0; rp_video_sieve_loop(loop) != NULL; loop++) {
            sieve.run = rp_video_sieve_loop(loop);
            const size_t count =
                rp_video_sieve_places(places, &sieve, bytes, RP_VIDEO_SIEVE_PIECE, SIZE);
            size_t k = 0;
            for (size_t i = 0; i < RP_VIDEO_SIEVE_PIECE; i++)
                if (rp_video_sieve_passes(&sieve, bytes + i, SIZE - i))
                    if (k == count || places[k++] != i) CHECK(!"a place is missing or too many");
            CHECK_INT(k, count);
        }
    }
}

/* The mapping is of memory that nobody may look at: of a file that can be read it is but a name for
 * its places. In noise each look at it would map 2 MB. */
TEST(what_is_peeked_at_is_what_the_file_holds) {
    enum { SIZE = 5000 };
    uint8_t bytes[SIZE];
    char path[400];
    rp_random random = rp_random_make(6, 6);
    for (size_t i = 0; i < SIZE; i++) bytes[i] = (uint8_t)rp_random_u32(&random);
    snprintf(path, sizeof path, "%s/peek", check_scratch());
    REQUIRE(rp_new_file_write(path, bytes, SIZE, NULL) == RP_OK);
    const uint8_t *mapping = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(mapping != MAP_FAILED);
    static rp_media_peek peek;
    peek = (rp_media_peek){.mapping = mapping, .size = SIZE, .file = open(path, O_RDONLY)};
    for (int i = 0; i < 2000; i++) {
        const size_t at = rp_random_below(&random, SIZE), left = SIZE - at;
        const size_t count = left < RP_MEDIA_PEEK_BYTES ? left : RP_MEDIA_PEEK_BYTES;
        const uint8_t *head = rp_media_peek_at(&peek, mapping + at);
        CHECK(memcmp(head, bytes + at, count) == 0);
        const size_t size = 1 + rp_random_below(&random, (uint32_t)left);
        CHECK_INT(rp_media_peek_last(&peek, head, mapping + at, size), bytes[at + size - 1]);
    }
    close(peek.file);
    munmap((void *)mapping, SIZE);
    peek = (rp_media_peek){.mapping = bytes, .size = SIZE, .file = -1};
    CHECK(rp_media_peek_at(&peek, bytes + 7) == bytes + 7);
    CHECK(rp_media_peek_at(NULL, bytes + 7) == bytes + 7);
    CHECK_INT(rp_media_peek_last(&peek, bytes, bytes, 2000), bytes[1999]);
}

/* The head of a picture is looked at again behind its slices: it is not read again. */
TEST(the_last_sixteen_peeks_are_kept) {
    enum { APART = 2000, SIZE = (RP_MEDIA_PEEK_WINDOWS + 1) * APART };
    static uint8_t bytes[SIZE];
    static rp_media_peek peek;
    char path[400];
    snprintf(path, sizeof path, "%s/kept", check_scratch());
    REQUIRE(rp_new_file_write(path, bytes, SIZE, NULL) == RP_OK);
    peek = (rp_media_peek){.mapping = bytes, .size = SIZE, .file = open(path, O_RDWR)};
    CHECK_INT(rp_media_peek_at(&peek, bytes)[0], 0);
    CHECK(pwrite(peek.file, "x", 1, 0) == 1);
    for (size_t k = 1; k < RP_MEDIA_PEEK_WINDOWS; k++) rp_media_peek_at(&peek, bytes + k * APART);
    CHECK_INT(rp_media_peek_at(&peek, bytes)[0], 0);
    rp_media_peek_at(&peek, bytes + (size_t)RP_MEDIA_PEEK_WINDOWS * APART);
    CHECK_INT(rp_media_peek_at(&peek, bytes)[0], 'x');
    close(peek.file);
}

/* ---- the end of a cut recording ---- */

/* Cuts take A behind `at`, recovers it with take B, and judges. */
static void check_cut(const struct clip *clip, const char *reference, size_t at) {
    char broken[400], output[400], why[300] = "";
    snprintf(broken, sizeof broken, "%s/broken", check_scratch());
    snprintf(output, sizeof output, "%s/output.mp4", check_scratch());
    struct clip_broken cut = clip_cut(clip, at);
    const struct clip_kept kept = {.from = cut.kept_from, .to = cut.kept_to};
    const rp_video_recover_options options = {.reference = reference, .output = output};
    rp_video_report *report = NULL;
    rp_error error = {0};
    rp_text recovered = {0};
    if (rp_new_file_write(broken, cut.bytes, cut.size, &error) == RP_OK)
        rp_video_recover(&report, broken, &options, &error);
    if (!clip_read_file(&recovered, output) ||
        !clip_is_recovered(why, sizeof why, clip, &kept, &recovered, NULL))
        check_failed(__FILE__, __LINE__, "cut at %zu: %s %s", at - clip->payload_at, error.text,
                     why);
    remove(output);
    rp_text_clear(&recovered);
    rp_video_report_destroy(report);
    clip_broken_clear(&cut);
}

/* The beginnings of the chunks of rtmd in a Sony-like clip. */
static size_t find_rtmd(const struct clip *clip, size_t from) {
    static const uint8_t mark[] = {0x00, 0x1c, 0x01, 0x00, 0x23, 0x03, 0x28, 0xe1};
    const uint8_t *hit = memmem(clip->bytes + from, clip->payload_end - from, mark, sizeof mark);
    return hit == NULL ? clip->payload_end : (size_t)(hit - clip->bytes);
}

/* It was lost: nothing that could be read stood behind it. */
TEST(sound_before_a_cut_metadata_sample_is_kept) {
    enum { RTMD_BYTES = 19456 };
    char reference[400];
    snprintf(reference, sizeof reference, "%s/reference.mp4", check_scratch());
    for (size_t recipe = 0; recipe < 5; recipe++) { /* the Sony-like ones */
        struct clip clip, other;
        const char *why = clip_make_two(&clip, &other, recipe, 'B', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        REQUIRE(rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK);
        size_t pictures = clip.payload_at, chunk; /* behind the first run of rtmd */
        while (find_rtmd(&clip, pictures) == pictures) pictures += RTMD_BYTES;
        chunk = find_rtmd(&clip, pictures);
        static const size_t more[] = {5, 12, 238, 5963};
        for (size_t i = 0; i < RP_COUNT(more); i++) check_cut(&clip, reference, chunk + more[i]);
        clip_clear(&clip);
        clip_clear(&other);
    }
}

/* The end of picture number `count` of the clip; 0: it has no such. */
static size_t end_of_picture(const struct clip *clip, uint64_t count) {
    rp_arena arena = {0};
    rp_media_movie movie;
    size_t end = 0;
    if (rp_media_movie_read(&movie, clip->bytes, clip->size, &arena, NULL) != RP_OK) return 0;
    for (size_t i = 0; i < movie.track_count && end == 0; i++) {
        if (movie.tracks[i].handler != RP_MEDIA_TYPE('v', 'i', 'd', 'e')) continue;
        rp_media_cursor cursor = rp_media_cursor_begin(&movie.tracks[i]);
        rp_media_sample sample;
        while (rp_media_cursor_next(&sample, &cursor) && sample.index < count)
            end = (size_t)(sample.offset + sample.size);
    }
    rp_arena_clear(&arena);
    return end;
}

/* An I picture and a P picture three places behind it do not say how far apart pictures are. */
TEST(the_few_pictures_that_a_cut_leaves_are_shown_where_they_were) {
    char reference[400];
    snprintf(reference, sizeof reference, "%s/reference.mp4", check_scratch());
    for (size_t recipe = 0; recipe < clip_count(); recipe++) {
        struct clip clip, other;
        if (strcmp(clip_name(recipe), "fragmented") == 0) continue;
        const char *why = clip_make_two(&clip, &other, recipe, 'B', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        REQUIRE(rp_new_file_write(reference, other.bytes, other.size, NULL) == RP_OK);
        for (uint64_t count = 2; count < 7 && !clip.has_modelled_times; count++)
            check_cut(&clip, reference, end_of_picture(&clip, count));
        clip_clear(&clip);
        clip_clear(&other);
    }
}
