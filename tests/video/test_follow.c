/* test_follow.c: what continues a recording, cluster by cluster: where its media data ends nothing
 * does, and gaps of sound are as long as they are. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "check.h"
#include "video/follow.h"

enum { CLUSTER = 32768, SLICE = 2500 };

static void add_noise(rp_text *to, size_t size, rp_random *random) {
    for (size_t i = 0; i < size; i++) rp_text_add_char(to, (char)(rp_random_u32(random) | 1));
}

/* Delimiter and one slice of an H.264 picture. */
static void add_picture(rp_text *to, rp_random *random) {
    static const uint8_t delimiter[] = {0, 0, 0, 2, 0x09, 0x10};
    static const uint8_t head[] = {0, 0, SLICE >> 8, SLICE & 255, 0x41, 0x9a, 0x24, 0x20};
    rp_text_add_bytes(to, delimiter, sizeof delimiter);
    rp_text_add_bytes(to, head, sizeof head);
    add_noise(to, SLICE - (sizeof head - 4), random);
}

/* ftyp and the head of an mdat; its size is set by end_media. */
static void begin_media(rp_text *to) {
    static const uint8_t head[] =
        "\0\0\0\x14"
        "ftypisom\0\0\0\0isom\0\0\0\0mdat";
    rp_text_add_bytes(to, head, sizeof head - 1);
}

static void end_media(rp_text *media, size_t size) {
    rp_put_be32((uint8_t *)media->data + 20, (uint32_t)size - 20);
}

/* Feeds the whole clusters; returns the evidence of the last one. */
static int feed(rp_follow *follow, const rp_text *bytes) {
    int bits = 0;
    for (size_t at = 0; at + CLUSTER <= bytes->length; at += CLUSTER)
        bits = rp_follow_feed(follow, (const uint8_t *)bytes->data + at, CLUSTER);
    return bits;
}

static void fill_cluster(rp_text *bytes) {
    while (bytes->length % CLUSTER != 0) rp_text_add_char(bytes, 0);
}

/* A recording without index took what came behind it, sound of another above all. */
TEST(nothing_continues_a_recording_whose_media_data_has_ended) {
    rp_random random = rp_random_make(1, 1);
    rp_text bytes = {0};
    rp_follow follow = {0};
    begin_media(&bytes);
    for (int i = 0; i < 40; i++) add_picture(&bytes, &random);
    end_media(&bytes, bytes.length);
    const size_t end = bytes.length;
    fill_cluster(&bytes);
    CHECK(feed(&follow, &bytes) > 12); /* that nothing follows just where it is due says much */
    CHECK(follow.is_closed);
    CHECK_INT(follow.end, 0); /* but whole it is not */
    rp_text_reset(&bytes);
    for (int i = 0; i < 40; i++) add_picture(&bytes, &random);
    CHECK_INT(feed(&follow, &bytes), RP_FOLLOW_REJECT);
    CHECK(end % CLUSTER != 0);
    rp_text_clear(&bytes);
}

/* A camera that lost power leaves sizes that it meant to write anew. */
TEST(a_size_that_was_not_true_does_not_end_a_recording) {
    rp_random random = rp_random_make(2, 2);
    rp_text bytes = {0};
    rp_follow follow = {0};
    begin_media(&bytes);
    for (int i = 0; i < 60; i++) add_picture(&bytes, &random);
    end_media(&bytes, 70001); /* in the midst of a slice */
    feed(&follow, &bytes);
    CHECK(!follow.is_closed);
    CHECK(follow.marks > 90);
    rp_text_clear(&bytes);
}

/* Two gaps of one length made the search pass over the picture behind a shorter third one. */
TEST(a_gap_of_sound_may_be_shorter_than_the_two_before_it) {
    static const size_t gaps[] = {1240, 1250, 600, 620, 1240, 1245, 601};
    rp_random random = rp_random_make(3, 3);
    rp_text bytes = {0};
    rp_follow follow = {0};
    begin_media(&bytes);
    for (size_t i = 0; bytes.length < 3 * CLUSTER; i++) {
        add_picture(&bytes, &random);
        add_noise(&bytes, gaps[i % (sizeof gaps / sizeof gaps[0])], &random);
    }
    end_media(&bytes, 1 << 20);
    const size_t pictures = bytes.length / (SLICE + 10 + 971); /* a gap has 971 on the average */
    feed(&follow, &bytes);
    CHECK(follow.marks > 2 * (pictures - 3)); /* two each; the last lie across the end */
    rp_text_clear(&bytes);
}

/* Where turns were short the clusters of a camera's padding were nobody's. */
TEST(zeros_are_a_recordings_own_while_its_padding_lasts) {
    enum { NOBODY_HAS = 6, CLUSTERS = 4 }; /* bits; carve_search.c */
    static const uint8_t head[] =
        "\0\0\0\x14"
        "ftypisom\0\0\0\0isom\0\1\xff\xec"
        "free";
    rp_text bytes = {0};
    rp_follow follow = {0};
    rp_text_add_bytes(&bytes, head, sizeof head - 1);
    while (bytes.length < CLUSTERS * CLUSTER) rp_text_add_char(&bytes, 0);
    const uint8_t *data = (const uint8_t *)bytes.data;
    CHECK(rp_follow_feed(&follow, data, CLUSTER) > 0);
    for (size_t k = 1; k < CLUSTERS; k++)
        CHECK(rp_follow_feed(&follow, data + k * CLUSTER, CLUSTER) > NOBODY_HAS);
    CHECK(rp_follow_feed(&follow, data + CLUSTER, CLUSTER) <= NOBODY_HAS); /* it has ended */
    rp_text_clear(&bytes);
}

/* A piece of another recording's PCM looks like a gap that goes on. */
TEST(a_gap_much_longer_than_all_before_it_is_doubted) {
    rp_random random = rp_random_make(4, 4);
    rp_text bytes = {0};
    rp_follow follow = {0};
    begin_media(&bytes);
    while (bytes.length < 3 * CLUSTER) {
        add_picture(&bytes, &random);
        add_noise(&bytes, 3000, &random);
    }
    end_media(&bytes, 1 << 20);
    while (bytes.length % CLUSTER != 0) add_noise(&bytes, 1, &random); /* ends within a gap */
    feed(&follow, &bytes);
    CHECK(follow.in_gap);
    rp_text_reset(&bytes);
    add_noise(&bytes, CLUSTER, &random);
    rp_follow strange = follow;
    CHECK(feed(&strange, &bytes) < -20);
    follow.gaps = 0; /* while none are known, any may be as long */
    CHECK(feed(&follow, &bytes) > -20);
    rp_text_clear(&bytes);
}
