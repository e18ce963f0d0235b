/* volume.c: see volume.h. The two file systems differ in boot sector, folder entries and in where
 * they note that a cluster is taken; walking folders and chains is the same for both. */
#include "media/volume.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "media/exfat.h"
#include "media/fat32.h"

enum {
    RAW_CLUSTER_BYTES = 32 * 1024, /* files begin on such a border on every card formatted so far */
    FILES_MAX = 1 << 20,
    PATH_MAX_BYTES = 1024,
    FOLDER_BYTES_MAX = 64 << 20, /* a million entries and more */
    FAT_BAD = 0x0ffffff7,        /* this and above: bad cluster, end of chain */
    CLUSTER_WALKED = 0x80        /* in `use`, while reading: a deleted folder read once */
};

/* ---- clusters and chains ---- */

const uint8_t *rp_volume_cluster(const rp_volume *volume, uint32_t cluster, size_t *size) {
    *size = 0;
    if (cluster < 2 || cluster - 2 >= volume->cluster_count) return NULL;
    const uint64_t at =
        volume->heap_bytes + (uint64_t)(cluster - 2) * (uint64_t)volume->cluster_bytes;
    if (at >= volume->size_bytes) return NULL;
    const uint64_t left = volume->size_bytes - at;
    *size = left < volume->cluster_bytes ? (size_t)left : volume->cluster_bytes;
    return volume->data + at;
}

uint32_t rp_volume_next(const rp_volume *volume, uint32_t cluster) {
    if (cluster >= volume->fat_entries) return 0;
    const uint32_t value = rp_le32(volume->fat + (size_t)cluster * 4) &
                           (volume->kind == RP_VOLUME_FAT32 ? 0x0fffffff : 0xffffffff);
    return value >= 2 && value - 2 < volume->cluster_count ? value : 0;
}

static bool is_end_of_chain(const rp_volume *volume, uint32_t cluster) {
    if (cluster >= volume->fat_entries) return false;
    return (rp_le32(volume->fat + (size_t)cluster * 4) & 0x0fffffff) > FAT_BAD;
}

bool rp_volume_runs_add(rp_volume_runs *runs, rp_arena *arena, uint32_t cluster) {
    rp_volume_run *last = runs->count > 0 ? &runs->rows[runs->count - 1] : NULL;
    runs->clusters++;
    if (last != NULL && last->first_cluster + last->count == cluster) {
        last->count++;
        return true;
    }
    if (runs->count == runs->capacity) {
        const size_t capacity = runs->capacity == 0 ? 8 : runs->capacity * 2;
        rp_volume_run *rows = rp_arena_array(arena, capacity, sizeof *rows);
        if (rows == NULL) return false;
        if (runs->count > 0) memcpy(rows, runs->rows, runs->count * sizeof *rows);
        runs->rows = rows;
        runs->capacity = capacity;
    }
    runs->rows[runs->count++] = (rp_volume_run){.first_cluster = cluster, .count = 1};
    return true;
}

/* How many clusters `size` bytes take. */
static uint64_t clusters_of(const rp_volume *volume, uint64_t size) {
    return size / volume->cluster_bytes + (size % volume->cluster_bytes != 0);
}

rp_status rp_volume_file_runs(rp_volume_runs *runs, const rp_volume *volume,
                              const rp_volume_file *file, rp_error *error) {
    *runs = (rp_volume_runs){0};
    uint32_t cluster = file->first_cluster;
    const uint64_t wanted = file->size_bytes == 0 && !file->is_contiguous
                                ? UINT64_MAX
                                : clusters_of(volume, file->size_bytes);
    while (cluster >= 2 && cluster - 2 < volume->cluster_count && runs->clusters < wanted &&
           runs->clusters < volume->cluster_count) {
        if (!rp_volume_runs_add(runs, volume->arena, cluster))
            return rp_fail_memory(error, "the clusters of a file");
        runs->is_whole = runs->clusters == wanted || is_end_of_chain(volume, cluster);
        cluster = file->is_contiguous ? cluster + 1 : rp_volume_next(volume, cluster);
    }
    return RP_OK;
}

void rp_volume_own(rp_volume *volume, const rp_volume_file *file) {
    uint32_t cluster = file->first_cluster;
    uint64_t left = file->is_contiguous ? clusters_of(volume, file->size_bytes) : UINT64_MAX;
    while (left-- > 0 && cluster >= 2 && cluster - 2 < volume->cluster_count &&
           volume->use[cluster] != RP_CLUSTER_OWNED) {
        volume->use[cluster] = RP_CLUSTER_OWNED;
        cluster = file->is_contiguous ? cluster + 1 : rp_volume_next(volume, cluster);
    }
}

/* ---- folders ---- */

static bool reserve_file(rp_volume *volume) {
    if (volume->file_count >= FILES_MAX) return false;
    if (volume->file_count < volume->file_capacity) return true;
    const size_t capacity = volume->file_capacity == 0 ? 64 : volume->file_capacity * 2;
    rp_volume_file *files = rp_arena_array(volume->arena, capacity, sizeof *files);
    if (files == NULL) return false;
    if (volume->file_count > 0) memcpy(files, volume->files, volume->file_count * sizeof *files);
    volume->files = files;
    volume->file_capacity = capacity;
    return true;
}

bool rp_volume_add_file(rp_volume *volume, const char *folder, const char *name,
                        rp_volume_file file) {
    if (strlen(folder) + strlen(name) >= PATH_MAX_BYTES) return true; /* a loop of folders */
    if (!reserve_file(volume)) return !volume->arena->failed;
    file.path =
        rp_arena_format(volume->arena, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
    if (file.path == NULL) return false;
    volume->files[volume->file_count++] = file;
    return true;
}

/* Copies the clusters of a folder behind one another. */
static bool read_clusters(rp_text *bytes, const rp_volume *volume, const rp_volume_file *folder) {
    rp_volume_runs runs;
    if (rp_volume_file_runs(&runs, volume, folder, NULL) != RP_OK) return false;
    rp_text_reset(bytes);
    for (size_t i = 0; i < runs.count; i++) {
        for (uint32_t k = 0; k < runs.rows[i].count; k++) {
            size_t size;
            const uint8_t *data = rp_volume_cluster(volume, runs.rows[i].first_cluster + k, &size);
            if (data == NULL || bytes->length + size > FOLDER_BYTES_MAX) return !bytes->failed;
            rp_text_add_bytes(bytes, data, size);
        }
    }
    return !bytes->failed;
}

static bool read_folder(rp_volume *volume, const rp_volume_file *folder, rp_text *bytes) {
    if (!read_clusters(bytes, volume, folder)) return false;
    if (bytes->length == 0) return true;
    const uint8_t *data = (const uint8_t *)bytes->data;
    return volume->kind == RP_VOLUME_EXFAT
               ? rp_exfat_read_folder(volume, folder->path, data, bytes->length, folder->is_deleted)
               : rp_fat32_read_folder(volume, folder->path, data, bytes->length,
                                      folder->is_deleted);
}

/* Reads the folders below the rows from `first` on; new rows are met as the loop goes on. Live ones
 * own their clusters at once, so that a folder is read once even where entries form a circle. */
static bool walk(rp_volume *volume, bool is_deleted, rp_text *bytes) {
    for (size_t i = 0; i < volume->file_count; i++) {
        const rp_volume_file file = volume->files[i];
        if (file.is_deleted != is_deleted) continue;
        const bool is_new = file.first_cluster >= 2 &&
                            file.first_cluster - 2 < volume->cluster_count &&
                            volume->use[file.first_cluster] == RP_CLUSTER_FREE;
        if (!is_deleted && is_new) rp_volume_own(volume, &file);
        if (!file.is_folder || !is_new) continue;
        /* A deleted folder is read once too, but its clusters stay free. */
        if (is_deleted) volume->use[file.first_cluster] = CLUSTER_WALKED;
        if (!read_folder(volume, &file, bytes)) return false;
    }
    return true;
}

/* Deleted folders were marked while they were walked; recordings may lie there by now. */
static void release_deleted_folders(rp_volume *volume) {
    for (size_t i = 0; i < (size_t)volume->cluster_count + 2; i++)
        if (volume->use[i] == CLUSTER_WALKED) volume->use[i] = RP_CLUSTER_FREE;
}

static rp_status read_entries(rp_volume *volume, rp_error *error) {
    rp_text bytes = {0};
    rp_volume_file root = {.path = "", .first_cluster = volume->root_cluster, .is_folder = true};
    bool ok = read_folder(volume, &root, &bytes);
    /* The root's own bytes are needed again for the bitmap's entry. */
    rp_text root_bytes = bytes;
    bytes = (rp_text){0};
    rp_volume_own(volume, &root);
    ok = ok && walk(volume, false, &bytes) && walk(volume, true, &bytes);
    release_deleted_folders(volume);
    if (ok && volume->kind == RP_VOLUME_EXFAT)
        rp_exfat_read_bitmap(volume, (const uint8_t *)root_bytes.data, root_bytes.length);
    else if (ok) rp_fat32_read_table(volume);
    rp_text_clear(&root_bytes);
    rp_text_clear(&bytes);
    return ok ? RP_OK : rp_fail_memory(error, "the folders of the card");
}

/* ---- partitions ---- */

static bool read_boot(rp_volume *volume, const uint8_t *image, size_t size, uint64_t start) {
    if (start >= size) return false;
    volume->start_bytes = start;
    return rp_exfat_read_boot(volume, image + start, size - start) ||
           rp_fat32_read_boot(volume, image + start, size - start);
}

/* Tries the image as one volume, then the rows of an MBR, then those of a GPT (UEFI 5.2, 5.3). */
static bool find_volume(rp_volume *volume, const uint8_t *image, size_t size) {
    if (read_boot(volume, image, size, 0)) return true;
    if (size >= 512 && image[510] == 0x55 && image[511] == 0xaa)
        for (int i = 0; i < 4; i++)
            if (read_boot(volume, image, size, (uint64_t)rp_le32(image + 446 + 16 * i + 8) * 512))
                return true;
    if (size < 34 * 512 || memcmp(image + 512, "EFI PART", 8) != 0) return false;
    for (int i = 0; i < 128; i++) {
        const uint64_t sector = rp_le64(image + 1024 + 128 * i + 32);
        if (sector > 0 && sector < size / 512 && read_boot(volume, image, size, sector * 512))
            return true;
    }
    return false;
}

rp_status rp_volume_open(rp_volume *volume, const uint8_t *image, size_t size, rp_arena *arena,
                         rp_error *error) {
    *volume = (rp_volume){.arena = arena};
    if (!find_volume(volume, image, size)) {
        const uint64_t clusters =
            (uint64_t)size / RAW_CLUSTER_BYTES + (size % RAW_CLUSTER_BYTES != 0);
        *volume = (rp_volume){
            .arena = arena,
            .data = image,
            .size_bytes = size,
            .cluster_bytes = RAW_CLUSTER_BYTES,
            .cluster_count = clusters > UINT32_MAX - 2 ? UINT32_MAX - 2 : (uint32_t)clusters};
    }
    volume->use = rp_arena_array(arena, (size_t)volume->cluster_count + 2, 1);
    if (volume->use == NULL) return rp_fail_memory(error, "the card's clusters");
    return volume->kind == RP_VOLUME_RAW ? RP_OK : read_entries(volume, error);
}
