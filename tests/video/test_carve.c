/* test_carve.c: a card as it comes out of a camera that lost power: recordings come back whole. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/new_file.h"
#include "check.h"
#include "media/card_maker.h"
#include "reprise/video.h"
#include "video/clip_judge.h"

enum { CLUSTER = 32768, CLUSTERS = 520, PER_FILE = 200 };
enum { SONY = 0, IPHONE = 5 };

struct placed {
    uint32_t clusters[PER_FILE];
    size_t count;
};

static uint32_t next_free;

static void take(struct placed *file, size_t count) {
    for (size_t i = 0; i < count; i++) file->clusters[file->count++] = next_free++;
}

static size_t needed(size_t size) { return (size + CLUSTER - 1) / CLUSTER; }

/* Two recordings in turns of five and two clusters. */
static void take_turns(struct placed *a, size_t size_a, struct placed *b, size_t size_b) {
    while (a->count < needed(size_a) || b->count < needed(size_b)) {
        for (int i = 0; i < 5 && a->count < needed(size_a); i++) take(a, 1);
        for (int i = 0; i < 2 && b->count < needed(size_b); i++) take(b, 1);
    }
}

struct scene {
    struct clip lost, proxy, healthy;
    struct clip_broken broken;
    struct card card;
    char image[512], folder[512];
};

/* A live healthy clip; a deleted proxy in turns with a main recording that was never closed. */
static const char *make_scene(struct scene *scene, rp_volume_kind kind) {
    const char *why = clip_make(&scene->lost, SONY, 'A', check_scratch());
    if (why == NULL) why = clip_make(&scene->healthy, SONY, 'B', check_scratch());
    if (why == NULL) why = clip_make(&scene->proxy, IPHONE, 'A', check_scratch());
    if (why != NULL) return why;
    scene->broken = clip_without_index(&scene->lost);
    scene->card = card_create(kind, CLUSTER, CLUSTERS);
    static struct placed healthy, lost, proxy;
    healthy = lost = proxy = (struct placed){0};
    next_free = 16;
    take(&healthy, needed(scene->healthy.size));
    take_turns(&lost, scene->broken.size, &proxy, scene->proxy.size);
    struct card *card = &scene->card;
    const uint32_t folder = card_add_folder(card, 0, "DCIM");
    card_write(card, healthy.clusters, healthy.count, scene->healthy.bytes, scene->healthy.size);
    card_write(card, lost.clusters, lost.count, scene->broken.bytes, scene->broken.size);
    card_write(card, proxy.clusters, proxy.count, scene->proxy.bytes, scene->proxy.size);
    card_add_file(card, folder, "C0001.MP4", healthy.clusters, healthy.count, scene->healthy.size,
                  CARD_CHAINED);
    card_add_file(card, folder, "C0002S03.MP4", proxy.clusters, proxy.count, scene->proxy.size,
                  CARD_DELETED);
    card_add_file(card, folder, "C0002.MP4", NULL, 0, 0, CARD_EMPTY);
    card_take(card, lost.clusters, lost.count);
    snprintf(scene->image, sizeof scene->image, "%s/card.img", check_scratch());
    snprintf(scene->folder, sizeof scene->folder, "%s/out-%d", check_scratch(), (int)kind);
    return rp_new_file_write(scene->image, card->data, card->size, NULL) == RP_OK ? NULL
                                                                                  : "disk full";
}

static void clear_scene(struct scene *scene) {
    clip_clear(&scene->lost);
    clip_clear(&scene->healthy);
    clip_clear(&scene->proxy);
    clip_broken_clear(&scene->broken);
    card_destroy(&scene->card);
}

static void check_outputs(const struct scene *scene) {
    char path[600], why[300] = "";
    rp_text bytes = {0};
    /* FAT32 writes over the first letter of what it deletes. */
    snprintf(path, sizeof path, "%s/%s0002S03.mp4", scene->folder,
             scene->card.kind == RP_VOLUME_FAT32 ? "_" : "C");
    CHECK(clip_read_file(&bytes, path));
    CHECK_INT(bytes.length, scene->proxy.size);
    CHECK(bytes.length == scene->proxy.size &&
          memcmp(bytes.data, scene->proxy.bytes, bytes.length) == 0);
    snprintf(path, sizeof path, "%s/carved-0002.mp4", scene->folder);
    const struct clip_kept kept = {.to = scene->lost.payload_end};
    if (!clip_read_file(&bytes, path) ||
        !clip_is_recovered(why, sizeof why, &scene->lost, &kept, &bytes, NULL))
        check_failed(__FILE__, __LINE__, "%s: %s", path, why);
    rp_text_clear(&bytes);
}

static void carve_scene(rp_volume_kind kind) {
    struct scene scene = {0};
    const char *why = make_scene(&scene, kind);
    if (why != NULL) {
        check_skip(why);
        clear_scene(&scene);
        return;
    }
    const rp_video_carve_options options = {.folder = scene.folder};
    rp_video_report *report = NULL;
    rp_error error = {0};
    const rp_status status = rp_video_carve(&report, scene.image, &options, &error);
    if (status != RP_OK && status != RP_NO) check_failed(__FILE__, __LINE__, "%s", error.text);
    CHECK(report != NULL);
    if (report != NULL) {
        CHECK(strstr(rp_video_report_text(report), "2 recordings found") != NULL);
        CHECK(strstr(rp_video_report_json(report), "0002S03.MP4") != NULL);
    }
    check_outputs(&scene);
    rp_text image = {0};
    CHECK(clip_read_file(&image, scene.image) && image.length == scene.card.size &&
          memcmp(image.data, scene.card.data, image.length) == 0);
    rp_text_clear(&image);
    rp_video_report_destroy(report);
    clear_scene(&scene);
}

TEST(a_lost_recording_and_its_deleted_proxy_come_back_from_exfat) { carve_scene(RP_VOLUME_EXFAT); }
TEST(the_same_from_fat32) { carve_scene(RP_VOLUME_FAT32); }

TEST(a_card_without_recordings_says_so) {
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s/bare.img", check_scratch());
    snprintf(folder, sizeof folder, "%s/bare", check_scratch());
    struct card card = card_create(RP_VOLUME_EXFAT, 4096, 100);
    REQUIRE(rp_new_file_write(path, card.data, card.size, NULL) == RP_OK);
    card_destroy(&card);
    rp_video_report *report = NULL;
    const rp_video_carve_options options = {.folder = folder};
    rp_error error = {0};
    CHECK(rp_video_carve(&report, path, &options, &error) == RP_NO);
    CHECK(strstr(error.text, "no recording") != NULL);
    rp_video_report_destroy(report);
    CHECK(rp_video_carve(&report, folder, &options, &error) == RP_INPUT);
    CHECK(rp_video_carve(&report, "/nowhere.img", &options, &error) == RP_INPUT);
}
