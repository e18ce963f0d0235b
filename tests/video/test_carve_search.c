/* test_carve_search.c: recordings are found among clusters that nobody owns and followed across
 * fragments, two of them taking turns. */
#include <stdlib.h>

#include "base/random.h"
#include "check.h"
#include "media/card_maker.h"
#include "video/carve_search.h"
#include "video/clip_maker.h"

enum { CLUSTERS_MAX = 4000 };

/* Where one file lies on the card. */
struct placed {
    const uint8_t *bytes;
    size_t size;
    uint32_t clusters[CLUSTERS_MAX];
    size_t count;
};

static size_t clusters_needed(const struct card *card, size_t size) {
    return (size + card->cluster_bytes - 1) / card->cluster_bytes;
}

/* Gives the files turns of 1 to `run_max` clusters. */
static void place_in_turns(struct card *card, struct placed *files, size_t count, uint32_t run_max,
                           uint64_t seed) {
    rp_random random = rp_random_make(seed, 0);
    uint32_t at = 16;
    for (size_t left = 1; left > 0;) {
        left = 0;
        for (size_t f = 0; f < count; f++) {
            const size_t needed = clusters_needed(card, files[f].size) - files[f].count;
            uint32_t run = 1 + rp_random_below(&random, run_max);
            if (run > needed) run = (uint32_t)needed;
            for (uint32_t k = 0; k < run; k++) files[f].clusters[files[f].count++] = at++;
            left += needed - run;
        }
    }
    for (size_t f = 0; f < count; f++)
        card_write(card, files[f].clusters, files[f].count, files[f].bytes, files[f].size);
}

static const rp_carve_stream *stream_at(const rp_carve_found *found, uint32_t start) {
    for (size_t i = 0; i < found->count; i++)
        if (found->streams[i].start == start) return &found->streams[i];
    return NULL;
}

/* How many of the file's clusters the stream has, in order, before the first that is wrong. */
static size_t right_clusters(const rp_carve_stream *stream, const struct placed *file) {
    size_t at = 0;
    for (size_t r = 0; r < stream->runs.count; r++)
        for (uint32_t k = 0; k < stream->runs.rows[r].count; k++, at++)
            if (at >= file->count || stream->runs.rows[r].first_cluster + k != file->clusters[at])
                return at;
    return at;
}

/* Is every file found, in order? Else `why` says what is wrong. `unsure`: how many clusters at a
 * file's end may be missing. */
static bool finds(char why[300], const struct card *card, const struct placed *files, size_t count,
                  size_t unsure) {
    bool is_right = true;
    rp_arena arena = {0};
    rp_volume volume;
    rp_carve_found found;
    CHECK(rp_volume_open(&volume, card->data, card->size, &arena, NULL) == RP_OK);
    uint32_t *links = rp_arena_array(&arena, (size_t)volume.cluster_count + 2, sizeof *links);
    CHECK(rp_carve_search(&found, &volume, links, NULL, NULL) == RP_OK);
    for (size_t f = 0; f < count; f++) {
        const rp_carve_stream *stream = stream_at(&found, files[f].clusters[0]);
        const size_t right = stream != NULL ? right_clusters(stream, &files[f]) : 0;
        if (right + unsure >= files[f].count && right <= files[f].count) continue;
        is_right = false;
        snprintf(why, 300, "file %zu: %zu of %zu clusters right, %zu found", f, right,
                 files[f].count, stream != NULL ? (size_t)stream->runs.clusters : 0);
    }
    rp_arena_clear(&arena);
    return is_right;
}

/* `run_max`: how many clusters a turn may have; `seed`: how the turns fall. */
static void check_pair(size_t main_recipe, size_t proxy_recipe, bool has_index, uint32_t run_max,
                       uint64_t seed) {
    struct clip clips[2] = {0};
    const char *missing = clip_make(&clips[0], main_recipe, 'A', check_scratch());
    if (missing == NULL) missing = clip_make(&clips[1], proxy_recipe, 'B', check_scratch());
    if (missing != NULL) {
        check_skip(missing);
        clip_clear(&clips[0]);
        return;
    }
    static struct placed files[2];
    struct card card = card_create(RP_VOLUME_EXFAT, 32768, 400);
    for (size_t f = 0; f < 2; f++)
        files[f] = (struct placed){.bytes = clips[f].bytes,
                                   .size = has_index ? clips[f].size : clips[f].payload_end};
    place_in_turns(&card, files, 2, run_max, seed);
    char why[300] = "";
    /* What was cut may end in a cluster of its own that holds less than one unit: nothing in it can
     * tell whose it is. */
    if (!finds(why, &card, files, 2, has_index ? 0 : 1))
        check_failed(__FILE__, __LINE__, "%s and %s%s, turns of %u, seed %d: %s",
                     clip_name(main_recipe), clip_name(proxy_recipe),
                     has_index ? "" : " without index", run_max, (int)seed, why);
    card_destroy(&card);
    clip_clear(&clips[0]);
    clip_clear(&clips[1]);
}

static const size_t proxies[] = {5, 6, 7}; /* iphone, obs, gopro */

static void check_pairs(bool has_index) {
    static const uint32_t runs[] = {3, 7, 12};
    for (size_t main_recipe = 0; main_recipe < 5; main_recipe++)
        for (size_t i = 0; i < RP_COUNT(proxies); i++)
            for (uint64_t seed = 1; seed <= 6; seed++)
                check_pair(main_recipe, proxies[i], has_index, runs[seed % RP_COUNT(runs)], seed);
}

TEST(a_clip_and_its_proxy_taking_turns_are_told_apart) { check_pairs(true); }
TEST(the_same_without_their_indices) { check_pairs(false); }

TEST(an_empty_and_a_noisy_card_hold_no_recording) {
    struct card card = card_create(RP_VOLUME_FAT32, 4096, 300);
    CHECK(finds((char[300]){0}, &card, NULL, 0, 0));
    rp_random random = rp_random_make(5, 5);
    for (size_t i = card.heap_bytes + 10 * 4096; i < card.size; i++)
        card.data[i] = (uint8_t)rp_random_u32(&random);
    rp_arena arena = {0};
    rp_volume volume;
    rp_carve_found found;
    CHECK(rp_volume_open(&volume, card.data, card.size, &arena, NULL) == RP_OK);
    uint32_t *links = rp_arena_array(&arena, (size_t)volume.cluster_count + 2, sizeof *links);
    CHECK(rp_carve_search(&found, &volume, links, NULL, NULL) == RP_OK);
    CHECK_INT(found.count, 0);
    rp_arena_clear(&arena);
    card_destroy(&card);
}
