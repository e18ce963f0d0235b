/* fat32.c: see fat32.h. */
#include "media/fat32.h"

#include <string.h>

#include "base/bytes.h"
#include "media/utf16.h"

enum {
    ENTRY_BYTES = 32,
    BOOT_BYTES = 512,
    BOOT_COPY_SECTOR = 6,
    ENTRY_END = 0x00,
    ENTRY_DELETED = 0xe5,
    LABEL = 0x08, /* attributes */
    FOLDER = 0x10,
    LONG_NAME = 0x0f,
    PART_UNITS = 13,
    PARTS_MAX = 20
};

/* ---- boot sector ---- */

static bool read_boot(rp_volume *volume, const uint8_t *data, uint64_t size, uint64_t boot) {
    if (boot + BOOT_BYTES > size) return false;
    const uint8_t *sector = data + boot;
    const uint32_t sector_bytes = rp_le16(sector + 11), per_cluster = sector[13];
    const bool is_power = sector_bytes >= 512 && sector_bytes <= 4096 &&
                          (sector_bytes & (sector_bytes - 1)) == 0 && per_cluster > 0 &&
                          (per_cluster & (per_cluster - 1)) == 0;
    if (!is_power || sector[510] != 0x55 || sector[511] != 0xaa) return false;
    const uint64_t reserved = rp_le16(sector + 14), tables = sector[16];
    const uint64_t table_sectors = rp_le32(sector + 36), sectors = rp_le32(sector + 32);
    if (rp_le16(sector + 17) != 0 || rp_le16(sector + 22) != 0 || tables == 0 || tables > 2 ||
        table_sectors == 0 || reserved == 0)
        return false;
    const uint64_t heap = (reserved + tables * table_sectors) * sector_bytes;
    if (heap >= size || sectors * sector_bytes <= heap) return false;
    const uint32_t cluster_bytes = sector_bytes * per_cluster;
    const uint64_t present = (size - heap) / cluster_bytes + 1;
    const uint64_t count = (sectors * sector_bytes - heap) / cluster_bytes;
    const uint64_t entries = table_sectors * sector_bytes / 4;
    volume->kind = RP_VOLUME_FAT32;
    volume->data = data;
    volume->size_bytes = size;
    volume->heap_bytes = heap;
    volume->cluster_bytes = cluster_bytes;
    volume->cluster_count = (uint32_t)(count < present ? count : present);
    volume->root_cluster = rp_le32(sector + 44);
    volume->fat = data + reserved * sector_bytes;
    volume->fat_entries = entries < UINT32_MAX ? (uint32_t)entries : UINT32_MAX;
    return true;
}

bool rp_fat32_read_boot(rp_volume *volume, const uint8_t *data, uint64_t size) {
    if (read_boot(volume, data, size, 0)) return true;
    for (unsigned shift = 9; shift <= 12; shift++)
        if (read_boot(volume, data, size, (uint64_t)BOOT_COPY_SECTOR << shift)) return true;
    return false;
}

/* ---- folders ---- */

/* The parts of a long name that came before the short entry, last part first. */
typedef struct long_name {
    uint8_t units[PARTS_MAX * PART_UNITS * 2];
    size_t parts;
    uint8_t checksum;
} long_name;

static void add_part(long_name *name, const uint8_t *entry) {
    if (name->parts > 0 && (entry[13] != name->checksum || name->parts == PARTS_MAX))
        name->parts = 0;
    name->checksum = entry[13];
    uint8_t *at = name->units + (PARTS_MAX - 1 - name->parts) * PART_UNITS * 2;
    memcpy(at, entry + 1, 10);
    memcpy(at + 10, entry + 14, 12);
    memcpy(at + 22, entry + 28, 4);
    name->parts++;
}

static uint8_t short_checksum(const uint8_t *entry) {
    uint8_t sum = 0;
    for (int i = 0; i < 11; i++) sum = (uint8_t)((sum >> 1 | sum << 7) + entry[i]);
    return sum;
}

/* "C0001   MP4" becomes C0001.MP4; the letter that deleting wrote over becomes '_'. */
static void short_name(char *name, const uint8_t *entry) {
    uint8_t units[2 * 12];
    size_t count = 0;
    for (int i = 0; i < 11; i++) {
        if (i == 8 && entry[8] != ' ') units[2 * count++] = '.';
        if (entry[i] != ' ')
            units[2 * count++] = i == 0 && entry[0] == ENTRY_DELETED ? '_' : entry[i];
    }
    for (size_t i = 0; i < count; i++) units[2 * i + 1] = 0;
    rp_utf16_to_name(name, units, count);
}

static rp_volume_file read_entry(char *name, const uint8_t *entry, const long_name *parts) {
    const bool is_deleted = entry[0] == ENTRY_DELETED;
    /* A deleted entry's checksum cannot be tested: its first letter is gone. */
    const bool has_long =
        parts->parts > 0 && (is_deleted || parts->checksum == short_checksum(entry));
    if (has_long)
        rp_utf16_to_name(name, parts->units + (PARTS_MAX - parts->parts) * PART_UNITS * 2,
                         parts->parts * PART_UNITS);
    else short_name(name, entry);
    return (rp_volume_file){
        .size_bytes = rp_le32(entry + 28),
        .first_cluster = (uint32_t)rp_le16(entry + 20) << 16 | rp_le16(entry + 26),
        .modified = (uint32_t)rp_le16(entry + 24) << 16 | rp_le16(entry + 22),
        .is_folder = (entry[11] & FOLDER) != 0,
        .is_deleted = is_deleted,
    };
}

bool rp_fat32_read_folder(rp_volume *volume, const char *folder, const uint8_t *bytes, size_t size,
                          bool is_deleted) {
    long_name parts = {0};
    for (size_t i = 0; i + ENTRY_BYTES <= size; i += ENTRY_BYTES) {
        const uint8_t *entry = bytes + i;
        if (entry[0] == ENTRY_END) return true;
        if (entry[11] == LONG_NAME) {
            add_part(&parts, entry);
            continue;
        }
        if ((entry[11] & LABEL) == 0 && entry[0] != '.') {
            char name[RP_UTF16_NAME_MAX];
            rp_volume_file file = read_entry(name, entry, &parts);
            file.is_deleted = file.is_deleted || is_deleted;
            if (!rp_volume_add_file(volume, folder, name, file)) return false;
        }
        parts.parts = 0;
    }
    return true;
}

/* ---- the table as a bitmap ---- */

void rp_fat32_read_table(rp_volume *volume) {
    for (uint32_t i = 2; i - 2 < volume->cluster_count && i < volume->fat_entries; i++)
        if ((rp_le32(volume->fat + (size_t)i * 4) & 0x0fffffff) != 0 &&
            volume->use[i] == RP_CLUSTER_FREE)
            volume->use[i] = RP_CLUSTER_LOST;
}
