/* test_mutations.c: damaged recordings, references and card images never crash or hang. A short run
 * in the ordinary suite; REPRISE_MUTATIONS=1000000 for a long one. The seed is printed. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/new_file.h"
#include "base/random.h"
#include "check.h"
#include "reprise/video.h"
#include "video/clip_judge.h"

enum { MUTATIONS_ORDINARY = 60, SECONDS_MAX = 20, HEAD_BYTES = 400000 };

static size_t mutation_count(void) {
    const char *asked = getenv("REPRISE_MUTATIONS");
    return asked != NULL ? (size_t)atoll(asked) : MUTATIONS_ORDINARY;
}

/* One to eight changes: a byte, a length, a run of zeros, a piece moved, the end cut off. */
static size_t mutate(uint8_t *bytes, size_t size, rp_random *random) {
    for (uint32_t k = 1 + rp_random_below(random, 8); k > 0 && size > 64; k--) {
        const size_t at = rp_random_below(random, (uint32_t)size - 40);
        const size_t run = 1 + rp_random_below(random, 32);
        switch (rp_random_below(random, 6)) {
            case 0: bytes[at] ^= (uint8_t)(1u << rp_random_below(random, 8)); break;
            case 1: bytes[at] = (uint8_t)rp_random_u32(random); break;
            case 2: memset(bytes + at, 0, run); break;
            case 3: memset(bytes + at, 0xff, run); break;
            case 4:
                memmove(bytes + at, bytes + rp_random_below(random, (uint32_t)size - 40), run);
                break;
            default:
                if (rp_random_below(random, 8) == 0) size = at + 1;
                break;
        }
    }
    return size;
}

struct paths {
    char broken[400], reference[400], output[400];
};

static void try_once(const struct paths *paths) {
    const rp_video_recover_options options = {.reference = paths->reference,
                                              .output = paths->output};
    rp_video_report *report = NULL;
    rp_error error = {0};
    const double started = rp_clock_seconds();
    const rp_status status = rp_video_recover(&report, paths->broken, &options, &error);
    CHECK(status <= RP_INPUT);
    CHECK(status == RP_OK || error.text[0] != '\0');
    rp_video_report_destroy(report);
    report = NULL;
    rp_video_inspect(&report, paths->broken, &error);
    rp_video_report_destroy(report);
    CHECK(rp_clock_seconds() - started < SECONDS_MAX);
}

static void mutate_clip(size_t recipe, size_t count, uint64_t seed) {
    struct clip clip = {0}, other = {0};
    struct paths paths;
    const char *folder = check_scratch();
    const char *why = clip_make(&clip, recipe, 'A', folder);
    if (why == NULL) why = clip_make(&other, recipe, 'B', folder);
    if (why != NULL) {
        check_skip(why);
        clip_clear(&clip);
        return;
    }
    snprintf(paths.broken, sizeof paths.broken, "%s/broken", folder);
    snprintf(paths.reference, sizeof paths.reference, "%s/reference", folder);
    snprintf(paths.output, sizeof paths.output, "%s/output", folder);
    uint8_t *bytes = malloc(clip.size + other.size);
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < count && !check_is_failed(); i++) {
        rp_random random = rp_random_make(seed, i * 100 + recipe);
        /* Every third time it is the reference that is damaged, and then in its index. */
        const bool is_reference = i % 3 == 2;
        size_t size = clip.payload_end < HEAD_BYTES ? clip.payload_end : HEAD_BYTES;
        memcpy(bytes, clip.bytes, size);
        if (!is_reference) size = mutate(bytes, size, &random);
        rp_new_file_write(paths.broken, bytes, size, NULL);
        size = other.size;
        memcpy(bytes, other.bytes, size);
        if (is_reference) {
            const size_t index = other.is_fragmented ? 0 : other.payload_end;
            size = index + mutate(bytes + index, size - index, &random);
        }
        rp_new_file_write(paths.reference, bytes, size, NULL);
        try_once(&paths);
        if (check_is_failed())
            printf("# seed %llu, recipe %s, mutation %zu\n", (unsigned long long)seed,
                   clip_name(recipe), i);
    }
    free(bytes);
    clip_clear(&clip);
    clip_clear(&other);
}

TEST(mutated_recordings_and_references_never_crash_or_hang) {
    const char *asked = getenv("REPRISE_SEED");
    const uint64_t seed = asked != NULL ? (uint64_t)atoll(asked) : 1;
    const size_t count = mutation_count() / clip_count() + 1;
    printf("# seed %llu, %zu mutations of each of %zu clips\n", (unsigned long long)seed, count,
           clip_count());
    for (size_t recipe = 0; recipe < clip_count(); recipe++) mutate_clip(recipe, count, seed);
}
