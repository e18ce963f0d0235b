/* exfat.c: see exfat.h. */
#include "media/exfat.h"

#include <string.h>

#include "base/bytes.h"
#include "media/utf16.h"

enum {
    ENTRY_BYTES = 32,
    BOOT_BYTES = 512,
    BOOT_COPY_SECTOR = 12,
    IN_USE = 0x80,
    ENTRY_END = 0x00,
    ENTRY_BITMAP = 0x81,
    ENTRY_LETTERS = 0x82, /* the table of capital letters */
    ENTRY_FILE = 0x05,    /* these three without the bit "in use" */
    ENTRY_STREAM = 0x40,
    ENTRY_NAME = 0x41,
    NAME_UNITS = 15,
    NAME_UNITS_MAX = 255,
    FOLDER = 0x10,    /* attribute */
    CONTIGUOUS = 0x02 /* stream flag "no chain is valid" */
};

/* ---- boot sector (3.1) ---- */

static bool read_boot(rp_volume *volume, const uint8_t *data, uint64_t size, uint64_t boot) {
    if (boot + BOOT_BYTES > size) return false;
    const uint8_t *sector = data + boot;
    if (memcmp(sector + 3, "EXFAT   ", 8) != 0) return false;
    const unsigned sector_shift = sector[108], cluster_shift = sector[109];
    if (sector_shift < 9 || sector_shift > 12 || cluster_shift > 25 - sector_shift) return false;
    const uint64_t fat = (uint64_t)rp_le32(sector + 80) << sector_shift;
    const uint64_t fat_bytes = (uint64_t)rp_le32(sector + 84) << sector_shift;
    const uint64_t heap = (uint64_t)rp_le32(sector + 88) << sector_shift;
    if (heap == 0 || heap >= size || fat >= size) return false;
    const uint32_t cluster_bytes = 1u << (sector_shift + cluster_shift);
    const uint64_t present = (size - heap) / cluster_bytes + 1;
    const uint32_t count = rp_le32(sector + 92);
    const uint64_t fat_held = fat_bytes < size - fat ? fat_bytes : size - fat;
    volume->kind = RP_VOLUME_EXFAT;
    volume->data = data;
    volume->size_bytes = size;
    volume->heap_bytes = heap;
    volume->cluster_bytes = cluster_bytes;
    volume->cluster_count = count < present ? count : (uint32_t)present;
    volume->root_cluster = rp_le32(sector + 96);
    volume->fat = data + fat;
    volume->fat_entries = fat_held / 4 < UINT32_MAX ? (uint32_t)(fat_held / 4) : UINT32_MAX;
    return true;
}

bool rp_exfat_read_boot(rp_volume *volume, const uint8_t *data, uint64_t size) {
    if (read_boot(volume, data, size, 0)) return true;
    for (unsigned shift = 9; shift <= 12; shift++)
        if (read_boot(volume, data, size, (uint64_t)BOOT_COPY_SECTOR << shift)) return true;
    return false;
}

/* ---- folders (7.4, 7.6, 7.7) ---- */

/* Reads the set of entries that begins at `entry`, of at most `left` entries. Returns how many it
 * took, 0 when it is no such set. Entries of a deleted set may have been overwritten behind the
 * second one: the name is then as long as it goes. */
static size_t read_set(rp_volume_file *file, char *name, const uint8_t *entry, size_t left) {
    const uint8_t used = entry[0] & IN_USE;
    const size_t count = (size_t)entry[1] + 1;
    if (left < 2 || count < 3 || entry[ENTRY_BYTES] != (ENTRY_STREAM | used)) return 0;
    const uint8_t *stream = entry + ENTRY_BYTES;
    uint8_t units[2 * (NAME_UNITS_MAX + NAME_UNITS)];
    size_t unit_count = 0, taken = 2;
    while (taken < count && taken < left && unit_count < stream[3] &&
           entry[taken * ENTRY_BYTES] == (ENTRY_NAME | used)) {
        memcpy(units + 2 * unit_count, entry + taken * ENTRY_BYTES + 2, 2 * NAME_UNITS);
        unit_count += NAME_UNITS;
        taken++;
    }
    if (unit_count > stream[3]) unit_count = stream[3];
    rp_utf16_to_name(name, units, unit_count);
    *file = (rp_volume_file){
        .size_bytes = rp_le64(stream + 24),
        .first_cluster = rp_le32(stream + 20),
        .modified = rp_le32(entry + 12),
        .is_folder = (entry[4] & FOLDER) != 0,
        .is_deleted = used == 0,
        .is_contiguous = (stream[1] & CONTIGUOUS) != 0,
    };
    return taken;
}

bool rp_exfat_read_folder(rp_volume *volume, const char *folder, const uint8_t *bytes, size_t size,
                          bool is_deleted) {
    const size_t count = size / ENTRY_BYTES;
    for (size_t i = 0; i < count;) {
        const uint8_t *entry = bytes + i * ENTRY_BYTES;
        if (entry[0] == ENTRY_END) return true;
        rp_volume_file file;
        char name[RP_UTF16_NAME_MAX];
        const size_t taken =
            (entry[0] & ~IN_USE) == ENTRY_FILE ? read_set(&file, name, entry, count - i) : 0;
        i += taken > 0 ? taken : 1;
        if (taken == 0) continue;
        file.is_deleted = file.is_deleted || is_deleted;
        if (!rp_volume_add_file(volume, folder, name, file)) return false;
    }
    return true;
}

/* ---- allocation bitmap (7.1) ---- */

static void apply_bitmap(rp_volume *volume, const rp_volume_file *bitmap) {
    uint32_t cluster = bitmap->first_cluster;
    uint64_t number = 2; /* of the cluster that the next bit speaks of */
    for (uint32_t steps = 0; steps < volume->cluster_count; steps++) {
        size_t size;
        const uint8_t *data = rp_volume_cluster(volume, cluster, &size);
        if (data == NULL) return;
        for (size_t i = 0; i < size * 8; i++, number++) {
            if (number - 2 >= volume->cluster_count) return;
            if ((data[i / 8] >> (i % 8) & 1) != 0 && volume->use[number] == RP_CLUSTER_FREE)
                volume->use[number] = RP_CLUSTER_LOST;
        }
        cluster = rp_volume_next(volume, cluster);
    }
}

void rp_exfat_read_bitmap(rp_volume *volume, const uint8_t *root, size_t size) {
    rp_volume_file bitmap = {0};
    for (size_t i = 0; i + ENTRY_BYTES <= size && root[i] != ENTRY_END; i += ENTRY_BYTES) {
        if (root[i] != ENTRY_BITMAP && root[i] != ENTRY_LETTERS) continue;
        const rp_volume_file table = {.first_cluster = rp_le32(root + i + 20)};
        rp_volume_own(volume, &table);
        if (root[i] == ENTRY_BITMAP && bitmap.first_cluster == 0) bitmap = table;
    }
    apply_bitmap(volume, &bitmap);
}
