/* test_volume.c: the file systems of cards: what is there, what was deleted, what nobody owns. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "check.h"
#include "media/card_maker.h"
#include "media/volume.h"

static const rp_volume_kind kinds[] = {RP_VOLUME_EXFAT, RP_VOLUME_FAT32};

static const rp_volume_file *find(const rp_volume *volume, const char *path) {
    for (size_t i = 0; i < volume->file_count; i++)
        if (strcmp(volume->files[i].path, path) == 0) return &volume->files[i];
    return NULL;
}

/* A card with a live file in three fragments, a deleted one, an empty one and a lost chain.
 */
static struct card make_card(rp_volume_kind kind) {
    static const uint32_t live[] = {20, 21, 30}, gone[] = {40, 41}, lost[] = {50, 51, 60};
    static uint8_t bytes[3 * 4096];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 256);
    struct card card = card_create(kind, 4096, 200);
    const uint32_t dcim = card_add_folder(&card, 0, "DCIM");
    const uint32_t clips = card_add_folder(&card, dcim, "100MSDCF");
    card_write(&card, live, 3, bytes, sizeof bytes - 100);
    card_add_file(&card, clips, "C0001.MP4", live, 3, sizeof bytes - 100, CARD_CHAINED);
    card_add_file(&card, clips, "A clip with a long name.MP4", gone, 2, 5000,
                  CARD_DELETED | (kind == RP_VOLUME_EXFAT ? CARD_CONTIGUOUS : 0));
    card_add_file(&card, clips, "C0003.MP4", NULL, 0, 0, CARD_EMPTY);
    card_chain(&card, lost, 3);
    return card;
}

static void check_card(const rp_volume *volume) {
    const rp_volume_file *live = find(volume, "DCIM/100MSDCF/C0001.MP4");
    REQUIRE(live != NULL);
    CHECK(!live->is_deleted && !live->is_folder);
    CHECK_INT(live->size_bytes, 3 * 4096 - 100);
    rp_volume_runs runs;
    REQUIRE(rp_volume_file_runs(&runs, volume, live, NULL) == RP_OK);
    CHECK_INT(runs.count, 2);
    CHECK_INT(runs.clusters, 3);
    CHECK(runs.is_whole);
    CHECK_INT(runs.rows[1].first_cluster, 30);
    const rp_volume_file *empty = find(volume, "DCIM/100MSDCF/C0003.MP4");
    CHECK(empty != NULL && empty->size_bytes == 0 && empty->first_cluster == 0);
    CHECK_INT(volume->use[20], RP_CLUSTER_OWNED);
    CHECK_INT(volume->use[30], RP_CLUSTER_OWNED);
    CHECK_INT(volume->use[40], RP_CLUSTER_FREE);
    CHECK_INT(volume->use[50], RP_CLUSTER_LOST);
    CHECK_INT(volume->use[60], RP_CLUSTER_LOST);
    CHECK_INT(rp_volume_next(volume, 51), 60);
    CHECK_INT(rp_volume_next(volume, 60), 0);
    size_t size;
    const uint8_t *data = rp_volume_cluster(volume, 21, &size);
    REQUIRE(data != NULL);
    CHECK_INT(size, 4096);
    CHECK_INT(data[3], (uint8_t)((4096 + 3) * 7 + (4096 + 3) / 256));
}

TEST(live_deleted_empty_and_lost_clips_are_told_apart) {
    for (size_t k = 0; k < RP_COUNT(kinds); k++) {
        struct card card = make_card(kinds[k]);
        rp_arena arena = {0};
        rp_volume volume;
        CHECK(rp_volume_open(&volume, card.data, card.size, &arena, NULL) == RP_OK);
        CHECK_INT(volume.kind, kinds[k]);
        check_card(&volume);
        rp_arena_clear(&arena);
        card_destroy(&card);
    }
}

TEST(a_deleted_file_keeps_its_name_size_and_place) {
    for (size_t k = 0; k < RP_COUNT(kinds); k++) {
        struct card card = make_card(kinds[k]);
        rp_arena arena = {0};
        rp_volume volume;
        CHECK(rp_volume_open(&volume, card.data, card.size, &arena, NULL) == RP_OK);
        const rp_volume_file *gone = find(&volume, "DCIM/100MSDCF/A clip with a long name.MP4");
        CHECK(gone != NULL);
        if (gone != NULL) {
            CHECK(gone->is_deleted);
            CHECK_INT(gone->size_bytes, 5000);
            CHECK_INT(gone->first_cluster, 40);
        }
        rp_arena_clear(&arena);
        card_destroy(&card);
    }
}

TEST(a_partition_table_and_the_copy_of_the_boot_sector_are_found) {
    for (size_t k = 0; k < RP_COUNT(kinds); k++) {
        struct card card = make_card(kinds[k]);
        const size_t start = 2048 * 512;
        uint8_t *image = calloc(1, start + card.size);
        REQUIRE(image != NULL);
        memcpy(image + start, card.data, card.size);
        memset(image + start, 0, 512); /* the first boot sector is gone */
        image[510] = 0x55;
        image[511] = 0xaa;
        rp_put_le32(image + 446 + 8, 2048);
        rp_arena arena = {0};
        rp_volume volume;
        CHECK(rp_volume_open(&volume, image, start + card.size, &arena, NULL) == RP_OK);
        CHECK_INT(volume.kind, kinds[k]);
        CHECK_INT(volume.start_bytes, start);
        check_card(&volume);
        rp_arena_clear(&arena);
        free(image);
        card_destroy(&card);
    }
}

TEST(an_image_without_a_file_system_is_one_heap) {
    static uint8_t image[100000];
    rp_arena arena = {0};
    rp_volume volume;
    CHECK(rp_volume_open(&volume, image, sizeof image, &arena, NULL) == RP_OK);
    CHECK_INT(volume.kind, RP_VOLUME_RAW);
    CHECK_INT(volume.cluster_count, 4);
    size_t size;
    CHECK(rp_volume_cluster(&volume, 5, &size) == image + 3 * 32768);
    CHECK_INT(size, 100000 - 3 * 32768);
    CHECK(rp_volume_cluster(&volume, 6, &size) == NULL);
    CHECK(rp_volume_open(&volume, image, 0, &arena, NULL) == RP_OK);
    CHECK_INT(volume.cluster_count, 0);
    rp_arena_clear(&arena);
}

TEST(every_prefix_of_a_card_is_read_without_harm) {
    for (size_t k = 0; k < RP_COUNT(kinds); k++) {
        struct card card = make_card(kinds[k]);
        for (size_t size = 0; size < card.size; size += size < 40000 ? 509 : 20011) {
            uint8_t *copy = malloc(size + 1);
            REQUIRE(copy != NULL);
            memcpy(copy, card.data, size);
            rp_arena arena = {0};
            rp_volume volume;
            CHECK(rp_volume_open(&volume, copy, size, &arena, NULL) == RP_OK);
            for (size_t i = 0; i < volume.file_count; i++) {
                rp_volume_runs runs;
                CHECK(rp_volume_file_runs(&runs, &volume, &volume.files[i], NULL) == RP_OK);
            }
            rp_arena_clear(&arena);
            free(copy);
        }
        card_destroy(&card);
    }
}

TEST(folders_and_chains_that_bite_their_tail_come_to_an_end) {
    for (size_t k = 0; k < RP_COUNT(kinds); k++) {
        struct card card = make_card(kinds[k]);
        const uint32_t circle[] = {70, 71, 70};
        card_chain(&card, circle, 2);
        rp_put_le32(card.data + card.fat_bytes + 71 * 4, 70);
        card_add_file(&card, 7, "LOOP.MP4", circle, 2, 1u << 30, 0);
        /* A folder that names itself. */
        card.next_folder = 7;
        card_add_folder(&card, 7, "SELF");
        rp_arena arena = {0};
        rp_volume volume;
        CHECK(rp_volume_open(&volume, card.data, card.size, &arena, NULL) == RP_OK);
        rp_volume_runs runs = {0};
        const rp_volume_file *loop = find(&volume, "DCIM/100MSDCF/LOOP.MP4");
        CHECK(loop != NULL && rp_volume_file_runs(&runs, &volume, loop, NULL) == RP_OK);
        CHECK(runs.clusters <= volume.cluster_count && !runs.is_whole);
        rp_arena_clear(&arena);
        card_destroy(&card);
    }
}

/* A name in a folder entry must never lead out of the output folder. */
TEST(names_are_never_paths) {
    struct card card = card_create(RP_VOLUME_EXFAT, 4096, 60);
    card_add_file(&card, 0, "../../etc/x", NULL, 0, 0, CARD_EMPTY);
    rp_arena arena = {0};
    rp_volume volume;
    CHECK(rp_volume_open(&volume, card.data, card.size, &arena, NULL) == RP_OK);
    CHECK_INT(volume.file_count, 1);
    if (volume.file_count == 1) CHECK_TEXT(volume.files[0].path, "_._.._etc_x");
    rp_arena_clear(&arena);
    card_destroy(&card);
}

/* The makers of file systems agree with the readers. */
static bool make_with(const char *command, const char *path) {
    char line[1400];
    snprintf(line, sizeof line, "truncate -s 64M %s && %s %s >/dev/null 2>&1", path, command, path);
    return system(line) == 0;
}

TEST(volumes_made_by_mkfs_are_read) {
    static const struct {
        const char *command;
        rp_volume_kind kind;
    } makers[] = {{"mkfs.exfat", RP_VOLUME_EXFAT}, {"mkfs.vfat -F 32", RP_VOLUME_FAT32}};
    for (size_t i = 0; i < RP_COUNT(makers); i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/made-%zu.img", check_scratch(), i);
        if (!make_with(makers[i].command, path)) {
            check_skip("exfatprogs or dosfstools is not installed");
            continue;
        }
        rp_mapped_file file;
        REQUIRE(rp_mapped_file_open(&file, path, NULL) == RP_OK);
        rp_arena arena = {0};
        rp_volume volume;
        CHECK(rp_volume_open(&volume, file.data, file.size, &arena, NULL) == RP_OK);
        CHECK_INT(volume.kind, makers[i].kind);
        CHECK_INT(volume.file_count, 0);
        size_t owned = 0, lost = 0;
        for (uint32_t c = 2; c < volume.cluster_count + 2; c++) {
            owned += volume.use[c] == RP_CLUSTER_OWNED;
            lost += volume.use[c] == RP_CLUSTER_LOST;
        }
        CHECK(owned >= 1);
        CHECK_INT(lost, 0);
        rp_arena_clear(&arena);
        rp_mapped_file_close(&file);
    }
}
