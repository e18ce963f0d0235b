/* card_maker.c: see card_maker.h. */
#include "media/card_maker.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum {
    SECTOR = 512,
    FAT_SECTOR = 32,
    FIRST_FOLDER = 6,
    END_OF_CHAIN = 0x0fffffff,
    ENTRY_BYTES = 32
};

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static unsigned log2_of(uint32_t value) {
    unsigned shift = 0;
    while (1u << shift < value) shift++;
    return shift;
}

static uint8_t *cluster_at(const struct card *card, uint32_t cluster) {
    if (cluster < 2 || cluster - 2 >= card->cluster_count) abort();
    return card->data + card->heap_bytes + (size_t)(cluster - 2) * card->cluster_bytes;
}

static void set_next(struct card *card, uint32_t cluster, uint32_t next) {
    const uint32_t value =
        next == END_OF_CHAIN && card->kind == RP_VOLUME_EXFAT ? 0xffffffff : next;
    rp_put_le32(card->data + card->fat_bytes + (size_t)cluster * 4, value);
}

void card_take(struct card *card, const uint32_t *clusters, size_t count) {
    for (size_t i = 0; i < count && card->kind == RP_VOLUME_EXFAT; i++) {
        const uint32_t bit = clusters[i] - 2;
        cluster_at(card, card->bitmap_cluster)[bit / 8] |= (uint8_t)(1 << bit % 8);
    }
}

void card_chain(struct card *card, const uint32_t *clusters, size_t count) {
    for (size_t i = 0; i < count; i++)
        set_next(card, clusters[i], i + 1 < count ? clusters[i + 1] : END_OF_CHAIN);
    card_take(card, clusters, count);
}

static void write_exfat_boot(const struct card *card, uint8_t *sector) {
    memcpy(sector + 3, "EXFAT   ", 8);
    rp_put_le64(sector + 72, card->size / SECTOR);
    rp_put_le32(sector + 80, FAT_SECTOR);
    rp_put_le32(sector + 84, (uint32_t)(card->heap_bytes / SECTOR) - FAT_SECTOR);
    rp_put_le32(sector + 88, (uint32_t)(card->heap_bytes / SECTOR));
    rp_put_le32(sector + 92, card->cluster_count);
    rp_put_le32(sector + 96, card->root_cluster);
    sector[108] = 9;
    sector[109] = (uint8_t)(log2_of(card->cluster_bytes) - 9);
    sector[110] = 1;
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

static void write_fat32_boot(const struct card *card, uint8_t *sector) {
    put16(sector + 11, SECTOR);
    sector[13] = (uint8_t)(card->cluster_bytes / SECTOR);
    put16(sector + 14, FAT_SECTOR);
    sector[16] = 1;
    rp_put_le32(sector + 32, (uint32_t)(card->size / SECTOR));
    rp_put_le32(sector + 36, (uint32_t)(card->heap_bytes / SECTOR) - FAT_SECTOR);
    rp_put_le32(sector + 44, card->root_cluster);
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

struct card card_create(rp_volume_kind kind, uint32_t cluster_bytes, uint32_t cluster_count) {
    const size_t fat_sectors = ((size_t)cluster_count + 2) * 4 / SECTOR + 1;
    struct card card = {.kind = kind,
                        .fat_bytes = (size_t)FAT_SECTOR * SECTOR,
                        .heap_bytes = (FAT_SECTOR + fat_sectors) * SECTOR,
                        .cluster_bytes = cluster_bytes,
                        .cluster_count = cluster_count,
                        .bitmap_cluster = 2,
                        .root_cluster = 5,
                        .next_folder = FIRST_FOLDER};
    card.size = card.heap_bytes + (size_t)cluster_count * cluster_bytes;
    card.data = calloc(card.size, 1);
    if (card.data == NULL) abort();
    const bool is_exfat = kind == RP_VOLUME_EXFAT;
    for (int copy = 0; copy < 2; copy++) {
        uint8_t *sector = card.data + (size_t)copy * (is_exfat ? 12 : 6) * SECTOR;
        if (is_exfat) write_exfat_boot(&card, sector);
        else write_fat32_boot(&card, sector);
    }
    card_chain(&card, &card.root_cluster, 1);
    if (is_exfat) {
        card_chain(&card, &card.bitmap_cluster, 1);
        uint8_t *entry = cluster_at(&card, card.root_cluster);
        entry[0] = 0x81;
        rp_put_le32(entry + 20, card.bitmap_cluster);
        rp_put_le64(entry + 24, cluster_count / 8 + 1);
    }
    return card;
}

void card_destroy(struct card *card) {
    free(card->data);
    *card = (struct card){0};
}

void card_write(struct card *card, const uint32_t *clusters, size_t count, const uint8_t *bytes,
                size_t size) {
    for (size_t i = 0; i < count; i++) {
        const size_t done = i * card->cluster_bytes;
        if (done >= size) return;
        const size_t part = size - done < card->cluster_bytes ? size - done : card->cluster_bytes;
        memcpy(cluster_at(card, clusters[i]), bytes + done, part);
    }
}

/* ---- entries ---- */

typedef struct entry_fields {
    const char *name;
    uint32_t first_cluster;
    uint64_t size;
    bool is_folder, is_deleted, is_contiguous;
} entry_fields;

static uint8_t *free_entry(const struct card *card, uint32_t folder, size_t count) {
    uint8_t *entry = cluster_at(card, folder == 0 ? card->root_cluster : folder);
    const uint8_t *end = entry + card->cluster_bytes;
    while (entry[0] != 0) entry += ENTRY_BYTES;
    if (entry + count * ENTRY_BYTES > end) abort();
    return entry;
}

static void add_exfat_entry(const struct card *card, uint32_t folder, const entry_fields *fields) {
    const size_t letters = strlen(fields->name), names = (letters + 14) / 15;
    const uint8_t used = fields->is_deleted ? 0 : 0x80;
    uint8_t *entry = free_entry(card, folder, 2 + names);
    entry[0] = 0x05 | used;
    entry[1] = (uint8_t)(1 + names);
    entry[4] = fields->is_folder ? 0x10 : 0x20;
    rp_put_le32(entry + 12, 0x5b790000);
    uint8_t *stream = entry + ENTRY_BYTES;
    stream[0] = 0x40 | used;
    stream[1] = (uint8_t)(1 | (fields->is_contiguous ? 2 : 0));
    stream[3] = (uint8_t)letters;
    rp_put_le64(stream + 8, fields->size);
    rp_put_le32(stream + 20, fields->first_cluster);
    rp_put_le64(stream + 24, fields->size);
    for (size_t i = 0; i < letters; i++) {
        uint8_t *part = entry + (2 + i / 15) * ENTRY_BYTES;
        part[0] = 0x41 | used;
        part[2 + 2 * (i % 15)] = (uint8_t)fields->name[i];
    }
}

static void add_short_entry(uint8_t *entry, const char *base, const entry_fields *fields) {
    memset(entry, ' ', 11);
    const char *dot = strrchr(base, '.');
    for (size_t i = 0; base[i] != '\0' && i < 8 && base + i != dot; i++)
        entry[i] = (uint8_t)base[i];
    for (size_t i = 0; dot != NULL && dot[1 + i] != '\0' && i < 3; i++)
        entry[8 + i] = (uint8_t)dot[1 + i];
    entry[11] = fields->is_folder ? 0x10 : 0x20;
    put16(entry + 20, fields->first_cluster >> 16);
    put16(entry + 24, 0x5b79);
    put16(entry + 26, fields->first_cluster);
    rp_put_le32(entry + 28, (uint32_t)fields->size);
}

/* Names longer than 8.3 get the parts of a long name, last part first. */
static void add_fat32_entry(const struct card *card, uint32_t folder, const entry_fields *fields) {
    const size_t letters = strlen(fields->name), parts = letters > 12 ? (letters + 12) / 13 : 0;
    uint8_t *entry = free_entry(card, folder, 1 + parts);
    uint8_t *last = entry + parts * ENTRY_BYTES;
    add_short_entry(last, parts > 0 ? "LONGNA~1.MP4" : fields->name, fields);
    uint8_t sum = 0;
    for (int i = 0; i < 11; i++) sum = (uint8_t)((sum >> 1 | sum << 7) + last[i]);
    for (size_t p = 0; p < parts; p++) {
        static const uint8_t places[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
        uint8_t *part = last - (p + 1) * ENTRY_BYTES;
        part[0] = (uint8_t)((p + 1) | (p + 1 == parts ? 0x40 : 0));
        part[11] = 0x0f;
        part[13] = sum;
        for (size_t i = 0; i < 13 && p * 13 + i < letters; i++)
            part[places[i]] = (uint8_t)fields->name[p * 13 + i];
    }
    for (size_t i = 0; fields->is_deleted && i <= parts; i++) entry[i * ENTRY_BYTES] = 0xe5;
}

static void add_entry(const struct card *card, uint32_t folder, const entry_fields *fields) {
    if (card->kind == RP_VOLUME_EXFAT) add_exfat_entry(card, folder, fields);
    else add_fat32_entry(card, folder, fields);
}

uint32_t card_add_folder(struct card *card, uint32_t parent, const char *name) {
    const uint32_t cluster = card->next_folder++;
    const entry_fields fields = {.name = name,
                                 .first_cluster = cluster,
                                 .size = card->kind == RP_VOLUME_EXFAT ? card->cluster_bytes : 0,
                                 .is_folder = true};
    card_chain(card, &cluster, 1);
    add_entry(card, parent, &fields);
    return cluster;
}

void card_add_file(struct card *card, uint32_t folder, const char *name, const uint32_t *clusters,
                   size_t count, uint64_t size, unsigned flags) {
    const entry_fields fields = {
        .name = name,
        .first_cluster = count > 0 && !(flags & CARD_EMPTY) ? clusters[0] : 0,
        .size = flags & CARD_EMPTY ? 0 : size,
        .is_deleted = (flags & CARD_DELETED) != 0,
        .is_contiguous = (flags & CARD_CONTIGUOUS) != 0,
    };
    add_entry(card, folder, &fields);
    if (flags & CARD_CHAINED) card_chain(card, clusters, count);
    if ((flags & CARD_CONTIGUOUS) && !(flags & CARD_DELETED)) card_take(card, clusters, count);
}
