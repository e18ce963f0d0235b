/* test_mutations.c: damaged recordings, references, profiles and card images never crash, hang or
 * leak. A short run in the ordinary suite; REPRISE_MUTATIONS=1000000 for a long one, REPRISE_SEED
 * for another. The mutations of one clip run in a child process, which writes down which one it is
 * at: where it dies, the parent says of what and goes on behind it. Nothing touches the disk: the
 * files are memory with a descriptor (memfd_create). What hangs is told by processor time, so that
 * a loaded machine is no reason to fail. */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/mapped_file.h"
#include "base/random.h"
#include "check.h"
#include "media/card_maker.h"
#include "reprise/video.h"
#include "video/carve_search.h"
#include "video/clip_judge.h"
#include "video/plan.h"
#include "video/report.h"

enum {
    MUTATIONS_ORDINARY = 1200,
    SECONDS_MAX = 20,    /* of the processor; an ordinary one takes 0.0015 */
    STORE_MAX = 1 << 20, /* bytes that malloc may keep */
    FAILURES_MAX = 10,   /* of one clip, before the rest of its mutations is left out */
    PIECE_MIN = 8000,
    PIECE_MAX = 60000,
    WRITTEN_EVERY = 199, /* one in so many is recovered into a file */
    CARD_CLUSTER = 4096,
    CARD_CLUSTERS = 70
};

static size_t number_of(const char *variable, size_t usual) {
    const char *asked = getenv(variable);
    return asked != NULL ? (size_t)atoll(asked) : usual;
}

/* ---- files in memory ---- */

struct memory_file {
    int descriptor;
    char path[32];
};

static struct memory_file memory_file_create(const char *name) {
    struct memory_file file = {.descriptor = memfd_create(name, 0)};
    if (file.descriptor < 0) abort();
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

/* The file's bytes from `at` on become these, and it ends with them. */
static void memory_file_put(const struct memory_file *file, size_t at, const void *bytes,
                            size_t size) {
    if (ftruncate(file->descriptor, (off_t)(at + size)) != 0) abort();
    if (pwrite(file->descriptor, bytes, size, (off_t)at) != (ssize_t)size) abort();
}

/* ---- one clip and what is made of it ---- */

struct subject {
    size_t recipe;
    uint64_t seed;
    struct clip clip, other;
    rp_text profile; /* of `other` */
    uint8_t *bytes;  /* room for a mutated copy of either */
    struct memory_file broken, reference;
    struct card card;
};

static void learn_profile(struct subject *subject) {
    char path[400];
    rp_arena arena = {0};
    rp_video_profile *profile = rp_arena_alloc(&arena, sizeof *profile);
    snprintf(path, sizeof path, "%s/camera.profile", check_scratch());
    CHECK(profile != NULL &&
          rp_video_profile_learn(profile, subject->other.bytes, subject->other.size, "clip", &arena,
                                 NULL) == RP_OK &&
          rp_video_profile_save(profile, path, NULL) == RP_OK &&
          clip_read_file(&subject->profile, path));
    rp_arena_clear(&arena);
}

/* Two pieces of recordings that take turns, one with an entry and one without. */
static void make_card(struct subject *subject) {
    static const rp_volume_kind kinds[] = {RP_VOLUME_EXFAT, RP_VOLUME_FAT32};
    enum { EACH = 21 };
    struct card *card = &subject->card;
    *card = card_create(kinds[subject->recipe % RP_COUNT(kinds)], CARD_CLUSTER, CARD_CLUSTERS);
    uint32_t clusters[2][EACH];
    for (uint32_t k = 0; k < EACH; k++)
        for (uint32_t f = 0; f < 2; f++) clusters[f][k] = 16 + k / 3 * 6 + f * 3 + k % 3;
    const size_t size = (size_t)EACH * CARD_CLUSTER;
    const uint32_t folder = card_add_folder(card, 0, "DCIM");
    card_write(card, clusters[0], EACH, subject->clip.bytes, size);
    card_write(card, clusters[1], EACH, subject->other.bytes, size);
    card_add_file(card, folder, "C0001.MP4", clusters[0], EACH, size, CARD_DELETED);
    card_take(card, clusters[1], EACH);
}

static const char *subject_make(struct subject *subject, size_t recipe, uint64_t seed) {
    *subject = (struct subject){.recipe = recipe, .seed = seed};
    const char *why = clip_make_two(&subject->clip, &subject->other, recipe, 'B', check_scratch());
    if (why != NULL) return why;
    learn_profile(subject);
    make_card(subject);
    subject->bytes = malloc(subject->clip.size + subject->other.size + subject->card.size);
    if (subject->bytes == NULL) abort();
    subject->broken = memory_file_create("broken");
    subject->reference = memory_file_create("reference");
    return NULL;
}

static void subject_clear(struct subject *subject) {
    close(subject->broken.descriptor);
    close(subject->reference.descriptor);
    card_destroy(&subject->card);
    free(subject->bytes);
    rp_text_clear(&subject->profile);
    clip_clear(&subject->clip);
    clip_clear(&subject->other);
}

/* ---- one mutation ---- */

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

/* A whole recovery but for the file: looking, times, the new index, the report. */
static void recover(const struct subject *subject) {
    static rp_video_plan plan;
    const rp_video_recover_options options = {.reference = subject->reference.path};
    rp_error error = {0};
    rp_status status = rp_video_plan_make(&plan, subject->broken.path, &options, &error);
    CHECK(status <= RP_INPUT);
    CHECK(status == RP_OK || error.text[0] != '\0');
    if (status != RP_OK) return;
    rp_text moov = {0};
    CHECK(rp_video_plan_index(&moov, &plan, 8, plan.broken.size, &error) <= RP_INPUT);
    rp_text_clear(&moov);
    rp_video_report *report = rp_video_report_create();
    CHECK(rp_video_report_recovery(report, &plan, "broken", NULL, &error) == RP_OK);
    rp_video_report_destroy(report);
    rp_video_plan_clear(&plan);
}

static void recover_into_file(const struct subject *subject) {
    char path[400];
    snprintf(path, sizeof path, "%s/output", check_scratch());
    const rp_video_recover_options options = {.reference = subject->reference.path, .output = path};
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_status status = rp_video_recover(&report, subject->broken.path, &options, &error);
    CHECK(status <= RP_INPUT);
    CHECK(status == RP_OK || error.text[0] != '\0');
    rp_video_report_destroy(report);
}

static void inspect(const struct memory_file *file) {
    rp_video_report *report = NULL;
    rp_error error = {0};
    CHECK(rp_video_inspect(&report, file->path, &error) <= RP_INPUT);
    rp_video_report_destroy(report);
}

/* A piece of the clip: from its beginning, as a camera leaves it, or from anywhere. */
static void put_broken(const struct subject *subject, bool is_mutated, rp_random *random) {
    const size_t whole = subject->clip.payload_end;
    size_t size = PIECE_MIN + rp_random_below(random, PIECE_MAX - PIECE_MIN);
    if (size > whole) size = whole;
    const size_t at =
        rp_random_below(random, 2) == 0 ? 0 : rp_random_below(random, (uint32_t)(whole - size) + 1);
    memcpy(subject->bytes, subject->clip.bytes + at, size);
    if (is_mutated) size = mutate(subject->bytes, size, random);
    memory_file_put(&subject->broken, 0, subject->bytes, size);
}

static void try_recording(const struct subject *subject, rp_random *random) {
    put_broken(subject, true, random);
    memory_file_put(&subject->reference, 0, subject->profile.data, subject->profile.length);
    recover(subject);
    inspect(&subject->broken);
}

static void try_profile(const struct subject *subject, rp_random *random) {
    put_broken(subject, false, random);
    memcpy(subject->bytes, subject->profile.data, subject->profile.length);
    memory_file_put(&subject->reference, 0, subject->bytes,
                    mutate(subject->bytes, subject->profile.length, random));
    recover(subject);
    inspect(&subject->reference);
}

/* A healthy clip whose index is damaged; the fragments' indices lie everywhere in it. */
static void try_reference(const struct subject *subject, rp_random *random) {
    const struct clip *other = &subject->other;
    const size_t index = other->is_fragmented ? 0 : other->payload_end;
    put_broken(subject, false, random);
    memory_file_put(&subject->reference, 0, other->bytes, index);
    memcpy(subject->bytes, other->bytes + index, other->size - index);
    memory_file_put(&subject->reference, index, subject->bytes,
                    mutate(subject->bytes, other->size - index, random));
    recover(subject);
    inspect(&subject->reference);
}

static void try_card(const struct subject *subject, rp_random *random) {
    rp_arena arena = {0};
    rp_volume volume;
    rp_carve_found found;
    memcpy(subject->bytes, subject->card.data, subject->card.size);
    const size_t size = mutate(subject->bytes, subject->card.size, random);
    CHECK(rp_volume_open(&volume, subject->bytes, size, &arena, NULL) == RP_OK);
    uint32_t *links = rp_arena_array(&arena, (size_t)volume.cluster_count + 2, sizeof *links);
    for (uint32_t c = 2; links != NULL && c < volume.cluster_count + 2; c++)
        links[c] = rp_volume_next(&volume, c);
    CHECK(links != NULL && rp_carve_search(&found, &volume, links, NULL, NULL) == RP_OK);
    rp_arena_clear(&arena);
}

/* What is damaged, in turns: most often a recording. */
static const struct turn {
    const char *what;
    void (*run)(const struct subject *subject, rp_random *random);
} turns[] = {
    {"the recording", try_recording}, {"the profile", try_profile},
    {"the recording", try_recording}, {"the reference", try_reference},
    {"the recording", try_recording}, {"the recording", try_recording},
    {"the recording", try_recording}, {"the profile", try_profile},
    {"the recording", try_recording}, {"the card", try_card},
};

/* Bytes on the heap, those that wait in malloc's own store for the next caller among them. */
static size_t held_bytes(void) {
    const struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

static void try_once(const struct subject *subject, size_t number) {
    rp_random random = rp_random_make(subject->seed, (uint64_t)number * 100 + subject->recipe);
    turns[number % RP_COUNT(turns)].run(subject, &random);
    if (number % WRITTEN_EVERY == 0) recover_into_file(subject);
}

/* ---- a child for each clip ---- */

static void say_where(const struct subject *subject, size_t number, const char *why) {
    printf("# %s: seed %llu, recipe %s, mutation %zu, of %s\n", why,
           (unsigned long long)subject->seed, clip_name(subject->recipe), number,
           turns[number % RP_COUNT(turns)].what);
    fflush(stdout);
}

/* The child: a mutation that takes too long ends it by SIGPROF. */
static void work(const struct subject *subject, volatile size_t *at, size_t count) {
    /* Memory that one recovery gave back serves the next; else mapping it anew takes half the time.
     */
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
    const size_t held = held_bytes();
    for (; *at < count; ++*at) {
        const struct itimerval limit = {.it_value.tv_sec = SECONDS_MAX};
        setitimer(ITIMER_PROF, &limit, NULL);
        try_once(subject, *at);
        CHECK(held_bytes() < held + STORE_MAX); /* or all so far have leaked */
        if (!check_is_failed()) continue;
        say_where(subject, *at, "wrong");
        _exit(1);
    }
    _exit(0);
}

/* Returns how many went wrong. They are told here and counted by the caller at its end: a child
 * that inherits a failed check would call all of its own mutations wrong. */
static int mutate_clip(const struct subject *subject, size_t count) {
    size_t *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int failures = 0;
    if (at == MAP_FAILED) abort();
    for (; *at < count && failures < FAILURES_MAX; ++*at, failures++) {
        int how = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) work(subject, at, count);
        if (child < 0 || waitpid(child, &how, 0) != child) abort();
        if (WIFEXITED(how) && WEXITSTATUS(how) == 0) break;
        if (WIFSIGNALED(how))
            say_where(subject, *at, WTERMSIG(how) == SIGPROF ? "hangs" : strsignal(WTERMSIG(how)));
    }
    munmap(at, sizeof *at);
    return failures;
}

TEST(mutated_recordings_references_and_cards_never_crash_hang_or_leak) {
    const uint64_t seed = number_of("REPRISE_SEED", 1);
    const size_t count = number_of("REPRISE_MUTATIONS", MUTATIONS_ORDINARY) / clip_count() + 1;
    printf("# seed %llu, %zu mutations of each of %zu clips\n", (unsigned long long)seed, count,
           clip_count());
    int failures = 0;
    for (size_t recipe = 0; recipe < clip_count(); recipe++) {
        struct subject subject;
        const char *why = subject_make(&subject, recipe, seed);
        if (why != NULL) {
            check_skip(why);
            continue;
        }
        const double began = check_processor_seconds();
        failures += mutate_clip(&subject, count);
        printf("# %s: %.2f ms each\n", clip_name(recipe),
               1000 * (check_processor_seconds() - began) / (double)count);
        fflush(stdout);
        subject_clear(&subject);
    }
    CHECK_INT(failures, 0);
}

/* Mutations that once went wrong. */
static const struct found {
    const char *clip;
    uint64_t seed;
    size_t number;
} founds[] = {
    {"own-sets-hevc", 101, 213}, /* a track of the reference with two stsd: "no memory" */
    {"variable", 201, 7283},     /* a table of 2^32 samples of one size: minutes */
};

TEST(mutations_that_once_went_wrong_are_right) {
    for (size_t i = 0; i < sizeof founds / sizeof founds[0]; i++) {
        struct subject subject;
        const size_t recipe = clip_find(founds[i].clip);
        REQUIRE(recipe < clip_count());
        const char *why = subject_make(&subject, recipe, founds[i].seed);
        if (why != NULL) {
            check_skip(why);
            continue;
        }
        const double began = check_processor_seconds();
        try_once(&subject, founds[i].number);
        CHECK(check_processor_seconds() - began < SECONDS_MAX);
        subject_clear(&subject);
    }
}
