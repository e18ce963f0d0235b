/* test_hostile.c: files made to confuse, and honest mistakes of users, end in one clear line, soon.
 * Each hostile file is tried as the broken recording, as the reference and in `inspect`. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/mapped_file.h"
#include "base/new_file.h"
#include "base/random.h"
#include "base/text.h"
#include "check.h"
#include "media/boxes.h"
#include "reprise/video.h"

enum { PATH_BYTES = 1200, SECONDS_MAX = 5, NESTED = 1000 };

static const char *scratch(const char *name) {
    static char paths[4][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % RP_COUNT(paths)];
    snprintf(path, PATH_BYTES, "%s/%s", check_scratch(), name);
    return path;
}

static rp_text kept_clip(const char *name) {
    char path[PATH_BYTES];
    rp_text bytes = {0};
    rp_mapped_file file;
    snprintf(path, sizeof path, "%s/fuzz/corpus/movie/%s", check_source(), name);
    if (rp_mapped_file_open(&file, path, NULL) != RP_OK) abort();
    rp_text_add_bytes(&bytes, file.data, file.size);
    rp_mapped_file_close(&file);
    return bytes;
}

static size_t find(const rp_text *file, const char *type) {
    const char *hit = memmem(file->data, file->length, type, 4);
    if (hit == NULL) abort();
    return (size_t)(hit - file->data) - 4;
}

/* ---- the hostile files: each changes a whole clip ---- */

/* The box `type` gets this 32-bit size, and where that is 1 the 64-bit one that follows. */
struct resize {
    const char *type;
    uint32_t size;
    uint64_t large;
};

static void resize_box(rp_text *file, const struct resize *to) {
    uint8_t *box = (uint8_t *)file->data + find(file, to->type);
    rp_put_be32(box, to->size);
    if (to->size == 1) rp_put_be64(box + 8, to->large);
}

/* A thousand boxes, each in the one before. */
static void nest(rp_text *file, const char *type) {
    rp_text deep = {0};
    for (uint32_t i = NESTED; i > 0; i--) {
        rp_media_put_be32(&deep, 8 * i);
        rp_text_add_bytes(&deep, type, 4);
    }
    rp_text_add_bytes(file, deep.data, deep.length);
    rp_text_clear(&deep);
}

/* Every chunk of the first table of offsets at one place. */
static void overlap_chunks(rp_text *file) {
    uint8_t *stco = (uint8_t *)file->data + find(file, "stco");
    for (uint32_t i = 0; i < rp_be32(stco + 12); i++) rp_put_be32(stco + 16 + 4 * i, 40);
}

/* Tables that claim 2^32 - 1 rows. */
static void claim_rows(rp_text *file, const char *type) {
    rp_put_be32((uint8_t *)file->data + find(file, type) + (strcmp(type, "stsz") == 0 ? 16 : 12),
                UINT32_MAX);
}

/* Does the call end soon, without a report or with one, and with a line where it refuses? */
static void check_end(rp_status status, const rp_error *error, double began, const char *what) {
    const bool has_line = status == RP_OK || error->text[0] != '\0';
    if (status > RP_INPUT && status != RP_NO) check_failed(__FILE__, __LINE__, "%s: status", what);
    if (!has_line) check_failed(__FILE__, __LINE__, "%s: no line", what);
    if (check_processor_seconds() - began > SECONDS_MAX)
        check_failed(__FILE__, __LINE__, "%s: takes %.1f s", what,
                     check_processor_seconds() - began);
    if (strchr(error->text, '\n') != NULL)
        check_failed(__FILE__, __LINE__, "%s: more than a line: %s", what, error->text);
}

static void try_file(rp_text *file, const char *what) {
    rp_text clip = kept_clip("h264_mp4");
    const char *hostile = scratch("hostile"), *whole = scratch("whole"), *cut = scratch("cut");
    if (rp_new_file_write(hostile, file->data, file->length, NULL) != RP_OK ||
        rp_new_file_write(whole, clip.data, clip.length, NULL) != RP_OK ||
        rp_new_file_write(cut, clip.data, find(&clip, "moov"), NULL) != RP_OK)
        abort();
    const char *const pairs[][2] = {{hostile, whole}, {cut, hostile}, {hostile, hostile}};
    for (size_t i = 0; i < RP_COUNT(pairs); i++) {
        const rp_video_recover_options options = {.reference = pairs[i][1]};
        rp_error error = {0};
        rp_video_report *report = NULL;
        const double began = check_processor_seconds();
        const rp_status status = rp_video_recover(&report, pairs[i][0], &options, &error);
        check_end(status, &error, began, what);
        rp_video_report_destroy(report);
    }
    rp_error error = {0};
    rp_video_report *report = NULL;
    const double began = check_processor_seconds();
    const rp_status status = rp_video_inspect(&report, hostile, &error);
    check_end(status, &error, began, what);
    rp_video_report_destroy(report);
    rp_text_clear(&clip);
    rp_text_clear(file);
}

TEST(boxes_of_hostile_sizes_end_in_a_line) {
    static const char *const types[] = {"ftyp", "moov", "mdat", "trak", "stbl", "stsz", "stco"};
    static const struct resize sizes[] = {
        {NULL, 0, 0},          {NULL, 1, 0}, {NULL, 1, 1}, {NULL, 1, UINT64_C(1) << 63},
        {NULL, 1, UINT64_MAX}, {NULL, 7, 0}, {NULL, 8, 0}, {NULL, 0x7fffffff, 0},
        {NULL, UINT32_MAX, 0},
    };
    for (size_t t = 0; t < RP_COUNT(types); t++)
        for (size_t s = 0; s < RP_COUNT(sizes); s++) {
            struct resize to = sizes[s];
            char what[80];
            rp_text file = kept_clip("h264_mp4");
            to.type = types[t];
            resize_box(&file, &to);
            snprintf(what, sizeof what, "%s of size %u, %llu", to.type, to.size,
                     (unsigned long long)to.large);
            try_file(&file, what);
        }
}

TEST(a_thousand_nested_boxes_end_in_a_line) {
    static const char *const types[] = {"moov", "trak", "mdat", "udta", "free", "moof"};
    for (size_t i = 0; i < RP_COUNT(types); i++) {
        rp_text file = {0};
        nest(&file, types[i]); /* alone, and behind a whole clip */
        try_file(&file, types[i]);
        file = kept_clip("pcm_mov");
        nest(&file, types[i]);
        try_file(&file, types[i]);
    }
}

TEST(overlapping_chunks_and_tables_of_4_gi_rows_end_in_a_line) {
    static const char *const tables[] = {"stts", "stsc", "stsz", "stco", "stsd", "ctts", "stss"};
    rp_text file = kept_clip("h264_mp4");
    overlap_chunks(&file);
    try_file(&file, "overlapping chunks");
    for (size_t i = 0; i < RP_COUNT(tables); i++) {
        file = kept_clip("h264_mp4");
        if (memmem(file.data, file.length, tables[i], 4) == NULL) continue;
        claim_rows(&file, tables[i]);
        try_file(&file, tables[i]);
    }
}

/* ---- honest mistakes ---- */

static void check_refusal(const char *broken, const char *reference, const char *words) {
    const rp_video_recover_options options = {.reference = reference};
    rp_error error = {0};
    rp_video_report *report = NULL;
    CHECK(rp_video_recover(&report, broken, &options, &error) != RP_OK);
    if (report != NULL || strstr(error.text, words) == NULL)
        check_failed(__FILE__, __LINE__, "no \"%s\" in: %s", words, error.text);
    rp_video_report_destroy(report);
}

/* To a reference, the recording of another camera is noise. */
TEST(a_reference_of_another_camera_is_named_with_what_differs) {
    enum { NOISE_BYTES = 200000 };
    rp_text clip = kept_clip("h264_mp4"), file = {0};
    rp_random random = rp_random_make(4, 4);
    rp_text_add_bytes(&file, "\0\0\0\20ftypXAVC\0\0\0\0\0\0\0\0mdat", 24);
    for (size_t i = 0; i < NOISE_BYTES; i++) rp_text_add_char(&file, (char)rp_random_u32(&random));
    const char *cut = scratch("cut"), *another = scratch("another");
    REQUIRE(rp_new_file_write(cut, file.data, file.length, NULL) == RP_OK);
    REQUIRE(rp_new_file_write(another, clip.data, clip.length, NULL) == RP_OK);
    check_refusal(cut, another, "avc1");        /* what the reference has */
    check_refusal(cut, another, "same camera"); /* what to try */
    check_refusal(cut, another, "brand of the broken file: XAVC");
    rp_text_clear(&clip);
    rp_text_clear(&file);
}

TEST(a_swapped_reference_is_suspected) {
    rp_text clip = kept_clip("h264_mp4");
    const char *cut = scratch("cut"), *whole = scratch("whole");
    REQUIRE(rp_new_file_write(cut, clip.data, find(&clip, "moov"), NULL) == RP_OK);
    REQUIRE(rp_new_file_write(whole, clip.data, clip.length, NULL) == RP_OK);
    check_refusal(whole, cut, "swapped");
    check_refusal(cut, cut, "");
    rp_text_clear(&clip);
}
