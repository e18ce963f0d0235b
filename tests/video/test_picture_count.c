/* test_picture_count.c: pictures that lay in a hole are counted by the numbers of those around it,
 * in every order that recorders decode in. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "check.h"
#include "video/clip_maker.h"
#include "video/profile.h"

enum { PICTURES = 240, PERIOD = 60 };

/* How groups are decoded: places of display of one group, from its first decoded picture on; -1
 * ends it. The IDR picture of a period stands before the first group. */
static const struct order {
    const char *name;
    int group[9];
    unsigned earliest, latest, step, width;
} orders[] = {
    {"as displayed", {0, -1}, 0, 0, 2, 6},
    {"two B between", {2, 0, 1, -1}, 1, 2, 2, 6},
    {"pyramid of three", {3, 1, 0, 2, -1}, 2, 3, 1, 8},
    {"pyramid of seven", {7, 3, 1, 0, 2, 5, 4, 6, -1}, 3, 7, 1, 8},
};

static int group_size(const struct order *order) {
    int size = 0;
    while (order->group[size] >= 0) size++;
    return size;
}

/* Picture `place` of a recording whose periods have PERIOD pictures, cut off as they fall. */
static rp_media_picture picture_at(const struct order *order, uint64_t place) {
    const uint64_t in_period = place % PERIOD;
    const uint64_t size = (uint64_t)group_size(order);
    rp_media_picture picture = {.is_reference = true, .lsb_bits = order->width};
    picture.is_sync = picture.is_period = in_period == 0;
    if (in_period == 0) return picture;
    /* What is left behind the last whole group is decoded as displayed. */
    const uint64_t group = (in_period - 1) / size, within = (in_period - 1) % size;
    const bool is_whole = 1 + (group + 1) * size <= PERIOD;
    const uint64_t number = 1 + group * size + (is_whole ? (uint64_t)order->group[within] : within);
    picture.lsb = (uint32_t)(number * order->step) & ((1u << order->width) - 1);
    picture.is_reference = !is_whole || within == 0; /* the order is unwrapped by references */
    return picture;
}

static void check_hole(const struct order *order, uint64_t at, uint64_t lost) {
    rp_video_numbers numbers = {0};
    rp_media_picture behind[RP_VIDEO_COUNTED_MAX];
    size_t count = 0;
    for (uint64_t i = 0; i < at; i++) {
        const rp_media_picture picture = picture_at(order, i);
        rp_video_numbers_take(&numbers, &picture, i);
    }
    for (uint64_t i = at + lost; i < PICTURES && count < RP_VIDEO_COUNTED_MAX; i++)
        behind[count++] = picture_at(order, i);
    const rp_video_ordering ordering = {
        .step = order->step, .earliest = order->earliest, .latest = order->latest};
    const rp_video_picture_count found =
        rp_video_picture_count_lost(&numbers, at, behind, count, &ordering);
    const uint64_t first = at + lost, to_period = (PERIOD - first % PERIOD) % PERIOD;
    const bool is_told = to_period > order->earliest + order->latest;
    if (!is_told) return; /* too few behind it before the numbers begin anew */
    const bool has_new = first / PERIOD != (at - 1) / PERIOD;
    const bool is_right = has_new ? found.has_new && found.of_period == first % PERIOD
                                  : found.has_same && found.same == lost;
    if (!is_right)
        check_failed(__FILE__, __LINE__, "%s: %llu lost at %llu: same %d %llu, new %d %llu",
                     order->name, (unsigned long long)lost, (unsigned long long)at, found.has_same,
                     (unsigned long long)found.same, found.has_new,
                     (unsigned long long)found.of_period);
    CHECK(rp_video_picture_count_bits(&found, lost) < 20);
    rp_video_numbers_skip(&numbers, &found, at, lost);
    CHECK(numbers.is_known && numbers.period_at == first / PERIOD * PERIOD);
}

TEST(lost_pictures_are_counted_in_every_order_of_decoding) {
    for (size_t i = 0; i < RP_COUNT(orders); i++)
        for (uint64_t at = 1; at < 130; at++)
            for (uint64_t lost = 0; lost < 13; lost++) check_hole(&orders[i], at, lost);
}

TEST(what_the_numbers_exclude_is_dear) {
    const struct order *order = &orders[1];
    rp_video_numbers numbers = {0};
    rp_media_picture behind[16];
    for (uint64_t i = 0; i < 10; i++) {
        const rp_media_picture picture = picture_at(order, i);
        rp_video_numbers_take(&numbers, &picture, i);
    }
    for (uint64_t i = 0; i < RP_COUNT(behind); i++) behind[i] = picture_at(order, 13 + i);
    const rp_video_ordering ordering = {.step = 2, .earliest = 1, .latest = 2};
    const rp_video_picture_count found =
        rp_video_picture_count_lost(&numbers, 10, behind, RP_COUNT(behind), &ordering);
    CHECK(rp_video_picture_count_bits(&found, 3) == 0);
    CHECK(rp_video_picture_count_bits(&found, 2) > 20);
    CHECK(rp_video_picture_count_bits(&found, 4) > 20);
    CHECK(rp_video_picture_count_bits(&found, 13) > 4); /* a period of 13 could have begun */
    const rp_video_picture_count none = {0};
    CHECK(rp_video_picture_count_bits(&none, 7) == 0);
}

TEST(frame_num_counts_where_pictures_are_shown_as_decoded) {
    rp_video_numbers numbers = {0};
    rp_media_picture behind[8];
    for (uint32_t i = 0; i < 20; i++) {
        const rp_media_picture picture = {
            .is_period = i == 0, .is_reference = true, .frame_num = i % 16, .frame_num_bits = 4};
        if (i < 10) rp_video_numbers_take(&numbers, &picture, i);
        else if (i >= 12) behind[i - 12] = picture;
    }
    const rp_video_ordering ordering = {.step = 1};
    const rp_video_picture_count found =
        rp_video_picture_count_lost(&numbers, 10, behind, RP_COUNT(behind), &ordering);
    CHECK(found.has_same && found.same == 2 && found.range == 16);
}

/* Every clip whose pictures are numbered: none is missing where none is. */
TEST(numbers_of_whole_clips_have_no_gaps) {
    for (size_t recipe = 0; recipe < clip_count(); recipe++) {
        struct clip clip;
        const char *why = clip_make(&clip, recipe, 'A', check_scratch());
        if (why != NULL) {
            check_skip(why);
            return;
        }
        rp_arena arena = {0};
        rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
        REQUIRE(profile != NULL);
        REQUIRE(rp_video_profile_learn(profile, clip.bytes, clip.size, "clip", &arena, NULL) ==
                RP_OK);
        const bool is_intra = strstr(clip_name(recipe), "intra") != NULL;
        CHECK_INT(profile->numbered_track >= 0, !is_intra);
        if (strcmp(clip_name(recipe), "av1") == 0) {
            const rp_video_track *track = &profile->tracks[profile->numbered_track];
            CHECK_INT(track->order_step, 1); /* order_hint */
            CHECK_INT(track->av1->syntax.order_hint_bits, 7);
        }
        rp_arena_clear(&arena);
        clip_clear(&clip);
    }
}
